"""Compiles cursors: OPEN, FETCH, CLOSE, cursor FOR loops, attributes, INTO."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from emulator.datatypes import Row, Value
from emulator.errors import NotEmulated, OraError
from emulator.plsql import syntax
from emulator.plsql.declared_types import find_symbol
from emulator.plsql.embedded_sql import EmbeddedSql
from emulator.plsql.exceptions import CompileError
from emulator.plsql.expressions import Compiled, compile_expression
from emulator.plsql.runtime import Evaluate, Execute, Frame, OpenCursor
from emulator.plsql.scopes import Compilation, CursorSymbol, Variable
from emulator.plsql.targets import Target, compile_target, frame_of, read_variable, write_variable
from emulator.plsql.values import (
    PLS_INTEGER,
    SCALARS,
    CollectionType,
    CursorType,
    RecordType,
    scalar_of,
    unlimited,
)
from emulator.session import Column

StoreRow: TypeAlias = Callable[[Frame, Row], None]
StoreRows: TypeAlias = Callable[[Frame, Sequence[Row]], None]


def row_type_of(columns: Sequence[Column]) -> RecordType:
    """Return the record type of a query's rows: what was fetched always fits."""
    names = tuple(column.name for column in columns)
    return RecordType("ROW", names, tuple(scalar_of(unlimited(column.type)) for column in columns))


# ---------------------------------------------------------------------- INTO


def compile_into(comp: Compilation, into: syntax.Into, width: int | None, wrong: str) -> tuple[StoreRow, StoreRows]:
    """Compile INTO's targets.

    Args:
        comp: The compilation.
        into: The targets.
        width: Columns of the query, None where it is only known at run time.
        wrong: Error text for another number of targets.

    Returns:
        What stores one row, and what stores all rows of BULK COLLECT.
    """
    targets = [compile_target(comp, target) for target in into.targets]
    if into.bulk:
        return _no_row, _bulk(targets, width, wrong, into.offset)
    if len(targets) == 1 and isinstance(targets[0].type, RecordType):
        return _record(targets[0], width, wrong, into.offset), _no_rows
    if width is not None and width != len(targets):
        raise CompileError(wrong, into.offset)
    if any(isinstance(target.type, RecordType | CollectionType) for target in targets):
        raise CompileError("PLS-00597: expression in the INTO list is of wrong type", into.offset)

    def store(frame: Frame, row: Row) -> None:
        if len(row) != len(targets):
            raise OraError(1007, text="ORA-01007: variable not in select list")
        for target, value in zip(targets, row, strict=True):
            target.assign(frame, value)

    return store, _no_rows


def _no_row(_frame: Frame, _row: Row) -> None:
    raise OraError(600, "PL/SQL: a row for BULK COLLECT")


def _no_rows(_frame: Frame, _rows: Sequence[Row]) -> None:
    raise OraError(600, "PL/SQL: rows for INTO")


def _record(target: Target, width: int | None, wrong: str, offset: int) -> StoreRow:
    declared = target.type
    if not isinstance(declared, RecordType) or (width is not None and width != len(declared.fields)):
        raise CompileError(wrong, offset)

    def store(frame: Frame, row: Row) -> None:
        target.assign(frame, declared.of_row(row))

    return store


def _bulk(targets: Sequence[Target], width: int | None, wrong: str, offset: int) -> StoreRows:
    types: list[CollectionType] = []
    for target in targets:
        if not isinstance(target.type, CollectionType):
            raise CompileError("PLS-00497: cannot mix between single row and multi-row (BULK) in INTO list", offset)
        types.append(target.type)
    element = types[0].element
    if len(types) == 1 and isinstance(element, RecordType):
        if width is not None and width != len(element.fields):
            raise CompileError(wrong, offset)

        def store_records(frame: Frame, rows: Sequence[Row]) -> None:
            targets[0].assign(frame, types[0].of_values([element.of_row(row) for row in rows]))

        return store_records
    if width is not None and width != len(types):
        raise CompileError(wrong, offset)

    def store(frame: Frame, rows: Sequence[Row]) -> None:
        for number, (target, declared) in enumerate(zip(targets, types, strict=True)):
            coerce = declared.element.coerce
            target.assign(frame, declared.of_values([coerce(row[number]) for row in rows]))

    return store


# ---------------------------------------------------------------------- finding cursors


