"""What the wire needs of a database: the contract between ``emulator.server`` and ``emulator.instance``.

Only protocols and the values that cross the border; no behaviour.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from emulator.datatypes import Row, SqlType, Value

if TYPE_CHECKING:
    from emulator.auth import Verifier
    from emulator.errors import OraError
    from emulator.statement_text import StatementText


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a query's result."""

    name: str
    type: SqlType
    nullable: bool = True


class RowSource(Protocol):
    """An open cursor over a query's rows; belongs to the session that opened it."""

    columns: tuple[Column, ...]

    def fetch(self, count: int, *, keep_numbers: bool = False) -> list[Row]:
        """Return the next rows, at most ``count``; fewer than ``count`` means that there are no more.

        Args:
            count: See above.
            keep_numbers: Return each NUMBER as its byte form, which is what is stored and what travels.

        Raises:
            OraError: A row could not be computed; the rows of this call are lost and the cursor is at its end.
        """

    def close(self) -> None:
        """Free what the cursor holds; safe to call twice."""


class Direction(enum.Enum):
    """What a PL/SQL block does with a bind variable."""

    IN = 32
    OUT = 16
    IN_OUT = 48


@dataclass(frozen=True, slots=True)
class BatchError:
    """One failed execution of an array DML run with batch errors."""

    #: 0-based number of the execution.
    offset: int
    code: int
    text: str


@dataclass(slots=True)
class Outcome:
    """What an execution did; fields that do not apply stay at their defaults."""

    #: A query's rows.
    rows: RowSource | None = None
    #: DML: rows affected, summed over all executions.
    row_count: int = 0
    #: DML: rows affected by each execution.
    row_counts: Sequence[int] = ()
    batch_errors: Sequence[BatchError] = ()
    #: PL/SQL: one per bind, in bind order.
    directions: Sequence[Direction] = ()
    #: PL/SQL: per execution the values of the OUT and IN OUT binds, in bind order.
    out_rows: Sequence[Sequence[Value]] = ()
    #: DML … RETURNING: per execution, per RETURNING bind, one value for each affected row.
    returned: Sequence[Sequence[Sequence[Value]]] = ()
    #: A compilation that stored an invalid unit (ORA-24344).
    warning: OraError | None = None


@dataclass(frozen=True, slots=True)
class Logon:
    """Who connects, from where and to what, after the password was verified."""

    user: str
    #: The user to act as, for a connection through a proxy (``LINK[ADGVEC]``).
    proxy_client: str | None
    service_name: str
    program: str = ""
    machine: str = ""
    terminal: str = ""
    os_user: str = ""
    process: str = ""
    driver: str = ""
    #: Application context: (namespace, attribute) in upper case to value.
    contexts: Mapping[tuple[str, str], str] = field(default_factory=dict)


@dataclass(slots=True)
class SessionStatistics:
    """What V$SESSTAT tells of a session."""

    #: Requests that the client waited for.
    roundtrips: int = 0
    #: Parse calls, whether or not the statement was known already.
    parses: int = 0
    executions: int = 0
    #: Payloads of packets since the logon.
    bytes_received: int = 0
    bytes_sent: int = 0

    def add(self, other: SessionStatistics) -> None:
        """Add another session's."""
        self.roundtrips += other.roundtrips
        self.parses += other.parses
        self.executions += other.executions
        self.bytes_received += other.bytes_received
        self.bytes_sent += other.bytes_sent


class Session(Protocol):
    """One logged-on session. All calls come from the session's own thread, save ``cancel`` and ``kill``."""

    session_id: int
    serial: int
    statistics: SessionStatistics

    @property
    def in_transaction(self) -> bool:
        """Whether the session has uncommitted changes (here or, redirected, on the primary)."""

    @property
    def current_schema(self) -> str:
        """The schema in which unqualified names are looked up."""

    def logon_attributes(self) -> Mapping[str, str]:
        """Return the AUTH_* pairs of a successful logon except AUTH_SVR_RESPONSE (session id, version, names)."""

    def execute(
        self,
        text: StatementText,
        bind_types: Sequence[SqlType],
        rows: Sequence[Sequence[Value]],
        *,
        batch_errors: bool = False,
    ) -> Outcome:
        """Run a statement of any kind.

        Args:
            text: The scanned statement; scanning and parsing are cached by its ``text``.
            bind_types: One per bind, in the order of ``text.binds``, RETURNING binds included.
            rows: One row of values per execution, one value per bind; RETURNING binds and, in a re-execution, OUT binds
                are given as None. A statement without binds has one empty row. A query has exactly one row.
            batch_errors: Array DML: go on after a failing row and report it in the outcome.

        Raises:
            OraError: The statement failed and had no effect (array DML: its ``row_count`` rows stand).
        """

    def describe(self, text: StatementText, bind_types: Sequence[SqlType]) -> tuple[Column, ...]:
        """Parse without executing; return a query's columns, () for anything else."""

    def commit(self) -> None:
        """End the transaction and make its changes durable."""

    def rollback(self) -> None:
        """End the transaction and undo its changes."""

    def cancel(self) -> None:
        """Make the running call fail with ORA-01013 as soon as possible; called from another thread."""

    def set_identity(self, attributes: Mapping[str, str | None]) -> None:
        """Store what the driver tells of the client: MODULE, ACTION, CLIENT_INFO, CLIENT_IDENTIFIER."""

    def set_application_context(self, namespace: str, attributes: Mapping[str, str]) -> None:
        """Set attributes of a namespace, or clear it; what is wrong with them is raised by the call that follows."""

    def check_alive(self) -> None:
        """Make sure that a call may begin.

        Raises:
            OraError: 28, the session was killed; or what the last application context was refused with.
        """

    def change_password(self, password: str) -> None:
        """Give the session's user a new password."""

    def set_disconnect(self, disconnect: Callable[[], None]) -> None:
        """Give a function that ends the client's connection from another thread; called when the session is killed."""

    def set_interrupt_probe(self, probe: Callable[[], bool]) -> None:
        """Give a function that tells whether the client wants the running call to end; asked now and then."""

    def close(self, *, commit: bool) -> None:
        """End the session; a clean logoff commits, a lost client is rolled back. Safe to call twice."""


class Database(Protocol):
    """One instance, as the listener sees it."""

    def check_service(self, service_name: str | None, sid: str | None) -> str:
        """Return the service name to use.

        Raises:
            OraError: 12514 unknown service, or not offered in the instance's role; 12505 unknown SID;
                12528 and the like while connections are refused on purpose.
        """

    def verifier(self, user: str) -> Verifier | None:
        """Return the stored password verifier of a user (upper case), None for an unknown one."""

    def open_session(self, logon: Logon) -> Session:
        """Start a session for a user whose password was verified.

        Raises:
            OraError: 1017 no such user or proxy not allowed, 1045 no CREATE SESSION, 28000 locked, 1033 not open.
        """
