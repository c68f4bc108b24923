"""A run as one PNG: figures, the two charts, what is missing."""

from __future__ import annotations

import math
import textwrap

from PIL import Image, ImageDraw, ImageFont

from report.chart import Chart, Series, place
from report.charts_of_run import about_failures, cpu_chart, database_rows, figures, notes, period, rate_chart, title
from report.run_report import RunReport

#: Everything is drawn so many times larger than it is laid out, so that it is sharp.
_SCALE = 2
_WIDTH, _MARGIN = 1000, 28
_CHART_HEIGHT = 250
_PAPER, _INK, _SOFT, _RULE, _GAP = "#ffffff", "#1d2433", "#566074", "#dedbd2", "#ecebe6"
_NOTE_CHARACTERS = 130
_MOST_NOTES = 8
#: A chart's legend: from its left edge, and from line to line.
_LEGEND_INDENT, _LEGEND_LINE = 52, 20


class _Sheet:
    """A pen that works in layout pixels."""

    def __init__(self, height: int) -> None:
        self.image = Image.new("RGB", (_WIDTH * _SCALE, height * _SCALE), _PAPER)
        self._pen = ImageDraw.Draw(self.image)

    def text(self, x: float, y: float, text: str, *, size: int, fill: str = _INK, anchor: str = "la") -> None:
        font = ImageFont.load_default(size * _SCALE)
        self._pen.text((x * _SCALE, y * _SCALE), text, font=font, fill=fill, anchor=anchor)

    def line(self, points: list[tuple[float, float]], fill: str, width: float) -> None:
        scaled = [(x * _SCALE, y * _SCALE) for x, y in points]
        if len(scaled) == 1:
            (x, y), radius = scaled[0], width * _SCALE
            self._pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=fill)
        self._pen.line(scaled, fill=fill, width=round(width * _SCALE), joint="curve")

    def box(self, left: float, top: float, right: float, bottom: float, fill: str) -> None:
        self._pen.rectangle((left * _SCALE, top * _SCALE, right * _SCALE, bottom * _SCALE), fill=fill)


def draw_picture(report: RunReport) -> Image.Image:
    """Return the picture, RGB."""
    lines = [line for note in _words(report) for line in textwrap.wrap(note, _NOTE_CHARACTERS)]
    rows = database_rows(report)
    charts = (rate_chart(report), cpu_chart(report))
    height = (
        150 + sum(_height_of(chart) for chart in charts) + 30 + 24 * (len(rows) + 1) + 20 + 20 * len(lines) + _MARGIN
    )
    sheet = _Sheet(math.ceil(height))
    sheet.text(_MARGIN, 22, title(report), size=26)
    sheet.text(_MARGIN, 58, period(report), size=14, fill=_SOFT)
    column = (_WIDTH - 2 * _MARGIN) / len(figures(report))
    for number, (label, value) in enumerate(figures(report)):
        sheet.text(_MARGIN + number * column, 88, value, size=22)
        sheet.text(_MARGIN + number * column, 116, label, size=13, fill=_SOFT)
    top = 150.0
    for chart, empty in zip(
        charts, ("no range of this run has been reported yet", "no samples of CPU were kept for this run"), strict=True
    ):
        _draw_chart(sheet, chart, top, empty)
        top += _height_of(chart)
    columns = (_MARGIN, 220, 480, 680, _WIDTH - _MARGIN)
    heads = ("database", "role", "embedded", "pictures a second", "mean CPU")
    for table_row in (heads, *((row.name, row.role, row.embedded, row.rate, row.cpu) for row in rows)):
        for number, (x, text) in enumerate(zip(columns, table_row, strict=True)):
            fill = _SOFT if table_row is heads else _INK
            sheet.text(x, top, text, size=14, fill=fill, anchor="la" if number < 2 else "ra")
        top += 24
    top += 16
    for line in lines:
        sheet.text(_MARGIN, top, line, size=12, fill=_SOFT)
        top += 20
    return sheet.image


def _draw_chart(sheet: _Sheet, chart: Chart, top: float, empty: str) -> None:
    sheet.text(_MARGIN, top, chart.title, size=16)
    left, upper = _MARGIN - 16, top + 24
    plot = place(chart, _WIDTH - 2 * _MARGIN + 24, _CHART_HEIGHT)
    for start, end in plot.gaps:
        sheet.box(left + start, upper + plot.top, left + end, upper + plot.bottom, _GAP)
    for y, text in plot.values:
        sheet.line([(left + plot.left, upper + y), (left + plot.right, upper + y)], _RULE, 1)
        sheet.text(left + plot.left - 8, upper + y, text, size=12, fill=_SOFT, anchor="rm")
    for x, text in plot.times:
        if plot.left + 20 < x < plot.right - 20:
            sheet.text(left + x, upper + plot.bottom + 8, text, size=12, fill=_SOFT, anchor="ma")
    drawn = [(series, stretch) for series, stretches in plot.lines for stretch in stretches]
    for series, stretch in drawn:
        sheet.line([(left + x, upper + y) for x, y in stretch], series.colour, 2)
    if not drawn:
        sheet.text(_WIDTH / 2, upper + _CHART_HEIGHT / 2, empty, size=14, fill=_SOFT, anchor="mm")
    for series, x, y in _legend(chart):
        at = upper + _CHART_HEIGHT + y
        sheet.box(x, at + 6, x + 22, at + 9, series.colour)
        sheet.text(x + 30, at + 8, series.name, size=13, anchor="lm")


def _legend(chart: Chart) -> list[tuple[Series, float, float]]:
    """Return where each name stands, as many on a line as there is room for: x, and y from the first line on."""
    left = float(_MARGIN - 16 + _LEGEND_INDENT)
    font = ImageFont.load_default(13)
    found, x, y = [], left, 0.0
    for series in chart.series:
        width = 30 + font.getlength(series.name) + 24
        if x > left and x + width > _WIDTH - _MARGIN:
            x, y = left, y + _LEGEND_LINE
        found.append((series, x, y))
        x += width
    return found


def _height_of(chart: Chart) -> float:
    """Return the height of a chart with its heading and its legend."""
    return _CHART_HEIGHT + 70 + max((y for _, _, y in _legend(chart)), default=0.0)


def _words(report: RunReport) -> list[str]:
    """Return what stands below: which errors there were, and the notes."""
    said = notes(report)[:_MOST_NOTES]
    if not report.progress.failed:
        return said
    errors = ", ".join(f"{code}: {count:,}" for code, count in report.errors.items())
    return [f"Failed pictures: {about_failures(report)}" + (f" By error: {errors}." if errors else ""), *said]