def _find(
    comp: Compilation, node: syntax.Expression, *, opens: bool = False
) -> tuple[CursorSymbol | None, Evaluate, Callable[[Frame, OpenCursor | None], None], tuple[syntax.Argument, ...]]:
    """Return a cursor's declaration (None for a cursor variable), what reads its state, what sets it, its arguments."""
    if isinstance(node, syntax.Bind):
        target = compile_target(comp, node, read=not opens)
        if not isinstance(target.type, CursorType):
            raise CompileError("PLS-00382: expression is of wrong type", node.offset)
        return None, target.read, target.assign, ()
    if not isinstance(node, syntax.Reference):
        raise CompileError("PLS-00456: item is not a cursor", node.offset)
    symbol = find_symbol(comp, tuple(part.name for part in node.parts))
    arguments = node.parts[-1].arguments or ()
    if isinstance(symbol, CursorSymbol):
        climb, slot = frame_of(symbol, comp.level), symbol.slot

        def write(frame: Frame, cursor: OpenCursor | None) -> None:
            climb(frame).slots[slot] = cursor

        return symbol, lambda frame: climb(frame).slots[slot], write, arguments
    if isinstance(symbol, Variable) and isinstance(symbol.type, CursorType):
        return None, read_variable(comp, symbol), write_variable(comp, symbol), ()
    raise CompileError(f"PLS-00201: identifier '{node.parts[0].name}' must be declared", node.offset)


def _open_arguments(
    comp: Compilation, symbol: CursorSymbol, arguments: Sequence[syntax.Argument], offset: int
) -> Execute:
    """Return what puts a cursor's arguments into its parameters."""
    given: dict[str, Evaluate] = {}
    for number, argument in enumerate(arguments):
        if number >= len(symbol.parameters):
            raise CompileError(f"PLS-00306: wrong number or types of arguments in call to '{symbol.name}'", offset)
        name = argument.name or symbol.parameters[number].name
        given[name] = compile_expression(comp, argument.value).evaluate
    if set(given) - {parameter.name for parameter in symbol.parameters}:
        raise CompileError(f"PLS-00306: wrong number or types of arguments in call to '{symbol.name}'", offset)
    for parameter in symbol.parameters:
        if parameter.name not in given and parameter.default is None:
            raise CompileError(f"PLS-00306: wrong number or types of arguments in call to '{symbol.name}'", offset)
    climb = frame_of(symbol, comp.level)
    parameters = symbol.parameters

    def put(frame: Frame) -> None:
        home = climb(frame)
        for parameter in parameters:
            evaluate = given.get(parameter.name)
            if evaluate is not None:
                value = evaluate(frame)
            else:
                value = parameter.default(home) if parameter.default is not None else None
            home.slots[parameter.slot] = parameter.type.coerce(value)

    return put


def _opener(comp: Compilation, symbol: CursorSymbol, arguments: Sequence[syntax.Argument], offset: int) -> Evaluate:
    put = _open_arguments(comp, symbol, arguments, offset)
    climb, query = frame_of(symbol, comp.level), symbol.query

    def start(frame: Frame) -> OpenCursor:
        put(frame)
        return query.open(climb(frame))

    return start


# ---------------------------------------------------------------------- statements


def compile_open(comp: Compilation, node: syntax.Open) -> Execute:
    """Compile OPEN."""
    symbol, read, write, arguments = _find(comp, node.cursor, opens=True)
    if symbol is None or node.query is not None:
        if symbol is not None or not isinstance(node.query, syntax.SqlText):
            raise NotEmulated("OPEN … FOR a text", offset=node.offset)
        query = EmbeddedSql(comp, node.query)

        def open_for(frame: Frame) -> None:
            known = read(frame)
            if known is not None:
                known.close()
            write(frame, query.open(frame))

        return open_for
    start = _opener(comp, symbol, arguments, node.offset)

    def open_cursor(frame: Frame) -> None:
        if read(frame) is not None:
            raise OraError(6511)
        write(frame, start(frame))

    return open_cursor


def compile_fetch(comp: Compilation, node: syntax.Fetch) -> Execute:
    """Compile FETCH, one row or BULK COLLECT."""
    symbol, read, _write, _arguments = _find(comp, node.cursor)
    width = len(symbol.row_type.fields) if symbol is not None else None
    wrong = "PLS-00394: wrong number of values in the INTO list of a FETCH statement"
    store, store_many = compile_into(comp, node.into, width, wrong)
    if not node.into.bulk:

        def fetch(frame: Frame) -> None:
            row = _opened(read(frame)).fetch_one()
            if row is not None:
                store(frame, row)

        return fetch
    limit = compile_expression(comp, node.into.limit).evaluate if node.into.limit is not None else None

    def fetch_bulk(frame: Frame) -> None:
        count = PLS_INTEGER.coerce(limit(frame)) if limit is not None else None
        if limit is not None and (count is None or count < 1):
            raise OraError(6502, ": NULL or invalid LIMIT")
        store_many(frame, _opened(read(frame)).fetch_many(count))

    return fetch_bulk


