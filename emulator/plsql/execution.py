"""Runs PL/SQL for a session: anonymous blocks, CALL, and CREATE of stored units."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.datatypes import SqlType, Value
from emulator.engine.catalogue import UnitError
from emulator.engine.objects import Scope, Unit
from emulator.errors import OraError
from emulator.plsql.compiler import compile_block
from emulator.plsql.exceptions import CompileError
from emulator.plsql.lexer import Source
from emulator.plsql.parser import parse_block
from emulator.plsql.runtime import Execute, Frame, OpenCursor, Runtime
from emulator.plsql.scopes import BindUse, Compilation
from emulator.plsql.units import define_unit
from emulator.plsql.values import Collection, CollectionType, CursorType, bind_type
from emulator.session import Direction, Outcome
from emulator.statement_text import StatementText

if TYPE_CHECKING:
    from emulator.engine.catalogue import Catalogue
    from emulator.plsql.port import SqlPort

_KEPT = 256


@dataclass(frozen=True, slots=True)
class _Program:
    """A compiled anonymous block."""

    slots: int
    body: Execute
    directions: tuple[Direction, ...]
    bind_types: tuple[SqlType, ...]
    #: Held so that its id stays its own while the program is cached.
    catalogue: Catalogue


_programs: OrderedDict[tuple[object, ...], _Program] = OrderedDict()
_lock = threading.Lock()


def run_block(
    port: SqlPort,
    text: StatementText,
    bind_types: Sequence[SqlType],
    rows: Sequence[Sequence[Value]],
    *,
    scope: Scope | None = None,
) -> Outcome:
    """Run an anonymous block or CALL, once for each row of bind values.

    Args:
        port: The session.
        text: The scanned block.
        bind_types: One per distinct bind name, in the order of ``text.binds``.
        rows: Values of the binds; those of OUT binds may be anything.
        scope: Whose names and privileges hold, if not the session's: EXECUTE IMMEDIATE in a definer's-rights unit.

    Returns:
        Directions of the binds, and per execution the values of the OUT and IN OUT binds in bind order.

    Raises:
        OraError: 6550 with PLS- lines for a block that does not compile; else what the block raised, with ORA-06512
            lines; 3001 for what is not emulated.
    """
    if len(bind_types) != len(text.binds):
        raise OraError(1008)
    try:
        rights = scope or port.scope
        program = _program(port, text, tuple(bind_types), rights)
        out_rows: list[list[Value]] = []
        for row in rows or [()]:
            try:
                out_rows.append(_run(port, program, row, rights))
            except OraError as error:
                error.row_count = len(out_rows)
                raise
    except RecursionError:
        raise OraError(6500) from None
    return Outcome(directions=program.directions, out_rows=out_rows)


def compile_unit(port: SqlPort, text: str, scope: Scope) -> tuple[Unit, list[UnitError]]:
    """Compile CREATE [OR REPLACE] PROCEDURE or FUNCTION; nothing is stored here.

    Args:
        port: The session.
        text: The whole statement.
        scope: Who creates it, and where.

    Returns:
        The unit, invalid if there are errors, and the errors as USER_ERRORS shows them.

    Raises:
        OraError: 1031, 955; 3001 for a feature that is not emulated (nothing is to be stored then).
    """
    try:
        return define_unit(port, text, scope)
    except RecursionError:
        raise OraError(6500) from None


def _program(port: SqlPort, text: StatementText, bind_types: tuple[SqlType, ...], rights: Scope) -> _Program:
    catalogue = port.catalogue
    key = (id(catalogue), text.text, rights, bind_types)
    with _lock:
        found = _programs.get(key)
        if found is not None:
            _programs.move_to_end(key)
            return found
    found = _compile(port, text, bind_types, rights)
    with _lock:
        _programs[key] = found
        while len(_programs) > _KEPT:
            _programs.popitem(last=False)
    return found


def _compile(port: SqlPort, text: StatementText, bind_types: tuple[SqlType, ...], rights: Scope) -> _Program:
    catalogue = port.catalogue
    try:
        source = Source(text.text)
    except CompileError as error:
        line = text.text.count("\n", 0, error.offset) + 1
        raise OraError(6550, line, error.offset - text.text.rfind("\n", 0, error.offset), error.text) from None
    comp = Compilation(source, port, rights)
    comp.binds = {
        name: BindUse(number, sql_type)
        for number, (name, sql_type) in enumerate(zip(text.binds, bind_types, strict=True))
    }
    try:
        body = compile_block(comp, parse_block(source))
    except CompileError as error:
        comp.errors.append(error)
    if comp.errors:
        raise _compile_failure(source, comp.errors)
    return _Program(comp.slots[0], body, tuple(_direction(use) for use in comp.binds.values()), bind_types, catalogue)


def _direction(use: BindUse) -> Direction:
    if not use.written:
        return Direction.IN
    return Direction.IN_OUT if use.read else Direction.OUT


def _compile_failure(source: Source, errors: Sequence[CompileError]) -> OraError:
    lines = []
    for error in errors:
        line, column = source.position(error.offset)
        lines.append(f"ORA-06550: line {line}, column {column}:\n{error.text}")
    return OraError(6550, text="\n".join(lines), offset=errors[0].offset)


def _run(port: SqlPort, program: _Program, row: Sequence[Value], rights: Scope) -> list[Value]:
    values = [
        None if direction is Direction.OUT else value for value, direction in zip(row, program.directions, strict=True)
    ]
    run = Runtime(port, values)
    run.binds = [
        _bound(run, value, sql_type) if value is not None else None
        for value, sql_type in zip(values, program.bind_types, strict=True)
    ]
    frame = Frame(run, None, program.slots, rights)
    try:
        program.body(frame)
        return [
            _returned(value, sql_type)
            for value, sql_type, direction in zip(run.binds, program.bind_types, program.directions, strict=True)
            if direction is not Direction.IN
        ]
    except OraError as error:
        run.note(error, "", frame.line)
        error.text = run.full_text(error)
        error.args = (error.text,)
        raise
    finally:
        for cursor in list(run.cursors):
            cursor.close()


def _bound(run: Runtime, value: Value, sql_type: SqlType) -> Value:
    """Return the PL/SQL form of a bind's value."""
    declared = bind_type(sql_type)
    if isinstance(declared, CollectionType):
        return declared.of_values([declared.element.coerce(item) for item in value])
    if isinstance(declared, CursorType):
        cursor = OpenCursor(value, run)
        cursor.leave_open()
        return cursor
    return value


def _returned(value: Value, sql_type: SqlType) -> Value:
    """Return the client's form of an OUT bind's value."""
    if isinstance(value, Collection):
        if len(value.items) > sql_type.elements:
            raise OraError(6513)
        return [value.items[key] for key in sorted(value.items)]
    if isinstance(value, OpenCursor):
        value.leave_open()
        return value.rows if value.is_open else None
    return value
