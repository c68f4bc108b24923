"""What exists while PL/SQL runs: frames of variables, the state of a call, signals of control."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from emulator.datatypes import Row, Value
from emulator.errors import OraError
from emulator.session import RowSource

if TYPE_CHECKING:
    from emulator.engine.objects import Scope
    from emulator.plsql.port import SqlPort

#: What a statement returns when the next one is not to follow: RETURN, or the signal of a loop that it leaves.
Signal: TypeAlias = object
RETURN: Signal = object()


@dataclass(slots=True)
class ImplicitCursor:
    """What SQL% tells of the last statement."""

    row_count: int | None = None
    #: (ERROR_INDEX, ERROR_CODE) of a FORALL with SAVE EXCEPTIONS.
    bulk_exceptions: Sequence[tuple[int, int]] = ()
    #: FORALL's rows by subscript.
    bulk_row_counts: dict[int, int] = field(default_factory=dict)


class Runtime:
    """One call of PL/SQL by a session."""

    __slots__ = ("_traced", "binds", "cursors", "error", "port", "sql", "trace")

    def __init__(self, port: SqlPort, binds: list[Value]) -> None:
        """Begin a call."""
        self.port = port
        #: Values of an anonymous block's bind variables.
        self.binds = binds
        self.sql = ImplicitCursor()
        #: The error whose handler runs, for SQLCODE, SQLERRM and RAISE.
        self.error: OraError | None = None
        #: ORA-06512 lines of the error that passes up.
        self.trace: list[str] = []
        #: Cursors that are open; the call's end closes what its blocks have left.
        self.cursors: set[OpenCursor] = set()
        self._traced: OraError | None = None

    def note(self, error: OraError, place: str, line: int) -> None:
        """Add a place to the way of an error."""
        if self._traced is not error:
            self._traced = error
            self.trace = []
        self.trace.append(f"ORA-06512: at {place}line {line}")

    def full_text(self, error: OraError) -> str:
        """Return an error's text with its way."""
        return "\n".join([error.text, *self.trace]) if self._traced is error else error.text


class Frame:
    """The variables of one activation of a subprogram."""

    __slots__ = ("failed", "line", "outer", "result", "run", "scope", "slots")

    def __init__(self, run: Runtime, outer: Frame | None, slots: int, scope: Scope) -> None:
        """Make a frame; all slots are NULL until their declarations run."""
        self.run = run
        #: Frame of the subprogram around this one in the text.
        self.outer = outer
        self.slots: list[Value] = [None] * slots
        #: Whose names and privileges hold for SQL.
        self.scope = scope
        self.result: Value = None
        #: The error that last left a statement here, and that statement's line.
        self.failed: OraError | None = None
        self.line = 0


Evaluate: TypeAlias = Callable[[Frame], Value]
Execute: TypeAlias = Callable[[Frame], Signal | None]


class OpenCursor:
    """A cursor that was opened."""

    __slots__ = ("_open", "found", "is_open", "on_close", "row_count", "rows")

    def __init__(self, rows: RowSource, run: Runtime) -> None:
        """Begin before the first row."""
        self.rows = rows
        self._open = run.cursors
        self._open.add(self)
        self.is_open = True
        #: Besides closing the rows: a cursor FOR loop makes its declared cursor closed again.
        self.on_close: Callable[[], None] | None = None
        self.row_count = 0
        #: %FOUND: None before the first fetch.
        self.found: bool | None = None

    def leave_open(self) -> None:
        """Let the rows outlive the call: they are the client's."""
        self._open.discard(self)

    def close(self) -> None:
        """Free the rows."""
        self._open.discard(self)
        self.is_open = False
        self.rows.close()
        if self.on_close is not None:
            self.on_close()

    def fetch_one(self) -> Row | None:
        """Return the next row, None after the last."""
        rows = self.rows.fetch(1)
        self.found = bool(rows)
        self.row_count += len(rows)
        return rows[0] if rows else None

    def fetch_many(self, limit: int | None) -> list[Row]:
        """Return the next rows, all of them without a limit; %FOUND tells whether the limit was reached."""
        rows = fetch_all(self.rows) if limit is None else self.rows.fetch(limit)
        self.found = bool(rows) if limit is None else len(rows) == limit
        self.row_count += len(rows)
        return rows


def fetch_all(rows: RowSource) -> list[Row]:
    """Return all rows that are left."""
    found: list[Row] = []
    while True:
        some = rows.fetch(1000)
        found.extend(some)
        if len(some) < 1000:
            return found
