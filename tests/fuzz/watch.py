"""Watches the process that runs a target's inputs: hangs, deaths, memory; starts it again behind what ended it."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.fuzz.child import NOTE

TARGETS = ("sql", "decoder", "server")
#: An input that takes longer is a hang: calls are cancelled long before.
_HANG_SECONDS = 45.0
_START_SECONDS = 90.0
#: What is left of the time must be worth a start.
_LEAST_SECONDS = 1.0


@dataclass(slots=True)
class Report:
    """What came of a target."""

    target: str
    inputs: int = 0
    seconds: float = 0.0
    #: Refused with ORA-03001 in place of an internal error.
    refusals: int = 0
    peak_bytes: int = 0
    findings: list[dict[str, Any]] = field(default_factory=list)

    def count(self, kind: str) -> int:
        """Return how many findings of a kind there are."""
        return sum(finding["kind"] == kind for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        """Return the figures and each finding once for its place."""
        return {
            "target": self.target,
            "inputs": self.inputs,
            "seconds": round(self.seconds, 1),
            "crashes": self.count("crash"),
            "hangs": self.count("hang"),
            "refusals": self.refusals,
            "peak_mebibytes": self.peak_bytes >> 20,
            "findings": list({finding["place"]: finding for finding in reversed(self.findings)}.values()),
        }

    def text(self) -> str:
        """Return them for people."""
        found = self.as_json()
        figures = f"{found['crashes']} crashes, {found['hangs']} hangs, {self.refusals} internal refusals"
        memory = f"peak memory {found['peak_mebibytes']} MiB"
        lines = [f"{self.target:8} {self.inputs} inputs in {self.seconds:.0f} s, {figures}, {memory}"]
        for finding in found["findings"]:
            lines.append(
                f"  {finding['kind']} {finding['place']}, input {finding['number']}: {finding['error'][-300:]}"
            )
            lines.append(f"    {finding['input'][:300]}")
        return "\n".join(lines)


def fuzz(target: str, *, seed: str, first: int, last: int, seconds: float, folder: Path) -> Report:
    """Run a target for some time; returns what was found."""
    report = Report(target)
    (folder / "note").write_bytes(bytes(NOTE.size))
    began = time.monotonic()
    number = first
    while number <= last and (left := seconds - report.seconds) >= _LEAST_SECONDS:
        database = folder / str(number)
        database.mkdir()
        (database / "note").write_bytes(NOTE.pack(number, 0.0))
        reached = _run(report, target, seed, number, last, left, database)
        report.inputs += reached - number
        number = reached
    report.seconds = time.monotonic() - began
    return report


def _run(report: Report, target: str, seed: str, first: int, last: int, seconds: float, folder: Path) -> int:
    """Run a process from an input on until its time is over, or it hangs or dies; return the next input's number."""
    command = [sys.executable, "-X", "faulthandler", "-m", "tests.fuzz.child", target, seed]
    log = folder / "log"
    with log.open("wb") as output:
        child = subprocess.Popen(
            [*command, str(first), str(last), str(seconds), str(folder)],
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    started = time.monotonic()
    hang = False
    try:
        while child.poll() is None:
            time.sleep(0.05)  # looks at the process now and then
            report.peak_bytes = max(report.peak_bytes, *(_peak(pid) for pid in _pids(child.pid, folder)))
            _number, since = NOTE.unpack((folder / "note").read_bytes())
            now = time.monotonic()
            if (since and now - since > _HANG_SECONDS) or (not since and now - started > _START_SECONDS + seconds):
                hang = True
                child.send_signal(signal.SIGABRT)  # faulthandler shows where it stands
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(10)
                break
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child.pid, signal.SIGKILL)
        child.wait()
        for pid in _pids(None, folder):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    number, since = NOTE.unpack((folder / "note").read_bytes())
    report.seconds += (time.monotonic() - started) if since == 0.0 else max(0.0, time.monotonic() - started)
    with contextlib.suppress(FileNotFoundError):
        for line in (folder / "findings.jsonl").read_text(encoding="utf-8").splitlines():
            report.findings.append(json.loads(line))
    with contextlib.suppress(FileNotFoundError):
        report.refusals += sum(map(int, (folder / "refusals").read_text(encoding="ascii").split()))
    if hang or child.returncode != 0:
        text = log.read_text(encoding="utf-8", errors="replace")
        ours = [line.strip() for line in text.splitlines() if "/emulator/" in line or "Error" in line]
        end = "\n".join(ours[:6]) or text[-2_000:]
        place = "hang" if hang else f"process ended with status {child.returncode}"
        report.findings.append(
            {
                "kind": "hang" if hang else "crash",
                "number": number,
                "place": f"{place}, input {number}",
                "error": end,
                "input": "",
                "trace": [],
            }
        )
        return number + 1
    return number


def _pids(child: int | None, folder: Path) -> list[int]:
    pids = [child] if child is not None else []
    with contextlib.suppress(FileNotFoundError, ValueError):
        pids.append(int((folder / "pid").read_text(encoding="ascii")))
    return pids


def _peak(pid: int) -> int:
    """Return the most memory that a process has had, bytes. Source: proc(5), VmHWM."""
    try:
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    except OSError:
        return 0
    for line in status.splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
