"""A Redis server of the test's own, on a free port, with a password; ended by its process handle."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import redis

from demo.redis_server import find_redis_server, write_configuration
from fleet.settings import Settings, load_settings

_PASSWORD = "test-secret"
_START_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class RedisServer:
    port: int

    def settings(self, **overrides: str) -> Settings:
        given = {"redis_url": f"redis://127.0.0.1:{self.port}/0", "redis_password": _PASSWORD, **overrides}
        return load_settings(overrides=given, environment={})


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    port = free_port()
    configuration = write_configuration(tmp_path, port=port, password=_PASSWORD)
    with subprocess.Popen([str(find_redis_server()), str(configuration)], stdout=subprocess.DEVNULL) as process:
        try:
            deadline = time.monotonic() + _START_SECONDS
            with redis.Redis(port=port, password=_PASSWORD, retry=None) as client:
                while True:
                    try:
                        client.ping()
                        break
                    except redis.RedisError:
                        assert process.poll() is None, "redis-server ended at once"
                        assert time.monotonic() < deadline, "redis-server does not answer"
                        time.sleep(0.02)
            yield RedisServer(port)
        finally:
            process.terminate()
            process.wait(timeout=10)
