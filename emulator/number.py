"""Oracle's NUMBER: its bytes, its arithmetic, its text.

The byte form sorts by value, is canonical, and is what the wire carries, so it is also what SQLite stores.
A NUMBER has 20 base-100 digits: 40 decimal digits, or 39 when the first pair holds one digit.

Source: Oracle Database Utilities and the byte forms seen on the wire; checked by round trips and by order.
"""

from __future__ import annotations

import functools
import math
import re
from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation, Overflow
from typing import TypeAlias

from emulator.errors import OraError

Number: TypeAlias = int | Decimal

#: Never the thread's own context: it has 28 digits, in every new thread again.
_CONTEXT = Context(prec=60, rounding=ROUND_HALF_UP, Emax=999_999, Emin=-999_999)
_DIGIT_PAIRS = 20
#: Powers of ten of the leading digit; checked before anything is computed that grows with the power.
_LARGEST_POWER, _SMALLEST_POWER = 125, -131
#: Of a whole number below 1E126.
_MOST_BITS = 419
#: Further places, before or behind the point, hold no digit of any NUMBER.
_MOST_PLACES = 140
_ZERO = b"\x80"
_TEXT_NUMBER = re.compile(r"\s*[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?\s*")
_CACHED = range(-1_000, 100_001)


def encode_number(value: Number) -> bytes:
    """Return the byte form of a value; more digits than a NUMBER holds are rounded half up.

    Raises:
        OraError: 1426, the value is 1E126 or more.
    """
    if value.__class__ is int and value in _CACHED:
        return _encode_cached(value)
    return _encode(value)


def decode_number(image: bytes) -> Number:
    """Return the value of a byte form: an int when integral, else a Decimal.

    Raises:
        ValueError: No byte form of a NUMBER.
    """
    if len(image) <= 4:
        return _decode_cached(bytes(image))
    return _decode(image)


@functools.lru_cache(maxsize=110_000)
def _encode_cached(value: int) -> bytes:
    return _encode(value)


def _encode(value: Number) -> bytes:
    value = round_number(value)
    if value == 0:
        return _ZERO
    if isinstance(value, int):
        text, exponent = str(abs(value)), 0
        negative = value < 0
    else:
        sign, digits, raw_exponent = value.as_tuple()
        text, exponent = "".join(map(str, digits)), int(raw_exponent)
        negative = bool(sign)
    if exponent % 2:
        text, exponent = text + "0", exponent - 1
    if len(text) % 2:
        text = "0" + text
    pairs = [int(text[at : at + 2]) for at in range(0, len(text), 2)]
    first = exponent // 2 + len(pairs) - 1
    while pairs[0] == 0:
        pairs.pop(0)
        first -= 1
    while pairs[-1] == 0:
        pairs.pop()
    if first > 62:
        raise OraError(1426)
    if first < -65:
        return _ZERO
    if negative:
        tail = b"\x66" if len(pairs) < _DIGIT_PAIRS else b""
        return bytes([0x3E - first]) + bytes(101 - pair for pair in pairs) + tail
    return bytes([0xC1 + first]) + bytes(pair + 1 for pair in pairs)


@functools.lru_cache(maxsize=110_000)
def _decode_cached(image: bytes) -> Number:
    return _decode(image)


def _decode(image: bytes) -> Number:
    if image == _ZERO:
        return 0
    if not image:
        raise ValueError("a NUMBER has at least one byte")
    head = image[0]
    if head & 0x80:
        first = head - 0xC1
        pairs = [byte - 1 for byte in image[1:]]
    else:
        first = 0x3E - head
        body = image[1:-1] if image[-1] == 0x66 else image[1:]
        pairs = [101 - byte for byte in body]
    if not pairs or any(not 0 <= pair <= 99 for pair in pairs):
        if image == b"\x00":
            return _CONTEXT.create_decimal("-1E126")
        raise ValueError(f"no NUMBER: {image.hex()}")
    whole = int("".join(f"{pair:02d}" for pair in pairs))
    shift = 2 * (first - len(pairs) + 1)
    if not head & 0x80:
        whole = -whole
    if shift >= 0:
        return int(whole * 10**shift)
    return _CONTEXT.scaleb(Decimal(whole), shift)


def round_number(value: Number) -> Number:
    """Round to the digits that a NUMBER holds, half up; an integral value comes back as int.

    Raises:
        OraError: 1426, the value is 1E126 or more, or less than -1E126.
    """
    if isinstance(value, int):
        if -(10**38) < value < 10**38:
            return value
        if value.bit_length() > _MOST_BITS:
            raise OraError(1426)
        value = Decimal(value)
    if not value.is_finite():
        raise OraError(1426)
    if value == 0:
        return 0
    adjusted = value.adjusted()
    if adjusted > _LARGEST_POWER:
        raise OraError(1426)
    if adjusted < _SMALLEST_POWER:
        return 0
    # A pair begins at even powers of ten, so the first pair has two digits when the leading power is odd.
    digits = 40 if adjusted % 2 else 39
    lowest = adjusted - digits + 1
    exponent = value.as_tuple().exponent
    if isinstance(exponent, int) and exponent < lowest:
        value = value.quantize(Decimal((0, (1,), lowest)), rounding=ROUND_HALF_UP, context=_CONTEXT)
    if value == value.to_integral_value(context=_CONTEXT):
        return int(value)
    return value.normalize(_CONTEXT)


