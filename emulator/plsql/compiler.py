"""Compiles blocks, declarations and subprograms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from emulator.datatypes import Value
from emulator.errors import NotEmulated, OraError
from emulator.plsql import syntax
from emulator.plsql.cursors import row_type_of
from emulator.plsql.declared_types import find_type, undeclared
from emulator.plsql.embedded_sql import EmbeddedSql
from emulator.plsql.exceptions import CompileError, value_error
from emulator.plsql.expressions import compile_expression
from emulator.plsql.handlers import compile_names, with_handlers
from emulator.plsql.runtime import RETURN, Evaluate, Execute, Frame, OpenCursor, Runtime, Signal
from emulator.plsql.scopes import (
    Compilation,
    CursorSymbol,
    ExceptionSymbol,
    LexicalScope,
    Overloads,
    ParameterSymbol,
    SubprogramCode,
    SubprogramSymbol,
    Symbol,
    TypeSymbol,
    Variable,
)
from emulator.plsql.statements import compile_statements
from emulator.plsql.values import CollectionType, NotNullType, PlsqlType, RecordType, ScalarType


def compile_block(comp: Compilation, node: syntax.Block) -> Execute:
    """Compile a block in a scope of its own."""
    comp.names = LexicalScope(comp.names)
    if node.label is not None and comp.names.parent is not None:
        comp.names.parent.names[node.label] = comp.names
    try:
        return _block_body(comp, node)
    finally:
        comp.names = comp.names.parent or comp.names


def _block_body(comp: Compilation, node: syntax.Block) -> Execute:
    entries: list[tuple[int, Callable[[Frame], None]]] = []
    cursors = _declare(comp, node.declarations, entries)
    check_defined(comp, node.offset)
    body = compile_statements(comp, node.statements)
    handlers = []
    for handler in node.handlers:
        try:
            handlers.append((compile_names(comp, handler), compile_statements(comp, handler.statements)))
        except CompileError as error:
            comp.errors.append(error)
    if handlers:
        body = with_handlers(body, handlers)
    return _with_declarations(body, entries, cursors)


def _declare(
    comp: Compilation,
    declarations: Sequence[syntax.Declaration],
    entries: list[tuple[int, Callable[[Frame], None]]],
) -> list[int]:
    """Compile declarations; adds what initialises them to ``entries`` and returns the slots of their cursors."""
    cursors: list[int] = []
    for declaration in declarations:
        try:
            entry = _DECLARERS[type(declaration)](comp, declaration)
        except CompileError as error:
            comp.errors.append(error)
            comp.errors.append(CompileError("PL/SQL: Item ignored", declaration.offset))
            continue
        if entry is not None:
            entries.append((comp.line(declaration.offset), entry))
        if isinstance(declaration, syntax.CursorDeclaration):
            cursors.append(comp.slots[comp.level] - 1)
    return cursors


def check_defined(comp: Compilation, offset: int) -> None:
    """Note each subprogram of the present scope that was announced and never defined."""
    for symbol in comp.names.names.values():
        for each in _subprograms_of(symbol):
            if each.code is None and each.names is None:
                comp.errors.append(
                    CompileError(
                        f"PLS-00323: subprogram or cursor '{each.name}' is declared in a package specification and "
                        "must be defined in the package body",
                        offset,
                    )
                )


def _subprograms_of(symbol: Symbol | None) -> list[SubprogramSymbol]:
    if isinstance(symbol, Overloads):
        return [each for each in symbol.symbols if isinstance(each, SubprogramSymbol)]
    return [symbol] if isinstance(symbol, SubprogramSymbol) else []


def compile_package_part(comp: Compilation, node: syntax.PackageDeclaration) -> Execute:
    """Compile a package's specification or body into the compilation's scope; returns what fills its variables."""
    entries: list[tuple[int, Callable[[Frame], None]]] = []
    _declare(comp, node.declarations, entries)
    block = node.block
    body = compile_block(comp, block)
    return _with_declarations(body, entries, [])


def _with_declarations(
    body: Execute, entries: list[tuple[int, Callable[[Frame], None]]], cursors: list[int]
) -> Execute:
    """Return a body that initialises its declarations first and closes its cursors last.

    Errors of declarations are not for the block's own handlers.
    """
    if not entries:
        return body

    def run(frame: Frame) -> Signal | None:
        line = 0
        try:
            for line, entry in entries:  # noqa: B007 - the line is for the handler below
                entry(frame)
        except OraError as error:
            if frame.failed is not error:
                frame.failed, frame.line = error, line
            raise
        if not cursors:
            return body(frame)
        try:
            return body(frame)
        finally:
            for slot in cursors:
                cursor = frame.slots[slot]
                if isinstance(cursor, OpenCursor):
                    cursor.close()
                    frame.slots[slot] = None

    return run


# ---------------------------------------------------------------------- declarations


def _variable(comp: Compilation, node: syntax.VariableDeclaration) -> Callable[[Frame], None]:
    declared = find_type(comp, node.type)
    default = compile_expression(comp, node.default) if node.default is not None else None
    if (node.not_null or node.constant) and default is None:
        raise CompileError(
            f"PLS-00218: a variable declared NOT NULL must have an initialization assignment: '{node.name}'",
            node.offset,
        )
    _check_default(declared, default.type if default is not None else None, node.offset)
    variable = comp.variable(node.name, declared, node.offset)
    variable.writable = not node.constant
    variable.not_null = node.not_null or _type_not_null(comp, node.type)
    return _initialiser(variable, default.evaluate if default is not None else None)


def _check_default(declared: PlsqlType, given: PlsqlType | None, offset: int) -> None:
    for kind in (CollectionType, RecordType):
        if given is not None and isinstance(given, kind) != isinstance(declared, kind):
            raise CompileError("PLS-00382: expression is of wrong type", offset)


def _type_not_null(comp: Compilation, node: syntax.TypeReference) -> bool:
    symbol = comp.names.find(node.names[0]) if len(node.names) == 1 and not node.attribute else None
    return isinstance(symbol, TypeSymbol) and symbol.not_null


def _initialiser(variable: Variable, default: Evaluate | None) -> Callable[[Frame], None]:
    slot, declared, not_null = variable.slot, variable.type, variable.not_null
    if default is None:
        initial = declared.initial

        def clear(frame: Frame) -> None:
            frame.slots[slot] = initial()

        return clear

    def initialise(frame: Frame) -> None:
        value = declared.coerce(default(frame))
        if not_null and value is None:
            raise value_error()
        frame.slots[slot] = value

    return initialise


def _exception(comp: Compilation, node: syntax.ExceptionDeclaration) -> None:
    comp.declare(node.name, ExceptionSymbol(node.name), node.offset)


def _exception_init(comp: Compilation, node: syntax.ExceptionInit) -> None:
    symbol = comp.names.names.get(node.name)
    if not isinstance(symbol, ExceptionSymbol):
        raise CompileError(f"PLS-00109: unknown exception name '{node.name}' in PRAGMA EXCEPTION_INIT", node.offset)
    if node.code >= 0 and node.code != 100:
        raise CompileError("PLS-00701: illegal ORACLE error number for PRAGMA EXCEPTION_INIT", node.offset)
    symbol.code = 1403 if node.code == 100 else -node.code


def _record_type(comp: Compilation, node: syntax.RecordTypeDeclaration) -> None:
    names = tuple(each.name for each in node.fields)
    if len(set(names)) < len(names):
        raise CompileError(
            "PLS-00410: duplicate fields in RECORD, TABLE or argument list are not permitted", node.offset
        )
    types = tuple(_field_type(comp, each) for each in node.fields)
    defaults = tuple(_field_default(comp, each) for each in node.fields)
    made = RecordType(node.name, names, types, defaults if any(defaults) else ())
    comp.declare(node.name, TypeSymbol(node.name, made), node.offset)


def _field_type(comp: Compilation, node: syntax.VariableDeclaration) -> PlsqlType:
    found = find_type(comp, node.type)
    if not node.not_null:
        return found
    if node.default is None:
        raise CompileError(
            "PLS-00218: a variable declared NOT NULL must have an initialization assignment", node.offset
        )
    if not isinstance(found, ScalarType):
        raise NotEmulated("NOT NULL of a record's field that is no scalar", offset=node.offset)
    return NotNullType(found.sql_type, found.is_integer, found.low)


def _field_default(comp: Compilation, node: syntax.VariableDeclaration) -> Callable[[], Value] | None:
    """Compile a field's default, which may be anything that needs no variable."""
    if node.default is None:
        return None
    evaluate, port, rights = compile_expression(comp, node.default).evaluate, comp.port, comp.rights

    def first_value() -> Value:
        return evaluate(Frame(Runtime(port, []), None, 0, rights))

    try:
        first_value()
    except (IndexError, AttributeError):
        raise NotEmulated("a record field's default that is made of variables", offset=node.offset) from None
    except OraError:
        pass  # it is raised again when a record is made
    return first_value


