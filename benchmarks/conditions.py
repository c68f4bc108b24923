"""Under which conditions something was measured; a figure without them says nothing."""

from __future__ import annotations

import datetime
import os
import platform
import re
import subprocess
from dataclasses import asdict, dataclass, field
from importlib import metadata
from pathlib import Path
from typing import Any

from demo.redis_server import RedisMissingError, find_redis_server

_PACKAGES = ("adgfleet", "oracledb", "celery", "kombu", "redis", "apsw", "onnxruntime", "sqlglot")


def _versions() -> dict[str, str]:
    found = {name: metadata.version(name) for name in _PACKAGES}
    try:
        said = subprocess.run(  # noqa: S603 - a program that was found on the PATH
            [str(find_redis_server()), "--version"], capture_output=True, text=True, check=False, timeout=10
        ).stdout
    except RedisMissingError:
        return found
    match = re.search(r"v=([\d.]+)", said)
    return {**found, "redis-server": match[1] if match else "unknown"}


def _first_match(pattern: str, path: str) -> str:
    match = re.search(pattern, Path(path).read_text(encoding="utf-8"))
    return match[1].strip() if match else ""


@dataclass(frozen=True, slots=True)
class Conditions:
    """The machine and what ran on it."""

    #: The command with its options.
    command: str
    #: What was modelled, in words; empty: nothing.
    modelled: str
    at: str = field(default_factory=lambda: datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"))
    cores: int = field(default_factory=lambda: os.cpu_count() or 1)
    processor: str = field(default_factory=lambda: _first_match(r"model name\s*:\s*(.+)", "/proc/cpuinfo"))
    memory_gib: float = field(
        default_factory=lambda: round(int(_first_match(r"MemTotal:\s*(\d+)", "/proc/meminfo") or 0) / 2**20, 1)
    )
    kernel: str = field(default_factory=platform.release)
    python: str = field(default_factory=platform.python_version)
    versions: dict[str, str] = field(default_factory=_versions)
    #: Processes that wanted a core during the last minute, before anything was started.
    load_before: float = field(default_factory=lambda: round(os.getloadavg()[0], 2))

    def to_json(self) -> dict[str, Any]:
        """Return them for the raw data."""
        return asdict(self)

    def lines(self) -> list[str]:
        """Return them for people."""
        processor = self.processor or "an unknown processor"
        return [
            *([self.modelled] if self.modelled else []),
            f"{self.command} · {self.at} · load average before: {self.load_before:g}",
            f"{self.cores} cores of {processor}, {self.memory_gib:g} GiB, Linux {self.kernel}, Python {self.python}",
            ", ".join(f"{name} {version}" for name, version in self.versions.items()),
        ]
