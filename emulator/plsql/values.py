"""PL/SQL's types and the values that variables hold: scalars with limits, records, collections.

Scalars are the Python values of ``emulator.datatypes``. Records and collections are mutable objects, copied when they
are assigned; a collection that is NULL as a whole is None. One file, because types and values need each other.
"""

from __future__ import annotations

import bisect
import dataclasses
import datetime
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Protocol

import numpy as np

from emulator.datatypes import FLOATING, NUMBER, SqlType, TypeName, Value
from emulator.engine.functions.conversions import to_datetime, to_number, to_text
from emulator.errors import NotEmulated, OraError
from emulator.number import number_text, round_places
from emulator.plsql.exceptions import value_error
from emulator.vector_text import parse_vector

_INTEGER_LIMIT = 2**31
#: The longest VARCHAR2 of PL/SQL, bytes.
LONGEST_TEXT = 32_767


class PlsqlType(Protocol):
    """What a variable can be declared as."""

    def initial(self) -> Value:
        """Return the value before the first assignment."""

    def coerce(self, value: Value) -> Value:
        """Return the value to store for one that is assigned: converted, checked, copied."""


# ---------------------------------------------------------------------- scalars


@dataclass(frozen=True, slots=True)
class ScalarType:
    """A scalar type with its limits."""

    sql_type: SqlType
    #: PLS_INTEGER and its like: whole, 32 bits.
    is_integer: bool = False
    low: int = -_INTEGER_LIMIT

    def initial(self) -> Value:
        """Return NULL."""
        return None

    def coerce(self, value: Value) -> Value:
        """Convert as an assignment does; ORA-06502 and its like for what does not fit."""
        if value is None:
            return None
        if value.__class__ is int and self.sql_type is NUMBER and not self.is_integer:
            return value
        try:
            return _COERCERS[self.sql_type.name](value, self)
        except OraError as error:
            raise conversion_error(error) from None


@dataclass(frozen=True, slots=True)
class NotNullType(ScalarType):
    """A scalar type without NULL: of a record's field."""

    def coerce(self, value: Value) -> Value:
        """Convert as an assignment does; ORA-06502 for NULL."""
        found = ScalarType.coerce(self, value)
        if found is None:
            raise value_error()
        return found


def conversion_error(error: OraError) -> OraError:
    """Return the error that PL/SQL raises where SQL's conversions raise another."""
    if error.code == 1722:
        return value_error("character to number conversion error")
    if error.code == 932:
        return value_error()
    return error


def _scalar(value: Value) -> Value:
    if isinstance(value, Record | Collection):
        raise value_error()
    return value


def _number(value: Value, target: ScalarType) -> Value:
    if isinstance(value, bool):
        raise value_error()
    found = to_number(_scalar(value))
    if found is None:
        return None
    if target.is_integer:
        found = round_places(found, 0)
        if not target.low <= found < _INTEGER_LIMIT:
            if target.low > -_INTEGER_LIMIT and found < _INTEGER_LIMIT:
                raise value_error()
            raise OraError(1426)
        return found
    declared = target.sql_type
    if declared.scale != FLOATING:
        found = round_places(found, max(declared.scale, -84))
        if declared.precision and Decimal(found).copy_abs() >= Decimal((0, (1,), declared.precision - declared.scale)):
            raise value_error("number precision too large")
    return found


def _text(value: Value, target: ScalarType) -> Value:
    if isinstance(value, bool):
        raise value_error()
    text = to_text(_scalar(value))
    if not text:
        return None
    size = target.sql_type.size
    if size and len(text) > size:
        raise value_error("character string buffer too small")
    return text.ljust(size) if target.sql_type.name is TypeName.CHAR else text


def _clob(value: Value, _target: ScalarType) -> Value:
    return to_text(_scalar(value)) or None


def _date(value: Value, _target: ScalarType) -> Value:
    found = to_datetime(_scalar(value))
    return None if found is None else found.replace(microsecond=0, tzinfo=None)


def _timestamp(value: Value, target: ScalarType) -> Value:
    found = to_datetime(_scalar(value), target.sql_type.name)
    return None if found is None else found.replace(tzinfo=None)


