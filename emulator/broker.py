"""Role changes of a whole cluster, in the order that loses nothing; run by whoever asks, not by an instance.

The configuration file is rewritten when the new primary has everything that is to be kept, and before it writes. So a
crash at any point leaves either the old roles or the new ones.
"""

from __future__ import annotations

import contextlib
import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from emulator.cluster import Cluster, ClusterError
from emulator.cluster_config import LOCK_FILE
from emulator.control import ControlError
from emulator.instance_process import data_path
from emulator.store.role_changes import copy_data, restore_point_path

#: How long a standby may need to apply the last redo.
_CATCH_UP_SECONDS = 60.0
#: How long a fallen primary is asked for its last redo before a failover goes on without it.
_LAST_REDO_SECONDS = 5.0
#: How long an instance that only has to take note may need: it finds the change in the configuration by itself later.
_NOTE_SECONDS = 2.0
_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class RoleChange:
    """What a switchover or failover did."""

    old_primary: str
    new_primary: str
    #: The last SCN of the old primary that the new one has.
    scn: int
    #: From the first step until the new primary takes connections.
    seconds: float


class Broker:
    """Changes roles; one change at a time, whatever the number of processes that ask."""

    def __init__(self, cluster: Cluster) -> None:
        """Belong to a cluster."""
        self._cluster = cluster

    def switchover(self, name: str, *, preserve_sessions: bool = False, opening_seconds: float = 0.0) -> RoleChange:
        """Make a standby the primary and the primary a standby; no commit is lost.

        Args:
            name: The standby.
            preserve_sessions: Its sessions go on as sessions of the new primary; those of the old one end anyway.
            opening_seconds: How long both databases stay mounted, besides the time that the change needs.

        Raises:
            ClusterError: The change cannot be made; the roles are as before, unless the text says otherwise.
            ControlError: An instance does not answer.
        """
        with self._one_change():
            start = time.monotonic()
            old = self._check_target(name)
            scn = int(self._cluster.levers(old).ask("demote"))
            try:
                self._catch_up(name, scn, _CATCH_UP_SECONDS)
            except ControlError as error:
                with contextlib.suppress(ControlError):  # it may have ended: then it opens at its next start
                    self._cluster.levers(old).ask("reopen")
                raise ClusterError(f"no switchover, {old} is the primary again: {error}") from error
            self._install(name, old, preserve=preserve_sessions, opening_seconds=opening_seconds)
            return RoleChange(old, name, scn, time.monotonic() - start)

    def failover(self, name: str, *, opening_seconds: float = 0.0) -> RoleChange:
        """Make a standby the primary because the primary is lost; commits that had not reached it are lost too.

        The old primary may follow the new one if it has nothing that the new one lacks; else it must be reinstated.

        Raises:
            ClusterError: The change cannot be made.
            ControlError: The standby does not answer.
        """
        with self._one_change():
            start = time.monotonic()
            old = self._check_target(name, is_failover=True)
            try:  # a primary that still answers must not go on, and may still have redo
                last = int(self._cluster.levers(old).ask("demote", timeout_seconds=_NOTE_SECONDS))
                scn = self._catch_up(name, last, _LAST_REDO_SECONDS)
            except ControlError:
                scn = self._catch_up(name, None, _CATCH_UP_SECONDS)
            self._install(name, old, is_failover=True, opening_seconds=opening_seconds)
            return RoleChange(old, name, scn, time.monotonic() - start)

    def reinstate(self, name: str) -> None:
        """Make an instance a standby again by copying the primary's data; started if it does not run.

        Raises:
            ClusterError: It is the primary.
        """
        with self._one_change():
            config = self._cluster.config
            if config.primary.name == name:
                raise ClusterError(f"{name} is the primary: it has nobody to be copied from")
            self._cluster.stop([name])
            directory = self._cluster.directory
            copy_data(data_path(directory, config.primary.name), data_path(directory, name))
            config.with_snapshot(name, on=False).save(directory)
        self._cluster.start([name])

    def snapshot(self, name: str, *, on: bool) -> None:
        """Convert a physical standby to a snapshot standby, or back; what was written to it meanwhile is thrown away.

        Raises:
            ClusterError: It is no standby, or is so already.
            ControlError: It does not answer.
        """
        with self._one_change():
            config = self._cluster.config
            instance = config.instance(name)
            if instance.is_primary or instance.is_snapshot == on:
                raise ClusterError(f"{name} is a {instance.role.lower()}")
            levers = self._cluster.levers(name)
            levers.status()  # nothing is written down for one that does not answer
            if on:
                config.with_snapshot(name, on=True).save(self._cluster.directory)
                levers.ask("to_snapshot", timeout_seconds=_CATCH_UP_SECONDS)
            else:
                levers.ask("to_physical", timeout_seconds=_CATCH_UP_SECONDS)
                config.with_snapshot(name, on=False).save(self._cluster.directory)
                restore_point_path(data_path(self._cluster.directory, name)).unlink(missing_ok=True)

    # ------------------------------------------------------------------ steps

    def _check_target(self, name: str, *, is_failover: bool = False) -> str:
        """Return the primary's name; refuse where the change could not be finished."""
        config = self._cluster.config
        old = config.primary.name
        if name == old:
            raise ClusterError(f"{name} is the primary already")
        if config.instance(name).is_snapshot:
            raise ClusterError(f"{name} is a snapshot standby; convert it first: adgfleet emulator snapshot {name} off")
        status = self._cluster.levers(name).status()
        if status["faults"].get("apply") or status["faults"].get("diverged"):
            raise ClusterError(f"{name} applies no redo: {status['faults']}")
        if not is_failover:
            self._cluster.levers(old).status()
        return old

    def _catch_up(self, name: str, scn: int | None, seconds: float) -> int:
        levers = self._cluster.levers(name)
        return int(levers.ask("catch_up", scn=scn, timeout_seconds=seconds + _NOTE_SECONDS, within_seconds=seconds))

    def _install(
        self, name: str, old: str, *, is_failover: bool = False, preserve: bool = False, opening_seconds: float
    ) -> None:
        """Write the new roles down and tell everybody; the new primary first."""
        config = self._cluster.config.with_primary(name, is_failover=is_failover)
        config.save(self._cluster.directory)
        levers = self._cluster.levers(name)
        try:
            levers.ask("promote", preserve_sessions=preserve, opening_seconds=opening_seconds)
        except ControlError as error:
            raise ClusterError(f"{error}. It is the primary by configuration: restart it") from error
        for other in config.instances:
            if other.name != name and self._cluster.state(other.name) == "running":
                opening = opening_seconds if other.name == old else None
                with contextlib.suppress(ControlError):
                    self._cluster.levers(other.name).ask(
                        "follow", opening_seconds=opening, timeout_seconds=_NOTE_SECONDS
                    )
        while not levers.status()["is_open"]:
            time.sleep(_POLL_SECONDS)

    @contextmanager
    def _one_change(self) -> Iterator[None]:
        with (self._cluster.directory / LOCK_FILE).open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
