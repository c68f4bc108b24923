"""The files that a run is written to: complete in themselves, and whatever an error says is only text."""

from __future__ import annotations

import dataclasses
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from fleet.state import RunProgress
from report.cli import save_report
from report.run_report import Rates
from tests.fix_report import report


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_page_needs_nothing_but_itself(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    save_report(report(), path)
    text = path.read_text(encoding="utf-8")
    tags = _Tags()
    tags.feed(text)
    assert not {"script", "link", "img", "iframe", "object"} & {tag for tag, _ in tags.found}
    assert not [attributes for _, attributes in tags.found if {"src", "href", "srcset", "style"} & set(attributes)]
    assert not re.search(r"url\(|@import", text)
    assert "default-src 'none'" in text
    assert "&lt;script&gt;fetch" in text
    assert sum(tag == "path" and attributes["class"] == "line" for tag, attributes in tags.found) == 3
    assert sum(tag == "rect" and attributes.get("class") == "gap" for tag, attributes in tags.found) == 1
    for said in (
        "28",
        "no samples",
        "2.5 %",
        "No samples of CPU were kept for 30 s",
        "0.5",
        "adgfleet failures retry",
        "2 failed, 1 of them is",
    ):
        assert said in text


@pytest.mark.parametrize(
    ("put_aside", "said"),
    [
        (0, "2 failed, none of them is still put aside"),
        (None, "2 failed; whether they are still put aside is not known"),
    ],
)
def test_nobody_is_told_to_retry_what_is_not_put_aside(tmp_path: Path, put_aside: int | None, said: str) -> None:
    path = tmp_path / "report.html"
    save_report(report(put_aside=put_aside, failures=()), path)
    text = path.read_text(encoding="utf-8")
    assert said in text
    assert "failures retry" not in text


def test_the_picture_opens_and_shows_something(tmp_path: Path) -> None:
    path = tmp_path / "report.PNG"
    save_report(report(), path)
    with Image.open(path) as opened:
        opened.load()
        assert (opened.format, opened.mode) == ("PNG", "RGB")
        colours = {colour for _, colour in opened.getcolors(1 << 20) or []}
    assert {(0xC2, 0x41, 0x0C), (0x0B, 0x6A, 0x75), (0xEC, 0xEB, 0xE6)} <= colours, "a line or the gap is missing"


@pytest.mark.parametrize("suffix", [".html", ".png"])
def test_a_run_of_which_nothing_is_known_can_be_written(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"report{suffix}"
    nothing = {"loads": (), "gaps": ((1000.0, 1060.0),), "samples": 0, "failures": ()}
    save_report(report(progress=RunProgress(), rates=Rates(1000.0, 60.0, {}), **nothing), path)
    assert path.stat().st_size > 1000


def test_a_legend_of_many_standbys_goes_on_in_the_next_line_and_errors_are_told_by_their_code(tmp_path: Path) -> None:
    names = [f"a-standby-with-a-long-name-{number}" for number in range(12)]
    many = report(
        rates=Rates(1000.0, 30.0, dict.fromkeys(names, (0.5, 0.25))),
        progress=RunProgress(3, 30, 3, 30, 0, 0, 0, {}, 1000.0),
        loads=(),
    )
    few = dataclasses.replace(many, rates=Rates(1000.0, 30.0, dict.fromkeys(names[:2], (0.5, 0.25))))
    with_errors = dataclasses.replace(
        many, progress=RunProgress(3, 30, 3, 28, 0, 2, 0, {}, 1000.0), errors={"ORA-54481": 1}
    )
    heights = {}
    for name, each in (("few", few), ("many", many), ("errors", with_errors)):
        save_report(each, tmp_path / f"{name}.png")
        with Image.open(tmp_path / f"{name}.png") as opened:
            edge = opened.crop((opened.width - 20, 0, opened.width, opened.height))
            assert edge.getcolors() == [(20 * opened.height, (255, 255, 255))], "nothing is cut off at the edge"
            heights[name] = opened.height
    scale, rows = 2, 24 * (len(names) - 2)
    assert heights["many"] - heights["few"] >= scale * (rows + 3 * 20), "the legend needs more lines"
    assert heights["errors"] - heights["many"] == scale * 20
