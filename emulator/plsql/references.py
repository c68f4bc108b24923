"""Compiles references in expressions: variables, elements, fields, methods, constructors, functions."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence

from emulator.datatypes import TypeName, Value
from emulator.engine.functions import function
from emulator.engine.functions.conversions import to_datetime, to_number
from emulator.engine.functions.registry import SqlFunction
from emulator.engine.stored_values import type_of_value
from emulator.engine.vectors import is_metric
from emulator.errors import NotEmulated, OraError
from emulator.plsql import syntax
from emulator.plsql.calls import compile_call, find_subprogram
from emulator.plsql.declared_types import find_symbol, undeclared
from emulator.plsql.exceptions import CompileError, sqlcode, sqlerrm, sqlerrm_of_code
from emulator.plsql.expressions import Compiled, compile_expression
from emulator.plsql.runtime import Evaluate, Frame
from emulator.plsql.scopes import Compilation, TypeSymbol
from emulator.plsql.targets import field_of, find_variable, read_variable, subscript
from emulator.plsql.values import (
    PLS_INTEGER,
    SCALARS,
    Collection,
    CollectionType,
    PlsqlType,
    Record,
    RecordType,
    conversion_error,
    sql_type_of,
    text_of,
)

#: Methods of collections that give a value: least and most arguments.
_METHODS = {"COUNT": 0, "FIRST": 0, "LAST": 0, "LIMIT": 0, "EXISTS": 1, "NEXT": 1, "PRIOR": 1}
#: Functions of the registry that are SQL's own inside, or exist in SQL only.
_SQL_ONLY = frozenset({"VECTOR_EMBEDDING", "DATE_ADD_DAYS", "DATE_MINUS_DATE", "DECODE", "NVL2"})
#: Functions whose arguments are made alike.
_ALIKE = frozenset({"NVL", "COALESCE", "GREATEST", "LEAST", "NULLIF"})


def compile_reference(comp: Compilation, node: syntax.Reference) -> Compiled:
    """Compile a reference that is read."""
    at, variable = find_variable(comp, node)
    if variable is not None:
        value = Compiled(read_variable(comp, variable), variable.type)
        if node.parts[at].arguments is not None:
            value = _element(comp, value, node.parts[at])
        return _steps(comp, value, node.parts[at + 1 :])
    constructed = _constructor(comp, node)
    if constructed is not None:
        return constructed
    number = _sequence_number(comp, node)
    if number is not None:
        return number
    environment = _error_function(comp, node)
    if environment is not None:
        return environment
    found = find_subprogram(comp, node)
    if found is not None:
        symbol, used = found
        if symbol.result is None:
            raise CompileError(f"PLS-00222: no function with name '{symbol.name}' exists in this scope", node.offset)
        call = compile_call(comp, symbol, node.parts[used - 1].arguments or (), node.parts[used - 1].offset)
        return _steps(comp, Compiled(call, symbol.result), node.parts[used:])
    return _builtin(comp, node)


# ---------------------------------------------------------------------- steps


def _steps(comp: Compilation, value: Compiled, parts: Sequence[syntax.Part]) -> Compiled:
    for part in parts:
        if isinstance(value.type, CollectionType) and part.name in _METHODS:
            value = _method(comp, value, part)
            continue
        if part.name:
            number, declared = field_of(value.type, part)
            value = Compiled(_read_field(value.evaluate, number), declared)
        if part.arguments is not None:
            value = _element(comp, value, part)
    return value


def _read_field(container: Evaluate, number: int) -> Evaluate:
    def read(frame: Frame) -> Value:
        record = container(frame)
        if record is None:
            raise OraError(6530)
        return record.values[number]

    return read


def _element(comp: Compilation, value: Compiled, part: syntax.Part) -> Compiled:
    if not isinstance(value.type, CollectionType):
        raise CompileError(
            f"PLS-00224: object '{part.name}' must be of type function or array to be used this way", part.offset
        )
    key, container = subscript(comp, part), value.evaluate

    def read(frame: Frame) -> Value:
        collection = container(frame)
        if collection is None:
            raise OraError(6531)
        return collection.get(key(frame))

    return Compiled(read, value.type.element)


def _method(comp: Compilation, value: Compiled, part: syntax.Part) -> Compiled:
    arguments = [compile_expression(comp, argument.value).evaluate for argument in part.arguments or ()]
    if len(arguments) != _METHODS[part.name]:
        raise CompileError(f"PLS-00306: wrong number or types of arguments in call to '{part.name}'", part.offset)
    container, name = value.evaluate, part.name

    def call(frame: Frame) -> Value:
        collection = container(frame)
        if collection is None:
            if name == "EXISTS":
                return False
            raise OraError(6531)
        return _METHOD_CALLS[name](collection, *(argument(frame) for argument in arguments))

    declared = SCALARS["BOOLEAN"] if name == "EXISTS" else PLS_INTEGER
    if name in {"FIRST", "LAST", "NEXT", "PRIOR"} and isinstance(value.type, CollectionType):
        declared = value.type.index or PLS_INTEGER
    return Compiled(call, declared)


_METHOD_CALLS: dict[str, Callable[..., Value]] = {
    "COUNT": lambda collection: len(collection.items),
    "FIRST": Collection.first,
    "LAST": Collection.last,
    "LIMIT": lambda collection: collection.type.limit or None,
    "EXISTS": Collection.exists,
    "NEXT": Collection.following,
    "PRIOR": Collection.preceding,
}


# ---------------------------------------------------------------------- constructors


def _constructor(comp: Compilation, node: syntax.Reference) -> Compiled | None:
    names = tuple(part.name for part in node.parts)
    symbol = find_symbol(comp, names)
    last = node.parts[-1]
    if not isinstance(symbol, TypeSymbol):
        return None
    if last.arguments is None:
        raise CompileError(f"PLS-00330: invalid use of type name or subtype name '{symbol.name}'", node.offset)
    declared = symbol.type
    if isinstance(declared, CollectionType):
        return _collection_constructor(comp, declared, last)
    if isinstance(declared, RecordType):
        return _record_constructor(comp, declared, last)
    raise CompileError(f"PLS-00222: no function with name '{symbol.name}' exists in this scope", node.offset)


def _collection_constructor(comp: Compilation, declared: CollectionType, part: syntax.Part) -> Compiled:
    arguments = part.arguments or ()
    if any(argument.name is not None for argument in arguments) or (declared.index is not None and arguments):
        raise NotEmulated("qualified expressions of associative arrays")
    items = [compile_expression(comp, argument.value).evaluate for argument in arguments]
    element = declared.element

    def construct(frame: Frame) -> Value:
        return declared.of_values([element.coerce(item(frame)) for item in items])

    return Compiled(construct, declared)


def _record_constructor(comp: Compilation, declared: RecordType, part: syntax.Part) -> Compiled:
    given: dict[int, Evaluate] = {}
    for number, argument in enumerate(part.arguments or ()):
        name = argument.name
        if (name is not None and name not in declared.fields) or number >= len(declared.fields):
            raise CompileError(f"PLS-00306: wrong number or types of arguments in call to '{part.name}'", part.offset)
        at = declared.fields.index(name) if name is not None else number
        given[at] = compile_expression(comp, argument.value).evaluate

    def construct(frame: Frame) -> Value:
        values = [
            each.coerce(given[number](frame)) if number in given else declared.initial_field(number)
            for number, each in enumerate(declared.types)
        ]
        return Record(declared, values)

    return Compiled(construct, declared)


# ---------------------------------------------------------------------- functions


def _now() -> datetime.datetime:
    return datetime.datetime.now(datetime.UTC)


def _local_now() -> datetime.datetime:
    return _now().replace(tzinfo=None)


#: In PL/SQL time goes on within a call, unlike within a SQL statement.
_CLOCKS: dict[str, tuple[Callable[[], datetime.datetime], str]] = {
    "SYSDATE": (lambda: _local_now().replace(microsecond=0), "DATE"),
    "CURRENT_DATE": (lambda: _local_now().replace(microsecond=0), "DATE"),
    "LOCALTIMESTAMP": (_local_now, "TIMESTAMP"),
    "SYSTIMESTAMP": (_now, "TIMESTAMP WITH TIME ZONE"),
    "CURRENT_TIMESTAMP": (_now, "TIMESTAMP WITH TIME ZONE"),
}


def _sequence_number(comp: Compilation, node: syntax.Reference) -> Compiled | None:
    """Compile ``[owner.]sequence.NEXTVAL`` or CURRVAL."""
    names = [part.name for part in node.parts]
    if len(names) not in {2, 3} or names[-1] not in {"NEXTVAL", "CURRVAL"}:
        return None
    try:
        key = comp.port.catalogue.sequence(comp.rights, names[0] if len(names) == 3 else None, names[-2]).key
    except OraError as error:
        raise CompileError(f"PL/SQL: {error.text}", node.offset) from None
    if names[-1] == "NEXTVAL":
        return Compiled(lambda frame: frame.run.port.next_value(key), SCALARS["NUMBER"])
    return Compiled(lambda frame: frame.run.port.current_value(key), SCALARS["NUMBER"])


def _error_function(comp: Compilation, node: syntax.Reference) -> Compiled | None:
    part = node.parts[0]
    if len(node.parts) > 1 or part.name not in {"SQLCODE", "SQLERRM"}:
        return None
    if part.name == "SQLCODE":
        return Compiled(lambda frame: sqlcode(frame.run.error), PLS_INTEGER)
    if part.arguments:
        code = compile_expression(comp, part.arguments[0].value).evaluate
        return Compiled(lambda frame: sqlerrm_of_code(PLS_INTEGER.coerce(code(frame)) or 0), SCALARS["VARCHAR2"])
    return Compiled(lambda frame: sqlerrm(frame.run.error), SCALARS["VARCHAR2"])


def _builtin(comp: Compilation, node: syntax.Reference) -> Compiled:
    names = [part.name for part in node.parts]
    if names[0] in {"SYS", "STANDARD"} and len(names) > 1:
        names = names[1:]
    name = ".".join(names)
    if name in _CLOCKS and not node.parts[-1].arguments:
        clock, declared = _CLOCKS[name]
        return Compiled(lambda _frame: clock(), SCALARS[declared])
    entry = function(name)
    if entry is None or any(part.arguments is not None for part in node.parts[:-1]):
        raise undeclared(name, node.offset)
    if name in _SQL_ONLY:
        raise CompileError(
            f"PLS-00204: function or pseudo-column '{name}' may be used inside a SQL statement only", node.offset
        )
    given = node.parts[-1].arguments or ()
    if any(argument.name is not None for argument in given):
        raise NotEmulated(f"named arguments of {name}", offset=node.offset)
    if not entry.min_arguments <= len(given) <= entry.max_arguments:
        raise CompileError(f"PLS-00306: wrong number or types of arguments in call to '{name}'", node.offset)
    arguments = [compile_expression(comp, _metric(name, argument.value)) for argument in given]
    call = _function_call(entry, [argument.evaluate for argument in arguments])
    return Compiled(call, _result_type(entry, [argument.type for argument in arguments]))


def _metric(name: str, node: syntax.Expression) -> syntax.Expression:
    """Return VECTOR_DISTANCE's metric, which is a word and no variable, as a text."""
    if name != "VECTOR_DISTANCE" or not isinstance(node, syntax.Reference):
        return node
    part = node.parts[0]
    if len(node.parts) > 1 or part.arguments is not None or not is_metric(part.name):
        return node
    return syntax.Literal(node.offset, part.name)


