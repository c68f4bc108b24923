"""Watches a trial from outside: rows stored, inferences of each database, and inferences while it was a primary."""

from __future__ import annotations

import contextlib
import threading
import time
from dataclasses import dataclass, field

from emulator.cluster import Cluster
from fleet.errors import DatabaseError
from fleet.sessions import Connection, Database, connect, translated

_POLL_SECONDS = 0.1
_CONNECT_SECONDS = 2.0
_CALL_MILLISECONDS = 1_000
_LOOK = (
    "select sys_context('userenv', 'database_role'), (select count(*) from adgvec.picture_embeddings), "
    "(select value from v$sysstat where name = 'emulator: inferences'), "
    "(select value from v$sysstat where name = 'emulator: inferences as primary') from dual"
)


@dataclass(slots=True)
class _Seen:
    inferences: int = 0
    on_a_primary: int = 0


@dataclass(slots=True)
class Observation:
    """What was seen.

    A database that is killed takes the inferences since the last look (a tenth of a second) with it.
    """

    #: Seconds since the start, rows in ``picture_embeddings`` of the primary.
    stored: list[tuple[float, int]] = field(default_factory=list)
    inferences: int = 0
    on_a_primary: int = 0


class Observer:
    """Looks at all databases ten times a second, each over a connection of its own."""

    def __init__(self, cluster: Cluster, user: str, password: str) -> None:
        """Start nothing yet."""
        self._databases = [
            Database(name, instance.dsn(name), user, password, _CONNECT_SECONDS)
            for name, instance in cluster.instances.items()
        ]
        self.observation = Observation()
        self.started = time.monotonic()
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._watch, args=(database,), daemon=True) for database in self._databases
        ]

    def start(self) -> None:
        """Begin to look."""
        self.started = time.monotonic()
        for thread in self._threads:
            thread.start()

    def stop(self) -> Observation:
        """End it and return what was seen."""
        self._ending.set()
        for thread in self._threads:
            thread.join(10)
        return self.observation

    def _watch(self, database: Database) -> None:
        seen = _Seen()
        connection: Connection | None = None
        while not self._ending.wait(_POLL_SECONDS):
            try:
                if connection is None:
                    connection = connect(database, module="chaos")
                    connection.call_timeout = _CALL_MILLISECONDS
                with translated(database.name), connection.cursor() as cursor:
                    cursor.execute(_LOOK)
                    role, stored, inferences, on_a_primary = cursor.fetchone()
            except DatabaseError:
                if connection is not None:
                    with contextlib.suppress(Exception):  # it is lost
                        connection.close()
                connection = None
                continue
            now = _Seen(int(inferences), int(on_a_primary))
            with self._lock:
                self.observation.inferences += _new(seen.inferences, now.inferences)
                self.observation.on_a_primary += _new(seen.on_a_primary, now.on_a_primary)
                if role == "PRIMARY":
                    self.observation.stored.append((time.monotonic() - self.started, int(stored)))
            seen = now


def _new(before: int, now: int) -> int:
    """Return how much a counter has grown; a smaller one: the database was started again, and counts from 0."""
    return now - before if now >= before else now
