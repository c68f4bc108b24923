"""Sessions of one database, lent to one search at a time."""

from __future__ import annotations

import contextlib
import queue
import threading
from collections.abc import Iterator

from fleet.errors import DatabaseError, TransientDatabaseError
from fleet.sessions import Connection, Database, connect, translated


class SessionPool:
    """At most ``size`` sessions of one database, opened when they are needed."""

    def __init__(self, database: Database, size: int, *, timeout_seconds: float) -> None:
        """Open nothing yet.

        Args:
            database: Where and as whom; its logon deadline should not be longer than the timeout.
            size: Sessions at most.
            timeout_seconds: Longest wait for a free session, and longest database call in one.
        """
        self.database = database
        self._timeout_seconds = timeout_seconds
        self._free = threading.BoundedSemaphore(size)
        self._idle: queue.LifoQueue[Connection] = queue.LifoQueue()
        self._closed = False

    @contextlib.contextmanager
    def session(self) -> Iterator[Connection]:
        """Lend a session; one in which a call failed is not used again.

        Raises:
            DatabaseError: Logging on failed, or all sessions are busy for too long.
        """
        if not self._free.acquire(timeout=self._timeout_seconds):
            raise TransientDatabaseError(
                f"{self.database.name}: all search sessions are busy; raise SEARCH_SESSIONS or add a standby",
                database=self.database.name,
            )
        connection: Connection | None = None
        try:
            connection = self._idle_session() or self._open()
            with translated(self.database.name):
                yield connection
        except DatabaseError:
            _discard(connection)
            connection = None
            raise
        finally:
            if connection is not None:
                self._give_back(connection)
            self._free.release()

    def forget_idle(self) -> bool:
        """Close the idle sessions, after one turned out to be dead; tell whether there were any."""
        found = False
        with contextlib.suppress(queue.Empty):
            while True:
                _discard(self._idle.get_nowait())
                found = True
        return found

    def close(self) -> None:
        """Close the idle sessions; one in use is closed when it comes back."""
        self._closed = True
        self.forget_idle()

    def _idle_session(self) -> Connection | None:
        with contextlib.suppress(queue.Empty):
            while True:
                connection = self._idle.get_nowait()
                if connection.is_healthy():
                    return connection
                _discard(connection)
        return None

    def _open(self) -> Connection:
        connection = connect(self.database, module="search")
        connection.call_timeout = max(1, int(1000 * self._timeout_seconds))
        return connection

    def _give_back(self, connection: Connection) -> None:
        if self._closed:
            _discard(connection)
        else:
            self._idle.put(connection)


def _discard(connection: Connection | None) -> None:
    """Close a session on the side: closing one whose database hangs would wait for it."""
    if connection is not None:
        threading.Thread(target=_close, args=(connection,), name="close-session", daemon=True).start()


def _close(connection: Connection) -> None:
    with contextlib.suppress(Exception):  # it is being thrown away because it does not work
        connection.close()
