"""The command `bench search`."""

from __future__ import annotations

import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from benchmarks.chart import Labels, line_chart
from benchmarks.conditions import Conditions
from benchmarks.fleet_rig import make_template
from benchmarks.output import Output, command_line, counts, directory_option, json_option, reports_failures
from benchmarks.search_scale import SearchPlan, measure_search
from fleet.console import print_json, print_table, say

_WAYS = ("exact", "approximate", "numpy")


@click.command()
@click.option("--vectors", default="1000,10000,100000,1000000", show_default=True, callback=counts,
              help="Numbers of vectors to search in.")  # fmt: skip
@click.option("--dimensions", type=click.IntRange(2, 4096), default=64, show_default=True, help="Of a vector.")
@click.option("--clients", type=click.IntRange(1, 64), default=4, show_default=True,
              help="Sessions that search at the same time, for the throughput.")  # fmt: skip
@click.option("--accuracy", type=click.IntRange(1, 100), default=90, show_default=True,
              help="TARGET ACCURACY of approximate searches, percent.")  # fmt: skip
@click.option("--seconds", type=click.FloatRange(0.1), default=5.0, show_default=True,
              help="Least time of each measurement.")  # fmt: skip
@directory_option
@json_option
@reports_failures
def search(directory: Path, as_json: bool, **given: Any) -> None:  # noqa: ANN401 - click has checked the types
    """Search by vector, exactly and approximately: latency and throughput, beside the same in numpy.

    Example: adgfleet bench search --vectors 1000,100000
    """
    plan = SearchPlan(**given)
    conditions = Conditions(command_line(), plan.conditions)
    with tempfile.TemporaryDirectory(prefix="adgfleet-bench-") as name:
        say("installing a template")
        rows = measure_search(plan, make_template(Path(name) / "template"), Path(name), say)
    table = [
        ["vectors", "search", "p50 ms", "p95 ms", f"searches/s, {plan.clients} clients", "recall", "index built in"],
        *(
            [
                f"{each.vectors:,}",
                each.way,
                f"{each.p50_ms:,.2f}",
                f"{each.p95_ms:,.2f}",
                f"{each.searches_per_second:,.2f}",
                f"{each.recall:.3f}",
                f"{each.build_seconds:.1f} s" if each.build_seconds else "",
            ]
            for each in rows
        ),
    ]
    labels = Labels("Latency of a search (median)", "milliseconds", "vectors", conditions.lines())
    lines = {way: [(each.vectors, each.p50_ms) for each in rows if each.way == way] for way in _WAYS}
    records = [asdict(each) for each in rows]
    Output(directory, "search").write(conditions, records, table, line_chart(labels, lines))
    if as_json:
        print_json({"rows": records, "conditions": conditions.to_json()})
    else:
        print_table(plan.conditions, table[0], table[1:])