def _collection_type(comp: Compilation, node: syntax.CollectionTypeDeclaration) -> None:
    index = find_type(comp, node.index) if node.index is not None else None
    if index is not None and not isinstance(index, ScalarType):
        raise CompileError("PLS-00315: Implementation restriction: unsupported table index type", node.offset)
    made = CollectionType(node.name, find_type(comp, node.element), index, node.limit)
    comp.declare(node.name, TypeSymbol(node.name, made), node.offset)


def _subtype(comp: Compilation, node: syntax.SubtypeDeclaration) -> None:
    comp.declare(node.name, TypeSymbol(node.name, find_type(comp, node.type, sized=False), node.not_null), node.offset)


def _cursor(comp: Compilation, node: syntax.CursorDeclaration) -> Callable[[Frame], None]:
    comp.names = LexicalScope(comp.names)
    try:
        parameters = _parameters(comp, node.parameters)
        query = EmbeddedSql(comp, node.query)
    finally:
        comp.names = comp.names.parent or comp.names
    slot = comp.new_slot()
    row_type = row_type_of(query.columns)
    symbol = CursorSymbol(node.name, comp.level, slot, parameters, query, row_type, comp.present_home)
    comp.declare(node.name, symbol, node.offset)

    def close(frame: Frame) -> None:
        frame.slots[slot] = None

    return close


