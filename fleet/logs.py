"""Logs: plain lines for people, or one JSON object a line for whatever collects them.

What a thread works on (run, range, task) is told once, with ``working_on``, and is part of every line that is logged
meanwhile, also of those that Celery or the driver log.
"""

from __future__ import annotations

import contextlib
import datetime
import json
import logging
import sys
from collections.abc import Iterator, Mapping
from contextvars import ContextVar

from fleet.settings import Settings

_PLAIN = "%(asctime)s %(levelname)s %(message)s"
_work: ContextVar[Mapping[str, object]] = ContextVar("work", default={})  # noqa: B039 - never changed, only replaced


def log_to_stderr(settings: Settings, **always: object) -> None:
    """Log to stderr as LOG_FORMAT says.

    Args:
        settings: LOG_FORMAT.
        always: Fields of every line, such as the worker's standby; plain lines do not have them.
    """
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(always) if settings.log_format == "JSON" else logging.Formatter(_PLAIN))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.captureWarnings(True)


@contextlib.contextmanager
def working_on(**fields: object) -> Iterator[None]:
    """Add fields to every line that this thread logs in a ``with`` block."""
    token = _work.set({**_work.get(), **fields})
    try:
        yield
    finally:
        _work.reset(token)


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON."""

    def __init__(self, always: Mapping[str, object]) -> None:
        """Add some fields to every line."""
        super().__init__()
        self._always = dict(always)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line: time in UTC, level, logger, message, what is always said and what is worked on."""
        at = datetime.datetime.fromtimestamp(record.created, datetime.UTC)
        line: dict[str, object] = {
            "time": at.isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            **self._always,
            **_task_of(record),
            **_work.get(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def _task_of(record: logging.LogRecord) -> dict[str, object]:
    """Return the task that Celery itself speaks of. Source: celery 5.7.0, ``app.trace`` and ``worker.strategy``."""
    if record.name.startswith("celery.") and isinstance(record.args, Mapping) and "id" in record.args:
        return {"task_id": record.args["id"]}
    return {}
