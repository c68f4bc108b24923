"""A Redis server of the test's own, on a free port, with a password; ended by its process handle."""

from __future__ import annotations

import contextlib
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from demo.redis_server import find_redis_server, write_configuration
from emulator.ports import free_port
from fleet.settings import Settings, load_settings

_PASSWORD = "test-secret"
_START_SECONDS = 10.0


class RedisServer:
    """A server that can be ended and started again on its port."""

    def __init__(self, directory: Path) -> None:
        self.port = free_port()
        self._directory = directory
        self._process: subprocess.Popen[bytes] | None = None

    def settings(self, **overrides: str) -> Settings:
        given = {"redis_url": f"redis://127.0.0.1:{self.port}/0", "redis_password": _PASSWORD, **overrides}
        return load_settings(overrides=given, environment={})

    def start(self) -> None:
        configuration = write_configuration(self._directory, port=self.port, password=_PASSWORD)
        self._process = subprocess.Popen([str(find_redis_server()), str(configuration)], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + _START_SECONDS
        with redis.Redis(port=self.port, password=_PASSWORD, retry=None) as client:
            while True:
                try:
                    client.ping()
                    return
                except redis.RedisError:
                    assert self._process.poll() is None, "redis-server ended at once"
                    assert time.monotonic() < deadline, "redis-server does not answer"
                    time.sleep(0.02)

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """It accepts connections and answers nothing for a ``with`` block."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=10)
            self._process = None


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    server = RedisServer(tmp_path)
    try:
        server.start()
        yield server
    finally:
        server.stop()
