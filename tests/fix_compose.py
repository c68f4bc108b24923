"""Runs the services of a compose file as local processes: their own command, environment, health check and signal.

Every service gets a loopback address of its own, in place of its container's, so ports stay as the file has them; host
names, ``0.0.0.0`` and ``127.0.0.1`` become such addresses. Secrets, volumes and tmpfs become directories; a service
sees those that its entry lists, and no others. What a container would have read-only (its working directory, its home)
is an empty directory, in which nothing may be found afterwards.
"""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from tests.fix_prometheus import find_prometheus

ROOT = Path(__file__).parents[1]
#: Longest wait for a health check or a one-off; the machine may be busy.
_DEADLINE_SECONDS = 120.0
_POLL_SECONDS = 0.2
_VARIABLE = re.compile(r"\$(?:\$|\{(?P<name>\w+)(?::-(?P<default>[^}]*))?\})")
_DURATION = re.compile(r"(?:(\d+)m)?(?:(\d+)s)?")
_BIN = Path(sys.executable).parent
#: Seconds until SIGKILL where the file says nothing. Source: Compose Specification, stop_grace_period.
_DEFAULT_GRACE = "10s"
#: Images of programs that Debian does not have.
_NOT_RUN = ("grafana/",)


def load_compose(path: Path, environment: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Read a compose file, its variables replaced as Compose does: ``${NAME:-default}`` and ``$$``."""
    values = environment or {}

    def variable(match: re.Match[str]) -> str:
        if match["name"] is None:
            return "$"
        return values.get(match["name"]) or match["default"] or ""

    def replaced(node: Any) -> Any:
        if isinstance(node, dict):
            return {key: replaced(value) for key, value in node.items()}
        if isinstance(node, list):
            return [replaced(value) for value in node]
        return _VARIABLE.sub(variable, node) if isinstance(node, str) else node

    loaded: dict[str, Any] = replaced(yaml.safe_load(path.read_text(encoding="utf-8")))
    return loaded


def seconds_of(duration: str) -> float:
    """Return the seconds of ``2m`` or ``1m30s``."""
    match = _DURATION.fullmatch(duration)
    assert match is not None, duration
    return 60.0 * int(match[1] or 0) + int(match[2] or 0)


class LocalService:
    """One service of the file."""

    def __init__(self, name: str, entry: dict[str, Any], rig: ComposeRig) -> None:
        self.name = name
        self.entry = entry
        self.process: subprocess.Popen[bytes] | None = None
        self._home = rig.directory / "services" / name
        self._rig = rig
        for place in ("read-only", "tmp", "secrets"):
            (self._home / place).mkdir(parents=True, exist_ok=True)
        for secret in entry.get("secrets", []):
            (self._home / "secrets" / secret).write_bytes((rig.secrets / secret).read_bytes())
        self.log = self._home / "log"
        # Files of the repository, mounted read-only; they name hosts and places of containers, too.
        configs = entry.get("configs", [])
        self._configs = {each["target"]: self._home / "configs" / Path(each["target"]).name for each in configs}
        for config in configs:
            text = (ROOT / rig.configs[config["source"]]["file"]).read_text(encoding="utf-8")
            self._configs[config["target"]].parent.mkdir(exist_ok=True)
            self._configs[config["target"]].write_text(self._local(text), encoding="utf-8")

    @property
    def is_one_off(self) -> bool:
        return self.entry.get("restart") == "no"

    @property
    def grace_seconds(self) -> float:
        return seconds_of(self.entry.get("stop_grace_period", _DEFAULT_GRACE))

    def text(self) -> str:
        return self.log.read_text(encoding="utf-8", errors="replace")

    def environment(self) -> dict[str, str]:
        """Return what the process finds: nothing of this process's own."""
        given = {name: self._local(value) for name, value in self.entry.get("environment", {}).items()}
        programs = find_prometheus()
        tools = f":{Path(programs.promtool).parent}" if programs is not None else ""
        image = {"PATH": f"{_BIN}:{os.environ['PATH']}{tools}", "LANG": "C.UTF-8", "PYTHONUNBUFFERED": "1"}
        return {**image, "HOME": str(self._read_only), "TMPDIR": str(self._home / "tmp"), **given}

    def command(self) -> list[str]:
        words = [self._local(word) for word in self.entry["command"]]
        image = self.entry["image"].partition(":")[0]
        if image == "prom/prometheus":
            programs = find_prometheus()
            assert programs is not None, "no Prometheus: apt-get install prometheus"
            return [programs.server, *words]
        return words if image == "redis" else [str(_BIN / "adgfleet"), *words]

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command(),
                cwd=self._read_only,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def problem(self) -> str | None:
        """Run the health check once; return what it says when it fails."""
        kind, *words = (self._local(word) for word in self.entry["healthcheck"]["test"])
        done = subprocess.run(
            ["/bin/sh", "-c", *words] if kind == "CMD-SHELL" else words,
            cwd=self._read_only,
            env=self.environment(),
            capture_output=True,
            text=True,
            timeout=_DEADLINE_SECONDS,
            check=False,
        )
        return None if done.returncode == 0 else f"{done.returncode}: {done.stdout}{done.stderr}"

    def wait_until_healthy(self) -> None:
        assert self.process is not None
        end = time.monotonic() + _DEADLINE_SECONDS
        while (problem := self.problem()) is not None:
            assert self.process.poll() is None, f"{self.name} has ended: {self.text()[-3000:]}"
            assert time.monotonic() < end, f"{self.name} is not healthy: {problem}\n{self.text()[-3000:]}"
            time.sleep(_POLL_SECONDS)

    def wait_for_end(self) -> int:
        assert self.process is not None
        try:
            return self.process.wait(timeout=_DEADLINE_SECONDS)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} does not end: {self.text()[-3000:]}") from None

    def stop(self) -> int:
        """Stop it as an engine does; return its status. Fails when it would have been killed."""
        assert self.process is not None
        self.process.send_signal(signal.Signals[self.entry.get("stop_signal", "SIGTERM")])
        try:
            return self.process.wait(timeout=self.grace_seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"{self.name} outlives its {self.grace_seconds} s: {self.text()[-3000:]}") from None

    def kill(self) -> None:
        if self.process is not None:
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait(timeout=20)

    def written(self) -> list[str]:
        """Return the files that it wrote where its container could not write."""
        return [str(path.relative_to(self._read_only)) for path in self._read_only.rglob("*")]

    @property
    def _read_only(self) -> Path:
        return self._home / "read-only"

    def _local(self, text: str) -> str:
        """Replace places and addresses of containers by this machine's, in one pass."""
        places = {"/run/secrets": self._home / "secrets"}
        places |= dict.fromkeys(self.entry.get("tmpfs", []), self._home / "tmp")
        places |= self._configs
        for volume in self.entry.get("volumes", []):
            name, _, mount = volume.partition(":")
            places[mount] = self._rig.volume(name)
        hosts = "|".join(self._rig.addresses)
        own = self._rig.addresses[self.name]
        path = "|".join(re.escape(mount) for mount in sorted(places, key=len, reverse=True))

        def local(match: re.Match[str]) -> str:
            if match["path"]:
                return str(places[match["path"]])
            return own if match["self"] else self._rig.addresses[match["host"] or match["last"]]

        pattern = (
            rf"(?<![\w/])(?P<path>{path})(?![\w-])|(?P<self>0\.0\.0\.0|127\.0\.0\.1)"
            rf"|(?:^|(?<=[=,/@\x22]))(?P<host>{hosts})(?=:\d)|(?<==)(?P<last>{hosts})$"
        )
        return re.sub(pattern, local, text)


