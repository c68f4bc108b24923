"""How commands talk: results on stdout, all else on stderr, errors as one line, exit statuses that mean something.

=====  ============================================================
0      done
1      failed: a database, Redis or a standby did not do its part
2      a setting, argument or file is wrong
3      done, but something was put aside (rejected files, failed pictures)
130    interrupted (Ctrl-C)
=====  ============================================================
"""

from __future__ import annotations

import functools
import json
import sys
import time
from collections.abc import Callable, Sequence
from typing import Any, NoReturn, ParamSpec

import click
import redis
from kombu.exceptions import KombuError
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from fleet.errors import FleetError
from fleet.settings import Settings

#: For people: progress, remarks, errors.
stderr = Console(stderr=True, highlight=False)
#: Characters of a line in a pipe or file; a terminal has its own width.
_PIPE_WIDTH = 200
#: For results.
stdout = Console(highlight=False, width=None if sys.stdout.isatty() else _PIPE_WIDTH)
#: A column whose cells are all this short is never broken.
_SHORT_CELL = 24

STATUS_FAILED = 1
STATUS_USAGE = 2
STATUS_PARTLY = 3
STATUS_INTERRUPTED = 130

P = ParamSpec("P")


def say(line: str) -> None:
    """Print one line for people on stderr."""
    stderr.print(line, markup=False, soft_wrap=True)


def restore_terminal() -> None:
    """Leave the terminal as it was, also when the process ends in the middle of a live display."""
    for console in (stdout, stderr):
        if console.is_terminal:
            if console.is_alt_screen:
                console.set_alt_screen(False)
            console.show_cursor()


def not_again(tell: Callable[[str], None], *, seconds: float = 600.0) -> Callable[[str], None]:
    """Return a teller for what is looked at again and again: the same line is told again only after a while."""
    told: dict[str, float] = {}

    def tell_once(line: str) -> None:
        now = time.monotonic()
        for known in [known for known, at in told.items() if now - at >= seconds]:
            del told[known]
        if line not in told:
            told[line] = now
            tell(line)

    return tell_once


def print_json(value: Any) -> None:  # noqa: ANN401 - whatever JSON can say
    """Print one JSON object on stdout, for scripts."""
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def counted(number: int, noun: str) -> str:
    """Say how many there are of something: ``1 range``, ``2 ranges``."""
    plural = f"{noun[:-1]}ies" if noun.endswith("y") and noun != "standby" else f"{noun}s"
    return f"{number:,} {noun if number == 1 else plural}"


def print_table(title: str, columns: list[str], rows: list[list[str]]) -> None:
    """Print a table on stdout; figures are aligned to the right."""
    if title:
        stdout.print(title, markup=False, soft_wrap=True)
    stdout.print(make_table(columns, [[Text(click.unstyle(cell)) for cell in row] for row in rows]))


def make_table(columns: Sequence[str], rows: Sequence[Sequence[Text]]) -> Table:
    """Return a table that fits a terminal: only columns with long texts are broken. A cell is data, never markup."""
    table = Table(box=SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0))
    for number, column in enumerate(columns):
        cells = [row[number].plain for row in rows]
        is_short = all(len(cell) <= _SHORT_CELL for cell in cells)
        figures = bool(cells) and all(_is_figure(cell) for cell in cells)
        table.add_column(column, justify="right" if figures else "left", no_wrap=is_short, overflow="fold")
    for row in rows:
        table.add_row(*row)
    return table


def fail(text: str, status: int = STATUS_FAILED) -> NoReturn:
    """Print an error as one line on stderr and end with a status."""
    line = " ".join(text.split())
    say(f"adgfleet: {line}")
    sys.exit(status)


def reports_errors(command: Callable[P, None]) -> Callable[P, None]:
    """Decorate a command: our errors become one line and their exit status, never a traceback."""

    @functools.wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except FleetError as error:
            fail(str(error), error.exit_status)
        except (redis.RedisError, KombuError) as error:
            fail(f"Redis failed in mid-work ({type(error).__name__}): {error}; is it still running?")
        except OSError as error:
            where = f"{error.filename}: " if error.filename else ""
            fail(f"{where}{error.strerror or error}")
        except KeyboardInterrupt:
            fail("interrupted", STATUS_INTERRUPTED)

    return guarded


def pass_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Decorate a command: its first argument is the settings that the main command loads; errors as above."""

    @reports_errors
    @click.pass_context
    @functools.wraps(command)
    def with_settings(context: click.Context, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - passed through
        load: Callable[[], Settings] = context.find_root().obj
        command(load(), *args, **kwargs)

    return with_settings


def _is_figure(cell: str) -> bool:
    try:
        float(cell.removesuffix(" s").replace(",", ""))
    except ValueError:
        return cell in {"", "-"}
    return True
