"""Compiles calls of subprograms: local ones, stored ones, those of supplied packages."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from emulator.datatypes import TypeName, Value
from emulator.engine.functions import function
from emulator.errors import OraError
from emulator.plsql import syntax
from emulator.plsql.declared_types import find_symbol
from emulator.plsql.exceptions import CompileError
from emulator.plsql.expressions import compile_expression
from emulator.plsql.packages import find_native, is_package
from emulator.plsql.runtime import Evaluate, Frame
from emulator.plsql.scopes import (
    Compilation,
    LexicalScope,
    NativeSubprogram,
    Overloads,
    ParameterSymbol,
    SubprogramSymbol,
    Symbol,
)
from emulator.plsql.targets import Target, compile_target, frame_of
from emulator.plsql.values import CollectionType, PlsqlType, RecordType, ScalarType, bind_type, fitness


def find_subprogram(
    comp: Compilation, node: syntax.Reference
) -> tuple[SubprogramSymbol | NativeSubprogram, int] | None:
    """Return the subprogram that a reference calls, and how many of its parts name it.

    Raises:
        CompileError: It is a stored unit that is invalid.
    """
    names = tuple(part.name for part in node.parts)
    local = find_symbol(comp, names[:1])
    if local is not None:
        return _in_scope(comp, local, node, 1)
    start = 1 if names[0] == "SYS" and len(names) > 1 and is_package(names[1]) else 0
    if len(names) > start + 1 and is_package(names[start]):
        if function(f"{names[start]}.{names[start + 1]}") is not None:
            return None  # one of those that SQL has too
        native = find_native(names[start], names[start + 1])
        if isinstance(native, Overloads):
            part = node.parts[start + 1]
            return choose_overload(comp, native, part.arguments or (), part.offset), start + 2
        return native, start + 2
    return _find_stored(comp, node)


def _in_scope(
    comp: Compilation, symbol: Symbol | None, node: syntax.Reference, used: int
) -> tuple[SubprogramSymbol | NativeSubprogram, int] | None:
    """Return the subprogram that the parts behind a name mean."""
    while isinstance(symbol, LexicalScope) and used < len(node.parts):
        symbol = symbol.names.get(node.parts[used].name)
        used += 1
    if isinstance(symbol, Overloads):
        part = node.parts[used - 1]
        symbol = choose_overload(comp, symbol, part.arguments or (), part.offset)
    return (symbol, used) if isinstance(symbol, SubprogramSymbol | NativeSubprogram) else None


def _find_stored(comp: Compilation, node: syntax.Reference) -> tuple[SubprogramSymbol | NativeSubprogram, int] | None:
    from emulator.plsql.units import load_package, load_unit  # noqa: PLC0415 - units are compiled by what calls them

    candidates: list[tuple[str | None, str, int]] = [(None, node.parts[0].name, 1)]
    if len(node.parts) > 1 and node.parts[0].arguments is None:
        candidates.insert(0, (node.parts[0].name, node.parts[1].name, 2))
    for owner, name, used in candidates:
        unit = comp.port.catalogue.unit(comp.rights, owner, name)
        if unit is not None:
            if unit.kind == "PACKAGE":
                package = load_package(comp.port, unit)
                if package is None:
                    raise CompileError(f"PLS-00905: object {unit.owner}.{unit.name} is invalid", node.offset)
                return _in_scope(comp, package.public, node, used)
            symbol = load_unit(comp.port, unit)
            if symbol is None:
                raise CompileError(f"PLS-00905: object {unit.owner}.{unit.name} is invalid", node.offset)
            return symbol, used
    return None


def compile_call(
    comp: Compilation,
    symbol: SubprogramSymbol | NativeSubprogram,
    arguments: Sequence[syntax.Argument],
    offset: int,
) -> Evaluate:
    """Compile a call; its value is a function's.

    Raises:
        CompileError: The arguments do not fit the parameters.
    """
    given = _match(symbol, arguments, offset)
    inputs: list[Evaluate | None] = []
    outputs: list[tuple[int, Target]] = []
    for number, parameter in enumerate(symbol.parameters):
        node = given.get(number)
        if node is None:
            inputs.append(None)
        elif parameter.mode == "IN":
            compiled = compile_expression(comp, node)
            _check_kind(symbol, parameter, compiled.type, offset)
            inputs.append(compiled.evaluate)
        else:
            target = compile_target(comp, node, read=parameter.mode == "IN OUT")
            _check_kind(symbol, parameter, target.type, offset)
            inputs.append(target.read if parameter.mode == "IN OUT" else None)
            outputs.append((number, target))
    if isinstance(symbol, NativeSubprogram):
        return _native_call(symbol, inputs, outputs)
    return _call(comp, symbol, inputs, outputs)


def choose_overload(
    comp: Compilation, symbol: Overloads, arguments: Sequence[syntax.Argument], offset: int
) -> SubprogramSymbol | NativeSubprogram:
    """Return the one of several subprograms whose parameters fit the arguments best.

    Raises:
        CompileError: None fits, or several do equally well.
    """
    fitting: list[tuple[int, SubprogramSymbol | NativeSubprogram]] = []
    for each in symbol.symbols:
        try:
            given = _match(each, arguments, offset)
        except CompileError:
            continue
        marks = [fitness(each.parameters[number].type, _type_of(comp, node)) for number, node in given.items()]
        if None not in marks:
            fitting.append((sum(mark or 0 for mark in marks), each))
    if not fitting:
        raise _wrong_arguments(symbol.name, offset)
    best = max(mark for mark, _ in fitting)
    chosen = [each for mark, each in fitting if mark == best]
    if len(chosen) > 1:
        raise CompileError(f"PLS-00307: too many declarations of '{symbol.name}' match this call", offset)
    return chosen[0]


def _type_of(comp: Compilation, node: syntax.Expression) -> PlsqlType | None:
    if isinstance(node, syntax.Bind):  # how a bind is used is not known before the subprogram is
        use = comp.binds.get(node.name)
        return bind_type(use.type) if use is not None else None
    return compile_expression(comp, node).type


def _check_kind(
    symbol: SubprogramSymbol | NativeSubprogram, parameter: ParameterSymbol, given: object, offset: int
) -> None:
    for kind in (CollectionType, RecordType):
        if given is not None and isinstance(given, kind) != isinstance(parameter.type, kind):
            raise _wrong_arguments(symbol.name, offset)

    if isinstance(given, ScalarType) and isinstance(parameter.type, ScalarType):
        kinds = {given.sql_type.name is TypeName.BOOLEAN, parameter.type.sql_type.name is TypeName.BOOLEAN}
        if len(kinds) == 2:
            raise _wrong_arguments(symbol.name, offset)


def _wrong_arguments(name: str, offset: int) -> CompileError:
    return CompileError(f"PLS-00306: wrong number or types of arguments in call to '{name}'", offset)


def _match(
    symbol: SubprogramSymbol | NativeSubprogram, arguments: Sequence[syntax.Argument], offset: int
) -> dict[int, syntax.Expression]:
    numbers = {parameter.name: number for number, parameter in enumerate(symbol.parameters)}
    given: dict[int, syntax.Expression] = {}
    for position, argument in enumerate(arguments):
        number = position if argument.name is None else numbers.get(argument.name, -1)
        if not 0 <= number < len(symbol.parameters) or number in given:
            raise _wrong_arguments(symbol.name, offset)
        if argument.name is None and any(earlier.name is not None for earlier in arguments[:position]):
            raise CompileError(
                "PLS-00312: a positional parameter association may not follow a named association", offset
            )
        given[number] = argument.value
    for number, parameter in enumerate(symbol.parameters):
        if number not in given and (parameter.default is None or parameter.mode != "IN"):
            raise _wrong_arguments(symbol.name, offset)
    return given


def _native_call(
    symbol: NativeSubprogram, inputs: Sequence[Evaluate | None], outputs: Sequence[tuple[int, Target]]
) -> Evaluate:
    parameters = symbol.parameters

    def call(frame: Frame) -> Value:
        values: list[Value] = []
        for parameter, evaluate in zip(parameters, inputs, strict=True):
            if evaluate is not None:
                values.append(parameter.type.coerce(evaluate(frame)))
            else:
                values.append(parameter.default(frame) if parameter.default is not None else None)
        result = symbol.call(frame, values)
        for number, target in outputs:
            target.assign(frame, values[number])
        return result if symbol.result is not None else None

    return call


def _call(
    comp: Compilation,
    symbol: SubprogramSymbol,
    inputs: Sequence[Evaluate | None],
    outputs: Sequence[tuple[int, Target]],
) -> Evaluate:
    is_stored = symbol.rights is not None or symbol.level < 0
    around: Callable[[Frame], Frame] = _stored_frame(symbol) if is_stored else frame_of(symbol, comp.level)
    parameters = symbol.parameters

    def call(frame: Frame) -> Value:
        outer = around(frame)
        code = symbol.code
        if code is None:
            raise OraError(6508, symbol.name)
        inner = Frame(frame.run, outer, code.slots, outer.scope)
        for parameter, evaluate in zip(parameters, inputs, strict=True):
            if evaluate is not None:
                value = parameter.type.coerce(evaluate(frame))
            elif parameter.default is not None:
                value = parameter.type.coerce(parameter.default(outer))
            else:
                value = parameter.type.initial()
            inner.slots[parameter.slot] = value
        try:
            code.body(inner)
        except OraError as error:
            frame.run.note(error, symbol.place, inner.line)
            raise
        for number, target in outputs:
            target.assign(frame, inner.slots[parameters[number].slot])
        return inner.result

    return call


def _stored_frame(symbol: SubprogramSymbol) -> Callable[[Frame], Frame]:
    def make(frame: Frame) -> Frame:
        return Frame(frame.run, None, 0, symbol.rights or frame.scope)

    return make
