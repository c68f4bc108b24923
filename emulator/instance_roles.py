"""The role of a running instance: taken from the cluster's configuration at the start, changed while it runs.

The configuration file is the truth about who is the primary. A standby that was frozen or cut off during a role change
finds it there and follows; an old primary that wakes up after a failover finds it there and steps down. Nobody becomes
the primary by himself while a role change is under way: the broker holds a lock on a file beside the configuration.
"""

from __future__ import annotations

import fcntl
import logging
import threading
import time
from pathlib import Path

from emulator.cluster_config import FILE_NAME, LOCK_FILE, ClusterConfig, load_cluster_config
from emulator.control import ControlError
from emulator.dataguard.redirection import PrimaryAddress
from emulator.dataguard.redo_apply import RedoApply
from emulator.errors import OraError
from emulator.instance import LINK_USER, Instance
from emulator.server import Server
from emulator.store import role_changes

log = logging.getLogger("emulator.roles")

#: How often the configuration is looked at, seconds.
_WATCH_SECONDS = 0.2


class InstanceRoles:
    """Changes the role of one instance; one change at a time."""

    def __init__(self, directory: Path, instance: Instance, server: Server) -> None:
        """Leave the role as it is."""
        self._directory = directory
        self._instance = instance
        self._server = server
        self._changing = threading.RLock()
        self._followed: str | None = None
        self._stopping = threading.Event()

    def start(self) -> None:
        """Take the role that the configuration gives, and watch for others' role changes."""
        cluster = load_cluster_config(self._directory)
        config = cluster.instance(self._instance.config.name)
        if config.is_primary:
            self._instance.mount()
            self._take_over_if_free()
        else:
            if config.is_snapshot:
                role_changes.begin_snapshot(self._instance.store, restart=True)
            self._follow(cluster)
        threading.Thread(target=self._watch, name="role watch", daemon=True).start()

    def stop(self) -> None:
        """Watch no more."""
        self._stopping.set()

    # ------------------------------------------------------------------ role changes

    def demote(self) -> int:
        """Be no primary any more: sessions end, nothing is written; returns the last SCN.

        Raises:
            ControlError: It is none.
        """
        with self._changing:
            if self._instance.role_name != "PRIMARY":
                raise ControlError(f"it is no primary but a {self._instance.role_name.lower()}")
            self._instance.mount()
            scn = role_changes.demote(self._instance.store)
            self._server.disconnect_all()
            log.info("stepped down at SCN %d", scn)
            return scn

    def catch_up(self, scn: int | None, timeout_seconds: float) -> int:
        """Apply redo without lag: up to an SCN, or (None) all that has been received; returns the SCN reached.

        Raises:
            ControlError: It did not come that far in time, or apply is off.
        """
        dataguard, store = self._instance.dataguard, self._instance.store
        if not dataguard.is_applying:
            raise ControlError("it applies no redo")
        end = time.monotonic() + timeout_seconds

        def check_time() -> None:
            if time.monotonic() > end:
                raise ControlError(f"it has not applied the last redo within {timeout_seconds:g} s")

        try:
            dataguard.finish_apply(check_time)
            if scn is not None:
                dataguard.wait_for_scn(scn, check_time)
        except OraError as error:
            raise ControlError(error.text) from error
        return store.scn

    def promote(self, *, preserve_sessions: bool, opening_seconds: float) -> None:
        """Be the primary: everything that is to be kept has been applied, and the configuration says so.

        Args:
            preserve_sessions: Keep the sessions of the standby; they go on as sessions of the primary. Source: Oracle
                Database Reference, STANDBY_DB_PRESERVE_STATES.
            opening_seconds: How long the database stays mounted.
        """
        with self._changing:
            cluster = load_cluster_config(self._directory)
            self._instance.mount()
            if not preserve_sessions:
                self._server.disconnect_all()
            self._instance.dataguard.lead()
            role_changes.promote(self._instance.store, incarnations=cluster.failovers + 1)
            self._followed = None
            self._instance.open(opening_seconds)
            log.info("is the primary after SCN %d", self._instance.store.scn)

    def reopen(self) -> None:
        """Be the primary that the configuration names: at the start, or after a switchover that did not happen."""
        self.promote(preserve_sessions=False, opening_seconds=0.0)

    def follow(self, opening_seconds: float | None) -> None:
        """Follow whom the configuration calls the primary.

        Args:
            opening_seconds: How long an old primary stays mounted; None for a standby, which is open all the time.
        """
        with self._changing:
            cluster = load_cluster_config(self._directory)
            if self._followed != cluster.primary.name:
                self._follow(cluster)
            if opening_seconds is not None:
                self._instance.open(opening_seconds)

    def to_snapshot(self) -> None:
        """Convert this standby to a snapshot standby: sessions end, it is writable for itself."""
        with self._changing:
            self._instance.mount()
            self._server.disconnect_all()
            role_changes.begin_snapshot(self._instance.store)
            self._follow(load_cluster_config(self._directory))
            self._instance.open()

    def to_physical(self) -> None:
        """Convert this snapshot standby back: sessions end, its own changes are thrown away, redo is applied again."""
        with self._changing:
            self._instance.mount()
            self._server.disconnect_all()
            role_changes.end_snapshot(self._instance.store)
            self._follow(load_cluster_config(self._directory))
            self._instance.open()

    # ------------------------------------------------------------------ following

    def _follow(self, cluster: ClusterConfig) -> None:
        primary, store = cluster.primary, self._instance.store
        is_snapshot = store.base_scn is not None
        if not is_snapshot:
            with store.latch:
                store.begin_epoch()
        apply = RedoApply(
            store,
            name=self._instance.config.name,
            primary=(primary.host, primary.redo_port),
            secret=cluster.redo_secret,
            is_held=is_snapshot,
        )
        address = PrimaryAddress(primary.dsn(primary.role_service), LINK_USER, cluster.link_password)
        self._instance.dataguard.follow(apply, address)
        self._followed = primary.name
        log.info("follows %s from SCN %d", primary.name, store.applied_scn)

    def _watch(self) -> None:
        seen, primary = 0, ""
        path = self._directory / FILE_NAME
        while not self._stopping.wait(_WATCH_SECONDS):
            try:
                changed = path.stat().st_mtime_ns
                if changed != seen:
                    primary = load_cluster_config(self._directory).primary.name
                    self._note(primary)
                    seen = changed
                if primary == self._instance.config.name and self._instance.role_name != "PRIMARY":
                    self._take_over_if_free()
            except (OSError, ValueError, KeyError):
                continue  # being deleted with its cluster

    def _note(self, primary: str) -> None:
        """Follow another primary than before, unless somebody has told this instance already."""
        with self._changing:
            if primary in {self._instance.config.name, self._followed}:
                return
            if self._instance.role_name == "PRIMARY":
                log.warning("another instance is the primary now")
                self.demote()
            self.follow(None if self._instance.is_open else 0.0)

    def _take_over_if_free(self) -> None:
        """Be the primary that the configuration names, unless a role change is under way."""
        with (self._directory / LOCK_FILE).open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            if load_cluster_config(self._directory).primary.name == self._instance.config.name:
                self.reopen()
