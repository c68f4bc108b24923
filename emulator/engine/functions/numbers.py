"""Functions on numbers."""

from __future__ import annotations

from emulator import number
from emulator.datatypes import BINARY_DOUBLE, NUMBER, Value
from emulator.engine.functions.registry import register
from emulator.number import Number


@register("ABS", result=NUMBER, arguments=(1, 1), accepts="N")
def _absolute(value: Number) -> Number:
    return number.negate(value) if value < 0 else value


@register("SIGN", result=NUMBER, arguments=(1, 1), accepts="N")
def _sign(value: Number) -> int:
    return (value > 0) - (value < 0)


@register("MOD", result=NUMBER, arguments=(2, 2), accepts="N")
def _modulo(left: Number, right: Number) -> Number:
    return number.remainder(left, right)


@register("POWER", result=NUMBER, arguments=(2, 2), accepts="N")
def _power(base: Number, exponent: Number) -> Number:
    return number.power(base, exponent)


@register("CEIL", result=NUMBER, arguments=(1, 1), accepts="N")
def _ceiling(value: Number) -> int:
    return number.ceiling(value)


@register("FLOOR", result=NUMBER, arguments=(1, 1), accepts="N")
def _floor(value: Number) -> int:
    return number.floor(value)


def round_number(value: Number, places: Number = 0) -> Number:
    """ROUND of a number."""
    return number.round_places(value, int(places))


def truncate_number(value: Number, places: Number = 0) -> Number:
    """TRUNC of a number."""
    return number.round_places(value, int(places), truncate=True)


@register("BITAND", result=NUMBER, arguments=(2, 2), accepts="N")
def _bitand(left: Number, right: Number) -> int:
    return int(left) & int(right)


@register("TO_BINARY_DOUBLE", "TO_BINARY_FLOAT", result=BINARY_DOUBLE, arguments=(1, 1))
def _to_binary_double(value: Value) -> float:
    return float(number.parse_number(value)) if isinstance(value, str) else float(value)
