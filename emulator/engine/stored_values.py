"""How Oracle's values are kept in SQLite, and back.

==========================  ============================================================
NUMBER                      BLOB, Oracle's own bytes
VARCHAR2, CHAR, CLOB, LONG  TEXT; the empty string is NULL
RAW, BLOB, LONG RAW         BLOB
DATE                        TEXT ``YYYY-MM-DD HH24:MI:SS``
TIMESTAMP                   the same and ``.fffffffff``
TIMESTAMP WITH TIME ZONE    as TIMESTAMP, in UTC, then the offset ``+02:00``
BINARY_FLOAT, _DOUBLE       REAL
BOOLEAN                     INTEGER 0 or 1
VECTOR                      BLOB: one byte format, then little-endian elements
==========================  ============================================================
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import numpy as np

from emulator.datatypes import SqlType, TypeName, Value
from emulator.number import decode_number, encode_number, from_float

#: Format byte of a stored vector and its elements' dtype; the numbers are the wire's.
VECTOR_DTYPES: dict[int, np.dtype[Any]] = {2: np.dtype("<f4"), 3: np.dtype("<f8"), 4: np.dtype("i1"), 5: np.dtype("u1")}
_VECTOR_CODES = {"f4": 2, "f8": 3, "i1": 4, "u1": 5}

_TEXT_TYPES = frozenset({TypeName.VARCHAR2, TypeName.CHAR, TypeName.CLOB, TypeName.LONG, TypeName.ROWID})
_LETTERS = {
    TypeName.NUMBER: "N",
    TypeName.VARCHAR2: "S",
    TypeName.CHAR: "S",
    TypeName.CLOB: "S",
    TypeName.LONG: "S",
    TypeName.ROWID: "S",
    TypeName.DATE: "D",
    TypeName.TIMESTAMP: "T",
    TypeName.TIMESTAMP_LTZ: "T",
    TypeName.TIMESTAMP_TZ: "Z",
    TypeName.BINARY_FLOAT: "F",
    TypeName.BINARY_DOUBLE: "F",
    TypeName.RAW: "R",
    TypeName.BLOB: "R",
    TypeName.LONG_RAW: "R",
    TypeName.VECTOR: "V",
    TypeName.BOOLEAN: "B",
}
#: Declared type of a column in SQLite: only those that convert nothing that is stored in them.
SQLITE_TYPES = {
    "N": "BLOB",
    "S": "TEXT",
    "D": "TEXT",
    "T": "TEXT",
    "Z": "TEXT",
    "F": "REAL",
    "R": "BLOB",
    "V": "BLOB",
    "B": "INTEGER",
}


def signature_letter(sql_type: SqlType) -> str:
    """Return the letter by which a function's signature names a type."""
    return _LETTERS[sql_type.name]


def pack_vector(vector: np.ndarray[Any, np.dtype[Any]]) -> bytes:
    """Return the stored form of a one-dimensional vector."""
    kind = vector.dtype.newbyteorder("<").str[-2:]
    return (
        bytes([_VECTOR_CODES[kind]]) + np.ascontiguousarray(vector, dtype=VECTOR_DTYPES[_VECTOR_CODES[kind]]).tobytes()
    )


def unpack_vector(stored: bytes) -> np.ndarray[Any, np.dtype[Any]]:
    """Return the vector of a stored form; shape (elements,), dtype by its format byte."""
    return np.frombuffer(stored, dtype=VECTOR_DTYPES[stored[0]], offset=1)


def _store_time(value: datetime.datetime) -> str:
    return f"{_store_date(value)}.{value.microsecond:06d}000"


def _store_date(value: datetime.datetime) -> str:
    return value.replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")


