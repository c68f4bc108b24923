"""Asks the standby who and how it is, again and again, in a session of its own."""

from __future__ import annotations

import logging
import threading

from fleet.dataguard import ApplyLag, read_identity
from fleet.errors import DatabaseError, TransientDatabaseError
from fleet.ora_codes import LOST_SESSION
from fleet.sessions import Connection, Database, close_aside, connect, translated
from fleet.statements import statement
from workers.calls import AbandonedCallError, RunningCalls
from workers.guard import Guard, Observation

log = logging.getLogger("adgfleet.worker")

#: ORA-00942, ORA-01031: the account may not read a view; the guard does without what it says.
_NOT_GRANTED = frozenset({"ORA-00942", "ORA-01031"})


class Probe:
    """One session that asks; a standby that does not answer in time is told to the guard and asked anew."""

    def __init__(self, database: Database, guard: Guard, *, interval_seconds: float, timeout_seconds: float) -> None:
        """Connect to nothing yet."""
        self._database = database
        self._guard = guard
        self._interval_seconds = interval_seconds
        self._timeout_seconds = timeout_seconds
        self._calls = RunningCalls(database.name)
        self._connection: Connection | None = None
        self._denied: set[str] = set()
        self._may_have_session = False
        #: Set when the last session that was given up is closed or left behind.
        self._is_closed = threading.Event()
        self._is_closed.set()

    @property
    def may_be_connected(self) -> bool:
        """False: there is no session, none is being opened and none being closed."""
        return self._may_have_session or not self._is_closed.is_set()

    def run(self, stopping: threading.Event) -> None:
        """Ask until ``stopping``."""
        while not stopping.is_set():
            self._may_have_session = True  # said before the guard is asked, so that no logon goes unsaid
            if self._guard.may_log_on:
                self._ask()
            else:
                self._drop()
                self._may_have_session = False
            stopping.wait(self._interval_seconds)
        self._drop()

    def _ask(self) -> None:
        try:
            self._guard.observed(self._answer())
        except AbandonedCallError as error:
            self._connection = None  # closing it would wait, too
            self._guard.not_reached(error)
        except DatabaseError as error:
            self._drop()
            self._guard.not_reached(error)
        except Exception as error:  # noqa: BLE001 - without a probe the worker would trust what it saw last, or wait for ever
            self._drop()
            name = self._database.name
            text = f"{name}: asking the standby failed with {type(error).__name__}: {error}"
            self._guard.not_reached(TransientDatabaseError(text, database=name))

    def _answer(self) -> Observation:
        """Ask once; once more in a new session when the old one has been lost, which says little of the standby."""
        is_new = self._connection is None
        try:
            return self._answer_in_time()
        except DatabaseError as error:
            if is_new or LOST_SESSION.isdisjoint(error.codes):
                raise
        self._drop()
        return self._answer_in_time()

    def _answer_in_time(self) -> Observation:
        if self._connection is None:
            self._connection = connect(self._database, module="guard")
        connection = self._connection
        deadline = threading.Timer(self._timeout_seconds, self._calls.break_off, ["the standby does not answer"])
        deadline.daemon = True
        deadline.start()
        try:
            return self._calls.run(connection, lambda: self._observe(connection))
        finally:
            deadline.cancel()

    def _observe(self, connection: Connection) -> Observation:
        with translated(self._database.name):
            identity = read_identity(connection)
        open_mode = self._rows(connection, "open_mode")
        lag = ApplyLag.of_rows(self._rows(connection, "apply_lag"))
        return Observation(
            identity.role,
            identity.db_unique_name,
            open_mode=str(open_mode[0][0] or "") if open_mode else "",
            apply_lag_seconds=lag.seconds,
            lag_is_readable="apply_lag" not in self._denied,
            lag_age_seconds=lag.age_seconds,
        )

    def _rows(self, connection: Connection, name: str) -> list[tuple[str | None, ...]]:
        if name in self._denied:
            return []
        try:
            with translated(self._database.name), connection.cursor() as cursor:
                cursor.execute(statement(name))
                rows: list[tuple[str | None, ...]] = cursor.fetchall()
                return rows
        except DatabaseError as error:
            if not _NOT_GRANTED.intersection(error.codes):
                raise
            log.warning("the guard does without %s: %s", name, error)
            self._denied.add(name)
            return []

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            self._is_closed = close_aside(connection)
