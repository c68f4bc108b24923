"""DML redirection: a standby session's transaction on the primary, over a connection of its own.

The link speaks the same protocol as any client and acts as the session's user through the internal link user, so that
the primary checks privileges, locks and constraints as it does for everybody.
"""

from __future__ import annotations

import array
import contextlib
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import oracledb

from emulator.dataguard.call_watch import CallWatch
from emulator.datatypes import SqlType, TypeName, Value
from emulator.engine.dictionary import OWN_CHANGES_VIEW
from emulator.engine.objects import Sequence as NumberSequence
from emulator.errors import NotEmulated, OraError
from emulator.session import BatchError, Outcome
from emulator.statement_text import scan_statement

log = logging.getLogger("emulator.redirection")

_DRIVER_TYPES = {
    TypeName.NUMBER: oracledb.DB_TYPE_NUMBER,
    TypeName.VARCHAR2: oracledb.DB_TYPE_VARCHAR,
    TypeName.CHAR: oracledb.DB_TYPE_CHAR,
    TypeName.RAW: oracledb.DB_TYPE_RAW,
    TypeName.BLOB: oracledb.DB_TYPE_BLOB,
    TypeName.CLOB: oracledb.DB_TYPE_CLOB,
    TypeName.DATE: oracledb.DB_TYPE_DATE,
    TypeName.TIMESTAMP: oracledb.DB_TYPE_TIMESTAMP,
    TypeName.TIMESTAMP_TZ: oracledb.DB_TYPE_TIMESTAMP_TZ,
    TypeName.BINARY_DOUBLE: oracledb.DB_TYPE_BINARY_DOUBLE,
    TypeName.BINARY_FLOAT: oracledb.DB_TYPE_BINARY_FLOAT,
    TypeName.VECTOR: oracledb.DB_TYPE_VECTOR,
    TypeName.BOOLEAN: oracledb.DB_TYPE_BOOLEAN,
}


#: The driver's codes for a connection that cannot be made or has ended. Source: python-oracledb, its error numbers.
_LOST_LINK = ("DPY-1001", "DPY-4011", "DPY-4024", "DPY-6")
#: The primary's codes for a session that has ended, for one that cannot begin, and for a primary that is none any more.
_LOST_SESSION = frozenset({28, 1033, 1089, 3113, 3135, 16000})


@dataclass(frozen=True, slots=True)
class PrimaryAddress:
    """Where the primary is, and how the internal link user logs on there."""

    dsn: str
    link_user: str
    link_password: str


