"""Commands `failures list` and `failures retry`."""

from __future__ import annotations

import re
import sys

import click

from fleet.console import STATUS_PARTLY, counted, pass_settings, print_json, print_table, say
from fleet.errors import InputError
from fleet.failures import Failure, list_failures
from fleet.sessions import Database, session
from fleet.settings import Settings
from producer.failures import Retried, retry_failures, retry_pictures

_CODE = re.compile(r"(?:[A-Z]{3}-)?0*(\d{1,5})", re.IGNORECASE)
#: Characters of a message that a table shows.
_SHOWN = 80


def _error_code(_context: click.Context, _parameter: click.Parameter, value: str | None) -> int | None:
    if value is None:
        return None
    match = _CODE.fullmatch(value.strip())
    if match is None:
        raise click.BadParameter("an error code such as ORA-54481")
    return int(match[1])


_error_option = click.option("--error", "error_code", metavar="CODE", callback=_error_code, help="Only this error.")
_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.group()
def failures() -> None:
    """Look after pictures that could not be embedded."""


@failures.command("list")
@_error_option
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="Most pictures listed.")
@_json_option
@pass_settings
def list_command(settings: Settings, error_code: int | None, limit: int, as_json: bool) -> None:
    """List the pictures that are put aside as failed, the latest first.

    Each failed although a picture that is known to be good could be embedded on the same standby.
    Example: adgfleet failures list --error ORA-54481
    """
    with session(Database.primary(settings), module="failures") as connection:
        found, total = list_failures(connection, error_code=error_code, most=limit)
        others = 0 if found else list_failures(connection, error_code=None, most=1)[1]
    if as_json:
        print_json({"total": total, "failures": [failure.to_json() for failure in found]})
    elif not found:
        other = f"; {counted(others, 'picture')} failed with others: adgfleet failures list" if others else ""
        say("no failed pictures" if error_code is None else f"no failed picture has {_written(error_code)}{other}")
    else:
        _show(found, total)


def _show(found: list[Failure], total: int) -> None:
    columns = ["id", "error", "message", "attempts", "standby", "when"]
    rows = [
        [
            str(failure.id),
            failure.error or "-",
            _shortened(failure.error_message.removeprefix(f"{failure.error}: ")),
            str(failure.attempts),
            failure.standby,
            failure.failed_at.isoformat(sep=" ", timespec="seconds"),
        ]
        for failure in found
    ]
    print_table("", columns, rows)
    if total > len(found):
        say(f"the latest {len(found)} of {total}; --limit shows more")
    say("try them again: adgfleet failures retry --all, or with ids, or --error CODE")


def _written(error_code: int) -> str:
    return f"error {error_code:05d}"


def _shortened(message: str) -> str:
    line = " ".join(message.split())
    return line if len(line) <= _SHOWN else f"{line[: _SHOWN - 1]}…"


@failures.command("retry")
@click.argument("ids", nargs=-1, type=int, metavar="[ID]...")
@click.option("--all", "everything", is_flag=True, help="All failed pictures.")
@_error_option
@_json_option
@pass_settings
def retry_command(
    settings: Settings, ids: tuple[int, ...], everything: bool, error_code: int | None, as_json: bool
) -> None:
    """Make failed pictures pending again; the next `produce` enqueues them. Their attempts are counted on.

    Ends in 3 when an ID had not failed, or nothing had with that CODE. Example: adgfleet failures retry 17 4711
    """
    named = sum((bool(ids), everything, error_code is not None))
    if named != 1:
        raise InputError(f"name {'only one of' if named else 'what to retry:'} ids, --error CODE or --all")
    with session(Database.primary(settings), module="failures") as connection:
        retried = retry_pictures(connection, ids) if ids else retry_failures(connection, error_code=error_code)
    _report(retried, as_json)
    if error_code is not None and not retried.pictures:
        say(f"no failed picture has {_written(error_code)}; see adgfleet failures list")
        sys.exit(STATUS_PARTLY)


def _report(retried: Retried, as_json: bool) -> None:
    if as_json:
        print_json({"retried": retried.pictures, "not_failed": list(retried.not_failed)})
    are = "is" if retried.pictures == 1 else "are"
    say(
        f"{counted(retried.pictures, 'picture')} {are} pending again"
        + ("; adgfleet produce" if retried.pictures else "")
    )
    if retried.not_failed:
        say(f"not failed: {', '.join(map(str, retried.not_failed))}")
        sys.exit(STATUS_PARTLY)


commands: list[click.Command] = [failures]
