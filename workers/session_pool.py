"""A worker's database sessions: one for each range it works on at once, kept for the worker's life.

Each session loads its own copy of the model in the standby, so sessions are reused, and one that failed is replaced.
"""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator

from fleet.errors import DatabaseError
from fleet.sessions import Connection, Database, connect


class SessionPool:
    """At most ``size`` sessions of one database."""

    def __init__(self, database: Database, size: int) -> None:
        """Open nothing yet."""
        self._database = database
        self._idle: queue.LifoQueue[Connection | None] = queue.LifoQueue()
        self._lock = threading.Lock()
        self._busy = 0
        for _ in range(size):
            self._idle.put(None)

    @property
    def busy(self) -> int:
        """Sessions in use."""
        return self._busy

    @contextlib.contextmanager
    def session(self) -> Iterator[Connection]:
        """Lend a session; opened at its first use, dropped when the block fails with a database error.

        Raises:
            DatabaseError: Logging on failed.
        """
        connection = self._idle.get()
        with self._lock:
            self._busy += 1
        try:
            if connection is None or not connection.is_healthy():
                connection = connect(self._database, module="worker")
            yield connection
        except DatabaseError:
            _discard(connection)
            connection = None
            raise
        finally:
            with self._lock:
                self._busy -= 1
            self._idle.put(connection)

    def close(self) -> None:
        """Close the idle sessions; those in use end with the process."""
        with contextlib.suppress(queue.Empty):
            while True:
                _discard(self._idle.get_nowait())


def _discard(connection: Connection | None) -> None:
    if connection is not None:
        with contextlib.suppress(Exception):  # it is being thrown away because it does not work
            connection.close()