class RedirectedTransaction:
    """A session on the primary that stands for one on the standby."""

    def __init__(
        self,
        primary: PrimaryAddress,
        user: str,
        *,
        watch: CallWatch,
        check_cancelled: Callable[[], None],
        delay_seconds: float,
    ) -> None:
        """Connect as ``user``; raises ORA-16397 when that is not possible."""
        self._watch = watch
        self._check_cancelled = check_cancelled
        self._delay_seconds = delay_seconds
        with _as_ora_errors():
            self._connection = oracledb.connect(
                user=f"{primary.link_user}[{user}]", password=primary.link_password, dsn=primary.dsn
            )
        self._schema = user
        self._has_changes = False

    @property
    def has_changes(self) -> bool:
        """Whether a transaction is open on the primary, as its last answer said."""
        if self._connection.is_healthy():  # the driver tells no more of a connection that it has found lost
            self._has_changes = bool(self._connection.transaction_in_progress)
        return self._has_changes

    def use_schema(self, schema: str) -> None:
        """Let unqualified names mean those of ``schema`` from the next statement on."""
        if schema != self._schema:
            self._connection.current_schema = schema
            self._schema = schema

    def run(
        self,
        oracle_text: str,
        bind_types: Sequence[SqlType],
        rows: Sequence[Sequence[Value]],
        *,
        returning: Sequence[SqlType] = (),
        batch_errors: bool = False,
    ) -> Outcome:
        """Run DML on the primary; arguments as for a local change.

        Raises:
            OraError: As the primary says, with the number of rows that stand; 16397 when the primary is lost.
        """
        if returning and len(rows) > 1:
            return self._run_each(oracle_text, bind_types, rows, returning, batch_errors=batch_errors)
        if self._delay_seconds:
            time.sleep(self._delay_seconds)
        count = len(scan_statement(oracle_text).binds) - len(returning)
        types = [_driver_type(sql_type) for sql_type in bind_types[:count]]
        with self._connection.cursor() as cursor, self._watched(cursor):
            targets = [cursor.var(_driver_type(sql_type)) for sql_type in returning]
            if types or targets:
                cursor.setinputsizes(*types, *targets)
            values = [[*map(_driver_value, row[:count]), *targets] for row in rows]
            if len(values) == 1 and not batch_errors:
                cursor.execute(oracle_text, values[0])
                counts = [cursor.rowcount]
            else:
                cursor.executemany(oracle_text, values, batcherrors=batch_errors, arraydmlrowcounts=True)
                counts = [int(number) for number in cursor.getarraydmlrowcounts()]
            errors = [
                BatchError(error.offset, error.code, _without_help(error.message))
                for error in (cursor.getbatcherrors() if batch_errors else ()) or ()
            ]
            returned = [[target.getvalue() for target in targets]] if targets else []
        return Outcome(row_count=sum(counts), row_counts=counts, batch_errors=errors, returned=returned)

    def _run_each(
        self,
        oracle_text: str,
        bind_types: Sequence[SqlType],
        rows: Sequence[Sequence[Value]],
        returning: Sequence[SqlType],
        *,
        batch_errors: bool,
    ) -> Outcome:
        """Run an array one row after the other: which of them returned what has to be known."""
        counts: list[int] = []
        errors: list[BatchError] = []
        returned: list[Sequence[Sequence[Value]]] = []
        for number, row in enumerate(rows):
            try:
                outcome = self.run(oracle_text, bind_types, [row], returning=returning)
            except OraError as error:
                error.row_count = number
                if not batch_errors or error.code == 16397:
                    raise
                errors.append(BatchError(number, error.code, error.text))
                outcome = Outcome(row_counts=[0], returned=[[[] for _ in returning]])
            counts += outcome.row_counts
            returned += outcome.returned
        return Outcome(row_count=sum(counts), row_counts=counts, batch_errors=errors, returned=returned)

    def commit(self) -> int:
        """End the transaction; return an SCN of the primary that includes it."""
        with _as_ora_errors():
            self._connection.commit()
        return self.current_scn()

    def sequence_values(self, sequence: NumberSequence) -> list[int]:
        """Draw as many values of a sequence as it keeps in memory."""
        names = ".".join('"' + name.replace('"', '""') + '"' for name in sequence.key)
        query = f"SELECT {names}.NEXTVAL FROM dual CONNECT BY LEVEL <= :1"  # noqa: S608 - quoted names
        with _as_ora_errors(), self._connection.cursor() as cursor:
            cursor.execute(query, [sequence.cache])
            return [int(value) for (value,) in cursor]

    def current_scn(self) -> int:
        """Return the primary's SCN."""
        with _as_ora_errors(), self._connection.cursor() as cursor:
            cursor.execute("SELECT current_scn FROM v$database")
            return int(cursor.fetchone()[0])

    def run_block(self, text: str) -> None:
        """Run a PL/SQL block without bind variables."""
        self._run_control(text)

    def own_changes(self) -> bytes:
        """Return the transaction's uncommitted changes, as a changeset of SQLite's."""
        with _as_ora_errors(), self._connection.cursor() as cursor:
            cursor.execute(f"SELECT changes FROM {OWN_CHANGES_VIEW}", fetch_lobs=False)  # noqa: S608 - our own view
            return bytes(cursor.fetchone()[0] or b"")

    def rollback(self) -> None:
        """Undo the transaction."""
        with _as_ora_errors():
            self._connection.rollback()

    def savepoint(self, name: str) -> None:
        """Mark a point."""
        self._run_control(f'SAVEPOINT "{name}"')

    def rollback_to(self, name: str) -> None:
        """Undo what came after a savepoint."""
        self._run_control(f'ROLLBACK TO SAVEPOINT "{name}"')

    def close(self) -> None:
        """Give the connection up; what is uncommitted is rolled back."""
        with contextlib.suppress(oracledb.Error):
            self._connection.close()

    def _run_control(self, text: str) -> None:
        with _as_ora_errors(), self._connection.cursor() as cursor:
            cursor.execute(text)

    @contextmanager
    def _watched(self, cursor: oracledb.Cursor) -> Iterator[None]:
        """Break DML off on the primary when this session's own client has given up.

        Only DML: it may wait for a lock. What ends or undoes a transaction is never broken off.
        """
        with _as_ora_errors(cursor):
            try:
                with self._watch.during(self._check_cancelled, self._connection.cancel) as watched:
                    yield
            finally:
                if watched.is_cancelled:
                    self._take_late_break()

    def _take_late_break(self) -> None:
        """Make sure that a break which came after the statement's end hits nothing else."""
        with contextlib.suppress(oracledb.Error):
            self._connection.ping()


def _driver_type(sql_type: SqlType) -> Any:  # noqa: ANN401 - the driver's own constants
    try:
        return _DRIVER_TYPES[sql_type.name]
    except KeyError:
        raise NotEmulated(f"redirected DML with a bind of type {sql_type.name.value}") from None


def _without_help(message: str) -> str:
    """Return a message without the line that the driver adds for people."""
    return message.split("\nHelp:", 1)[0]


def _driver_value(value: Value) -> Any:  # noqa: ANN401 - whatever the driver takes
    """Return a vector as the driver takes it: an array with the type code of its elements."""
    return array.array(value.dtype.char, value.tobytes()) if isinstance(value, np.ndarray) else value


@contextmanager
def _as_ora_errors(cursor: oracledb.Cursor | None = None) -> Iterator[None]:
    """Turn the driver's errors into the primary's; a lost link is ORA-16397.

    Args:
        cursor: Knows how many rows an array had changed when it failed.
    """
    try:
        yield
    except oracledb.Error as error:
        details = error.args[0]
        code = int(getattr(details, "code", 0) or 0)
        if code == 0 and not str(details.full_code).startswith(_LOST_LINK):
            raise OraError(600, f"redirection: {details.message}") from error
        if code == 0 or code in _LOST_SESSION:
            log.warning("the session on the primary is lost: %s", str(details.message).splitlines()[0])
            raise OraError(16397) from None
        raised = OraError(
            code, text=_without_help(str(details.message)), offset=int(getattr(details, "offset", 0) or 0)
        )
        if cursor is not None:
            raised.row_count = max(cursor.rowcount, 0)
        raise raised from None