def _opened(cursor: Value) -> OpenCursor:
    if not isinstance(cursor, OpenCursor):
        raise OraError(1001)
    return cursor


def compile_close(comp: Compilation, node: syntax.Close) -> Execute:
    """Compile CLOSE."""
    _symbol, read, write, _arguments = _find(comp, node.cursor)

    def close(frame: Frame) -> None:
        _opened(read(frame)).close()
        write(frame, None)

    return close


def compile_loop_source(comp: Compilation, node: syntax.CursorLoop) -> tuple[Evaluate, RecordType]:
    """Compile what opens a cursor FOR loop's query, and the type of its rows."""
    if isinstance(node.source, syntax.SqlText):
        query = EmbeddedSql(comp, node.source)
        return query.open, row_type_of(query.columns)
    symbol, read, write, arguments = _find(comp, node.source)
    if symbol is None:
        raise CompileError("PLS-00456: item is not a cursor", node.offset)
    start = _opener(comp, symbol, arguments, node.offset)

    def open_loop(frame: Frame) -> OpenCursor:
        if read(frame) is not None:
            raise OraError(6511)
        cursor: OpenCursor = start(frame)
        write(frame, cursor)
        cursor.on_close = lambda: write(frame, None)
        return cursor

    return open_loop, symbol.row_type


# ---------------------------------------------------------------------- attributes


def compile_attribute(comp: Compilation, node: syntax.CursorAttribute) -> Compiled:
    """Compile ``c%FOUND``, ``SQL%ROWCOUNT`` and their like."""
    boolean = SCALARS["BOOLEAN"]
    if node.cursor is None:
        return _implicit(comp, node)
    _symbol, read, _write, _arguments = _find(comp, node.cursor)
    if node.attribute == "ISOPEN":
        return Compiled(lambda frame: read(frame) is not None, boolean)
    if node.attribute == "FOUND":
        return Compiled(lambda frame: _opened(read(frame)).found, boolean)
    if node.attribute == "NOTFOUND":

        def not_found(frame: Frame) -> Value:
            found = _opened(read(frame)).found
            return None if found is None else not found

        return Compiled(not_found, boolean)
    if node.attribute == "ROWCOUNT":
        return Compiled(lambda frame: _opened(read(frame)).row_count, PLS_INTEGER)
    raise CompileError(f"PLS-00208: identifier '{node.attribute}' is not a legal cursor attribute", node.offset)


def _implicit(comp: Compilation, node: syntax.CursorAttribute) -> Compiled:
    boolean = SCALARS["BOOLEAN"]
    if node.attribute == "ROWCOUNT":
        return Compiled(lambda frame: frame.run.sql.row_count, PLS_INTEGER)
    if node.attribute == "FOUND":
        return Compiled(_is_found, boolean)
    if node.attribute == "NOTFOUND":
        return Compiled(lambda frame: None if _is_found(frame) is None else not _is_found(frame), boolean)
    if node.attribute == "ISOPEN":
        return Compiled(lambda _frame: False, boolean)
    subscript = compile_expression(comp, node.subscript).evaluate if node.subscript is not None else None
    if node.attribute == "BULK_ROWCOUNT" and subscript is not None:

        def bulk_row_count(frame: Frame) -> Value:
            return frame.run.sql.bulk_row_counts.get(PLS_INTEGER.coerce(subscript(frame)))

        return Compiled(bulk_row_count, PLS_INTEGER)
    if node.attribute == "BULK_EXCEPTIONS" and subscript is None and node.field == "COUNT":
        return Compiled(lambda frame: len(frame.run.sql.bulk_exceptions), PLS_INTEGER)
    if node.attribute == "BULK_EXCEPTIONS" and subscript is not None and node.field in {"ERROR_INDEX", "ERROR_CODE"}:
        number = 0 if node.field == "ERROR_INDEX" else 1

        def bulk_exception(frame: Frame) -> Value:
            at = PLS_INTEGER.coerce(subscript(frame))
            found = frame.run.sql.bulk_exceptions
            if at is None or not 1 <= at <= len(found):
                raise OraError(1403)
            return found[at - 1][number]

        return Compiled(bulk_exception, PLS_INTEGER)
    raise CompileError(f"PLS-00208: identifier '{node.attribute}' is not a legal cursor attribute", node.offset)


def _is_found(frame: Frame) -> bool | None:
    count = frame.run.sql.row_count
    return None if count is None else count > 0
