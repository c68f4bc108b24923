"""Functions that change a value's type, and the implicit conversions between strings, numbers and dates."""

from __future__ import annotations

import datetime
import re
from decimal import Decimal

import numpy as np

from emulator import number
from emulator.datatypes import DATE, NUMBER, TIMESTAMP, SqlType, TypeName, Value, VectorFormat
from emulator.engine.call_context import session_format
from emulator.engine.functions.date_formats import format_date, parse_date
from emulator.engine.functions.registry import register
from emulator.engine.functions.type_rules import long_text
from emulator.errors import NotEmulated, OraError
from emulator.number import Number
from emulator.vector_text import cast_vector, dimensions_of, parse_vector, vector_text

_TIMESTAMP_TZ = SqlType(TypeName.TIMESTAMP_TZ, scale=6)
#: The session's parameter by which a string becomes a value of a type.
_FORMATS = {
    TypeName.TIMESTAMP: "NLS_TIMESTAMP_FORMAT",
    TypeName.TIMESTAMP_LTZ: "NLS_TIMESTAMP_FORMAT",
    TypeName.TIMESTAMP_TZ: "NLS_TIMESTAMP_TZ_FORMAT",
}
_PLAIN_MODEL = re.compile(r"(FM)?[09]*[.D]?[09]*", re.IGNORECASE)


def to_text(value: Value, kind: TypeName | None = None) -> str | None:
    """Return the text that a value becomes where a string is wanted.

    Args:
        value: Any value.
        kind: The type of a date or timestamp; without it, one that has a fraction of a second is a timestamp.
    """
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | Decimal):
        return number.number_text(value)
    if isinstance(value, float):
        return f"{value:.16E}" if value else "0"
    if isinstance(value, datetime.datetime):
        if value.tzinfo is not None:
            return format_date(value, session_format("NLS_TIMESTAMP_TZ_FORMAT"))
        is_timestamp = kind is TypeName.TIMESTAMP or (kind is None and value.microsecond)
        return format_date(value, session_format("NLS_TIMESTAMP_FORMAT" if is_timestamp else "NLS_DATE_FORMAT"))
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(value, np.ndarray):
        return vector_text(value)
    raise OraError(932, type(value).__name__, "CHAR")


def to_number(value: Value) -> Number | None:
    """Return the number that a value becomes where a number is wanted; ORA-01722 for a text that is none."""
    if value is None:
        return None
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | Decimal):
        return value
    if isinstance(value, float):
        return number.from_float(value)
    if isinstance(value, str):
        return number.parse_number(value)
    raise OraError(932, type(value).__name__.upper(), "NUMBER")


def to_datetime(value: Value, kind: TypeName = TypeName.DATE) -> datetime.datetime | None:
    """Return the date or timestamp that a value becomes where one is wanted; a string by the session's format."""
    if value is None or isinstance(value, datetime.datetime):
        return value
    if isinstance(value, str):
        return parse_date(value, session_format(_FORMATS.get(kind, "NLS_DATE_FORMAT")))
    raise OraError(932, type(value).__name__.upper(), "DATE")


@register("TO_CHAR", "TO_NCHAR", result=long_text, arguments=(1, 2))
def _to_char(value: Value, model: str | None = None) -> str | None:
    if model is None:
        return to_text(value)
    if isinstance(value, datetime.datetime):
        return format_date(value, model)
    found = to_number(value)
    return None if found is None else format_number(found, model)


def format_number(value: Number, model: str) -> str:
    """Write a number by a model of 9, 0, a point and FM.

    Raises:
        NotEmulated: The model has other elements.
    """
    if not _PLAIN_MODEL.fullmatch(model):
        raise NotEmulated(f"number format {model!r}")
    fill = model.upper().startswith("FM")
    whole, _, places = model.upper().removeprefix("FM").replace("D", ".").partition(".")
    rounded = number.round_places(value, len(places))
    text = f"{abs(rounded):.{len(places)}f}"
    digits, point, rest = text.partition(".")
    if len(digits.lstrip("0")) > len(whole):
        return "#" * (len(whole) + len(places) + 1 + bool(places))
    zeros = len(whole) - whole.index("0") if "0" in whole else 0
    digits = digits.lstrip("0").rjust(zeros, "0") if places or zeros else digits
    sign = "-" if rounded < 0 else ("" if fill else " ")
    body = sign + digits + point + (rest.rstrip("0") if fill and "0" not in places else rest)
    return body if fill else body.rjust(len(whole) + len(places) + 1 + bool(places))


