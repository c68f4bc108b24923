"""Worker processes for tests: started like an operator does, watched through Redis, ended by their process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fleet.heartbeat import Heartbeat
from fleet.state import FleetState
from tests.fix_emulator import write_env_file

_DEADLINE = 30.0


def wait_until(
    is_true: Callable[[], object], what: str, *, seconds: float = _DEADLINE, every_seconds: float = 0.02
) -> float:
    """Poll until something is true; return how long it took, seconds."""
    started = time.monotonic()
    while not is_true():
        assert time.monotonic() - started < seconds, f"after {seconds} s: not {what}"
        time.sleep(every_seconds)
    return time.monotonic() - started


class WorkerProcess:
    """One `adgfleet worker`."""

    def __init__(self, standby: str, env_file: Path, log: Path, state: FleetState, *arguments: str) -> None:
        self.standby = standby
        self.log = log
        self._state = state
        command = [sys.executable, "-m", "adgfleet", "--env-file", str(env_file), "worker", standby, *arguments]
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=os.environ, start_new_session=True
            )

    def text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def heartbeat(self) -> Heartbeat | None:
        beat = self._state.workers().get(self.standby)
        return beat if beat is not None and beat.is_live and beat.pid == self.process.pid else None

    def wait_for(self, state: str, *, seconds: float = _DEADLINE) -> float:
        def there() -> bool:
            assert self.process.poll() is None, self.text()[-3000:]
            beat = self.heartbeat()
            return beat is not None and beat.state == state

        return wait_until(there, f"{self.standby} {state}; its log: {self.text()[-2000:]}", seconds=seconds)

    def wait_for_line(self, part: str, *, seconds: float = _DEADLINE) -> float:
        return wait_until(lambda: part in self.text(), f"{part!r} in {self.text()[-2000:]}", seconds=seconds)

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def wait_for_end(self, *, seconds: float = _DEADLINE) -> int:
        try:
            return self.process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.standby} does not end: {self.text()[-3000:]}") from None

    def kill(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(timeout=10)


StartWorker = Callable[..., WorkerProcess]


@pytest.fixture
def start_worker_process(tmp_path: Path) -> Iterator[StartWorker]:
    """Start workers with some settings; all are ended with the test."""
    started: list[WorkerProcess] = []

    def start(standby: str, values: dict[str, str], state: FleetState, *arguments: str) -> WorkerProcess:
        env_file = write_env_file(tmp_path / f"{standby}-{len(started)}.env", values)
        worker = WorkerProcess(standby, env_file, tmp_path / f"{standby}-{len(started)}.log", state, *arguments)
        started.append(worker)
        return worker

    yield start
    for worker in started:
        worker.kill()
