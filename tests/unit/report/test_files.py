"""The files that a run is written to: complete in themselves, and whatever an error says is only text."""

from __future__ import annotations

import datetime
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from PIL import Image

from fleet.failures import Failure
from fleet.state import RunProgress
from report.cli import save_report
from report.run_report import DatabaseLoad, Rates, RunReport

_EVIL = "<script>fetch('http://example.org/')</script>"


def report(**changes: object) -> RunReport:
    failure = Failure(17, 54481, f"ORA-54481: {_EVIL}", 1, "sby1", datetime.datetime(2026, 11, 25, 9, 0, 0))
    values = {
        "run_id": "20261125-090045-cc99",
        "start": 1000.0,
        "end": 1060.0,
        "progress": RunProgress(3, 30, 3, 28, 0, 2, 0, {"sby1": 20, "sby2": 8}, 1000.0),
        "rates": Rates(1000.0, 30.0, {"sby1": (0.5, 0.25), "sby2": (0.1, 0.2)}),
        "loads": (
            DatabaseLoad("primary", "PRIMARY", 2.5, ((1010.0, 2.0), (1020.0, 3.0))),
            DatabaseLoad("sby1", "PHYSICAL STANDBY", None, ((1010.0, None),)),
        ),
        "gaps": ((1030.0, 1060.0),),
        "samples": 20,
        "failures": (failure,),
        "put_aside": 1,
        "counts": None,
        "missing": ("No samples of CPU were kept for 30 s of the run.",),
        **changes,
    }
    return RunReport(**values)  # type: ignore[arg-type]


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