@register("TO_NUMBER", result=NUMBER, arguments=(1, 2))
def _to_number(value: Value, model: str | None = None) -> Number | None:
    if model is not None:
        raise NotEmulated("TO_NUMBER with a format")
    return to_number(value)


@register("TO_DATE", result=DATE, arguments=(1, 2))
def _to_date(value: Value, model: str | None = None) -> datetime.datetime | None:
    if isinstance(value, datetime.datetime):
        return value.replace(microsecond=0, tzinfo=None)
    return parse_date(str(to_text(value)), model or session_format("NLS_DATE_FORMAT"))


@register("TO_TIMESTAMP", result=TIMESTAMP, arguments=(1, 2))
def _to_timestamp(value: Value, model: str | None = None) -> datetime.datetime | None:
    if isinstance(value, datetime.datetime):
        return value
    return parse_date(str(to_text(value)), model or session_format("NLS_TIMESTAMP_FORMAT"))


@register("TO_TIMESTAMP_TZ", result=_TIMESTAMP_TZ, arguments=(1, 2))
def _to_timestamp_tz(value: Value, model: str | None = None) -> datetime.datetime | None:
    if isinstance(value, datetime.datetime):
        found: datetime.datetime | None = value
    else:
        found = parse_date(str(to_text(value)), model or session_format("NLS_TIMESTAMP_TZ_FORMAT"))
    if found is None:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=datetime.UTC)


@register("TO_NCLOB", result=SqlType(TypeName.CLOB, national=True), arguments=(1, 1))
@register("TO_CLOB", result=SqlType(TypeName.CLOB), arguments=(1, 1))
def _to_clob(value: Value) -> str | None:
    return to_text(value)


@register("TO_BLOB", result=SqlType(TypeName.BLOB), arguments=(1, 1), accepts="R")
def _to_blob(value: bytes) -> bytes:
    return value


@register("RAWTOHEX", result=long_text, arguments=(1, 1))
def _raw_to_hex(value: Value) -> str:
    return bytes(value).hex().upper()


@register("UTL_RAW.CAST_TO_RAW", result=SqlType(TypeName.RAW, size=2000), arguments=(1, 1), accepts="S")
def _text_to_raw(value: str) -> bytes:
    return value.encode()


@register("UTL_RAW.CAST_TO_VARCHAR2", result=long_text, arguments=(1, 1), accepts="R")
def _raw_to_text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


@register("HEXTORAW", result=SqlType(TypeName.RAW, size=2000), arguments=(1, 1), accepts="S")
def _hex_to_raw(text: str) -> bytes:
    try:
        return bytes.fromhex(text if len(text) % 2 == 0 else "0" + text)
    except ValueError:
        raise OraError(1465) from None


@register("TO_VECTOR", "VECTOR", result=SqlType(TypeName.VECTOR), arguments=(1, 3))
def _to_vector(value: Value, dimensions: Value = None, element_format: str | None = None) -> np.ndarray:
    wanted = VectorFormat.FLEX
    if element_format is not None:
        try:
            wanted = VectorFormat(element_format.upper())
        except ValueError:
            raise OraError(902) from None
    if isinstance(value, np.ndarray):
        vector = cast_vector(value, wanted)
    else:
        vector = parse_vector(str(value), VectorFormat.FLOAT32 if wanted is VectorFormat.FLEX else wanted)
    if dimensions is not None and dimensions_of(vector) != to_number(dimensions):
        raise OraError(51803, dimensions, dimensions_of(vector))
    return vector
