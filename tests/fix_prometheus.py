"""A real Prometheus: Debian's package, fetched and unpacked where it is missing, and servers of it for tests."""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.ports import free_port

#: The package's files; installing it would start a server of its own on the machine.
_PLACE = Path(tempfile.gettempdir()) / "adgfleet-prometheus"
_INSTALL_SECONDS = 600
_START_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class PrometheusPrograms:
    """Where the programs are."""

    server: str
    promtool: str


def find_prometheus() -> PrometheusPrograms | None:
    """Return the programs; Debian's package is fetched where they are missing and can be."""
    found = _programs()
    if found is None and shutil.which("apt-get") and shutil.which("dpkg-deb"):
        _PLACE.mkdir(mode=0o700, exist_ok=True)
        with (_PLACE / "lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)  # tests run in several processes; the second finds it
            if _programs() is None:
                _fetch()
        found = _programs()
    return found


def _programs() -> PrometheusPrograms | None:
    search = f"{_PLACE / 'usr' / 'bin'}"
    paths = [shutil.which(name) or shutil.which(name, path=search) for name in ("prometheus", "promtool")]
    return PrometheusPrograms(*paths) if all(paths) else None  # type: ignore[arg-type]


def _fetch() -> None:
    def call(*words: str) -> None:
        subprocess.run(
            words, check=False, cwd=_PLACE, capture_output=True, timeout=_INSTALL_SECONDS, stdin=subprocess.DEVNULL
        )

    call("apt-get", "download", "-q", "prometheus")
    if not list(_PLACE.glob("prometheus_*.deb")):
        call("apt-get", "update", "-q")
        call("apt-get", "download", "-q", "prometheus")
    for package in _PLACE.glob("prometheus_*.deb"):
        call("dpkg-deb", "--extract", package.name, ".")
        package.unlink()


@pytest.fixture(scope="session")
def prometheus_programs() -> PrometheusPrograms:
    found = find_prometheus()
    if found is None:
        pytest.skip("no Prometheus: apt-get install prometheus (on Debian the tests fetch it)")
    return found


class Prometheus:
    """A running server."""

    def __init__(self, address: str) -> None:
        self._client = httpx.Client(base_url=f"{address}/api/v1", timeout=10)

    def query(self, expression: str) -> list[dict[str, Any]]:
        """Return the series of an instant query."""
        answer = self._client.get("/query", params={"query": expression})
        found = answer.json()
        assert found["status"] == "success", f"{expression}: {found}"
        series: list[dict[str, Any]] = found["data"]["result"]
        return series

    def values(self, expression: str, label: str) -> dict[str, float]:
        return {one["metric"].get(label, ""): float(one["value"][1]) for one in self.query(expression)}

    def value(self, expression: str) -> float | None:
        found = self.query(expression)
        return float(found[0]["value"][1]) if found else None

    def targets(self) -> dict[str, str]:
        """Return the health of each job's target, with its error."""
        found = self._client.get("/targets").json()["data"]["activeTargets"]
        return {one["labels"]["job"]: f"{one['health']} {one['lastError']}".strip() for one in found}

    def rules(self) -> dict[str, dict[str, Any]]:
        groups = self._client.get("/rules").json()["data"]["groups"]
        return {rule["name"]: rule for group in groups for rule in group["rules"]}

    def is_ready(self) -> bool:
        with contextlib.suppress(httpx.TransportError):
            return self._client.get("/status/runtimeinfo").status_code == 200
        return False

    def close(self) -> None:
        self._client.close()


@contextlib.contextmanager
def prometheus_server(programs: PrometheusPrograms, configuration: Path) -> Iterator[Prometheus]:
    """Run a server with a configuration; its data are beside that."""
    port = free_port()
    log = configuration.with_suffix(".log")
    command = [
        programs.server,
        f"--config.file={configuration}",
        f"--storage.tsdb.path={configuration.parent / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
    ]
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=output) as process:
        server = Prometheus(f"http://127.0.0.1:{port}")
        try:
            end = time.monotonic() + _START_SECONDS
            while not server.is_ready():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < end, log.read_text()
                time.sleep(0.05)
            yield server
        finally:
            server.close()
            process.terminate()
            process.wait(timeout=20)
