"""Flower, with columns that show which standby embedded which ids, how many and how fast; behind a password."""

from __future__ import annotations

import ast
import atexit
import contextlib
import signal
import sys
from typing import Any, NoReturn

import flower.options as _flower_options  # noqa: F401 - defines the options below
from flower.app import Flower
from flower.urls import settings as url_settings
from tornado.options import options

from fleet.celery_app import create_app
from fleet.settings import Settings

#: The default columns have no arguments and no result; ours do. Source: Flower 2.2.0, measured.
_COLUMNS = "name,state,kwargs,result,received,runtime,worker"
#: Ranges take seconds to minutes; Flower's own buckets end at 10 s.
_BUCKETS_SECONDS = (1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 60.0, 120.0, 300.0)
#: Finished tasks kept in memory.
_TASKS = 20_000
#: How often they are written to FLOWER_STATE, and at the end. Source: Flower 2.2, option state_save_interval.
_SAVE_MS = 60_000


def run_flower(settings: Settings) -> None:
    """Serve Flower until SIGTERM or Ctrl-C.

    Its /metrics and /healthcheck answer without a password, so it listens on loopback unless FLOWER_ADDRESS says
    otherwise.

    Raises:
        ConfigurationError: FLOWER_PASSWORD is not set.
    """
    options.basic_auth = [f"{settings.flower_user}:{settings.require('flower_password')}"]
    options.address = settings.flower_address
    options.port = settings.flower_port
    options.tasks_columns = _COLUMNS
    options.task_runtime_metric_buckets = list(_BUCKETS_SECONDS)
    options.max_tasks = _TASKS
    options.format_task = format_task
    if settings.flower_state is not None:
        options.persistent = True
        options.db = settings.flower_state
        options.state_save_interval = _SAVE_MS
    page = Flower(capp=create_app(settings), options=options, **url_settings)
    atexit.register(page.stop)
    signal.signal(signal.SIGTERM, _stop)
    page.start_http_server()
    with contextlib.suppress(KeyboardInterrupt, SystemExit):
        page.start()


def format_task(task: Any) -> Any:  # noqa: ANN401 - Flower's own record
    """Write a finished range's result as a person reads it: standby, pictures, rate."""
    result = task.result
    if isinstance(result, str) and "'standby'" in result:
        with contextlib.suppress(SyntaxError, ValueError):
            counts = _read(result)
            text = f"{counts['standby']}: {counts['embedded']} pictures, {counts['pictures_per_second']}/s"
            for name in ("failed", "already", "vanished"):
                if counts.get(name):
                    text += f", {counts[name]} {name}"
            task.result = text
    return task


def _read(text: str) -> dict[str, Any]:
    value = ast.literal_eval(text)
    if not isinstance(value, dict):
        raise ValueError(text)  # noqa: TRY004 - the caller takes any unreadable text the same way
    return value


def _stop(_number: int, _frame: object) -> NoReturn:
    sys.exit(0)
