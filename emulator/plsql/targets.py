"""Compiles what can be assigned to: variables, elements, fields, binds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from emulator.datatypes import Value
from emulator.errors import OraError
from emulator.plsql import syntax
from emulator.plsql.declared_types import find_symbol, undeclared
from emulator.plsql.exceptions import CompileError, value_error
from emulator.plsql.expressions import compile_expression, use_bind
from emulator.plsql.runtime import Evaluate, Frame
from emulator.plsql.scopes import Compilation, CursorSymbol, LexicalScope, SubprogramSymbol, Variable
from emulator.plsql.values import CollectionType, PlsqlType, RecordType, bind_type

Assign: TypeAlias = Callable[[Frame, Value], None]


@dataclass(frozen=True, slots=True)
class Target:
    """Something that can be assigned to; ``assign`` converts, checks and copies."""

    assign: Assign
    #: The value as it is, to be changed in place or read.
    read: Evaluate
    type: PlsqlType


def frame_of(symbol: Variable | CursorSymbol | SubprogramSymbol, at_level: int) -> Callable[[Frame], Frame]:
    """Return what finds the frame that a name was declared in from a frame further in."""
    if symbol.home is not None:
        return symbol.home
    hops = at_level - symbol.level
    if hops == 0:
        return lambda frame: frame

    def climb(frame: Frame) -> Frame:
        for _ in range(hops):
            frame = frame.outer  # type: ignore[assignment]
        return frame

    return climb


def read_variable(comp: Compilation, variable: Variable) -> Evaluate:
    """Return what reads a variable."""
    slot = variable.slot
    if variable.level == comp.level and variable.home is None:
        return lambda frame: frame.slots[slot]
    climb = frame_of(variable, comp.level)
    return lambda frame: climb(frame).slots[slot]


def write_variable(comp: Compilation, variable: Variable) -> Assign:
    """Return what assigns to a variable."""
    slot, declared, not_null = variable.slot, variable.type, variable.not_null
    climb = frame_of(variable, comp.level)

    def assign(frame: Frame, value: Value) -> None:
        coerced = declared.coerce(value)
        if not_null and coerced is None:
            raise value_error()
        climb(frame).slots[slot] = coerced

    return assign


def compile_target(comp: Compilation, node: syntax.Expression, *, read: bool = False) -> Target:
    """Compile something that a value is put into.

    Args:
        comp: The compilation.
        node: A variable, element, field or bind.
        read: The value is also read (IN OUT).

    Raises:
        CompileError: It cannot be assigned to.
    """
    if isinstance(node, syntax.Bind):
        return _bind_target(comp, node, read=read)
    if not isinstance(node, syntax.Reference):
        raise CompileError("PLS-00363: expression '' cannot be used as an assignment target", node.offset)
    at, variable = find_variable(comp, node)
    if variable is None and at > 0:
        raise CompileError(f"PLS-00302: component '{node.parts[at].name}' must be declared", node.parts[at].offset)
    if variable is None:
        raise undeclared(node.parts[0].name, node.offset)
    if not variable.writable:
        raise CompileError(
            f"PLS-00363: expression '{variable.name}' cannot be used as an assignment target", node.offset
        )
    target = Target(write_variable(comp, variable), read_variable(comp, variable), variable.type)
    if node.parts[at].arguments is not None:
        target = _element(comp, target, node.parts[at])
    for part in node.parts[at + 1 :]:
        if part.name:
            target = _field(target, part)
        if part.arguments is not None:
            target = _element(comp, target, part)
    return target


def find_variable(comp: Compilation, node: syntax.Reference) -> tuple[int, Variable | None]:
    """Return the variable that a reference begins with, and the number of the part that names it."""
    symbol = find_symbol(comp, (node.parts[0].name,))
    at = 0
    while isinstance(symbol, SubprogramSymbol | LexicalScope) and at + 1 < len(node.parts):
        if node.parts[at].arguments is not None:
            break
        names = symbol.names
        if isinstance(symbol, SubprogramSymbol):
            if symbol.names is None:
                return at, None
            names = symbol.names.names
        at += 1
        symbol = names.get(node.parts[at].name)  # type: ignore[union-attr]
    return at, symbol if isinstance(symbol, Variable) else None


def _bind_target(comp: Compilation, node: syntax.Bind, *, read: bool) -> Target:
    use = use_bind(comp, node, read=read, written=True)
    slot, declared = use.slot, bind_type(use.type)

    def assign(frame: Frame, value: Value) -> None:
        frame.run.binds[slot] = declared.coerce(value)

    return Target(assign, lambda frame: frame.run.binds[slot], declared)


def _element(comp: Compilation, base: Target, part: syntax.Part) -> Target:
    declared = base.type
    if not isinstance(declared, CollectionType):
        raise CompileError("PLS-00308: this construct is not allowed as the origin of an assignment", part.offset)
    key = subscript(comp, part)
    container, element = base.read, declared.element

    def assign(frame: Frame, value: Value) -> None:
        collection = container(frame)
        if collection is None:
            raise OraError(6531)
        collection.put(key(frame), element.coerce(value))

    def read(frame: Frame) -> Value:
        collection = container(frame)
        if collection is None:
            raise OraError(6531)
        return collection.element(key(frame))

    return Target(assign, read, element)


def subscript(comp: Compilation, part: syntax.Part) -> Evaluate:
    """Compile the one subscript in brackets."""
    arguments = part.arguments or ()
    if len(arguments) != 1 or arguments[0].name is not None:
        raise CompileError(f"PLS-00306: wrong number or types of arguments in call to '{part.name}'", part.offset)
    return compile_expression(comp, arguments[0].value).evaluate


def _field(base: Target, part: syntax.Part) -> Target:
    number, declared = field_of(base.type, part)
    container = base.read

    def assign(frame: Frame, value: Value) -> None:
        record = container(frame)
        if record is None:
            raise OraError(6530)
        record.values[number] = declared.coerce(value)

    def read(frame: Frame) -> Value:
        record = container(frame)
        if record is None:
            raise OraError(6530)
        return record.values[number]

    return Target(assign, read, declared)


def field_of(declared: PlsqlType | None, part: syntax.Part) -> tuple[int, PlsqlType]:
    """Return number and type of a record's field."""
    if not isinstance(declared, RecordType):
        raise CompileError("PLS-00487: Invalid reference to variable", part.offset)
    if part.name not in declared.fields:
        raise CompileError(f"PLS-00302: component '{part.name}' must be declared", part.offset)
    number = declared.fields.index(part.name)
    return number, declared.types[number]
