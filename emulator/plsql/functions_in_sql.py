"""Stored functions that are called from SQL: found by name, called once for each row.

Source: PL/SQL Language Reference 23ai, "PL/SQL Functions that SQL Statements Can Invoke".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from emulator.datatypes import SqlType, Value
from emulator.engine.call_context import StoredFunction
from emulator.engine.functions.type_rules import is_null_type
from emulator.engine.objects import Scope, Unit
from emulator.errors import NotEmulated, OraError
from emulator.plsql.runtime import Frame, Runtime
from emulator.plsql.scopes import NativeSubprogram, Overloads, SubprogramSymbol, Symbol
from emulator.plsql.targets import frame_of
from emulator.plsql.units import load_package, load_unit
from emulator.plsql.values import fitness, scalar_of, sql_type_of

if TYPE_CHECKING:
    from emulator.plsql.port import SqlPort


def find_function(
    port: SqlPort, scope: Scope, names: Sequence[str], types: Sequence[SqlType], given: Sequence[str | None]
) -> StoredFunction | None:
    """Return the stored function that a call in SQL means, None if there is none of that name.

    Args:
        port: The session.
        scope: Whose names and privileges hold.
        names: ``[owner.][package.]function`` as stored.
        types: Types of the arguments.
        given: The name of each argument that is passed by name, None for the others.

    Raises:
        OraError: 6575, it is invalid; 6553 with PLS-00306, the arguments do not fit; 6572, it has OUT parameters.
    """
    found = _find_unit(port, scope, names)
    if found is None:
        return None
    unit, rest = found
    candidates = _symbols(port, unit, rest)
    if not candidates:
        return None
    fitting = [
        (marks, number, order)
        for number, symbol in enumerate(candidates)
        if symbol.result is not None
        and (order := _order(symbol, types, given)) is not None
        and (marks := _marks(symbol, types, order)) is not None
    ]
    name = names[-1]
    if not fitting:
        if all(symbol.result is None for symbol in candidates):
            return None
        wrong = f"PLS-00306: wrong number or types of arguments in call to '{name}'"
        raise OraError(6553, text=f"ORA-06553: {wrong}")
    _marks_of_best, number, order = max(fitting, key=lambda each: (each[0], -each[1]))
    symbol = candidates[number]
    if any(parameter.mode != "IN" for parameter in symbol.parameters):
        raise OraError(6572, text=f"ORA-06572: Function {name} has out arguments")
    result = sql_type_of(symbol.result) if symbol.result is not None else None
    parameters = tuple(sql_type_of(symbol.parameters[at].type) for at in order)
    if result is None or None in parameters:
        raise NotEmulated(f"function {name} in SQL: its parameters or result are no SQL types")
    known = tuple(each for each in parameters if each is not None)
    return StoredFunction((unit.owner, unit.name, *rest, str(number)), known, tuple(order), result)


def call_function(port: SqlPort, key: Sequence[str], order: Sequence[int], values: Sequence[Value]) -> Value:
    """Call the function that ``find_function`` found; NO_DATA_FOUND in it is NULL.

    Raises:
        OraError: What it raised, with ORA-06512 lines.
    """
    owner, name, *rest, number = key
    unit = port.catalogue.unit(Scope(user=owner, schema=owner), owner, name)
    candidates = _symbols(port, unit, tuple(rest)) if unit is not None else []
    if len(candidates) <= int(number):
        raise OraError(6508, ".".join(key[:-1]))
    symbol = candidates[int(number)]
    run = Runtime(port, [])
    caller = Frame(run, None, 0, port.scope)
    try:
        outer = (
            frame_of(symbol, 0)(caller)
            if symbol.home is not None
            else Frame(run, None, 0, symbol.rights or caller.scope)
        )
        return _run(run, symbol, outer, dict(zip(order, values, strict=True)))
    except RecursionError:
        raise OraError(6500) from None
    except OraError as error:
        if error.code == 1403:
            return None
        error.text = run.full_text(error)
        error.args = (error.text,)
        raise
    finally:
        for cursor in list(run.cursors):
            cursor.close()


def _run(run: Runtime, symbol: SubprogramSymbol, outer: Frame, given: dict[int, Value]) -> Value:
    code = symbol.code
    if code is None:
        raise OraError(6508, symbol.name)
    inner = Frame(run, outer, code.slots, outer.scope)
    try:
        for at, parameter in enumerate(symbol.parameters):
            default = parameter.default
            value = given[at] if default is None or at in given else default(outer)
            inner.slots[parameter.slot] = parameter.type.coerce(value)
        code.body(inner)
    except OraError as error:
        run.note(error, symbol.place, inner.line)
        raise
    return inner.result


def _find_unit(port: SqlPort, scope: Scope, names: Sequence[str]) -> tuple[Unit, tuple[str, ...]] | None:
    """Return the function or package, and the names inside it."""
    for owner, at in ((None, 0), *(((names[0], 1),) if len(names) > 1 else ())):
        rest = tuple(names[at + 1 :])
        if len(rest) > 1:
            continue
        unit = port.catalogue.unit(scope, owner, names[at], ("PACKAGE",) if rest else ("FUNCTION",))
        if unit is not None:
            return unit, rest
    return None


def _symbols(port: SqlPort, unit: Unit, rest: tuple[str, ...]) -> list[SubprogramSymbol]:
    symbol: Symbol | None
    if unit.kind == "PACKAGE":
        package = load_package(port, unit)
        if package is None:
            raise OraError(6575, text=f"ORA-06575: Package or function {unit.name} is in an invalid state")
        symbol = package.public.names.get(rest[0])
    else:
        symbol = load_unit(port, unit)
        if symbol is None:
            raise OraError(6575, text=f"ORA-06575: Package or function {unit.name} is in an invalid state")
    if isinstance(symbol, Overloads):
        return [each for each in symbol.symbols if not isinstance(each, NativeSubprogram)]
    return [symbol] if isinstance(symbol, SubprogramSymbol) else []


def _order(symbol: SubprogramSymbol, types: Sequence[SqlType], given: Sequence[str | None]) -> list[int] | None:
    """Return the parameter's number for each argument, None if they do not fit."""
    numbers = {parameter.name: at for at, parameter in enumerate(symbol.parameters)}
    order = [at if name is None else numbers.get(name, -1) for at, name in enumerate(given)]
    if len(set(order)) < len(order) or any(not 0 <= at < len(symbol.parameters) for at in order):
        return None
    missing = [at for at in range(len(symbol.parameters)) if at not in order]
    if any(symbol.parameters[at].default is None for at in missing) or len(types) != len(order):
        return None
    return order


def _marks(symbol: SubprogramSymbol, types: Sequence[SqlType], order: Sequence[int]) -> int | None:
    marks = [
        fitness(symbol.parameters[at].type, None if is_null_type(sql_type) else scalar_of(sql_type))
        for at, sql_type in zip(order, types, strict=True)
    ]
    return None if None in marks else sum(mark or 0 for mark in marks)
