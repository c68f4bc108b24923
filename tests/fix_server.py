"""A server of ours as a process of its own, from its first answer to its orderly end."""

from __future__ import annotations

import contextlib
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from tests.fix_command import clean_environment, command

_START_SECONDS = 30.0
_READY = re.compile(r"(http://[^\s/]+)/\S* ready")


@contextlib.contextmanager
def served(env_file: Path, name: str, *arguments: str, health: str) -> Iterator[str]:
    """Run ``adgfleet NAME``, give its address once it answers at the path ``health``, and end it in order."""
    log = env_file.with_suffix(f".{name}.log")
    words = command("--env-file", env_file, name, *arguments)
    with (
        log.open("wb") as output,
        subprocess.Popen(words, cwd=env_file.parent, env=clean_environment(), stderr=output) as process,
    ):
        try:
            yield _address(process, log, health)
        finally:
            process.terminate()
            assert process.wait(timeout=20) == 0
    assert "Traceback" not in log.read_text(encoding="utf-8"), log.read_text(encoding="utf-8")


def _address(process: subprocess.Popen[bytes], log: Path, health: str) -> str:
    end = time.monotonic() + _START_SECONDS
    while True:
        text = log.read_text(encoding="utf-8")
        if found := _READY.search(text):
            with contextlib.suppress(httpx.TransportError):
                httpx.get(found[1] + health, timeout=5)
                return found[1]
        assert process.poll() is None, text
        assert time.monotonic() < end, text
        time.sleep(0.05)