def _subprogram(comp: Compilation, node: syntax.SubprogramDeclaration) -> None:
    symbol = SubprogramSymbol(node.name, comp.level, [], None, place=comp.place, home=comp.present_home)
    _signature_only(comp, node, symbol)
    known = comp.names.names.get(node.name)
    earlier = _subprograms_of(known)
    same = next((each for each in earlier if each.signature == symbol.signature), None)
    if same is not None and same.code is None and node.block is not None:
        symbol = same
    elif earlier and same is None:
        comp.names.names[node.name] = Overloads(node.name, [*earlier, symbol])
    else:
        comp.declare(node.name, symbol, node.offset)
    if node.block is not None:
        compile_subprogram(comp, node, symbol)


def _signature_only(comp: Compilation, node: syntax.SubprogramDeclaration, symbol: SubprogramSymbol) -> None:
    """Give an announced subprogram its parameters; slots are those that its body will give them."""
    _enter_subprogram(comp)
    try:
        _fill_signature(comp, node, symbol)
    finally:
        _leave_subprogram(comp)


_DECLARERS: dict[type, Callable[[Compilation, Any], Callable[[Frame], None] | None]] = {
    syntax.VariableDeclaration: _variable,
    syntax.ExceptionDeclaration: _exception,
    syntax.ExceptionInit: _exception_init,
    syntax.RecordTypeDeclaration: _record_type,
    syntax.CollectionTypeDeclaration: _collection_type,
    syntax.SubtypeDeclaration: _subtype,
    syntax.CursorDeclaration: _cursor,
    syntax.SubprogramDeclaration: _subprogram,
}

# ---------------------------------------------------------------------- subprograms


def _enter_subprogram(comp: Compilation) -> None:
    comp.names = LexicalScope(comp.names)
    comp.level += 1
    comp.slots.append(0)


def _leave_subprogram(comp: Compilation) -> int:
    comp.names = comp.names.parent or comp.names
    comp.level -= 1
    return comp.slots.pop()


def _parameters(comp: Compilation, nodes: tuple[syntax.Parameter, ...]) -> list[ParameterSymbol]:
    found = []
    for node in nodes:
        if node.type.sizes:
            raise CompileError(
                'PLS-00103: Encountered the symbol "(" when expecting one of the following:\n\n   := . ) , @ % default',
                node.type.offset,
            )
        declared = find_type(comp, node.type, sized=False)
        default = compile_expression(comp, node.default).evaluate if node.default is not None else None
        variable = comp.variable(node.name, declared, node.offset, writable=node.mode != "IN")
        found.append(ParameterSymbol(node.name, node.mode, declared, default, variable.slot))
    return found


def _fill_signature(comp: Compilation, node: syntax.SubprogramDeclaration, symbol: SubprogramSymbol) -> None:
    defaults: list[Evaluate | None] = []
    for parameter in node.parameters:
        # Defaults are evaluated in the frame around the subprogram, so they are compiled there.
        comp.level -= 1
        try:
            defaults.append(
                compile_expression(comp, parameter.default).evaluate if parameter.default is not None else None
            )
        finally:
            comp.level += 1
    bare = tuple(syntax.Parameter(each.offset, each.name, each.mode, each.type, None) for each in node.parameters)
    symbol.parameters = _parameters(comp, bare)
    for filled, default in zip(symbol.parameters, defaults, strict=True):
        filled.default = default
    symbol.result = find_type(comp, node.result, sized=False) if node.result is not None else None


def compile_subprogram(comp: Compilation, node: syntax.SubprogramDeclaration, symbol: SubprogramSymbol) -> None:
    """Compile a procedure or function into its symbol; faults are noted in ``comp.errors``."""
    block = node.block
    if block is None:
        raise undeclared(node.name, node.offset)
    result, loops = comp.result, comp.loops
    comp.loops = []
    _enter_subprogram(comp)
    try:
        _fill_signature(comp, node, symbol)
        symbol.names = comp.names
        comp.result = symbol.result
        body = _block_body(comp, block)
    finally:
        comp.result, comp.loops = result, loops
        slots = _leave_subprogram(comp)
    if symbol.result is not None:
        body = _finished(body, comp.line(block.offset))
    symbol.code = SubprogramCode(slots, body)


def _finished(body: Execute, line: int) -> Execute:
    """Return a function's body: ending without RETURN is ORA-06503."""

    def run(frame: Frame) -> Value:
        if body(frame) is not RETURN:
            frame.line = line
            raise OraError(6503)
        return RETURN

    return run
