"""PL/SQL's operators on values: arithmetic, comparison, three-valued logic."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from decimal import Decimal

import numpy as np

from emulator import number
from emulator.datatypes import Value
from emulator.engine.functions.conversions import to_datetime, to_number
from emulator.engine.functions.dates import add_days, days_between
from emulator.errors import NotEmulated, OraError
from emulator.number import Number
from emulator.plsql.exceptions import value_error
from emulator.plsql.values import Collection, Record, conversion_error, text_of
from emulator.text_limit import check_length

#: Results of whole numbers below this need no rounding.
_EXACT = 10**38
_NUMBERS = (int, Decimal)


def _operand(value: Value) -> Number | float:
    if isinstance(value, float):
        return value
    if isinstance(value, bool | Record | Collection | np.ndarray | bytes):
        raise value_error()
    try:
        found = to_number(value)
    except OraError as error:
        raise conversion_error(error) from None
    return found if found is not None else 0


def _floats(operator: str, left: Number | float, right: Number | float) -> float:
    first, second = float(left), float(right)
    if operator == "+":
        return first + second
    if operator == "-":
        return first - second
    if operator == "*":
        return first * second
    if operator == "**":
        return float(first**second)
    if second == 0:
        raise OraError(1476)
    return first / second


_EXACT_OPERATORS: dict[str, Callable[[Number, Number], Number]] = {
    "+": number.add,
    "-": number.subtract,
    "*": number.multiply,
    "/": number.divide,
    "**": number.power,
    "MOD": number.remainder,
}


def arithmetic(operator: str, left: Value, right: Value) -> Value:
    """Return the result of an arithmetic operator; NULL with a NULL."""
    if left is None or right is None:
        return None
    if isinstance(left, datetime.datetime) or isinstance(right, datetime.datetime):
        return _date_arithmetic(operator, left, right)
    first, second = _operand(left), _operand(right)
    if isinstance(first, float) or isinstance(second, float):
        return _floats(operator, first, second)
    return _EXACT_OPERATORS[operator](first, second)


def _date_arithmetic(operator: str, left: Value, right: Value) -> Value:
    left_is_date, right_is_date = isinstance(left, datetime.datetime), isinstance(right, datetime.datetime)
    if left_is_date and right_is_date and operator == "-":
        if left.microsecond or right.microsecond or left.tzinfo or right.tzinfo:
            raise NotEmulated("difference of timestamps (an interval)")
        return days_between(left, right)
    if operator == "+" and right_is_date and not left_is_date:
        left, right = right, left
    elif operator not in {"+", "-"} or not left_is_date or right_is_date:
        raise value_error()
    days = _operand(right)
    if isinstance(days, float):
        days = number.from_float(days)
    return add_days(left, number.negate(days) if operator == "-" else days)


def negative(value: Value) -> Value:
    """Return -value."""
    if value is None:
        return None
    found = _operand(value)
    return -found if isinstance(found, float) else number.negate(found)


def concatenated(left: Value, right: Value) -> str | None:
    """Return left || right: NULL is the empty string, and the empty string is NULL."""
    first, second = text_of(left) or "", text_of(right) or ""
    check_length(len(first) + len(second))
    return first + second or None


def _comparable(left: Value, right: Value) -> tuple[Value, Value]:
    """Return both as values of one kind: numbers win over strings, dates too."""
    if isinstance(left, Record | Collection | np.ndarray) or isinstance(right, Record | Collection | np.ndarray):
        raise NotEmulated("comparison of records, collections and vectors")
    if isinstance(left, bool) or isinstance(right, bool):
        if not (isinstance(left, bool) and isinstance(right, bool)):
            raise value_error()
        return left, right
    if isinstance(left, (*_NUMBERS, float)) or isinstance(right, (*_NUMBERS, float)):
        first, second = _operand(left), _operand(right)
        if isinstance(first, float) or isinstance(second, float):
            return float(first), float(second)
        return first, second
    if isinstance(left, datetime.datetime) or isinstance(right, datetime.datetime):
        first_time, second_time = to_datetime(left), to_datetime(right)
        if first_time is None or second_time is None:
            raise value_error()
        if (first_time.tzinfo is None) != (second_time.tzinfo is None):
            first_time, second_time = _zoned(first_time), _zoned(second_time)
        return first_time, second_time
    if isinstance(left, bytes) != isinstance(right, bytes):
        return text_of(left), text_of(right)
    return left, right


def _zoned(value: datetime.datetime) -> datetime.datetime:
    return value if value.tzinfo is not None else value.replace(tzinfo=datetime.UTC)


def compare(operator: str, left: Value, right: Value) -> bool | None:
    """Return left operator right; NULL with a NULL."""
    if left is None or right is None:
        return None
    if left.__class__ is not right.__class__ or not isinstance(left, int | str):
        left, right = _comparable(left, right)
    if operator == "=":
        return bool(left == right)
    if operator == "<>":
        return bool(left != right)
    if operator == "<":
        return bool(left < right)
    if operator == "<=":
        return bool(left <= right)
    if operator == ">":
        return bool(left > right)
    return bool(left >= right)


def conjunction(left: Value, right: Value) -> bool | None:
    """Return left AND right."""
    if left is False or right is False:
        return False
    return None if left is None or right is None else True


def disjunction(left: Value, right: Value) -> bool | None:
    """Return left OR right."""
    if left is True or right is True:
        return True
    return None if left is None or right is None else False


def inverse(value: bool | None) -> bool | None:
    """Return NOT value."""
    return None if value is None else not value


def sum_of_integers(left: int, right: int) -> Value:
    """Return left + right."""
    found = left + right
    return found if -_EXACT < found < _EXACT else number.add(left, right)
