"""Functions on LOBs."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.datatypes import NUMBER, SqlType, TypeName, Value, varchar2
from emulator.engine.functions.registry import register
from emulator.engine.stored_values import signature_letter
from emulator.number import Number


@register("DBMS_LOB.GETLENGTH", result=NUMBER, arguments=(1, 1))
def _length(value: Value) -> int:
    return len(value)


def _part_type(types: Sequence[SqlType]) -> SqlType:
    return SqlType(TypeName.RAW, size=2000) if signature_letter(types[0]) == "R" else varchar2(4000)


@register("DBMS_LOB.SUBSTR", result=_part_type, arguments=(1, 3))
def _substring(value: bytes | str, amount: Number = 32_767, offset: Number = 1) -> bytes | str | None:
    if int(offset) < 1 or int(amount) < 1:
        return None
    return value[int(offset) - 1 : int(offset) - 1 + int(amount)]


@register("EMPTY_BLOB", result=SqlType(TypeName.BLOB), arguments=(0, 0))
def _empty_blob() -> bytes:
    return b""
