"""A primary and its standbys as processes below one directory: made, started, stopped, killed, found again."""

from __future__ import annotations

import contextlib
import itertools
import os
import secrets
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from emulator.auth import make_verifier
from emulator.cluster_config import FILE_NAME, LOOPBACK, ClusterConfig, InstanceConfig, load_cluster_config
from emulator.control import ControlError
from emulator.engine.definitions import bootstrap_statements
from emulator.instance import LINK_USER
from emulator.instance_process import data_path, ready_path
from emulator.levers import Levers
from emulator.ports import free_ports
from emulator.store import Store

_START_SECONDS = 60.0
_STOP_SECONDS = 15.0
_POLL_SECONDS = 0.05
#: Of an instance with an address of its own: listener (Oracle's), redo, control channel.
_USUAL_PORTS = (1521, 1522, 1523)


class ClusterError(Exception):
    """The cluster cannot do what is asked; the text says why, and what to do."""


class Cluster:
    """The instances below one directory."""

    def __init__(self, directory: Path) -> None:
        """Use ``create`` or ``open``."""
        self.directory = directory
        self._children: dict[str, subprocess.Popen[bytes]] = {}

    @property
    def config(self) -> ClusterConfig:
        """What the cluster is made of now: another process may have changed the roles."""
        return load_cluster_config(self.directory)

    @property
    def instances(self) -> dict[str, InstanceConfig]:
        """The instances by name, in the order in which they were made."""
        return {instance.name: instance for instance in self.config.instances}

    @property
    def primary(self) -> str:
        """The name of the primary."""
        return self.config.primary.name

    def levers(self, name: str) -> Levers:
        """Return the levers of an instance: what can be asked of it and done to it while it runs."""
        config = self.config
        instance = config.instance(name)
        return Levers(name, instance.host, instance.control_port, config.control_secret)

    @classmethod
    def create(
        cls,
        directory: Path,
        *,
        primary: str = "prim",
        standbys: Sequence[str] = ("sby1", "sby2"),
        dba_password: str,
        replace: bool = False,
        hosts: Mapping[str, str] | None = None,
        **settings: Any,  # noqa: ANN401 - fields of InstanceConfig, checked by it
    ) -> Cluster:
        """Make empty databases: the primary's, and a copy for each standby. Nothing is started.

        Args:
            directory: Where they are kept; made if it is missing.
            primary: DB_UNIQUE_NAME of the primary.
            standbys: Those of the standbys.
            dba_password: Password of SYSTEM.
            replace: Delete what is there.
            hosts: The addresses of instances that have one of their own, as in containers: they listen on the usual
                ports. The others share loopback.
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
        hosts = hosts or {}
        on_loopback = iter(free_ports(3 * sum(name not in hosts for name in names)))
        instances = []
        for name in names:
            port, redo_port, control_port = _USUAL_PORTS if name in hosts else itertools.islice(on_loopback, 3)
            instances.append(
                InstanceConfig(
                    name=name,
                    host=hosts.get(name, LOOPBACK),
                    port=port,
                    redo_port=redo_port,
                    control_port=control_port,
                    is_primary=name == primary,
                    **settings,
                )
            )
        config = ClusterConfig(
            instances=tuple(instances),
            link_password=secrets.token_urlsafe(18),
            redo_secret=secrets.token_urlsafe(18),
            control_secret=secrets.token_urlsafe(18),
        )
        statements = bootstrap_statements(
            dba=make_verifier(dba_password), link=make_verifier(config.link_password), link_user=LINK_USER
        )
        Store.create(data_path(directory, primary), statements)
        for standby in standbys:
            shutil.copyfile(data_path(directory, primary), data_path(directory, standby))
        config.save(directory)
        return cls(directory)

    @classmethod
    def open(cls, directory: Path) -> Cluster:
        """Find a cluster, running or not.

        Raises:
            ClusterError: There is none.
        """
        try:
            load_cluster_config(directory)
            return cls(directory)
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
        config = self.config
        standbys_first = sorted(config.instances, key=lambda instance: instance.is_primary)
        chosen = list(names) or [instance.name for instance in standbys_first]
        pids = {name: self.pid(name) for name in chosen}
        for name, pid in pids.items():
            if pid is not None:
                self._signal(name, signal.SIGCONT)  # a frozen one could not end in order
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

    def freeze(self, name: str) -> None:
        """Stop an instance in the middle of whatever it does, as a hung machine would; its connections stay open.

        Raises:
            ClusterError: It does not run.
        """
        self._signal(name, signal.SIGSTOP)
        while not self.is_frozen(name):  # the system stops a process a moment after it was told to
            if self.pid(name) is None:
                raise ClusterError(f"database {name} does not run")
            time.sleep(_POLL_SECONDS)

    def thaw(self, name: str) -> None:
        """Let a frozen instance go on where it stopped."""
        self._signal(name, signal.SIGCONT)

    def is_frozen(self, name: str) -> bool:
        """Tell whether an instance is frozen."""
        pid = self.pid(name)
        return pid is not None and _process_state(pid) == "T"

    def state(self, name: str) -> str:
        """Return ``running``, ``frozen`` or ``stopped``; of one with a host of its own only whether it answers."""
        if self.config.instance(name).host != LOOPBACK:
            return "running" if self._answers(name) else "stopped"
        if self.is_frozen(name):
            return "frozen"
        return "running" if self.is_running(name) else "stopped"

    def _answers(self, name: str) -> bool:
        try:
            self.levers(name).status()
        except ControlError:
            return False
        return True

    def _signal(self, name: str, number: signal.Signals) -> None:
        """Signal an instance and its inference processes: it leads their process group."""
        pid = self.pid(name)
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(pid, number)

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
        if not command:  # it is ending, or has ended and nobody has asked for its status yet
            return not _has_ended(pid)
        return b"emulator.instance_process" in command and name.encode() in command.split(b"\0")

    def log_path(self, name: str) -> Path:
        """Return where an instance writes its log."""
        return self.directory / f"{name}.log"

    def _log_end(self, name: str) -> str:
        return "\n".join(self.log_path(name).read_text(encoding="utf-8", errors="replace").splitlines()[-15:])


def _process_state(pid: int) -> str:
    """Return the letter of a process's state, "" if there is none. Source: proc(5), /proc/PID/stat."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2][:1]
    except OSError:
        return ""


def _has_ended(pid: int) -> bool:
    """Tell whether nothing of a process runs any more: its first thread may be a zombie while others still end."""
    if _process_state(pid) not in {"", "Z", "X"}:
        return False
    try:
        return len(list(Path(f"/proc/{pid}/task").iterdir())) <= 1
    except OSError:
        return True