def _zoned(value: Value, target: ScalarType) -> Value:
    found = to_datetime(_scalar(value), target.sql_type.name)
    if found is None or found.tzinfo is not None:
        return found
    return found.replace(tzinfo=datetime.UTC)


def _float(value: Value, _target: ScalarType) -> Value:
    found = value if isinstance(value, float) else to_number(_scalar(value))
    return None if found is None else float(found)


def _bytes(value: Value, target: ScalarType) -> Value:
    if isinstance(value, str):
        try:
            value = bytes.fromhex(value)
        except ValueError:
            raise value_error("hex to raw conversion error") from None
    if not isinstance(value, bytes):
        raise value_error()
    if target.sql_type.name is TypeName.RAW and target.sql_type.size and len(value) > target.sql_type.size:
        raise value_error("raw variable length too long")
    return value


def _boolean(value: Value, _target: ScalarType) -> Value:
    if not isinstance(value, bool):
        raise value_error()
    return value


def _vector(value: Value, _target: ScalarType) -> Value:
    if isinstance(value, str):
        return parse_vector(value)
    if not isinstance(value, np.ndarray):
        raise value_error()
    return value


_COERCERS: dict[TypeName, Callable[[Value, ScalarType], Value]] = {
    TypeName.NUMBER: _number,
    TypeName.VARCHAR2: _text,
    TypeName.CHAR: _text,
    TypeName.LONG: _text,
    TypeName.ROWID: _text,
    TypeName.CLOB: _clob,
    TypeName.DATE: _date,
    TypeName.TIMESTAMP: _timestamp,
    TypeName.TIMESTAMP_LTZ: _timestamp,
    TypeName.TIMESTAMP_TZ: _zoned,
    TypeName.BINARY_FLOAT: _float,
    TypeName.BINARY_DOUBLE: _float,
    TypeName.RAW: _bytes,
    TypeName.LONG_RAW: _bytes,
    TypeName.BLOB: _bytes,
    TypeName.BOOLEAN: _boolean,
    TypeName.VECTOR: _vector,
}

PLS_INTEGER = ScalarType(NUMBER, is_integer=True)
#: Names of PL/SQL's scalar types, and whether a size may or must follow.
SCALARS: dict[str, ScalarType] = {
    "NUMBER": ScalarType(NUMBER),
    "NUMERIC": ScalarType(NUMBER),
    "DECIMAL": ScalarType(NUMBER),
    "DEC": ScalarType(NUMBER),
    "FLOAT": ScalarType(NUMBER),
    "REAL": ScalarType(NUMBER),
    "INTEGER": ScalarType(SqlType(TypeName.NUMBER, precision=38, scale=0)),
    "INT": ScalarType(SqlType(TypeName.NUMBER, precision=38, scale=0)),
    "SMALLINT": ScalarType(SqlType(TypeName.NUMBER, precision=38, scale=0)),
    "PLS_INTEGER": PLS_INTEGER,
    "BINARY_INTEGER": PLS_INTEGER,
    "SIMPLE_INTEGER": PLS_INTEGER,
    "NATURAL": ScalarType(NUMBER, is_integer=True, low=0),
    "POSITIVE": ScalarType(NUMBER, is_integer=True, low=1),
    "VARCHAR2": ScalarType(SqlType(TypeName.VARCHAR2)),
    "VARCHAR": ScalarType(SqlType(TypeName.VARCHAR2)),
    "NVARCHAR2": ScalarType(SqlType(TypeName.VARCHAR2, national=True)),
    "STRING": ScalarType(SqlType(TypeName.VARCHAR2)),
    "CHAR": ScalarType(SqlType(TypeName.CHAR)),
    "CHARACTER": ScalarType(SqlType(TypeName.CHAR)),
    "LONG": ScalarType(SqlType(TypeName.LONG)),
    "CLOB": ScalarType(SqlType(TypeName.CLOB)),
    "NCLOB": ScalarType(SqlType(TypeName.CLOB, national=True)),
    "BLOB": ScalarType(SqlType(TypeName.BLOB)),
    "RAW": ScalarType(SqlType(TypeName.RAW)),
    "LONG RAW": ScalarType(SqlType(TypeName.LONG_RAW)),
    "DATE": ScalarType(SqlType(TypeName.DATE)),
    "TIMESTAMP": ScalarType(SqlType(TypeName.TIMESTAMP, scale=6)),
    "TIMESTAMP WITH TIME ZONE": ScalarType(SqlType(TypeName.TIMESTAMP_TZ, scale=6)),
    "BINARY_FLOAT": ScalarType(SqlType(TypeName.BINARY_FLOAT)),
    "BINARY_DOUBLE": ScalarType(SqlType(TypeName.BINARY_DOUBLE)),
    "BOOLEAN": ScalarType(SqlType(TypeName.BOOLEAN)),
    "VECTOR": ScalarType(SqlType(TypeName.VECTOR)),
    "ROWID": ScalarType(SqlType(TypeName.ROWID)),
}
#: Types that must have a size where a variable is declared.
SIZED = frozenset({"VARCHAR2", "VARCHAR", "NVARCHAR2", "STRING", "RAW"})


