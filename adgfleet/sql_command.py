"""Command `sql`: a look inside, without Oracle's tools."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from fleet.console import counted, pass_settings, print_json, print_table, say
from fleet.errors import DatabaseError, InputError
from fleet.scripts import StatementResult, read_script, run_script
from fleet.sessions import Database, session
from fleet.settings import Settings

#: Elements of a vector that are shown to people.
_SHOWN_ELEMENTS = 4
_SHOWN_BYTES = 16


@click.command()
@click.argument("text")
@click.option("--on", "database", default="primary", show_default=True, help="`primary`, or a standby's name.")
@click.option("--as-dba", is_flag=True, help="As DBA_USER, on the primary.")
@click.option("--define", "-d", "defines", multiple=True, metavar="NAME=VALUE", help="Value of &NAME in the text.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object for each statement.")
@pass_settings
def sql(settings: Settings, text: str, database: str, as_dba: bool, defines: tuple[str, ...], as_json: bool) -> None:
    """Run SQL, or a SQL*Plus-style script given as @FILE: `;`, `/`, &variables, EXECUTE.

    Example: adgfleet sql "select count(*) from picture_embeddings" --on sby1
    """
    script = _read(text)
    variables = dict(_definition(define) for define in defines)
    if as_dba and database != "primary":
        raise InputError("--as-dba is for the primary only")
    place = Database.primary_as_dba(settings) if as_dba else Database.named(settings, database)
    try:
        with session(place, module="sql") as connection:
            count = run_script(connection, script, variables=variables, on_result=_show_json if as_json else _show)
    except DatabaseError as error:
        # The advice is about the fleet's own statements; these are somebody's own.
        raise type(error)(str(error).removesuffix(f" — {error.advice}"), codes=error.codes) from error
    if count == 0:
        raise InputError("there is no statement in the text")


def _read(text: str) -> str:
    if not text.startswith("@"):
        return text
    return read_script(Path(text[1:]))


def _definition(text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name.strip():
        raise InputError(f"--define wants NAME=VALUE, not {text!r}")
    return name.strip(), value


def _show(result: StatementResult) -> None:
    if result.columns:
        rows = [[_text(value) for value in row] for row in result.rows]
        print_table("", list(result.columns), rows)
        say(counted(len(rows), "row"))
    else:
        first = " ".join(result.statement.text.split()[:3])
        rows_said = f", {counted(result.row_count, 'row')}" if result.row_count else ""
        say(f"line {result.statement.line}: {first} … done{rows_said}")
    for line in result.output:
        click.echo(line)


def _show_json(result: StatementResult) -> None:
    print_json(
        {
            "line": result.statement.line,
            "columns": list(result.columns),
            "rows": [[_plain(value) for value in row] for row in result.rows],
            "row_count": result.row_count,
            "output": list(result.output),
        }
    )


def _loaded(value: Any) -> Any:  # noqa: ANN401 - whatever a column holds
    return value.read() if hasattr(value, "read") else value


def _text(value: Any) -> str:  # noqa: ANN401 - whatever a column holds
    value = _loaded(value)
    if value is None:
        return ""
    if isinstance(value, bytes):
        return f"{value[:_SHOWN_BYTES].hex()}{'…' if len(value) > _SHOWN_BYTES else ''} ({len(value):,} bytes)"
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    if _is_vector(value):
        shown = ", ".join(f"{element:.4g}" for element in value[:_SHOWN_ELEMENTS])
        more = ", …" if len(value) > _SHOWN_ELEMENTS else ""
        return f"[{shown}{more}] ({len(value)} dimensions)"
    return str(value)


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever a column holds
    value = _loaded(value)
    if isinstance(value, bytes):
        return value.hex()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    return list(value) if _is_vector(value) else str(value)


def _is_vector(value: Any) -> bool:  # noqa: ANN401 - whatever a column holds
    return isinstance(value, Sequence) and not isinstance(value, str | bytes)
