"""Functions on LOBs."""

from __future__ import annotations

from emulator.datatypes import NUMBER, SqlType, TypeName, Value
from emulator.engine.functions.registry import register
from emulator.number import Number


@register("DBMS_LOB.GETLENGTH", result=NUMBER, arguments=(1, 1))
def _length(value: Value) -> int:
    return len(value)


@register("DBMS_LOB.SUBSTR", result=SqlType(TypeName.RAW, size=2000), arguments=(1, 3))
def _substring(value: bytes, amount: Number = 32_767, offset: Number = 1) -> bytes:
    return value[int(offset) - 1 : int(offset) - 1 + int(amount)]


@register("EMPTY_BLOB", result=SqlType(TypeName.BLOB), arguments=(0, 0))
def _empty_blob() -> bytes:
    return b""
