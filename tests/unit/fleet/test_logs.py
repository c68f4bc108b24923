from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from fleet.errors import ConfigurationError
from fleet.logs import JsonLines, working_on
from fleet.settings import load_settings


@pytest.fixture
def lines() -> Iterator[Any]:
    """A logger and the lines that it has written as JSON."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(JsonLines({"standby": "sby1"}))
    logger = logging.getLogger("adgfleet.test")
    logger.setLevel(logging.INFO)
    logger.addHandler(handler)
    yield logger, lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    logger.removeHandler(handler)


def test_a_line_is_one_object_whatever_the_message_holds(lines: Any) -> None:
    logger, written = lines
    logger.info('two\nlines and a "quote" of %s', "ü")
    try:
        int("why\nnot")
    except ValueError:
        logger.exception("it failed")
    first, second = written()
    assert (first["message"], first["standby"], first["level"]) == ('two\nlines and a "quote" of ü', "sby1", "INFO")
    assert second["exception"].splitlines()[-1].startswith("ValueError: ")


def test_what_a_thread_works_on_is_in_its_lines_only_and_until_it_is_done(lines: Any) -> None:
    logger, written = lines
    with working_on(task_id="t-1"), working_on(run_id="r-1", first_id=1):
        logger.info("inside")
        other = threading.Thread(target=lambda: logger.info("beside"))
        other.start()
        other.join()
    logger.info("after")
    inside, beside, after = written()
    assert (inside["task_id"], inside["run_id"], inside["first_id"]) == ("t-1", "r-1", 1)
    assert set(beside) == set(after) == {"time", "level", "logger", "message", "standby"}


def test_the_setting() -> None:
    assert load_settings(overrides={}, environment={}).log_format == "PLAIN"
    assert load_settings(overrides={"log_format": "json"}, environment={}).log_format == "JSON"
    with pytest.raises(ConfigurationError, match="LOG_FORMAT must be PLAIN or JSON"):
        load_settings(overrides={"log_format": "xml"}, environment={})