# ---------------------------------------------------------------------- records


@dataclass(frozen=True, slots=True)
class RecordType:
    """A record's fields."""

    name: str
    fields: tuple[str, ...]
    types: tuple[PlsqlType, ...]
    #: What gives a field its first value; None where it is NULL. Empty: no field has a default.
    defaults: tuple[Callable[[], Value] | None, ...] = field(default=(), compare=False)

    def initial(self) -> Value:
        """Return a record whose fields have their defaults."""
        return Record(self, [self.initial_field(number) for number in range(len(self.types))])

    def initial_field(self, number: int) -> Value:
        """Return the first value of a field."""
        default = self.defaults[number] if self.defaults else None
        return self.types[number].initial() if default is None else self.types[number].coerce(default())

    def coerce(self, value: Value) -> Value:
        """Copy a record field by field; NULL makes all fields NULL."""
        if value is None:
            return self.initial()
        if not isinstance(value, Record) or len(value.values) != len(self.types):
            raise value_error()
        return Record(self, [each.coerce(found) for each, found in zip(self.types, value.values, strict=True)])

    def of_row(self, row: Sequence[Value]) -> Record:
        """Return a record of a fetched row."""
        return Record(self, [each.coerce(found) for each, found in zip(self.types, row, strict=True)])


class Record:
    """A record's value."""

    __slots__ = ("type", "values")

    def __init__(self, record_type: RecordType, values: list[Value]) -> None:
        """Hold these fields."""
        self.type = record_type
        self.values = values


# ---------------------------------------------------------------------- collections


@dataclass(frozen=True, slots=True)
class CollectionType:
    """A nested table, VARRAY or associative array."""

    name: str
    element: PlsqlType
    #: Type of the keys of an associative array, None for the others.
    index: ScalarType | None = None
    #: Size of a VARRAY, 0 for the others.
    limit: int = 0
    #: A bind variable of the client's, which goes with every associative array of like elements.
    is_bind: bool = False

    def initial(self) -> Value:
        """Return NULL, or an empty associative array."""
        return Collection(self) if self.index is not None else None

    def coerce(self, value: Value) -> Value:
        """Copy a collection of the same type."""
        if value is None:
            return self.initial()
        if not isinstance(value, Collection):
            raise value_error()
        if self.is_bind or value.type.is_bind:
            return self._converted(value)
        if value.type is not self and value.type != self:
            raise value_error()
        return value.copy(self)

    def _converted(self, value: Collection) -> Collection:
        made = Collection(self)
        made.items = {key: self.element.coerce(item) for key, item in value.items.items()}
        made.size = value.size
        return made

    def of_values(self, values: Sequence[Value]) -> Collection:
        """Return a collection of elements 1, 2, … that are of the element type already."""
        if self.limit and len(values) > self.limit:
            raise OraError(6532)
        made = Collection(self)
        made.items = dict(enumerate(values, 1))
        made.size = len(values)
        return made