def _result_type(entry: SqlFunction, types: Sequence[PlsqlType | None]) -> PlsqlType | None:
    sql_types = [sql_type_of(each) if each is not None else None for each in types]
    if any(each is None for each in sql_types):
        return None
    result = entry.result([each for each in sql_types if each is not None])
    for scalar in SCALARS.values():
        if scalar.sql_type.name is result.name:
            return scalar
    return None


def _function_call(entry: SqlFunction, arguments: Sequence[Evaluate]) -> Evaluate:
    letters = entry.accepts
    converters = [
        _CONVERTERS[letters[min(number, len(letters) - 1)]] if letters else _as_is for number in range(len(arguments))
    ]
    alike = entry.name in _ALIKE

    def call(frame: Frame) -> Value:
        try:
            values = [convert(argument(frame)) for convert, argument in zip(converters, arguments, strict=True)]
            if entry.strict and any(value is None for value in values):
                return None
            found = entry.call(*(_alike(values) if alike else values))
            return None if isinstance(found, str) and not found else found
        except OraError as error:
            raise conversion_error(error) from None

    return call


def _alike(values: list[Value]) -> list[Value]:
    first = next((value for value in values if value is not None), None)
    if first is None or isinstance(first, bool):
        return values
    convert = _CONVERTERS.get({TypeName.NUMBER: "N", TypeName.VARCHAR2: "S"}.get(type_of_value(first).name, ""), _as_is)
    return [convert(value) for value in values]


def _as_is(value: Value) -> Value:
    return value


def _raw(value: Value) -> Value:
    return bytes.fromhex(value) if isinstance(value, str) else value


_CONVERTERS: dict[str, Callable[[Value], Value]] = {
    "N": to_number,
    "S": text_of,
    "D": to_datetime,
    "T": to_datetime,
    "R": _raw,
}
