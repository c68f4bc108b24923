"""Format models of dates: TO_CHAR and TO_DATE with the elements that people use; any other is refused by name.

Source: Oracle SQL Language Reference 23ai, Datetime Format Models.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable

from emulator.errors import NotEmulated, OraError

_MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
_ELEMENT = re.compile(
    r'"[^"]*"|YYYY|RRRR|YY|RR|MONTH|MON|MM|DDD|DAY|DY|DD|D|HH24|HH12|HH|MI|SSSSS|SS|FF[1-9]?|X|A\.?M\.?|P\.?M\.?|'
    r"TZH|TZM|Q|WW|IW|FM|.",
    re.IGNORECASE | re.DOTALL,
)


def _offset(value: datetime.datetime) -> tuple[str, int, int]:
    minutes = int((value.utcoffset() or datetime.timedelta()).total_seconds() // 60)
    return ("-" if minutes < 0 else "+", abs(minutes) // 60, abs(minutes) % 60)


_WRITERS: dict[str, Callable[[datetime.datetime], str]] = {
    "YYYY": lambda value: f"{value.year:04d}",
    "RRRR": lambda value: f"{value.year:04d}",
    "YY": lambda value: f"{value.year % 100:02d}",
    "RR": lambda value: f"{value.year % 100:02d}",
    "MONTH": lambda value: f"{value:%B}".upper().ljust(9),
    "MON": lambda value: _MONTHS[value.month - 1],
    "MM": lambda value: f"{value.month:02d}",
    "DDD": lambda value: f"{value.timetuple().tm_yday:03d}",
    "DD": lambda value: f"{value.day:02d}",
    "DY": lambda value: f"{value:%a}".upper(),
    "DAY": lambda value: f"{value:%A}".upper().ljust(9),
    "D": lambda value: str(value.isoweekday() % 7 + 1),
    "HH24": lambda value: f"{value.hour:02d}",
    "HH12": lambda value: f"{(value.hour + 11) % 12 + 1:02d}",
    "HH": lambda value: f"{(value.hour + 11) % 12 + 1:02d}",
    "MI": lambda value: f"{value.minute:02d}",
    "SS": lambda value: f"{value.second:02d}",
    "SSSSS": lambda value: str(value.hour * 3600 + value.minute * 60 + value.second),
    "X": lambda _value: ".",
    "AM": lambda value: "AM" if value.hour < 12 else "PM",
    "PM": lambda value: "AM" if value.hour < 12 else "PM",
    "TZH": lambda value: "{}{:02d}".format(*_offset(value)[:2]),
    "TZM": lambda value: f"{_offset(value)[2]:02d}",
    "Q": lambda value: str((value.month + 2) // 3),
    "IW": lambda value: f"{value.isocalendar().week:02d}",
    "WW": lambda value: f"{(value.timetuple().tm_yday + 6) // 7:02d}",
}


def format_date(value: datetime.datetime, model: str) -> str:
    """Write a date or timestamp by a format model.

    Raises:
        NotEmulated: An element of the model is not known here.
    """
    text = ""
    for match in _ELEMENT.finditer(model):
        element = match[0]
        name = element.upper().replace(".", "") if len(element) > 1 else element.upper()
        if element.startswith('"'):
            text += element[1:-1]
        elif name.startswith("FF"):
            digits = int(name[2:] or "6")
            text += f"{value.microsecond:06d}000"[:digits]
        elif name == "FM":
            raise NotEmulated("date format modifier FM")
        elif name in _WRITERS:
            written = _WRITERS[name](value)
            text += written.capitalize() if element[:1].isupper() and element[1:2].islower() else written
        elif element.isalnum():
            raise NotEmulated(f"date format element {element}")
        else:
            text += element
    return text


def parse_date(text: str, model: str) -> datetime.datetime:  # noqa: PLR0912 - one branch for each format element
    """Read a date or timestamp by a format model; parts that it does not name are the first of this month, midnight.

    Raises:
        OraError: The text does not fit the model.
        NotEmulated: An element of the model is not known here.
    """
    today = datetime.datetime.now(datetime.UTC)
    parts = {"year": today.year, "month": today.month, "day": 1, "hour": 0, "minute": 0, "second": 0, "microsecond": 0}
    at = 0
    afternoon: bool | None = None
    is_west = False
    zone: list[int | None] = [None, 0]
    for match in _ELEMENT.finditer(model):
        element = match[0].upper().replace(".", "") if len(match[0]) > 1 else match[0].upper()
        if at >= len(text.rstrip()) and not element.startswith(("FF", "X")):
            if element.isalnum() and element not in _TIMES:
                raise OraError(1840)
            continue  # times that are left out at the end are midnight
        if element in _NUMERIC:
            name, width = _NUMERIC[element]
            found = re.compile(rf"\d{{1,{width}}}").match(text, at)
            if found is None:
                raise OraError(1858)
            number = int(found[0])
            if element in {"YY", "RR"} and len(found[0]) <= 2:
                century = today.year // 100 * 100
                number += century - 100 if element == "RR" and number >= 50 else century
            parts[name] = number
            at = found.end()
        elif element in {"MON", "MONTH"}:
            found = re.compile(r"[A-Za-z]+").match(text, at)
            short = found[0][:3].upper() if found else ""
            if found is None or short not in _MONTHS:
                raise OraError(1843)
            parts["month"] = _MONTHS.index(short) + 1
            at = found.end()
        elif element in {"AM", "PM"}:
            afternoon = text[at : at + 1].upper() == "P"
            at += 2
        elif element.startswith("FF"):
            found = re.compile(r"\d{1,9}").match(text, at)
            if found is not None:
                parts["microsecond"] = int(found[0].ljust(9, "0")[:6])
                at = found.end()
        elif element == "TZH":
            found = re.compile(r"[+-]?\d{1,2}").match(text, at)
            if found is None:
                raise OraError(1858)
            zone[0] = int(found[0])
            is_west = found[0].startswith("-")
            at = found.end()
        elif element == "TZM":
            zone[1] = int(text[at : at + 2]) * (-1 if is_west else 1)
            at += 2
        elif element.startswith('"'):
            at += len(element) - 2
        elif element.isalpha() and element not in {"X", "T"}:
            raise NotEmulated(f"date format element {match[0]}")
        elif (at < len(text) and not text[at].isalnum()) or element == "T":
            at += 1
    if text[at:].strip():
        raise OraError(1830)
    if afternoon is not None:
        parts["hour"] = parts["hour"] % 12 + (12 if afternoon else 0)
    return _build(parts, zone)


_TIMES = frozenset({"HH24", "HH12", "HH", "MI", "SS", "AM", "PM", "TZH", "TZM"})
_NUMERIC = {
    "YYYY": ("year", 4),
    "RRRR": ("year", 4),
    "YY": ("year", 4),
    "RR": ("year", 4),
    "MM": ("month", 2),
    "DD": ("day", 2),
    "HH24": ("hour", 2),
    "HH12": ("hour", 2),
    "HH": ("hour", 2),
    "MI": ("minute", 2),
    "SS": ("second", 2),
}


def _build(parts: dict[str, int], zone: list[int | None]) -> datetime.datetime:
    if not 1 <= parts["month"] <= 12:
        raise OraError(1843)
    if not 1 <= parts["year"] <= 9999:
        raise OraError(1841)
    if not 0 <= parts["hour"] <= 23:
        raise OraError(1850)
    try:
        built = datetime.datetime(**parts)  # type: ignore[arg-type]  # noqa: DTZ001 - a DATE has no zone
    except ValueError:
        raise OraError(1847 if not 1 <= parts["day"] <= 31 else 1839) from None
    if zone[0] is None:
        return built
    return built.replace(tzinfo=datetime.timezone(datetime.timedelta(hours=zone[0], minutes=zone[1] or 0)))
