"""A worker's database sessions: one for each range it works on at once, kept for the worker's life.

Each session loads its own copy of the model in the standby, so sessions are reused, and one that failed is replaced.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from fleet.errors import DatabaseError, Fault, FleetError, TransientDatabaseError
from fleet.sessions import Connection, Database, close_aside, connect
from workers.calls import AbandonedCallError


class LogonError(TransientDatabaseError):
    """Logging on failed; whatever the code says, no range has begun, so none has anything to do with it."""


class SessionPool:
    """Sessions of one database, opened as they are needed; how many at once is the queue's matter."""

    def __init__(self, database: Database) -> None:
        """Open nothing yet."""
        self._database = database
        self._idle: list[Connection] = []
        #: One for each session that is being closed, set when that is over.
        self._closing: list[threading.Event] = []
        self._lock = threading.Lock()
        self._busy = 0

    @property
    def busy(self) -> int:
        """Sessions in use."""
        return self._busy

    @property
    def open(self) -> int:
        """Sessions that are there: idle, in use, or being closed and not left behind yet."""
        with self._lock:
            self._closing = [is_over for is_over in self._closing if not is_over.is_set()]
            return len(self._idle) + self._busy + len(self._closing)

    @contextlib.contextmanager
    def session(self) -> Iterator[Connection]:
        """Lend a session; opened at its first use, dropped when the block fails.

        Raises:
            LogonError, PermanentDatabaseError: Logging on failed; that is never a range's fault.
        """
        with self._lock:
            self._busy += 1
        try:
            connection = self._take() or self._open()
            try:
                yield connection
            except AbandonedCallError:
                raise  # the call that was left behind closes it when it ends
            except BaseException:
                self._discard(connection).wait()  # what it holds is free before its range goes to another standby
                raise
            with self._lock:
                self._idle.append(connection)
        finally:
            with self._lock:
                self._busy -= 1

    def keep(self, sessions: int) -> None:
        """Close idle sessions, waiting for none of them, until no more than so many are left."""
        with self._lock:
            while self._idle and len(self._idle) + self._busy > sessions:
                self._closing.append(close_aside(self._idle.pop(0)))

    def close(self) -> None:
        """Close the idle sessions, or leave them behind; those in use end with the process."""
        self.keep(0)
        for is_over in self._closing:
            is_over.wait()

    def _take(self) -> Connection | None:
        while True:
            with self._lock:
                if not self._idle:
                    return None
                connection = self._idle.pop()
            if connection.is_healthy():
                return connection
            self._discard(connection)

    def _discard(self, connection: Connection) -> threading.Event:
        is_over = close_aside(connection)
        with self._lock:
            self._closing.append(is_over)
        return is_over

    def _open(self) -> Connection:
        name = self._database.name
        try:
            return connect(self._database, module="worker")
        except DatabaseError as error:
            if error.fault is Fault.FLEET:
                raise
            raise LogonError(str(error), codes=error.codes, database=name, advice=error.advice) from error
        except FleetError:
            raise
        except Exception as error:
            raise LogonError(
                f"{name}: logging on failed with {type(error).__name__}: {error}", database=name
            ) from error
