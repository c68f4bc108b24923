"""Oracle's data types, and the Python values that stand for theirs inside the emulator.

Between wire, SQL engine and PL/SQL, values travel as Python objects:

==========================  ==========================================================================
NUMBER                      ``int`` when integral, else ``decimal.Decimal`` (38 to 40 digits)
VARCHAR2, CHAR, LONG, CLOB  ``str``; the empty string is NULL
RAW, LONG RAW, BLOB         ``bytes``, whole
DATE, TIMESTAMP             ``datetime.datetime`` without time zone
TIMESTAMP WITH TIME ZONE    ``datetime.datetime`` with time zone
BINARY_FLOAT, _DOUBLE       ``float``
BOOLEAN                     ``bool``
VECTOR                      one-dimensional ``numpy.ndarray``: float32, float64, int8; uint8 = binary
cursor                      a ``RowSource`` (see ``emulator.session``)
PL/SQL array as a bind      ``list`` of values
NULL of any type            ``None``
==========================  ==========================================================================

How a value is stored in SQLite is the engine's own matter (``emulator.engine``).
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any, TypeAlias

#: A value as the table above says. ``Any`` because numpy arrays and row sources are among them.
Value: TypeAlias = Any
Row: TypeAlias = tuple[Value, ...]


#: Of any name. Source: SQL Language Reference 23ai, Database Object Naming Rules.
LONGEST_NAME_BYTES = 128


class TypeName(enum.Enum):
    """Oracle's type names as a user writes them."""

    NUMBER = "NUMBER"
    VARCHAR2 = "VARCHAR2"
    CHAR = "CHAR"
    LONG = "LONG"
    CLOB = "CLOB"
    RAW = "RAW"
    LONG_RAW = "LONG RAW"
    BLOB = "BLOB"
    DATE = "DATE"
    TIMESTAMP = "TIMESTAMP"
    TIMESTAMP_TZ = "TIMESTAMP WITH TIME ZONE"
    TIMESTAMP_LTZ = "TIMESTAMP WITH LOCAL TIME ZONE"
    BINARY_FLOAT = "BINARY_FLOAT"
    BINARY_DOUBLE = "BINARY_DOUBLE"
    BOOLEAN = "BOOLEAN"
    VECTOR = "VECTOR"
    ROWID = "ROWID"
    CURSOR = "REF CURSOR"


class VectorFormat(enum.Enum):
    """Element format of a VECTOR; FLEX is a column declared without one."""

    FLEX = "*"
    FLOAT32 = "FLOAT32"
    FLOAT64 = "FLOAT64"
    INT8 = "INT8"
    BINARY = "BINARY"


@dataclass(frozen=True, slots=True)
class SqlType:
    """A type with its limits, as the data dictionary and the wire's describe know it."""

    name: TypeName
    #: NUMBER: decimal digits, 0 = not limited. TIMESTAMP: unused.
    precision: int = 0
    #: NUMBER: digits after the point, -127 = floating. TIMESTAMP: fractional digits (6).
    scale: int = -127
    #: Of VARCHAR2, CHAR and RAW, in bytes unless ``in_characters``; 0 elsewhere.
    size: int = 0
    #: The size was declared in characters: ``VARCHAR2(10 CHAR)``, and all national types.
    in_characters: bool = field(default=False, kw_only=True)
    #: VECTOR: elements, 0 = any.
    dimensions: int = 0
    vector_format: VectorFormat = VectorFormat.FLEX
    #: National character set (NVARCHAR2, NCLOB: wire charset form 2).
    national: bool = False
    #: A bind that is a PL/SQL array: most elements that the client can take; 0 = a single value.
    elements: int = 0


#: Scale of a NUMBER whose point floats; with a precision it is FLOAT's, in binary digits.
FLOATING = -127
NUMBER = SqlType(TypeName.NUMBER)
BINARY_DOUBLE = SqlType(TypeName.BINARY_DOUBLE)
BLOB = SqlType(TypeName.BLOB)
CLOB = SqlType(TypeName.CLOB)
DATE = SqlType(TypeName.DATE)
TIMESTAMP = SqlType(TypeName.TIMESTAMP, scale=6)
BOOLEAN = SqlType(TypeName.BOOLEAN)
VECTOR = SqlType(TypeName.VECTOR)


def varchar2(size: int) -> SqlType:
    """Return VARCHAR2 of ``size`` characters."""
    return SqlType(TypeName.VARCHAR2, size=size)