def _store_zoned(value: datetime.datetime) -> str:
    offset = value.utcoffset() or datetime.timedelta()
    minutes = int(offset.total_seconds() // 60)
    sign = "-" if minutes < 0 else "+"
    utc = (value - offset).replace(tzinfo=None)
    return f"{_store_time(utc)} {sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def _load_time(stored: str) -> datetime.datetime:
    return datetime.datetime.fromisoformat(stored[:26] if len(stored) > 19 else stored)


def _load_zoned(stored: str) -> datetime.datetime:
    text, _, zone = stored.rpartition(" ")
    minutes = int(zone[1:3]) * 60 + int(zone[4:6])
    offset = datetime.timedelta(minutes=-minutes if zone[0] == "-" else minutes)
    return (_load_time(text) + offset).replace(tzinfo=datetime.timezone(offset))


def _store_number(value: Value) -> bytes:
    if isinstance(value, float):
        value = from_float(value)
    return encode_number(value)


def _naive(value: datetime.datetime) -> datetime.datetime:
    return value.replace(tzinfo=None)


def _zoned(value: datetime.datetime) -> datetime.datetime:
    return value if value.tzinfo is not None else value.replace(tzinfo=datetime.UTC)


_STORE: dict[str, Callable[[Any], Any]] = {
    "N": _store_number,
    "S": str,
    "D": _store_date,
    "T": lambda value: _store_time(_naive(value)),
    "Z": lambda value: _store_zoned(_zoned(value)),
    "F": float,
    "R": bytes,
    "V": pack_vector,
    "B": int,
}
_LOAD: dict[str, Callable[[Any], Any]] = {
    "N": decode_number,
    "S": lambda stored: stored,
    "D": _load_time,
    "T": _load_time,
    "Z": _load_zoned,
    "F": float,
    "R": bytes,
    "V": unpack_vector,
    "B": bool,
}


def store_by_letter(value: Value, letter: str) -> Any:  # noqa: ANN401 - whatever SQLite keeps
    """Return the stored form of a value of the type with that signature letter."""
    if value is None or (letter == "S" and value == ""):
        return None
    return _STORE[letter](value)


def load_by_letter(stored: Any, letter: str) -> Value:  # noqa: ANN401 - whatever SQLite keeps
    """Return the value of a stored form of the type with that signature letter."""
    return None if stored is None else _LOAD[letter](stored)


def to_stored(value: Value, sql_type: SqlType) -> Any:  # noqa: ANN401 - whatever SQLite keeps
    """Return the stored form of a value; the empty string becomes NULL."""
    return store_by_letter(value, _LETTERS[sql_type.name])


def from_stored(stored: Any, sql_type: SqlType) -> Value:  # noqa: ANN401 - whatever SQLite keeps
    """Return the value of a stored form."""
    return None if stored is None else _LOAD[_LETTERS[sql_type.name]](stored)


def loader_of(sql_type: SqlType) -> Callable[[Any], Value] | None:
    """Return what makes values of a type's stored forms, None where they are the same."""
    letter = _LETTERS[sql_type.name]
    return None if letter in "SR" else _LOAD[letter]


def is_text(sql_type: SqlType) -> bool:
    """Tell whether a type's values are strings."""
    return sql_type.name in _TEXT_TYPES


def type_of_value(value: Value) -> SqlType:
    """Return the type that a Python value naturally has, for results computed in Python."""
    if isinstance(value, bool):
        return SqlType(TypeName.BOOLEAN)
    if isinstance(value, int | Decimal):
        return SqlType(TypeName.NUMBER)
    if isinstance(value, float):
        return SqlType(TypeName.BINARY_DOUBLE)
    if isinstance(value, bytes):
        return SqlType(TypeName.RAW, size=len(value))
    if isinstance(value, datetime.datetime):
        return SqlType(TypeName.TIMESTAMP_TZ if value.tzinfo else TypeName.TIMESTAMP, scale=6)
    if isinstance(value, np.ndarray):
        return SqlType(TypeName.VECTOR)
    return SqlType(TypeName.VARCHAR2, size=max(len(value or ""), 1))
