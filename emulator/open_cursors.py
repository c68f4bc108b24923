"""The cursors that one client keeps open: EXECUTE, REEXECUTE, FETCH, and closing them."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from emulator.datatypes import TypeName, Value
from emulator.errors import OraError, RemoteProtocolError
from emulator.session import Column, Direction, Outcome, RowSource, Session
from emulator.statement_text import StatementKind, StatementText, scan_statement
from emulator.ttc import execute as calls
from emulator.ttc import messages
from emulator.ttc.buffer import Reader, Writer
from emulator.ttc.execute import ValueWriter, Variable
from emulator.ttc.lobs import LobRegistry
from emulator.ttc.messages import Message
from emulator.ttc.values import DEFINED_LATER, WireType, wire_type

_ROW_DATA = bytes((Message.ROW_DATA,))
_MOST_CURSORS = 65_535
#: Security limit for the executions of one call.
_MOST_EXECUTIONS = 16_777_216
#: An answer that has grown this far ends, whatever number of rows was asked for; the client fetches on.
_LARGE_ANSWER_BYTES = 16 * 1024 * 1024
#: Rows that are taken from a cursor at once.
_SLICE_ROWS = 1_000


@dataclass(slots=True)
class _Cursor:
    """A statement that the client keeps open."""

    text: StatementText
    variables: list[Variable] = field(default_factory=list)
    defines: list[Variable] = field(default_factory=list)
    columns: tuple[Column, ...] = ()
    rows: RowSource | None = None
    fetched: int = 0
    directions: Sequence[Direction] = ()

    @property
    def is_defined_later(self) -> bool:
        """Whether rows may only travel after a define."""
        return any(wire_type(column.type) in DEFINED_LATER for column in self.columns)


class OpenCursors:
    """The open cursors of a session's client; the ``Handles`` of what it binds."""

    def __init__(self, session: Session, lobs: LobRegistry, *, field_version: int) -> None:
        """Begin with none.

        Args:
            session: Runs the statements.
            lobs: Keeps what fetched locators stand for.
            field_version: Layout agreed with the client.
        """
        self._session = session
        self._lobs = lobs
        self._field_version = field_version
        self._schema = session.current_schema
        self._cursors: dict[int, _Cursor] = {}
        self._cursor_ids = itertools.cycle(range(1, _MOST_CURSORS + 1))

    def execute(self, reader: Reader) -> bytes:
        """Answer EXECUTE, which may parse, bind, describe, execute and fetch.

        Raises:
            OraError: What the statement failed with.
        """
        request = calls.parse_execute(reader, self._field_version)
        if request.has(calls.OPTION_PARSE):
            self._session.statistics.parses += 1
        cursor = self._cursor(request.cursor_id) if request.cursor_id else None
        if request.sql is not None:
            text = scan_statement(request.sql)
            if cursor is None or cursor.text is not text:
                cursor = _Cursor(text)
        if cursor is None:
            raise OraError(1003)
        variables = [
            calls.parse_variable(reader, self._field_version)
            for _ in range(request.defines_count or request.variable_count)
        ]
        if request.defines_count:
            cursor.defines = variables
            cursor_id = self._keep(cursor, request.cursor_id)
            if not request.has(calls.OPTION_EXECUTE) and not request.has(calls.OPTION_FETCH):
                return calls.make_execute_parameters(None) + self._end(cursor_id=cursor_id)
        elif request.variable_count:
            cursor.variables = variables
            cursor.directions = ()
        # A query's count is that of the rows to fetch; it always has one row of binds.
        executions = 1 if cursor.text.kind is StatementKind.QUERY else _executions(request.executions)
        rows: list[Sequence[Value]] = []
        if request.variable_count and request.has(calls.OPTION_BIND):
            rows = self._bind_rows(reader, cursor, executions, absent=frozenset())
        if request.has(calls.OPTION_FETCH) and not request.has(calls.OPTION_EXECUTE) and request.sql is None:
            return self._fetch(request.cursor_id, cursor, request.rows)
        if request.has(calls.OPTION_DESCRIBE) or not request.has(calls.OPTION_EXECUTE):  # parsed only
            return self._describe(cursor)
        rows = rows or [()] * executions
        answer = self._run(
            cursor,
            request.cursor_id,
            rows,
            describe=request.sql is not None,
            batch_errors=request.has(calls.OPTION_BATCH_ERRORS),
            wants_row_counts=request.wants_row_counts,
            fetch=request.rows if request.has(calls.OPTION_FETCH) else 0,
        )
        if request.has(calls.OPTION_COMMIT):
            self._session.commit()
        return answer

    def reexecute(self, reader: Reader, *, fetch: bool) -> bytes:
        """Answer REEXECUTE: an open cursor again, with other values.

        Raises:
            OraError: What the statement failed with.
        """
        cursor_id = reader.ub()
        count = reader.ub()
        reader.ub()
        commit = bool(reader.ub() & 1)
        cursor = self._cursor(cursor_id)
        out_only = {number for number, way in enumerate(cursor.directions) if way is Direction.OUT}
        absent = frozenset(out_only | set(cursor.text.returning))
        executions = 1 if fetch else _executions(count)
        rows: list[Sequence[Value]] = [()] * executions
        if cursor.variables:
            if len(absent) < len(cursor.variables):
                rows = self._bind_rows(reader, cursor, executions, absent=absent)
            else:
                rows = [[None] * len(cursor.variables)] * executions
        answer = self._run(cursor, cursor_id, rows, describe=False, again=True, fetch=count if fetch else 0)
        if commit:
            self._session.commit()
        return answer

    def _bind_rows(
        self, reader: Reader, cursor: _Cursor, executions: int, *, absent: frozenset[int]
    ) -> list[Sequence[Value]]:
        is_plsql = cursor.text.kind is StatementKind.PLSQL
        absent = absent | frozenset(cursor.text.returning)
        if len(absent) == len(cursor.variables):
            return [[None] * len(cursor.variables)] * executions
        return [
            calls.parse_bind_row(reader, cursor.variables, absent=absent, is_plsql=is_plsql, handles=self)
            for _ in range(executions)
        ]

    def lob(self, locator: bytes) -> Value:
        """Return what a locator stands for that the client binds."""
        return self._lobs.content(locator)

    def cursor_rows(self, cursor_id: int) -> RowSource | None:
        """Return the rows of a cursor that the client binds."""
        return self._cursor(cursor_id).rows

    def _describe(self, cursor: _Cursor) -> bytes:
        cursor.columns = self._session.describe(cursor.text, [variable.sql_type for variable in cursor.variables])
        if not cursor.columns:
            return self._end()
        cursor_id = self._keep(cursor, 0)
        return calls.make_describe(cursor.columns, self._field_version) + self._end(cursor_id=cursor_id)

    def _run(  # noqa: PLR0913 - the options of one EXECUTE call
        self,
        cursor: _Cursor,
        cursor_id: int,
        rows: Sequence[Sequence[Value]],
        *,
        describe: bool,
        again: bool = False,
        batch_errors: bool = False,
        wants_row_counts: bool = False,
        fetch: int = 0,
    ) -> bytes:
        self._drop_rows(cursor)
        types = [variable.sql_type for variable in cursor.variables]
        outcome = self._session.execute(cursor.text, types, rows, batch_errors=batch_errors)
        if outcome.rows is not None:
            return self._query_answer(cursor, cursor_id, outcome.rows, describe=describe, fetch=fetch)
        if cursor.text.kind is StatementKind.PLSQL:
            return self._plsql_answer(cursor, cursor_id, outcome, again=again)
        keep = cursor.text.kind is StatementKind.DML
        answer = b""
        if cursor.text.returning:
            answer += self._returned(cursor, outcome)
        schema = self._session.current_schema if self._session.current_schema != self._schema else None
        self._schema = self._session.current_schema
        answer += calls.make_execute_parameters(outcome.row_counts if wants_row_counts else None, schema)
        return answer + self._end(
            cursor_id=self._keep(cursor, cursor_id) if keep else 0,
            row_count=outcome.row_count,
            outcome=outcome,
        )

    def _query_answer(self, cursor: _Cursor, cursor_id: int, source: RowSource, *, describe: bool, fetch: int) -> bytes:
        cursor.rows = source
        changed = cursor.columns != source.columns
        if changed:
            cursor.defines = calls.changed_defines(cursor.columns, source.columns)
            cursor.columns = source.columns
        cursor_id = self._keep(cursor, cursor_id)
        answer = calls.make_describe(cursor.columns, self._field_version) if describe or changed else b""
        if cursor.is_defined_later and not cursor.defines:
            return answer + self._end(cursor_id=cursor_id)
        if not fetch:
            return answer + calls.make_execute_parameters(None) + self._end(cursor_id=cursor_id)
        return answer + self._fetch(cursor_id, cursor, fetch)

    def fetch(self, reader: Reader) -> bytes:
        """Answer FETCH.

        Raises:
            OraError: 1001, there is no such cursor; 1002, it has no rows; or what a row failed with.
        """
        cursor_id, count = reader.ub(), reader.ub()
        return self._fetch(cursor_id, self._cursor(cursor_id), count)

    def _fetch(self, cursor_id: int, cursor: _Cursor, count: int) -> bytes:
        if cursor.rows is None:
            raise OraError(1002)
        defines = cursor.defines or [calls.default_define(column) for column in cursor.columns]
        writer = Writer()
        writer.raw(calls.make_row_header())
        values = ValueWriter(writer, self._lobs.keep)
        columns: list[Callable[[Value], None]] = [
            functools.partial(self._write_cursor, writer)
            if define.kind is WireType.CURSOR
            else values.column(define, of_numbers=column.type.name is TypeName.NUMBER)
            for define, column in zip(defines, cursor.columns, strict=True)
        ]
        left, is_last = count, False
        while left and not is_last and len(writer) < _LARGE_ANSWER_BYTES:
            wanted = min(left, _SLICE_ROWS)
            rows = cursor.rows.fetch(wanted, keep_numbers=True)
            for row in rows:
                writer.raw(_ROW_DATA)
                for value, write in zip(row, columns, strict=True):
                    write(value)
            cursor.fetched += len(rows)
            left -= len(rows)
            is_last = len(rows) < wanted
        if is_last:
            self._drop_rows(cursor, keep_fetched=True)
        return bytes(writer) + self._end(number=1403 if is_last else 0, cursor_id=cursor_id, row_count=cursor.fetched)

    def _plsql_answer(self, cursor: _Cursor, cursor_id: int, outcome: Outcome, *, again: bool) -> bytes:
        cursor.directions = outcome.directions
        answer = b""
        if outcome.directions and not again:
            answer += calls.make_io_vector(outcome.directions)
        outs = [
            variable
            for variable, way in zip(cursor.variables, outcome.directions, strict=False)
            if way is not Direction.IN
        ]
        if outs:
            for row in outcome.out_rows:
                writer = Writer()
                writer.u8(Message.ROW_DATA)
                values = ValueWriter(writer, self._lobs.keep)
                for value, variable in zip(row, outs, strict=True):
                    if variable.kind is WireType.CURSOR:
                        self._write_cursor(writer, value)
                        writer.sb(0)
                    else:
                        values.out(value, variable)
                answer += bytes(writer)
        return answer + self._end(cursor_id=self._keep(cursor, cursor_id), row_count=outcome.row_count, outcome=outcome)

    def _write_cursor(self, writer: Writer, source: RowSource | None) -> None:
        """Write a REF CURSOR: its description and the number of its rows; 0 for one that was never opened."""
        columns = source.columns if source is not None else ()
        cursor = _Cursor(scan_statement("SELECT"), columns=columns, rows=source)
        writer.u8(1)
        writer.raw(calls.make_describe(columns, self._field_version, embedded=True))
        writer.ub(self._keep(cursor, 0) if source is not None else 0)

    def _returned(self, cursor: _Cursor, outcome: Outcome) -> bytes:
        variables = [cursor.variables[number] for number in cursor.text.returning]
        writer = Writer()
        values = ValueWriter(writer, self._lobs.keep)
        for execution in outcome.returned:
            writer.u8(Message.ROW_DATA)
            for variable, column in zip(variables, execution, strict=True):
                writer.ub(len(column))
                for value in column:
                    values.out(value, variable)
        return bytes(writer)

    def _cursor(self, cursor_id: int) -> _Cursor:
        try:
            return self._cursors[cursor_id]
        except KeyError:
            raise OraError(1001) from None

    def _keep(self, cursor: _Cursor, cursor_id: int) -> int:
        """Keep a cursor open under a number; a new one unless it has one already."""
        if cursor_id and self._cursors.get(cursor_id) is cursor:
            return cursor_id
        number = next(number for number in self._cursor_ids if number not in self._cursors)
        self._cursors[number] = cursor
        return number

    def close(self, cursor_id: int) -> None:
        """Close a cursor, if there is one of this number."""
        cursor = self._cursors.pop(cursor_id, None)
        if cursor is not None:
            self._drop_rows(cursor)

    @staticmethod
    def _drop_rows(cursor: _Cursor, *, keep_fetched: bool = False) -> None:
        if cursor.rows is not None:
            cursor.rows.close()
            cursor.rows = None
        if not keep_fetched:
            cursor.fetched = 0

    def _end(self, *, number: int = 0, cursor_id: int = 0, row_count: int = 0, outcome: Outcome | None = None) -> bytes:
        return messages.make_error(
            number=number,
            cursor_id=cursor_id,
            row_count=row_count,
            in_transaction=self._session.in_transaction,
            field_version=self._field_version,
            batch_errors=outcome.batch_errors if outcome is not None else (),
            warning=outcome is not None and outcome.warning is not None,
        )


def _executions(count: int) -> int:
    """Return how often a statement runs.

    Raises:
        RemoteProtocolError: More often than any client asks for.
    """
    if count > _MOST_EXECUTIONS:
        raise RemoteProtocolError(f"{count} executions")
    return max(count, 1)
