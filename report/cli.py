"""Command `report`."""

from __future__ import annotations

from pathlib import Path

import click

from fleet.console import pass_settings, print_json, print_table, say
from fleet.errors import InputError
from fleet.settings import Settings
from fleet.state import FleetState
from report.charts_of_run import database_rows, figures, notes, period, title
from report.page import write_page
from report.picture import draw_picture
from report.run_report import RunReport, find_run, read_run

_FORMATS = (".html", ".png")


@click.command()
@click.argument("run", required=False)
@click.option(
    "--save",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write one self-contained file: FILE.html or FILE.png.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@pass_settings
def report(settings: Settings, run: str | None, save: Path | None, as_json: bool) -> None:
    """Show what a run did: pictures, the rate of each standby and the CPU of every database over time, failures.

    RUN is the id that `produce` prints; default: the latest. Runs are known for a week.
    Example: adgfleet report 20261125-084104-eb1d --save report.html
    """
    if save is not None and save.suffix.lower() not in _FORMATS:
        raise InputError(f"--save wants a file that ends in {' or '.join(_FORMATS)}, not {save.name}")
    state = FleetState(settings)
    state.check()
    found = read_run(settings, state, find_run(state, run))
    if save is not None:
        save_report(found, save)
    if as_json:
        print_json(found.to_json())
    else:
        _show(found)
    if save is not None:
        say(f"report: {save}")


def save_report(found: RunReport, path: Path) -> None:
    """Write a run as HTML or PNG, as the file's name ends.

    Raises:
        InputError: It cannot be written.
    """
    try:
        if path.suffix.lower() == ".png":
            draw_picture(found).save(path, optimize=True)
        else:
            path.write_text(write_page(found), encoding="utf-8")
    except OSError as error:
        raise InputError(f"the report cannot be written to {path}: {error.strerror or error}") from error


def _show(found: RunReport) -> None:
    facts = ", ".join(f"{label} {value}" for label, value in figures(found))
    rows = [[row.name, row.role, row.embedded, row.rate, row.cpu] for row in database_rows(found)]
    columns = ["database", "role", "embedded", "pictures/s", "mean CPU"]
    print_table(f"{title(found)}, {period(found)}\n{facts}", columns, rows)
    for note in notes(found):
        say(note)


commands: list[click.Command] = [report]
