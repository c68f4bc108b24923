"""A primary and its standbys as processes below one directory: made, started, stopped, killed, found again."""

from __future__ import annotations

import contextlib
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from emulator.auth import make_verifier
from emulator.cluster_config import FILE_NAME, ClusterConfig, InstanceConfig, load_cluster_config
from emulator.engine.definitions import bootstrap_statements
from emulator.instance import LINK_USER
from emulator.instance_process import data_path, ready_path
from emulator.store import Store

#: Below the range from which Linux hands out ports by itself: a client that retries a port there before its server
#: listens can connect to itself.
_PORTS = (20_000, 32_000)
_START_SECONDS = 60.0
_STOP_SECONDS = 15.0
_POLL_SECONDS = 0.05


class ClusterError(Exception):
    """The cluster cannot do what is asked; the text says why, and what to do."""


class Cluster:
    """The instances below one directory."""

    def __init__(self, directory: Path, config: ClusterConfig) -> None:
        """Use ``create`` or ``open``."""
        self.directory = directory
        self.config = config
        #: By name; the primary first.
        self.instances = {instance.name: instance for instance in config.instances}
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    @classmethod
    def create(
        cls,
        directory: Path,
        *,
        primary: str = "prim",
        standbys: Sequence[str] = ("sby1", "sby2"),
        dba_password: str,
        replace: bool = False,
        **settings: Any,  # noqa: ANN401 - fields of InstanceConfig, checked by it
    ) -> Cluster:
        """Make empty databases: the primary's, and a copy for each standby. Nothing is started.

        Args:
            directory: Where they are kept; made if it is missing.
            primary: DB_UNIQUE_NAME of the primary.
            standbys: Those of the standbys.
            dba_password: Password of SYSTEM.
            replace: Delete what is there.
            **settings: Further fields of ``InstanceConfig``, the same for all instances.

        Raises:
            ClusterError: There is a cluster already, or two instances have one name.
        """
        if (directory / FILE_NAME).exists():
            if not replace:
                raise ClusterError(f"{directory} has databases already; start them, or delete the directory")
            cls.open(directory).stop()
            shutil.rmtree(directory)
        names = [primary, *standbys]
        if len({name.lower() for name in names}) < len(names):
            raise ClusterError(f"the names of databases must differ: {', '.join(names)}")
        directory.mkdir(parents=True, exist_ok=True)
        directory.chmod(0o700)
        ports = free_ports(len(names) + 1)
        config = ClusterConfig(
            instances=tuple(
                InstanceConfig(name=name, port=port, redo_port=ports[-1], is_primary=name == primary, **settings)
                for name, port in zip(names, ports, strict=False)
            ),
            link_password=secrets.token_urlsafe(18),
            redo_secret=secrets.token_urlsafe(18),
        )
        statements = bootstrap_statements(
            dba=make_verifier(dba_password), link=make_verifier(config.link_password), link_user=LINK_USER
        )
        Store.create(data_path(directory, primary), statements)
        for standby in standbys:
            shutil.copyfile(data_path(directory, primary), data_path(directory, standby))
        config.save(directory)
        return cls(directory, config)

    @classmethod
    def open(cls, directory: Path) -> Cluster:
        """Find a cluster, running or not.

        Raises:
            ClusterError: There is none.
        """
        try:
            return cls(directory, load_cluster_config(directory))
        except FileNotFoundError:
            raise ClusterError(f"{directory} has no databases; create them first: adgfleet emulator start") from None

    # ------------------------------------------------------------------ processes

    def start(self, names: Iterable[str] = ()) -> None:
        """Start instances (all by default) and wait until they take connections.

        Raises:
            ClusterError: One of them did not start; the text quotes its log.
        """
        chosen = list(names) or list(self.instances)
        for name in chosen:
            if self.is_running(name):
                continue
            ready_path(self.directory, name).unlink(missing_ok=True)
            with self.log_path(name).open("ab") as log:
                self._children[name] = subprocess.Popen(  # noqa: S603 - our own module
                    [sys.executable, "-m", "emulator.instance_process", str(self.directory.resolve()), name],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
        end = time.monotonic() + _START_SECONDS
        for name in chosen:
            while not ready_path(self.directory, name).exists():
                child = self._children.get(name)
                if (child is not None and child.poll() is not None) or time.monotonic() > end:
                    raise ClusterError(f"database {name} did not start. Its log ends with:\n{self._log_end(name)}")
                time.sleep(_POLL_SECONDS)

    def stop(self, names: Iterable[str] = ()) -> None:
        """Stop instances (all by default) in order: standbys first; wait for their end."""
        chosen = list(names) or list(reversed(self.instances))
        pids = {name: self.pid(name) for name in chosen}
        for pid in pids.values():
            if pid is not None:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGTERM)
        end = time.monotonic() + _STOP_SECONDS
        for name, pid in pids.items():
            while pid is not None and self._is_alive(name, pid):
                if time.monotonic() > end:
                    with contextlib.suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
                time.sleep(_POLL_SECONDS)
            ready_path(self.directory, name).unlink(missing_ok=True)

    def kill(self, name: str) -> None:
        """End an instance at once, as a crash would."""
        pid = self.pid(name)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)
            while self._is_alive(name, pid):
                time.sleep(_POLL_SECONDS)
        ready_path(self.directory, name).unlink(missing_ok=True)

    def is_running(self, name: str) -> bool:
        """Tell whether an instance takes connections."""
        return self.pid(name) is not None

    def pid(self, name: str) -> int | None:
        """Return the process of a running instance, None if it does not run."""
        try:
            pid = int(ready_path(self.directory, name).read_text(encoding="utf-8"))
        except (FileNotFoundError, ValueError):
            child = self._children.get(name)
            return child.pid if child is not None and child.poll() is None else None
        return pid if self._is_alive(name, pid) else None

    def _is_alive(self, name: str, pid: int) -> bool:
        child = self._children.get(name)
        if child is not None and child.pid == pid:
            return child.poll() is None
        try:
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
        except OSError:
            return False
        return b"emulator.instance_process" in command and name.encode() in command.split(b"\0")

    def log_path(self, name: str) -> Path:
        """Return where an instance writes its log."""
        return self.directory / f"{name}.log"

    def _log_end(self, name: str) -> str:
        return "\n".join(self.log_path(name).read_text(encoding="utf-8", errors="replace").splitlines()[-15:])


def free_ports(count: int) -> list[int]:
    """Return TCP ports on loopback that nobody listens on.

    Raises:
        ClusterError: There are not enough.
    """
    found: list[int] = []
    for port in random.sample(range(*_PORTS), 500):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        found.append(port)
        if len(found) == count:
            return found
    raise ClusterError(f"fewer than {count} free ports between {_PORTS[0]} and {_PORTS[1]} on 127.0.0.1")
