"""The real command line in processes of its own, without this process's settings."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from fleet.settings import setting_rows

_SETTINGS = {name for name, *_ in setting_rows()}
_SETTINGS |= {f"{name}_FILE" for name in _SETTINGS}


def clean_environment(**changes: str) -> dict[str, str]:
    """Return the environment without anything that adgfleet would read, and with ``changes``."""
    kept = {name: value for name, value in os.environ.items() if name not in _SETTINGS}
    return {**kept, "COLUMNS": "160", **changes}


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "adgfleet", *map(str, arguments)]


def adgfleet(
    *arguments: str | Path, directory: Path, environment: Mapping[str, str] | None = None, timeout: float = 100.0
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end in ``directory``."""
    return subprocess.run(
        command(*arguments),
        cwd=directory,
        env=clean_environment(**(environment or {})),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def adgfleet_json(*arguments: str | Path, directory: Path, status: int = 0, timeout: float = 100.0) -> Any:
    """Run a command that prints one JSON object on stdout, and nothing else there."""
    done = adgfleet(*arguments, directory=directory, timeout=timeout)
    assert done.returncode == status, done.stderr
    return json.loads(done.stdout)


def processes_of(directory: Path) -> list[str]:
    """Return the command lines of running processes that work below a directory."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            try:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            except OSError:
                continue  # it has ended meanwhile
            if str(directory) in line:
                found.append(line)
    return found


def wait_for_no_process(directory: Path, deadline_seconds: float = 20.0) -> None:
    end = time.monotonic() + deadline_seconds
    while running := processes_of(directory):
        assert time.monotonic() < end, f"left running: {running}"
        time.sleep(0.05)
