"""A run's page as people read it, also on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium import webdriver

from report.cli import save_report
from tests.fix_browser import PHONE, SMALL_PHONES, WIDE, look, problems_of, screenshot
from tests.fix_report import report

_WIDTHS = """
    return ["td.role", "td.message", ".wide svg"].map(
        (name) => document.querySelector(name).getBoundingClientRect().width
    );
"""


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE, *SMALL_PHONES], ids=lambda size: str(size[0]))
def test_a_report_can_be_read(browser: webdriver.Chrome, tmp_path: Path, size: tuple[int, int], dark: bool) -> None:
    path = tmp_path / "report.html"
    save_report(report(), path)
    look(browser, size, dark=dark)
    browser.get(path.as_uri())
    assert problems_of(browser) == []
    role, message, chart = browser.execute_script(_WIDTHS)
    assert (role >= 140, message >= 250, chart >= 500) == (True, True, True), (role, message, chart)
    screenshot(browser, f"report-{size[0]}-{'dark' if dark else 'light'}")
