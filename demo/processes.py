"""Child processes that outlive the command that started them: started, found again, stopped.

A process is remembered by its number and its start time, so that a number that the system has given to somebody else is
never signalled.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

#: How often readiness and exits are looked at, seconds.
_POLL_SECONDS = 0.05


#: Started by this process and not ended yet; whoever drops such an object is warned by Python.
_children: dict[int, subprocess.Popen[bytes]] = {}


class ProcessFailedError(Exception):
    """A process ended or did not become ready in time; the text names its log and quotes the end of it."""


@dataclass(frozen=True, slots=True)
class Process:
    """A process that this machine runs for us."""

    name: str
    pid: int
    #: Field 22 of /proc/PID/stat: clock ticks between the machine's start and the process's.
    start_ticks: int
    log: str

    def is_alive(self) -> bool:
        """Tell whether it still runs."""
        _reap(self.pid)
        return _start_ticks(self.pid) == self.start_ticks

    def send(self, number: signal.Signals) -> None:
        """Send a signal, unless it has ended."""
        if self.is_alive():
            os.kill(self.pid, number)


def start_process(
    name: str, command: Sequence[str], *, log: Path, environment: Mapping[str, str], directory: Path | None = None
) -> Process:
    """Start a command in a session of its own, out of reach of the terminal's Ctrl-C; its output goes to a new log.

    The log of its predecessor is kept as ``<name>.log.1``: it may say why that ended.
    """
    if log.exists():
        log.replace(log.with_name(f"{log.name}.1"))
    with log.open("wb") as output:
        child = subprocess.Popen(  # noqa: S603 - our own commands
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            cwd=directory,
            start_new_session=True,
        )
    _children[child.pid] = child
    return Process(name, child.pid, _start_ticks(child.pid) or 0, str(log))


def wait_until_ready(process: Process, is_ready: Callable[[], bool], *, deadline_seconds: float) -> None:
    """Poll ``is_ready`` until it is true.

    Raises:
        ProcessFailedError: The process ended first, or the deadline passed.
    """
    end = time.monotonic() + deadline_seconds
    while not is_ready():
        if not process.is_alive():
            raise ProcessFailedError(f"{process.name} ended at its start. {_tail(process)}")
        if time.monotonic() > end:
            raise ProcessFailedError(f"{process.name} was not ready after {deadline_seconds:.0f} s. {_tail(process)}")
        time.sleep(_POLL_SECONDS)


def says_ready(process: Process) -> bool:
    """Tell whether a command of ``adgfleet`` that serves has said in its log that it is ready."""
    return " ready." in Path(process.log).read_text(encoding="utf-8", errors="replace")


def stop_processes(processes: Sequence[Process], *, grace_seconds: float) -> None:
    """Ask all to end at once (SIGTERM), wait, and kill what is left."""
    for process in processes:
        process.send(signal.SIGTERM)
    end = time.monotonic() + grace_seconds
    while time.monotonic() < end and any(process.is_alive() for process in processes):
        time.sleep(_POLL_SECONDS)
    for process in processes:
        process.send(signal.SIGKILL)
    while any(process.is_alive() for process in processes):
        time.sleep(_POLL_SECONDS)


def _tail(process: Process, lines: int = 15) -> str:
    text = Path(process.log).read_text(encoding="utf-8", errors="replace")
    return f"The end of {process.log}:\n" + "\n".join(text.splitlines()[-lines:])


def _reap(pid: int) -> None:
    """Collect the exit status of an own child; a process of another parent is left alone."""
    child = _children.get(pid)
    if child is not None and child.poll() is not None:
        del _children[pid]


def _start_ticks(pid: int) -> int | None:
    """Return the start time of a running process, None if there is none or only its remains."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()
    except OSError:
        return None
    if fields[0] == "Z":
        return None
    return int(fields[19])