class Collection:
    """A collection's value: elements by subscript."""

    __slots__ = ("_keys", "items", "size", "type")

    def __init__(self, collection_type: CollectionType) -> None:
        """Begin empty."""
        self.type = collection_type
        self.items: dict[Any, Value] = {}
        #: Highest subscript that was made, deleted or not (not of associative arrays).
        self.size = 0
        self._keys: list[Any] | None = None

    def copy(self, to_type: CollectionType) -> Collection:
        """Return a copy with elements of their own."""
        made = Collection(to_type)
        if isinstance(to_type.element, ScalarType):
            made.items = dict(self.items)
        else:
            made.items = {key: to_type.element.coerce(value) for key, value in self.items.items()}
        made.size = self.size
        return made

    def get(self, key: Value) -> Value:
        """Return an element; ORA-01403 for a missing one, ORA-06532/06533 for a wrong subscript."""
        try:
            return self.items[key]
        except KeyError:
            return self.items[self._existing(key)]

    def put(self, key: Value, value: Value) -> None:
        """Replace an element, or make one of an associative array."""
        if key not in self.items:
            key = self._key(key)
            if self.type.index is None:
                self._check_subscript(key)
            self._keys = None
        self.items[key] = value

    def element(self, key: Value) -> Value:
        """Return an element to change in place; of an associative array it is made if need be."""
        if self.type.index is not None and self._key(key) not in self.items:
            self.put(key, self.type.element.initial())
        return self.get(key)

    def _key(self, key: Value) -> Value:
        found = self.type.index.coerce(key) if self.type.index is not None else SCALARS["PLS_INTEGER"].coerce(key)
        if found is None:
            raise value_error("NULL index table key value")
        return found

    def _check_subscript(self, key: int) -> None:
        if key < 1 or (self.type.limit and key > self.type.limit):
            raise OraError(6532)
        if key > self.size:
            raise OraError(6533)

    def _existing(self, key: Value) -> Value:
        key = self._key(key)
        if key in self.items:
            return key
        if self.type.index is None:
            self._check_subscript(key)
        raise OraError(1403)

    # ------------------------------------------------------------------ methods

    def keys(self) -> list[Any]:
        """Return the subscripts in order; must not be changed."""
        if self._keys is None:
            self._keys = sorted(self.items)
        return self._keys

    def first(self) -> Value:
        """Return FIRST."""
        if not self.items:
            return None
        return 1 if self.is_dense() else self.keys()[0]

    def last(self) -> Value:
        """Return LAST."""
        if not self.items:
            return None
        return self.size if self.is_dense() else self.keys()[-1]

    def is_dense(self) -> bool:
        """Tell whether the subscripts are 1 … COUNT."""
        return self.type.index is None and len(self.items) == self.size

    def exists(self, key: Value) -> bool:
        """Return EXISTS(key)."""
        return key is not None and self._key(key) in self.items

    def following(self, key: Value) -> Value:
        """Return NEXT(key)."""
        keys = self.keys()
        at = bisect.bisect_right(keys, self._key(key))
        return keys[at] if at < len(keys) else None

    def preceding(self, key: Value) -> Value:
        """Return PRIOR(key)."""
        keys = self.keys()
        at = bisect.bisect_left(keys, self._key(key))
        return keys[at - 1] if at > 0 else None

    def extend(self, count: int = 1, source: Value = None) -> None:
        """EXTEND by elements that are NULL, or copies of an element."""
        if self.type.limit and self.size + count > self.type.limit:
            raise OraError(6532)
        for _ in range(count):
            self.size += 1
            value = self.type.element.initial() if source is None else self.type.element.coerce(self.get(source))
            self.items[self.size] = value
        self._keys = None

    def trim(self, count: int = 1) -> None:
        """TRIM from the end."""
        if count > self.size:
            raise OraError(6533)
        for key in range(self.size - count + 1, self.size + 1):
            self.items.pop(key, None)
        self.size -= count
        self._keys = None

    def delete(self, low: Value = None, high: Value = None, *, everything: bool = False) -> None:
        """DELETE all, one element, or a range of them."""
        self._keys = None
        if everything:
            self.items.clear()
            self.size = 0
        elif low is not None and high is None:
            self.items.pop(self._key(low), None)
        elif low is not None:
            low, high = self._key(low), self._key(high)
            for key in [key for key in self.items if low <= key <= high]:
                del self.items[key]


