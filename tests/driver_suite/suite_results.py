"""A pytest plugin of the suite's process: writes each test's outcome as a line of JSON, at once.

A file written at the end would be lost with a module that runs into its time limit.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

_PATH = Path(os.environ["ADG_SUITE_RESULTS"])
_LONGEST_TEXT = 4000


def _write(record: dict[str, Any]) -> None:
    with _PATH.open("a", encoding="utf-8") as file:
        file.write(json.dumps(record) + "\n")


def pytest_collection_finish(session: pytest.Session) -> None:
    """Write what is going to run."""
    _write({"collected": [item.nodeid for item in session.items]})


def pytest_collectreport(report: pytest.CollectReport) -> None:
    """Write why a file could not be read."""
    if report.failed:
        _write({"test": report.nodeid, "outcome": "failed", "text": str(report.longrepr)[-_LONGEST_TEXT:]})


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Write the outcome of a test; a failing set-up or end counts as the test's own failure."""
    if report.when == "call" or report.outcome != "passed":
        text = "" if report.outcome == "passed" else str(report.longrepr)[-_LONGEST_TEXT:]
        _write({"test": report.nodeid, "outcome": report.outcome, "text": text})
