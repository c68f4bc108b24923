"""Charts are well-formed SVG that shows every value, whatever its text."""

from __future__ import annotations

from xml.etree import ElementTree as ET

from benchmarks.chart import Labels, bar_chart, line_chart

_SVG = "{http://www.w3.org/2000/svg}"


def test_a_line_goes_through_all_points() -> None:
    labels = Labels("a < b & c", "pictures/s", "standbys", ["modelled <time>"])
    root = ET.fromstring(line_chart(labels, {"measured": [(1, 8), (2, 16), (4, 30)], "ideal": [(1, 8), (4, 32)]}))
    assert len(root.findall(f"{_SVG}circle")) == 5
    heights = [float(circle.attrib["cy"]) for circle in root.findall(f"{_SVG}circle")][:3]
    assert heights == sorted(heights, reverse=True), "more is not higher"
    assert {"modelled <time>", "measured", "ideal"} <= {text.text for text in root.iter(f"{_SVG}text")}


def test_a_bar_is_as_long_as_its_value() -> None:
    root = ET.fromstring(bar_chart(Labels("t", "seconds"), {"one": 10.0, "half": 5.0, "none": 0.0}))
    widths = [float(bar.attrib["width"]) for bar in root.findall(f"{_SVG}rect")[1:]]
    assert widths == [widths[0], widths[0] / 2, 0.0]