def add(left: Number, right: Number) -> Number:
    """Return left + right."""
    if left.__class__ is int and right.__class__ is int:
        return round_number(left + right)
    return round_number(_CONTEXT.add(left, right))


def subtract(left: Number, right: Number) -> Number:
    """Return left - right."""
    if left.__class__ is int and right.__class__ is int:
        return round_number(left - right)
    return round_number(_CONTEXT.subtract(left, right))


def multiply(left: Number, right: Number) -> Number:
    """Return left * right."""
    if left.__class__ is int and right.__class__ is int:
        return round_number(left * right)
    return round_number(Context(prec=90, rounding=ROUND_HALF_UP).multiply(Decimal(left), Decimal(right)))


def divide(left: Number, right: Number) -> Number:
    """Return left / right; ORA-01476 for a zero divisor."""
    if right == 0:
        raise OraError(1476)
    return round_number(_CONTEXT.divide(Decimal(left), Decimal(right)))


def negate(value: Number) -> Number:
    """Return -value."""
    return -value if isinstance(value, int) else _CONTEXT.minus(value)


def power(base: Number, exponent: Number) -> Number:
    """Return base to the power of exponent; ORA-01428 where there is none."""
    try:
        return round_number(_CONTEXT.power(Decimal(base), Decimal(exponent)))
    except Overflow:
        raise OraError(1426) from None
    except (InvalidOperation, OverflowError):
        raise OraError(1428, text=f"ORA-01428: argument '{number_text(base)}' is out of range") from None


def remainder(left: Number, right: Number) -> Number:
    """Return MOD(left, right): the sign of left, left itself when right is zero."""
    if right == 0:
        return left
    if isinstance(left, int) and isinstance(right, int):
        result = abs(left) % abs(right)
        return -result if left < 0 else result
    return round_number(_CONTEXT.remainder(Decimal(left), Decimal(right)))


def round_places(value: Number, places: int, *, truncate: bool = False) -> Number:
    """Return ROUND(value, places), or TRUNC with ``truncate``; negative places round before the point."""
    rounding = "ROUND_DOWN" if truncate else ROUND_HALF_UP
    if isinstance(value, int) and places >= 0:
        return value
    places = max(-_MOST_PLACES, min(places, _MOST_PLACES))
    quantum = Decimal((0, (1,), -places))
    wide = Context(prec=300, rounding=rounding)
    return round_number(Decimal(value).quantize(quantum, rounding=rounding, context=wide))


def floor(value: Number) -> int:
    """Return the largest whole number that is not above value."""
    return value if isinstance(value, int) else int(value.to_integral_value(rounding="ROUND_FLOOR", context=_CONTEXT))


def ceiling(value: Number) -> int:
    """Return the smallest whole number that is not below value."""
    return value if isinstance(value, int) else int(value.to_integral_value(rounding="ROUND_CEILING", context=_CONTEXT))


def from_float(value: float) -> Number:
    """Return the NUMBER of a binary floating-point value, by its shortest decimal form."""
    if not math.isfinite(value):
        raise OraError(1426)
    return round_number(Decimal(repr(value)))


def parse_number(text: str) -> Number:
    """Read a number's text as TO_NUMBER without a format does.

    Raises:
        OraError: 1722, no number.
    """
    if not _TEXT_NUMBER.fullmatch(text):
        raise OraError(1722, text, "")
    try:
        return round_number(_CONTEXT.create_decimal(text.strip()))
    except (Overflow, InvalidOperation):  # a power beyond that of any number here
        raise OraError(1426) from None


def number_text(value: Number) -> str:
    """Write a NUMBER as TO_CHAR without a format does: ``.5``, at most 40 characters, else with an exponent."""
    value = round_number(value)
    if isinstance(value, int):
        text = str(value)
        if len(text.lstrip("-")) <= 40:
            return text
    else:
        text = f"{value:f}".replace("0.", ".", 1) if abs(value) < 1 else f"{value:f}"
        if len(text) <= 41:
            return text
    sign, digits, exponent = Decimal(value).normalize(_CONTEXT).as_tuple()
    power_of_ten = len(digits) - 1 + int(exponent)
    mantissa = "".join(map(str, digits))[:34].rstrip("0") or "0"
    body = mantissa[0] + ("." + mantissa[1:] if len(mantissa) > 1 else "")
    return f"{'-' if sign else ''}{body}E{'+' if power_of_ten >= 0 else '-'}{abs(power_of_ten):02d}"
