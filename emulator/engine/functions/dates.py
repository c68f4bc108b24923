"""Functions on dates; ROUND and TRUNC serve dates and numbers alike."""

from __future__ import annotations

import calendar
import datetime

from emulator import number
from emulator.datatypes import DATE, NUMBER, SqlType, TypeName, Value
from emulator.engine.functions.conversions import to_datetime, to_number
from emulator.engine.functions.numbers import round_number, truncate_number
from emulator.engine.functions.registry import register
from emulator.errors import NotEmulated, OraError
from emulator.number import Number

_SECONDS_A_DAY = 86_400
_TIMES = frozenset({TypeName.DATE, TypeName.TIMESTAMP, TypeName.TIMESTAMP_TZ, TypeName.TIMESTAMP_LTZ})


def _date_or_number(types: object) -> SqlType:
    first: SqlType = types[0]  # type: ignore[index]
    return DATE if first.name in _TIMES else NUMBER


@register("ROUND", result=_date_or_number, arguments=(1, 2))
def _round(value: Value, places: Value = None) -> Value:
    if isinstance(value, datetime.datetime):
        raise NotEmulated("ROUND of a date")
    return round_number(to_number(value) or 0, to_number(places) or 0)


@register("TRUNC", result=_date_or_number, arguments=(1, 2))
def _truncate(value: Value, places: Value = None) -> Value:
    if not isinstance(value, datetime.datetime):
        return truncate_number(to_number(value) or 0, to_number(places) or 0)
    midnight = value.replace(hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    unit = str(places or "DD").upper()
    if unit in {"DD", "DDD", "J"}:
        return midnight
    if unit in {"MM", "MON", "MONTH"}:
        return midnight.replace(day=1)
    if unit in {"YYYY", "YEAR", "YY"}:
        return midnight.replace(month=1, day=1)
    if unit in {"HH", "HH24"}:
        return midnight.replace(hour=value.hour)
    if unit == "MI":
        return midnight.replace(hour=value.hour, minute=value.minute)
    raise NotEmulated(f"TRUNC of a date to {unit}")


@register("ADD_MONTHS", result=DATE, arguments=(2, 2), accepts="DN")
def _add_months(value: datetime.datetime, months: Number) -> datetime.datetime:
    index = value.year * 12 + value.month - 1 + int(months)
    year, month = divmod(index, 12)
    last = calendar.monthrange(year, month + 1)[1]
    was_last = value.day == calendar.monthrange(value.year, value.month)[1]
    return value.replace(year=year, month=month + 1, day=last if was_last else min(value.day, last))


@register("LAST_DAY", result=DATE, arguments=(1, 1), accepts="D")
def _last_day(value: datetime.datetime) -> datetime.datetime:
    return value.replace(day=calendar.monthrange(value.year, value.month)[1])


def add_days(value: datetime.datetime, days: Number) -> datetime.datetime:
    """Return a date some days later; fractions are times of day, to the second."""
    seconds = number.round_places(number.multiply(days, _SECONDS_A_DAY), 0)
    try:
        return value + datetime.timedelta(seconds=int(seconds))
    except OverflowError:
        raise OraError(1841) from None


def days_between(later: datetime.datetime, earlier: datetime.datetime) -> Number:
    """Return later - earlier in days."""
    difference = later.replace(tzinfo=None) - earlier.replace(tzinfo=None)
    return number.divide(number.add(difference.days * _SECONDS_A_DAY, difference.seconds), _SECONDS_A_DAY)


@register("DATE_ADD_DAYS", result=DATE, arguments=(2, 2))
def _date_add_days(value: Value, days: Number) -> Value:
    found = to_datetime(value)
    return None if found is None else add_days(found, days)


@register("DATE_MINUS_DATE", result=NUMBER, arguments=(2, 2))
def _date_minus_date(later: Value, earlier: Value) -> Value:
    return days_between(later, earlier)