class ComposeRig:
    """The services of a file that some profiles start."""

    def __init__(self, directory: Path, compose: dict[str, Any], profiles: set[str]) -> None:
        self.directory = directory
        self.configs: dict[str, Any] = compose.get("configs", {})
        self.secrets = directory / "secrets"
        subprocess.run(["make", "-s", "-C", ROOT, "secrets", f"SECRETS={self.secrets}"], check=True, timeout=60)
        chosen = {
            name: entry
            for name, entry in compose["services"].items()
            if (profiles.intersection(entry.get("profiles", [])) or not entry.get("profiles"))
            and not entry["image"].startswith(_NOT_RUN)
        }
        network = f"127.{random.randint(1, 254)}.{random.randint(0, 255)}"  # runs beside each other do not meet
        self.addresses = {name: f"{network}.{number}" for number, name in enumerate(chosen, 1)}
        self.services = {name: LocalService(name, entry, self) for name, entry in chosen.items()}

    def volume(self, name: str) -> Path:
        path = self.directory / "volumes" / name
        path.mkdir(parents=True, exist_ok=True)
        return path

    def in_order(self) -> Iterator[LocalService]:
        """Yield the services so that each comes after those that it depends on."""
        left = dict(self.services)
        while left:
            ready = [
                name for name, service in left.items() if not left.keys() & set(service.entry.get("depends_on", {}))
            ]
            assert ready, f"a circle among {sorted(left)}"
            for name in ready:
                yield left.pop(name)

    def start(self) -> None:
        """Start all as ``docker compose up`` does: each when what it depends on is as it wants."""
        for service in self.in_order():
            for other, wanted in service.entry.get("depends_on", {}).items():
                if other not in self.services:
                    assert wanted.get("required") is False, f"{service.name} depends on {other}, which is not started"
                elif wanted["condition"] == "service_healthy":
                    self.services[other].wait_until_healthy()
                elif wanted["condition"] == "service_completed_successfully":
                    status = self.services[other].wait_for_end()
                    assert status == 0, self.services[other].text()[-3000:]
            service.start()

    def kill(self) -> None:
        for service in self.services.values():
            service.kill()
