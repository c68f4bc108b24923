"""The command `bench producer`."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path

import click

from benchmarks.chart import Labels, line_chart
from benchmarks.conditions import Conditions
from benchmarks.fleet_rig import make_template
from benchmarks.output import Output, command_line, counts, directory_option, json_option, reports_failures
from benchmarks.producer import ProducerPlan, growth, measure_producer
from fleet.console import print_json, print_table, say


@click.command()
@click.option("--pictures", default="10000,100000,1000000,10000000", show_default=True, callback=counts,
              help="Numbers of pending pictures.")  # fmt: skip
@directory_option
@json_option
@reports_failures
def producer(directory: Path, as_json: bool, pictures: tuple[int, ...]) -> None:
    """Plan and enqueue pending pictures: seconds, peak memory, statements, Redis bytes.

    Ten million need some 3 GiB below the temporary directory.
    Example: adgfleet bench producer --pictures 10000,1000000
    """
    plan = ProducerPlan(pictures)
    conditions = Conditions(command_line(), plan.conditions)
    with tempfile.TemporaryDirectory(prefix="adgfleet-bench-") as name:
        say("installing a template")
        rows = measure_producer(plan, make_template(Path(name) / "template"), Path(name), say)
    table = [
        ["pending", "ranges", "seconds", "µs/picture", "its own CPU s", "peak MB", "statements", "on the primary",
         "round trips", "Redis bytes", "again, seconds"],
        *(
            [
                f"{each.pictures:,}",
                f"{each.ranges:,}",
                f"{each.seconds:.1f}",
                f"{1e6 * each.seconds / each.pictures:.1f}",
                f"{each.cpu_seconds:.1f}",
                f"{each.peak_mb:.1f}",
                str(each.statements),
                str(each.statements_on_primary),
                str(each.round_trips),
                f"{each.redis_bytes:,}",
                f"{each.again_seconds:.1f}",
            ]
            for each in rows
        ),
    ]  # fmt: skip
    labels = Labels("Planning and enqueueing", "seconds", "pending pictures", conditions.lines())
    chart = line_chart(labels, {"seconds": [(each.pictures, each.seconds) for each in rows]})
    records, said = [asdict(each) for each in rows], growth(rows)
    Output(directory, "producer").write(conditions, [*records, {"growth": said}], table, chart)
    if as_json:
        print_json({"rows": records, "growth": said, "conditions": conditions.to_json()})
        return
    print_table(plan.conditions, table[0], table[1:])
    memory, seconds = said["peak_memory"], said["seconds_per_picture"]
    say(f"last to first: peak memory × {memory:.2f}, time of a picture × {seconds:.2f}")
