"""Places a line chart over time on a rectangle; what draws it (``report.page``, ``report.picture``) only paints."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

#: Colours that are told apart on white and in black and white: the primary's, then the standbys' in turn.
PRIMARY_COLOUR = "#c2410c"
STANDBY_COLOURS = ("#0b6a75", "#5b4bc4", "#1d6fd1", "#7a6a12", "#a1358f", "#3a7a35")
_LEFT, _RIGHT, _TOP, _BOTTOM = 52, 14, 12, 30
_TIME_STEPS = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 43_200, 86_400, 172_800)
#: Pixels that a time needs.
_TIME_PIXELS = 90


@dataclass(frozen=True, slots=True)
class Series:
    """One line."""

    name: str
    colour: str
    #: (Unix time, value), ascending; None: not known, the line has a gap.
    points: Sequence[tuple[float, float | None]]


@dataclass(frozen=True, slots=True)
class Chart:
    """What to show."""

    title: str
    unit: str
    series: Sequence[Series]
    start: float
    end: float
    #: The axis ends at the largest value, but not below this.
    least_top: float
    #: Stretches in which nothing is known.
    gaps: Sequence[tuple[float, float]] = ()


@dataclass(frozen=True, slots=True)
class Plot:
    """A chart in pixels; y grows downwards."""

    width: int
    height: int
    left: float
    right: float
    top: float
    bottom: float
    #: y and text.
    values: list[tuple[float, str]]
    #: x and text.
    times: list[tuple[float, str]]
    #: Of each series the stretches without a gap.
    lines: list[tuple[Series, list[list[tuple[float, float]]]]]
    #: x from and to.
    gaps: list[tuple[float, float]]


def place(chart: Chart, width: int, height: int) -> Plot:
    """Return a chart in pixels."""
    left, right, top, bottom = _LEFT, width - _RIGHT, _TOP, height - _BOTTOM
    span = max(chart.end - chart.start, 1.0)
    known = [value for series in chart.series for _, value in series.points if value is not None]
    most, parts = _axis(max([chart.least_top, *known]))

    def x(at: float) -> float:
        return left + (min(max(at, chart.start), chart.start + span) - chart.start) / span * (right - left)

    def y(value: float) -> float:
        return bottom - value / most * (bottom - top)

    values = [most * part / parts for part in range(parts + 1)]
    return Plot(
        width,
        height,
        left,
        right,
        top,
        bottom,
        values=[(y(value), f"{value:g}") for value in values],
        times=[(x(at), text) for at, text in _times(chart.start, span, right - left)],
        lines=[(series, _stretches(series, chart.start, chart.end, x, y)) for series in chart.series],
        gaps=[(x(start), x(end)) for start, end in chart.gaps],
    )


def clock(at: float) -> str:
    """Say a time, UTC."""
    return f"{datetime.datetime.fromtimestamp(at, datetime.UTC):%Y-%m-%d %H:%M:%S}"


def _stretches(
    series: Series, start: float, end: float, x: Callable[[float], float], y: Callable[[float], float]
) -> list[list[tuple[float, float]]]:
    stretches: list[list[tuple[float, float]]] = [[]]
    for at, value in series.points:
        if value is None or not start <= at <= end:
            stretches.append([])
        else:
            stretches[-1].append((x(at), y(value)))
    return [stretch for stretch in stretches if stretch]


def _axis(value: float) -> tuple[float, int]:
    """Return where an axis ends, 1, 2 or 5 times a power of ten, and into how many parts it is cut."""
    power = 10.0 ** math.floor(math.log10(value))
    for step, parts in ((1, 5), (2, 4), (5, 5)):
        if step * power >= value * 0.999:
            return step * power, parts
    return 10 * power, 5


def _times(start: float, span: float, pixels: float) -> list[tuple[float, str]]:
    most = max(2, int(pixels / _TIME_PIXELS))
    step = next((step for step in _TIME_STEPS if span / step <= most), _TIME_STEPS[-1])
    pattern = "%H:%M:%S" if step < 60 else "%H:%M" if step < 43_200 else "%b %d %H:%M"
    first = math.ceil(start / step) * step
    marks = [first + number * step for number in range(int((start + span - first) // step) + 1)]
    return [(at, f"{datetime.datetime.fromtimestamp(at, datetime.UTC):{pattern}}") for at in marks]
