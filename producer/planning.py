"""The database that planning reads: a standby brought up to date, so that the primary does not pay for it.

A database that fails, or does not answer within PLANNING_TIMEOUT, is left for the next one in the middle of the work.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from typing import Any, Self

from fleet.dataguard import read_identity
from fleet.errors import DatabaseError, PermanentDatabaseError, TransientDatabaseError
from fleet.sessions import Connection, Database, session, translated
from fleet.settings import Settings
from fleet.statements import statement

#: A standby that needs longer to catch up is not waited for, seconds.
SYNC_SECONDS = 20.0
#: How often the applied SCN is looked at, seconds.
_POLL_SECONDS = 0.1
#: Rows fetched at once.
_FETCH_ROWS = 1000
_PRIMARY = "primary"


class PlanningDatabase:
    """Answers queries from the first standby that can be brought up to date; when it fails, from the next.

    If no standby is left the primary answers, with a warning. Use it in a ``with`` block, which ends its session.
    """

    def __init__(
        self,
        settings: Settings,
        standbys: Sequence[str],
        say: Callable[[str], None],
        *,
        sync_seconds: float = SYNC_SECONDS,
    ) -> None:
        """Connect to nothing yet.

        Args:
            settings: Where the databases are.
            standbys: In the order in which they are tried.
            say: Told what does not work.
            sync_seconds: Longest wait for one standby.
        """
        self._settings = settings
        self._left = [*standbys, _PRIMARY]
        self._say = say
        self._sync_seconds = sync_seconds
        self._stack = contextlib.ExitStack()
        self._connection: Connection | None = None
        self._broken_off = False
        #: The fleet's name of the database that answers; empty until one does.
        self.name = ""

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Log off."""
        self._log_off()

    def rows(self, query: str, **binds: Any) -> list[tuple[Any, ...]]:  # noqa: ANN401 - whatever the query takes
        """Return all rows of one of ``fleet/queries``; ask for no more than memory can hold.

        Raises:
            DatabaseError: The primary failed too, the fault is the fleet's, or ``break_off`` was called.
        """
        while True:
            connection = self._connection or self._log_on()
            try:
                with translated(self.name), connection.cursor() as cursor:
                    cursor.arraysize = _FETCH_ROWS
                    cursor.execute(statement(query), binds)
                    found: list[tuple[Any, ...]] = cursor.fetchall()
                    return found
            except PermanentDatabaseError:
                raise
            except DatabaseError as error:
                if not self._left or self._broken_off:
                    raise
                self._say(f"{self.name} is planned from no longer: {error}")
                self._log_off()

    def break_off(self) -> None:
        """Cancel the call that is running now, if any; nothing is tried after it. Any thread may call it."""
        self._broken_off = True
        connection = self._connection
        if connection is not None:
            # Sending the break can block, too.
            threading.Thread(target=_cancel, args=(connection,), name="break", daemon=True).start()

    def _log_on(self) -> Connection:
        """Log on to the first of those that are left."""
        while True:
            name = self._left.pop(0)
            try:
                return self._log_on_to(name)
            except DatabaseError as error:
                self._log_off()
                if not self._left or self._broken_off:
                    raise
                self._say(f"{name} cannot be planned from: {error}")

    def _log_on_to(self, name: str) -> Connection:
        if name == _PRIMARY:
            self._say("warning: no standby is up to date; the primary itself is planned from")
        connection = self._stack.enter_context(session(Database.named(self._settings, name), module="produce"))
        connection.call_timeout = _milliseconds(self._settings.planning_timeout)
        self._connection, self.name = connection, name
        if name != _PRIMARY:
            with translated(name):
                identity = read_identity(connection)
            if not identity.may_embed:  # a primary needs no bringing up to date, but must not pay either
                raise TransientDatabaseError(f"{name} is {identity.role}", database=name)
            bring_up_to_date(connection, self._settings, name, sync_seconds=self._sync_seconds)
        return connection

    def _log_off(self) -> None:
        self._connection = None
        self._stack.close()


def bring_up_to_date(connection: Connection, settings: Settings, standby: str, *, sync_seconds: float) -> None:
    """Wait until a standby has applied what the primary has committed by now.

    SYNC WITH PRIMARY wants synchronous transport and real-time apply (else ORA-03173); without it the primary's SCN is
    asked for, and waited for.

    Raises:
        DatabaseError: The standby does not get there in time, or cannot be asked.

    Source: Data Guard Concepts and Administration 23ai, "Forcing Redo Apply Synchronization".
    """
    before = connection.call_timeout
    connection.call_timeout = _milliseconds(sync_seconds)
    try:
        with translated(standby), connection.cursor() as cursor:
            cursor.execute("ALTER SESSION SYNC WITH PRIMARY")
    except DatabaseError as error:
        if not connection.is_healthy() or {"DPY-4024", "ORA-01013"}.intersection(error.codes):
            raise
        wait_for_scn(connection, _primary_scn(settings, sync_seconds), standby, seconds=sync_seconds)
    finally:
        connection.call_timeout = before


def _primary_scn(settings: Settings, seconds: float) -> int:
    with session(Database.primary(settings), module="produce") as primary, primary.cursor() as cursor:
        primary.call_timeout = _milliseconds(seconds)
        cursor.execute(statement("current_scn"))
        return int(cursor.fetchone()[0])


def wait_for_scn(connection: Connection, scn: int, standby: str, *, seconds: float) -> None:
    """Wait until a standby has applied redo up to an SCN.

    Raises:
        TransientDatabaseError: It has not, after so many seconds.
        DatabaseError: It cannot be asked.
    """
    deadline = time.monotonic() + seconds
    while True:
        with translated(standby), connection.cursor() as cursor:
            cursor.execute(statement("current_scn"))
            applied = int(cursor.fetchone()[0])
        if applied >= scn:
            return
        if time.monotonic() >= deadline:
            raise TransientDatabaseError(
                f"{standby}: redo is applied up to SCN {applied}, not {scn}, after {seconds:g} s", database=standby
            )
        time.sleep(_POLL_SECONDS)


def _milliseconds(seconds: float) -> int:
    return max(1, round(1000 * seconds))


def _cancel(connection: Connection) -> None:
    with contextlib.suppress(Exception):  # a dead connection ends its call by itself
        connection.cancel()
