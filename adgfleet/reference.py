"""Writes the reference pages of commands, settings and errors from what the program itself knows.

Run ``make reference``; a test holds the pages fast.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click

from adgfleet.cli import cli
from fleet.errors import Fault
from fleet.ora_codes import ERROR_TABLE
from fleet.settings import setting_rows

_WRITTEN = "*Written by `make reference`; do not edit.*"
_FAULTS = {
    Fault.PICTURE: "one picture's own",
    Fault.RANGE: "the range's",
    Fault.STANDBY: "the standby's, or the way to it",
    Fault.FLEET: "the fleet's: somebody must act",
}
#: Columns of a command's help.
_WIDTH = 100
_HELP = ["-h", "--help"]


def commands_page() -> str:
    """Return Markdown: the help of every command."""
    lines = ["# Commands", "", _WRITTEN, ""]
    lines += [
        "Exit statuses: 0 done, 1 failed, 2 a setting, argument or file is wrong, 3 done but something was put aside,",
        "130 interrupted. Settings are the same for all commands: [settings](settings.md).",
        "",
    ]
    for path, command in _commands(cli, ("adgfleet",)):
        context = click.Context(command, info_name=" ".join(path), terminal_width=_WIDTH, help_option_names=_HELP)
        lines += [f"## {' '.join(path)}", "", "```text", command.get_help(context).rstrip(), "```", ""]
    return "\n".join(lines)


def settings_page() -> str:
    """Return Markdown: every setting with its default and unit."""
    lines = ["# Settings", "", _WRITTEN, ""]
    lines += [
        "The environment overrides `.env` in the working directory, or the file named by `--env-file`. A secret may",
        "come from a file instead: `DB_PASSWORD_FILE=/run/secrets/db_password`. `.env.example` has them all.",
        "",
        "| setting | default | unit | what |",
        "|---|---|---|---|",
    ]
    for name, default, unit, text, secret in setting_rows():
        shown = f"`{default}`" if default else ""
        lines.append(f"| `{name}` | {shown} | {unit} | {_cell(text)}{' Secret.' if secret else ''} |")
    return "\n".join([*lines, ""])


def errors_page() -> str:
    """Return Markdown: every code of Oracle's and the driver's that the fleet knows."""
    lines = ["# Errors", "", _WRITTEN, ""]
    lines += [
        "What the fleet makes of the codes of Oracle (ORA, PLS) and of the driver (DPY). All codes of a message count,",
        "the standby's before the fleet's, the fleet's before a range's. A code that is not here is the range's, which",
        "ends.",
        "[What becomes of a fault](../explanation/faults.md) is on its own page.",
        "",
    ]
    for fault, whose in _FAULTS.items():
        codes: dict[str, list[str]] = {}
        for code, (kind, advice) in ERROR_TABLE.items():
            if kind.fault is fault:
                codes.setdefault(advice, []).append(code)
        lines += [f"## The fault is {whose}", "", "| codes | what to do |", "|---|---|"]
        lines += [f"| {', '.join(found)} | {_cell(advice)} |" for advice, found in codes.items()]
        lines.append("")
    return "\n".join(lines)


PAGES: dict[str, Callable[[], str]] = {
    "commands.md": commands_page,
    "settings.md": settings_page,
    "errors.md": errors_page,
}


def write_pages(directory: Path) -> None:
    """Write all pages below ``docs/reference``."""
    for name, page in PAGES.items():
        (directory / name).write_text(page(), encoding="utf-8")


def _commands(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in sorted(command.list_commands(context)):
            found = command.get_command(context, name)
            if found is not None and not found.hidden:
                yield from _commands(found, (*path, name))


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("*", "\\*").replace("<", "&lt;")


if __name__ == "__main__":
    write_pages(Path(sys.argv[1]))
