"""Command `bench simulate`: what a fleet of any size would do, by the model of ``benchmarks.scale_simulation``."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from benchmarks import scale_simulation
from benchmarks.chart import Labels, line_chart
from benchmarks.conditions import Conditions
from benchmarks.output import Output, command_line, counts, directory_option, json_option, reports_failures
from benchmarks.scale_figures import scale_figures
from benchmarks.scale_simulation import ScaleModel
from fleet.console import print_json, print_table, say

_MODEL = ScaleModel()


def _option(name: str, text: str, kind: click.ParamType[Any]) -> Callable[[click.decorators.FC], click.decorators.FC]:
    """Return an option whose default is the model's."""
    default = getattr(_MODEL, name.removeprefix("--").replace("-", "_"))
    return click.option(name, type=kind, default=default, show_default=True, help=text)


@click.command()
@click.option("--standbys", default=str(_MODEL.standbys), show_default=True, callback=counts, help="Such as 1,30,300.")
@_option("--sessions", "Of each standby, a core each.", click.IntRange(1))
@_option("--pictures", "To be embedded.", click.IntRange(1))
@_option("--inference-ms", "A picture.", click.FloatRange(0, min_open=True))
@_option("--inference-spread", "Its standard deviation, as a share of it.", click.FloatRange(0))
@_option("--range-size", "Pictures in a range.", click.IntRange(1))
@_option("--batch-size", "Pictures in a commit.", click.IntRange(1))
@click.option("--row", is_flag=True, help="One redirected statement a picture, not one a batch.")
@_option("--redirect-ms", "A redirected statement.", click.FloatRange(0))
@_option("--redirect-wait", "When redirection waits for redo.", click.Choice(["commit", "dml"]))
@_option("--overhead-ms", "A session's time between two ranges.", click.FloatRange(0))
@_option("--queue-ms", "Redis's own time, a range.", click.FloatRange(0))
@_option("--primary-ms-per-picture", "Of the primary's log, which serves one after the other.", click.FloatRange(0))
@_option("--redo-bytes-per-picture", "What each standby applies.", click.FloatRange(0))
@_option("--apply-mb-per-second", "Redo that a standby can apply.", click.FloatRange(0, min_open=True))
@_option("--transport-ms", "Until redo has arrived at a standby.", click.FloatRange(0))
@_option("--seed", "The same seed gives the same run.", click.INT)
@click.option("--price-per-core-hour", type=click.FloatRange(0), help="To give the cost, too.")
@directory_option
@json_option
@reports_failures
def simulate(
    standbys: tuple[int, ...],
    directory: Path,
    as_json: bool,
    row: bool,
    price_per_core_hour: float | None,
    **given: Any,  # noqa: ANN401 - click has checked the types
) -> None:
    """Say what a fleet of any size would do, on paper.

    Nothing is measured: a discrete-event simulation of sessions, queue, primary and redo apply. What its numbers are
    taken from, and how far it agrees with measured fleets, is in docs/explanation/scale.md. A hundred million pictures
    take a minute. Example: adgfleet bench simulate --standbys 1,30,300 --pictures 1000000
    """
    model = dataclasses.replace(_MODEL, is_bulk=not row, **given)
    rows = []
    for count in standbys:
        say(f"{count} standbys with {model.sessions} sessions each, seed {model.seed}")
        found = scale_simulation.simulate(dataclasses.replace(model, standbys=count))
        rows.append(scale_figures(found, price_per_core_hour=price_per_core_hour))
    conditions = Conditions(command_line(), f"Simulated, not measured: {model}")
    table = [
        ["figure", *(f"{each['standbys']} standbys" for each in rows)],
        *([name.replace("_", " "), *(f"{each[name]:,}" for each in rows)] for name in rows[0] if name != "standbys"),
    ]
    single = rows[0]["pictures_per_second"] / rows[0]["standbys"]
    labels = Labels(
        title="Throughput by the number of standbys (simulated)",
        values="pictures per second",
        positions="standbys",
        notes=conditions.lines(),
    )
    chart = line_chart(
        labels,
        {
            "simulated": [(each["standbys"], each["pictures_per_second"]) for each in rows],
            "linear": [(each["standbys"], single * each["standbys"]) for each in rows],
        },
    )
    Output(directory, "simulate").write(conditions, rows, table, chart)
    if as_json:
        print_json({"rows": rows, "model": dataclasses.asdict(model), "conditions": conditions.to_json()})
    else:
        print_table("Simulated, not measured.", table[0], table[1:])
