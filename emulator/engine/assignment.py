"""Putting a value into a column: conversion to its type, and the checks of its limits."""

from __future__ import annotations

import datetime
import functools
import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np

from emulator.datatypes import FLOATING, SqlType, TypeName, Value, VectorFormat
from emulator.engine.catalogue import type_from_json, type_to_json
from emulator.engine.functions.conversions import to_datetime, to_number, to_text
from emulator.engine.stored_values import load_by_letter, signature_letter, to_stored
from emulator.errors import OraError
from emulator.number import Number, number_text, round_places
from emulator.vector_text import cast_vector, dimensions_of, parse_vector

#: Fractional digits of seconds that are kept at all.
_FINEST_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Target:
    """A column that a value is put into."""

    owner: str
    table: str
    column: str
    type: SqlType

    @property
    def label(self) -> str:
        """The column as messages name it."""
        return f'"{self.owner}"."{self.table}"."{self.column}"'

    def to_json(self) -> str:
        """Write it for a SQLite function's argument."""
        return json.dumps([self.owner, self.table, self.column, type_to_json(self.type)])


@functools.lru_cache(maxsize=1024)
def target_from_json(text: str) -> Target:
    """Read what ``to_json`` wrote."""
    owner, table, column, sql_type = json.loads(text)
    return Target(owner, table, column, type_from_json(sql_type))


def assign(value: Value, target: Target) -> Any:  # noqa: ANN401 - a stored value
    """Return the stored form of a value in a column.

    Raises:
        OraError: 932 another type, 1722 and its like not convertible, 1438, 12899, 51803 over the column's limits.
    """
    if value is None or (isinstance(value, str) and not value):
        return None
    coerced = _COERCERS[signature_letter(target.type)](value, target)
    return to_stored(coerced, target.type)


def assign_stored(letter: str, target_json: str, stored: Any) -> Any:  # noqa: ANN401 - stored values
    """Do the same for a value that is stored already; a SQLite function."""
    if stored is None:
        return None
    return assign(load_by_letter(stored, letter), target_from_json(target_json))


def fits(value: Number, sql_type: SqlType) -> Number | None:
    """Return a number rounded to a type's scale, None if it has too many digits before the point."""
    if sql_type.precision == 0 or sql_type.scale == FLOATING:
        return value
    rounded = round_places(value, max(sql_type.scale, -127))
    limit: int = 10 ** (sql_type.precision - sql_type.scale) if sql_type.precision >= sql_type.scale else 1
    return rounded if -limit < rounded < limit else None


def _number(value: Value, target: Target) -> Value:
    found = to_number(value)
    if found is None:
        return None
    rounded = fits(found, target.type)
    if rounded is None:
        raise OraError(1438, number_text(found), target.type.precision, target.type.scale, target.column)
    return rounded


def _text(value: Value, target: Target) -> Value:
    text = to_text(value)
    if text is None or target.type.size == 0:
        return text
    actual = len(text) if target.type.in_characters else len(text.encode())
    if actual > target.type.size:
        raise OraError(12899, target.label, actual, target.type.size)
    return text + " " * (target.type.size - actual) if target.type.name is TypeName.CHAR else text


def _date(value: Value, target: Target) -> Value:
    if isinstance(value, int | Decimal | float | bytes):
        raise OraError(932, "NUMBER", target.type.name.value)
    found = to_datetime(value)
    return found.replace(microsecond=0, tzinfo=None) if found is not None else None


def _timestamp(value: Value, target: Target) -> Value:
    if isinstance(value, int | Decimal | float | bytes):
        raise OraError(932, "NUMBER", target.type.name.value)
    found = to_datetime(value, target.type.name)
    if found is not None and found.tzinfo is not None and target.type.name is TypeName.TIMESTAMP_LTZ:
        found = found.astimezone(datetime.UTC)  # kept in the database's time zone
    return _with_fraction(found.replace(tzinfo=None), target) if found is not None else None


def _with_fraction(value: datetime.datetime, target: Target) -> datetime.datetime:
    """Return a time rounded to the fractional digits of TIMESTAMP(n)."""
    if not 0 <= target.type.scale < _FINEST_DIGITS:
        return value
    unit = 10 ** (_FINEST_DIGITS - target.type.scale)
    microseconds = (value.microsecond + unit // 2) // unit * unit
    return value.replace(microsecond=0) + datetime.timedelta(microseconds=microseconds)


def _zoned(value: Value, target: Target) -> Value:
    found = to_datetime(value, target.type.name)
    if found is None:
        raise OraError(932, "CHAR", target.type.name.value)
    return _with_fraction(found if found.tzinfo is not None else found.replace(tzinfo=datetime.UTC), target)


def _float(value: Value, _target: Target) -> Value:
    found = value if isinstance(value, float) else to_number(value)
    return None if found is None else float(found)


def _bytes(value: Value, target: Target) -> Value:
    if isinstance(value, str):
        try:
            value = bytes.fromhex(value)
        except ValueError:
            raise OraError(1465) from None
    if not isinstance(value, bytes):
        raise OraError(932, "NUMBER", target.type.name.value)
    if target.type.name is TypeName.RAW and target.type.size and len(value) > target.type.size:
        raise OraError(12899, target.label, len(value), target.type.size)
    return value


def _vector(value: Value, target: Target) -> Value:
    element_format = target.type.vector_format
    if isinstance(value, str):
        value = parse_vector(value, VectorFormat.FLOAT32 if element_format is VectorFormat.FLEX else element_format)
    if not isinstance(value, np.ndarray):
        raise OraError(932, "NUMBER", "VECTOR")
    dimensions = dimensions_of(value)
    if target.type.dimensions and dimensions != target.type.dimensions:
        raise OraError(51803, target.type.dimensions, dimensions)
    return cast_vector(value, element_format)


#: Words that are converted to BOOLEAN. Source: SQL Language Reference 23ai, Boolean data type.
_TRUTHS = {
    **dict.fromkeys(("TRUE", "YES", "ON", "1", "T", "Y"), True),
    **dict.fromkeys(("FALSE", "NO", "OFF", "0", "F", "N"), False),
}


def _boolean(value: Value, _target: Target) -> Value:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().upper() in _TRUTHS:
        return _TRUTHS[value.strip().upper()]
    if isinstance(value, int):
        return value != 0
    raise OraError(932, "CHAR", "BOOLEAN")


_COERCERS: dict[str, Callable[[Value, Target], Value]] = {
    "N": _number,
    "S": _text,
    "D": _date,
    "T": _timestamp,
    "Z": _zoned,
    "F": _float,
    "R": _bytes,
    "V": _vector,
    "B": _boolean,
}
