"""Small charts as SVG: lines over numbers, and bars by name. Nothing but text is needed to draw them."""

from __future__ import annotations

import html
import math
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

_WIDTH, _LEFT, _RIGHT, _TOP, _BOTTOM, _PLOT = 760, 70, 130, 56, 48, 320
_LINE_HEIGHT = 16
_BAR, _BAR_GAP, _BAR_LEFT = 22, 10, 290
#: Characters of a line below a chart.
_NOTE_CHARACTERS = 118
#: Ends of an axis, times a power of ten.
_ENDS = (1, 1.2, 1.6, 2, 2.4, 3.2, 4, 6, 8, 10)
#: Readable side by side for people who do not see all colours alike. Source: Okabe and Ito, Color Universal Design.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00")


@dataclass(frozen=True, slots=True)
class Labels:
    """What stands around a chart."""

    title: str
    #: Of the axis along which values grow; for lines also of the other one.
    values: str
    positions: str = ""
    #: Lines below the chart: the conditions.
    notes: Sequence[str] = ()


def line_chart(labels: Labels, series: Mapping[str, Sequence[tuple[float, float]]]) -> str:
    """Return an SVG with a line for each series of (position, value), both axes from 0."""
    points = [point for each in series.values() for point in each]
    across, up = max(x for x, _ in points), _round_up(max(y for _, y in points))
    plot_width = _WIDTH - _LEFT - _RIGHT

    def place(x: float, y: float) -> tuple[float, float]:
        return _LEFT + plot_width * x / across, _TOP + _PLOT * (1 - y / up)

    parts = []
    ends: list[tuple[float, float, str, str]] = []
    for step in range(5):
        value = up * step / 4
        _, y = place(0, value)
        parts.append(_line(_LEFT, y, _LEFT + plot_width, y, "#ddd"))
        parts.append(_text(_LEFT - 8, y + 4, f"{value:g}", anchor="end"))
    ticks = sorted({x for x, _ in points})
    parts.extend(_text(place(x, 0)[0], _TOP + _PLOT + 18, f"{x:g}", anchor="middle") for x in ticks)
    for (name, each), colour in zip(series.items(), _COLOURS, strict=False):
        places = [place(x, y) for x, y in each]
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts.extend(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places)
        ends.append((places[-1][1] + 4, places[-1][0] + 8, name, colour))
    lowest = 0.0
    for y, x, name, colour in sorted(ends):  # names of lines that end close together stand below each other
        lowest = max(y, lowest + _LINE_HEIGHT)
        parts.append(_text(x, lowest, name, colour=colour))
    parts.append(_text(_LEFT, _TOP - 12, labels.values))
    parts.append(_text(_LEFT + plot_width / 2, _TOP + _PLOT + 38, labels.positions, anchor="middle"))
    return _document(labels, parts, _TOP + _PLOT + _BOTTOM)


def bar_chart(labels: Labels, values: Mapping[str, float]) -> str:
    """Return an SVG with a horizontal bar for each name, from 0."""
    longest = max(values.values()) or 1.0
    room = _WIDTH - _BAR_LEFT - _RIGHT
    parts = [_text(_BAR_LEFT, _TOP - 12, labels.values)]
    for number, (name, value) in enumerate(values.items()):
        y = _TOP + number * (_BAR + _BAR_GAP)
        width = room * value / longest
        parts.append(_text(_BAR_LEFT - 8, y + _BAR - 7, name, anchor="end"))
        parts.append(f'<rect x="{_BAR_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR}" fill="{_COLOURS[0]}"/>')
        parts.append(_text(_BAR_LEFT + width + 6, y + _BAR - 7, f"{value:,.4g}"))
    return _document(labels, parts, _TOP + len(values) * (_BAR + _BAR_GAP))


def _round_up(value: float) -> float:
    """Return where an axis ends so that quarters of it read well."""
    if value <= 0:
        return 1.0
    power = 10.0 ** math.floor(math.log10(value))
    return next(factor * power for factor in _ENDS if factor * power >= value * 0.999)


def _line(x1: float, y1: float, x2: float, y2: float, colour: str) -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}"/>'


def _text(x: float, y: float, text: str, *, anchor: str = "start", colour: str = "#333", size: int = 12) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{colour}" font-size="{size}">'
        f"{html.escape(text)}</text>"
    )


def _document(labels: Labels, parts: Sequence[str], height: float) -> str:
    lines = [line for note in labels.notes for line in textwrap.wrap(note, _NOTE_CHARACTERS)]
    notes = [
        _text(12, height + _LINE_HEIGHT * (number + 1), line, colour="#666", size=11)
        for number, line in enumerate(lines)
    ]
    whole = height + _LINE_HEIGHT * (len(notes) + 1)
    svg = 'xmlns="http://www.w3.org/2000/svg" role="img" font-family="sans-serif"'
    return "\n".join(
        (
            f'<svg {svg} viewBox="0 0 {_WIDTH} {whole:.0f}">',
            f"<title>{html.escape(labels.title)}</title>",
            f'<rect width="{_WIDTH}" height="{whole:.0f}" fill="white"/>',
            _text(12, 22, labels.title, size=15),
            *parts,
            *notes,
            "</svg>",
            "",
        )
    )
