"""Command `db doctor`."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections.abc import Callable, Iterator

import click
from rich.text import Text

from fleet.console import STATUS_FAILED, pass_settings, print_json, say, stderr, stdout
from fleet.settings import Settings
from loader.accounts import account_name
from loader.doctor.findings import Finding, Findings, Level
from loader.doctor.rounds import ExtraAccount, Rounds
from loader.doctor.visit import Purpose

_STYLES = {Level.OK: "", Level.WARN: "yellow", Level.FAIL: "bold red"}


@click.command("doctor")
@click.option("--standby", "standbys", multiple=True, metavar="NAME", help="Only this one of STANDBYS; more than once.")
@click.option("--worker-account", metavar="NAME", help="Also what this account may do; wants WORKER_PASSWORD.")
@click.option("--search-account", metavar="NAME", help="Also what this account may do; wants SEARCH_PASSWORD.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; the checks as they are made on stderr.")
@pass_settings
def doctor_command(
    settings: Settings,
    standbys: tuple[str, ...],
    worker_account: str | None,
    search_account: str | None,
    as_json: bool,
) -> None:
    """Check an installation before its first use: OK, WARN or FAIL, and what to do next.

    Redis, the primary, each standby: roles, lag, models, privileges, redirection. Runs as DB_USER, which may be a
    worker account. Never runs a model on the primary, never commits a row. Ends in 1 when something FAILs.
    Example: adgfleet db doctor --standby sby1
    """
    wanted = list(dict.fromkeys(standbys)) or list(settings.require("standbys"))
    for name in ("db_user", "db_password"):
        settings.require(name)
    accounts = [
        ExtraAccount(purpose, account_name(purpose, name), settings.require(f"{purpose}_password"))
        for purpose, name in ((Purpose.WORKER, worker_account), (Purpose.SEARCH, search_account))
        if name is not None
    ]
    places = ["primary", *wanted, *(f"{standby} as {account.name}" for standby in wanted for account in accounts)]
    width = max(map(len, places))
    with _progress(on=stderr.is_terminal and (as_json or stdout.is_terminal)) as begin:
        print_line = say if as_json else _print
        findings = Findings(tell=lambda finding: print_line(_line(finding, width)), begin=begin)
        Rounds(settings, findings, wanted, accounts).make()
    counts = {level.lower(): findings.count(level) for level in Level}
    if as_json:
        found = [dataclasses.asdict(finding) for finding in findings.all]
        print_json({"healthy": not counts["fail"], **counts, "findings": found})
    say(f"{counts['ok']} OK, {counts['warn']} WARN, {counts['fail']} FAIL")
    if counts["fail"]:
        sys.exit(STATUS_FAILED)


@contextlib.contextmanager
def _progress(*, on: bool) -> Iterator[Callable[[str, str], None]]:
    """On a terminal, say what is being looked at; where findings go to a pipe or file, they say it."""
    if not on:
        yield lambda _place, _check: None
        return
    with stderr.status("") as status:
        yield lambda place, check: status.update(f"{place}: {check} …")


def _line(finding: Finding, width: int) -> str:
    advice = f"\n{'':{width + 20}}→ {finding.advice}" if finding.advice else ""
    return f"{finding.level:<4} {finding.place:<{width}} {finding.check:<13} {finding.text}{advice}"


def _print(line: str) -> None:
    stdout.print(Text(line, style=_STYLES[Level(line[:4].strip())]), soft_wrap=True)
    stdout.file.flush()