# ---------------------------------------------------------------------- others


@dataclass(frozen=True, slots=True)
class CursorType:
    """SYS_REFCURSOR: a variable that holds a cursor."""

    def initial(self) -> Value:
        """Return NULL."""
        return None

    def coerce(self, value: Value) -> Value:
        """Share the cursor."""
        return value


def sql_type_of(declared: PlsqlType) -> SqlType | None:
    """Return the SQL type of a scalar, None for others."""
    if not isinstance(declared, ScalarType):
        return None
    found = declared.sql_type
    if found.name in {TypeName.VARCHAR2, TypeName.CHAR, TypeName.RAW} and not found.size:
        # Without a size it would be taken for the type of a bare NULL.
        return SqlType(found.name, size=LONGEST_TEXT, national=found.national)
    return found


def scalar_of(sql_type: SqlType) -> ScalarType:
    """Return the type of a variable for a column of a type (%TYPE)."""
    if sql_type.name is TypeName.CURSOR:
        raise NotEmulated("variables of a cursor column's type")
    return ScalarType(NUMBER) if sql_type == NUMBER else ScalarType(sql_type)


def bind_type(sql_type: SqlType) -> PlsqlType:
    """Return the type of a client's bind variable; its buffer for CHAR is not padded."""
    if sql_type.elements:
        element = bind_type(dataclasses.replace(sql_type, elements=0))
        return CollectionType("BIND", element, PLS_INTEGER, is_bind=True)
    if sql_type.name is TypeName.CURSOR:
        return CursorType()
    if sql_type.name in {TypeName.CHAR, TypeName.LONG}:
        return ScalarType(SqlType(TypeName.VARCHAR2, size=sql_type.size, national=sql_type.national))
    return scalar_of(sql_type)


#: Kinds of scalar types that are one to overloading.
_FAMILIES = {
    TypeName.NUMBER: "number",
    TypeName.BINARY_FLOAT: "number",
    TypeName.BINARY_DOUBLE: "number",
    TypeName.VARCHAR2: "text",
    TypeName.CHAR: "text",
    TypeName.LONG: "text",
    TypeName.ROWID: "text",
    TypeName.DATE: "time",
    TypeName.TIMESTAMP: "time",
    TypeName.TIMESTAMP_TZ: "time",
    TypeName.TIMESTAMP_LTZ: "time",
    TypeName.LONG_RAW: TypeName.RAW.value,
}
_CONVERTED = ({"number", "text"}, {"text", "time"}, {"text", "CLOB"}, {"text", "RAW"}, {"RAW", "BLOB"})


def fitness(wanted: PlsqlType, given: PlsqlType | None) -> int | None:
    """Say how well a type fits an overloaded subprogram's parameter: 2 as it is, 1 converted, None not at all."""
    if given is None or given == wanted:
        return 2
    if isinstance(wanted, ScalarType) and isinstance(given, ScalarType):
        kinds = {_FAMILIES.get(each.sql_type.name, each.sql_type.name.value) for each in (wanted, given)}
        return 2 if len(kinds) == 1 else 1 if kinds in _CONVERTED else None
    if isinstance(wanted, CollectionType) and isinstance(given, CollectionType) and given.is_bind:
        return fitness(wanted.element, given.element)
    return 1 if isinstance(wanted, RecordType) and isinstance(given, RecordType) else None


def unlimited(sql_type: SqlType) -> SqlType:
    """Return a type without the limits that may be too narrow where they were inferred from an expression."""
    if sql_type.name is TypeName.NUMBER:
        return NUMBER
    if sql_type.name in {TypeName.VARCHAR2, TypeName.RAW}:
        return SqlType(sql_type.name, national=sql_type.national)
    return sql_type


def text_of(value: Value) -> str | None:
    """Return a scalar as text, for || and DBMS_OUTPUT."""
    if isinstance(value, str):
        return value
    if value.__class__ is int:
        return number_text(value)
    if isinstance(value, bool | Record | Collection):
        raise value_error()
    return to_text(value)
