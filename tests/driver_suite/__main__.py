"""``make driver-tests``: judges the emulator by the driver's own test-suite.

Nothing of that suite is part of this project; see ``source``.
"""

from __future__ import annotations

import json
import sys

import click
from rich.console import Console
from rich.table import Table

from tests.driver_suite.database import restore_password, suite_database
from tests.driver_suite.modules import ModuleResult, choose, kept_results, module_names, run_module
from tests.driver_suite.page import PAGE, write_page
from tests.driver_suite.source import SuiteError, fetch_suite


@click.command()
@click.argument("modules", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.option("--failures", is_flag=True, help="Show each failing test's last line.")
@click.option("--page", is_flag=True, help=f"Write {PAGE.name}; a module that is not run now counts as last time.")
@click.option("--list", "only_list", is_flag=True, help="List the modules and stop.")
@click.option("--end-of-response", is_flag=True, help="Offer the end-of-response mark, and with it pipelining.")
@click.option("--fast-auth", is_flag=True, help="Offer the logon with fewer round trips.")
@click.option("--field-version", type=int, default=24, show_default=True, help="24 as 23ai, 13 as 19c.")
def main(
    modules: tuple[str, ...],
    *,
    as_json: bool,
    failures: bool,
    page: bool,
    only_list: bool,
    end_of_response: bool,
    fast_auth: bool,
    field_version: int,
) -> None:
    """Run the oracledb driver's own tests against an emulated primary: all, or MODULES (a folder or part of a name).

    Example: python -m tests.driver_suite --failures cursor/test_1400
    """
    console = Console(stderr=as_json)
    try:
        suite = fetch_suite(lambda line: click.echo(line, err=True))
    except SuiteError as error:
        raise click.ClickException(str(error)) from None
    chosen = choose(module_names(suite), list(modules))
    if not chosen:
        raise click.ClickException(f"no module of the suite is meant by {' '.join(modules)}; --list shows them")
    if only_list:
        click.echo("\n".join(chosen))
        return
    results: dict[str, ModuleResult] = {}
    options = {"end_of_response": end_of_response, "fast_auth": fast_auth, "field_version": field_version}
    with suite_database(**options) as (settings, refused):
        for name in chosen:
            results[name] = run_module(suite, name, settings)
            restore_password(settings)
            if sys.stderr.isatty():
                click.echo(f"{name}: {results[name].counts()}", err=True)
    if as_json:
        click.echo(json.dumps({"modules": {name: result.counts() for name, result in results.items()}}))
    else:
        _show(console, results, refused, failures=failures)
    if page:
        write_page({**kept_results(suite), **results}, refused)


def _show(console: Console, results: dict[str, ModuleResult], refused: list[str], *, failures: bool) -> None:
    table = Table("module", *(("passed", "failed", "not emulated", "skipped by the suite")), box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    totals = [0, 0, 0, 0]
    for name, result in results.items():
        figures = [*result.counts().values(), len(result.skipped)]
        totals = [total + figure for total, figure in zip(totals, figures, strict=True)]
        table.add_row(name, *map(str, figures))
    table.add_row("all", *map(str, totals), style="bold")
    console.print(table)
    for line in refused:
        console.print(f"not created: {line}", markup=False, highlight=False)
    if failures:
        for result in results.values():
            for test, text in {**result.failed, **result.not_emulated}.items():
                console.print(f"{test}\n    {last_line(text)}", markup=False, highlight=False, soft_wrap=True)


def last_line(text: str) -> str:
    """Return the line of a failure that says most: the last one that pytest marks as the error."""
    marked = [line[1:].strip() for line in text.splitlines() if line.startswith("E ")]
    lines = marked or text.strip().splitlines() or [""]
    return next((line for line in lines if "ORA-" in line or "DPY-" in line or "Error" in line), lines[0])


if __name__ == "__main__":
    main()
