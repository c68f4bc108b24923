"""The command `bench real`."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from benchmarks.chart import Labels, bar_chart
from benchmarks.conditions import Conditions
from benchmarks.fleet_rig import make_template, typical_drawing
from benchmarks.output import Output, command_line, directory_option, json_option, reports_failures
from benchmarks.picture_tower import build_picture_tower
from benchmarks.real import Real, RealPlan, measure_real
from fleet.console import print_json, print_table, say


@click.command()
@click.option(
    "--standbys", type=click.IntRange(1), default=2, show_default=True, help="As many as the machine's cores."
)
@click.option("--sessions", type=click.IntRange(1, 64), default=1, show_default=True, help="Of each standby.")
@click.option("--picture-ms", type=click.FloatRange(1), default=150.0, show_default=True,
              help="Least CPU time of a picture on one core; the model gets as many layers.")  # fmt: skip
@click.option("--range-size", type=click.IntRange(1), default=20, show_default=True, help="Of a range and a batch.")
@click.option("--seconds", type=click.FloatRange(1), default=60.0, show_default=True,
              help="Of the fleet; the loop runs half of it before and half of it after.")  # fmt: skip
@directory_option
@json_option
@reports_failures
def real(directory: Path, as_json: bool, **given: Any) -> None:  # noqa: ANN401 - click has checked the types
    """Compare the fleet with a plain loop over the same model, without any database or queue.

    The model is a vision transformer with random weights that this command builds; it runs for real, one thread an
    inference. Example: adgfleet bench real --seconds 120
    """
    plan = RealPlan(**given)
    conditions = Conditions(command_line(), plan.conditions)
    with tempfile.TemporaryDirectory(prefix="adgfleet-bench-") as name:
        say("building a model")
        tower = build_picture_tower(Path(name) / "tower.onnx", typical_drawing(), least_ms=plan.picture_ms)
        say(f"  {tower.layers} layers, {tower.cpu_ms:g} ms of CPU a picture")
        say("installing a template")
        template = make_template(Path(name) / "template", image_model=tower.path, pixels=None)
        found = measure_real(plan, tower, template, Path(name), say)
    figures = found.to_json()
    table = _table(found, figures)
    records = [*({"range": asdict(each)} for each in found.ranges), figures]
    labels = Labels("Real inference: the fleet and a plain loop", "pictures per second", notes=conditions.lines())
    first, second = found.loops
    chart = bar_chart(
        labels,
        {
            "plain loop, before": first.pictures_per_second,
            "the fleet": found.pictures_per_second,
            "plain loop, after": second.pictures_per_second,
        },
    )
    Output(directory, "real").write(conditions, records, table, chart)
    if as_json:
        print_json({**figures, "conditions": conditions.to_json()})
        return
    print_table(plan.conditions, table[0], table[1:])
    say(f"of the plain loop's rate: {figures['share_of_loop']:.1%}; by CPU time: {figures['cpu_share_of_loop']:.1%}")


def _table(found: Real, figures: dict[str, Any]) -> list[list[str]]:
    cores = {name: used for name, used in found.cores_used.items() if name != "machine"}
    used = ", ".join(f"{name} {share:.2f}" for name, share in cores.items())
    return [
        ["", "pictures/s", "of the loop's", "CPU ms/picture", "cores"],
        *(
            [f"plain loop, {when}", f"{loop.pictures_per_second:.2f}", "", f"{loop.cpu_ms_per_picture:.1f}", ""]
            for when, loop in zip(("before", "after"), found.loops, strict=True)
        ),
        [
            "the fleet",
            f"{found.pictures_per_second:.2f}",
            f"{figures['share_of_loop']:.3f}",
            f"{found.cpu_ms_per_picture:.1f}",
            used,
        ],
    ]
