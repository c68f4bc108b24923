"""Commands `bench …`: each writes raw data, a table and a chart, with the conditions in all three."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from benchmarks.chart import Labels, bar_chart, line_chart
from benchmarks.cli_producer import producer
from benchmarks.cli_real import real
from benchmarks.cli_search import search
from benchmarks.cli_simulate import simulate
from benchmarks.conditions import Conditions
from benchmarks.fleet_rig import make_template
from benchmarks.output import Output, command_line, counts, directory_option, json_option, reports_failures
from benchmarks.overhead import OverheadPlan, measure_overhead
from benchmarks.scaling import Scaling, ScalingPlan, measure_scaling
from benchmarks.versus import CONTENDERS, VersusPlan, measure_versus
from fleet.console import print_json, print_table, say

#: Above this share of the machine's cores, the machine is what was measured.
_MOST_BUSY = 0.9

_redirect_option = click.option(
    "--redirect-ms", type=click.FloatRange(0), default=20.0, show_default=True, help="Modelled, a redirected statement."
)


def _inference_option(default: float) -> Callable[[click.decorators.FC], click.decorators.FC]:
    return click.option(
        "--inference-ms", type=click.FloatRange(1), default=default, show_default=True, help="Modelled, a picture."
    )


def _redirect_wait_option(default: str) -> Callable[[click.decorators.FC], click.decorators.FC]:
    return click.option(
        "--redirect-wait",
        type=click.Choice(["commit", "dml"]),
        default=default,
        show_default=True,
        help="When redirection waits for redo: at commit as 26ai, or at each DML as 23ai.",
    )


@click.group()
def bench() -> None:
    """Measure the fleet on this machine, with emulated databases.

    Example: adgfleet bench scaling --standbys 1,2,4
    """


@bench.command()
@click.option("--standbys", default="1,2,4,8,16", show_default=True, callback=counts, help="Sizes to measure.")
@click.option("--sessions", type=click.IntRange(1, 64), default=4, show_default=True, help="Of each standby.")
@_inference_option(500.0)
@_redirect_option
@_redirect_wait_option("commit")
@click.option("--range-size", type=click.IntRange(1), default=30, show_default=True, help="Pictures in a range.")
@click.option("--batch-size", type=click.IntRange(1), default=16, show_default=True, help="Pictures in a commit.")
@click.option(
    "--seconds", type=click.FloatRange(0.1), default=45.0, show_default=True, help="Least time measured at each size."
)
@click.option("--uneven", type=click.IntRange(2), is_flag=False, flag_value=4, default=None, metavar="[STANDBYS]",
              help="Measure also so many standbys (4) of which one is half as fast.")  # fmt: skip
@click.option("--join", type=click.IntRange(2), is_flag=False, flag_value=4, default=None, metavar="[STANDBYS]",
              help="Measure also a standby that joins while the others (3) work.")  # fmt: skip
@directory_option
@json_option
@reports_failures
def scaling(directory: Path, as_json: bool, uneven: int | None, join: int | None, **given: Any) -> None:  # noqa: ANN401 - click has checked the types
    """Measure pictures per second by the number of standbys.

    The time of inference and redirection is modelled, so that a small machine can stand for many: a figure from here
    says how well the fleet scales, not how fast Oracle is. Example: adgfleet bench scaling --standbys 1,2,4 --uneven
    """
    plan = ScalingPlan(uneven=uneven or 0, join=join or 0, **given)
    conditions = Conditions(command_line(), plan.modelled)
    with tempfile.TemporaryDirectory(prefix="adgfleet-bench-") as name:
        say("installing a template")
        template = make_template(Path(name) / "template")
        found = measure_scaling(plan, template, Path(name), say)
    table = _scaling_table(found, conditions)
    records = [
        *({"run": run.name, "range": asdict(each)} for run in _all_runs(found) for each in run.ranges),
        found.to_json(),
    ]
    Output(directory, "scaling").write(conditions, records, table, _scaling_chart(found, conditions))
    if as_json:
        print_json({**found.to_json(), "conditions": conditions.to_json()})
    else:
        print_table(plan.modelled, table[0], table[1:])
        for name in ("uneven", "join"):
            if name in (said := found.to_json()):
                say(f"{name}: {said[name]}")


@bench.command()
@click.option("--standbys", type=click.IntRange(1), default=2, show_default=True)
@click.option("--sessions", type=click.IntRange(1, 64), default=4, show_default=True, help="Of each database.")
@click.option("--pictures", type=click.IntRange(10), default=256, show_default=True)
@click.option("--bad", type=click.IntRange(1), default=3, show_default=True, help="Corrupt ones of the second run.")
@_inference_option(200.0)
@_redirect_option
@_redirect_wait_option("dml")
@click.option("--range-size", type=click.IntRange(1), default=32, show_default=True, help="Of a range and a batch.")
@click.option("--only", multiple=True, type=click.Choice(list(CONTENDERS)), help="Run this one; may be repeated.")
@directory_option
@json_option
@reports_failures
def versus(directory: Path, as_json: bool, **given: Any) -> None:  # noqa: ANN401 - click has checked the types
    """Embed the same pictures by what people would do instead, and by the fleet.

    Every way runs twice: with good pictures only, and with some corrupt ones among them, to see whether it ends.
    Processes and workers are there already when the clock starts; planning and enqueueing count.
    Example: adgfleet bench versus --pictures 128
    """
    plan = VersusPlan(**given)
    conditions = Conditions(command_line(), plan.modelled)
    with tempfile.TemporaryDirectory(prefix="adgfleet-bench-") as name:
        say("installing a template")
        results = measure_versus(plan, make_template(Path(name) / "template"), Path(name), say)
    table = [
        ["", "seconds", "embedded", "duplicate inferences", "on the primary", "redirected statements",
         "redirect ms/picture", "commits", "bytes/picture", f"finishes with {plan.bad} corrupt"],
        *(
            [
                each.name,
                f"{each.seconds:.1f}",
                str(each.embedded),
                str(each.duplicate_inferences),
                str(each.inferences_on_primary),
                str(each.redirected_statements),
                f"{each.redirect_ms_per_picture:g}",
                str(each.commits),
                f"{each.bytes_per_picture:g}",
                "yes" if each.finishes_with_corrupt else f"no, {each.corrupt_embedded} embedded",
            ]
            for each in results
        ),
    ]  # fmt: skip
    labels = Labels(
        title=f"{plan.pictures} pictures, by how they are embedded (modelled time)",
        values="seconds",
        notes=conditions.lines(),
    )
    chart = bar_chart(labels, {each.name: each.seconds for each in results})
    Output(directory, "versus").write(conditions, [asdict(each) for each in results], table, chart)
    if as_json:
        print_json({"rows": [asdict(each) for each in results], "conditions": conditions.to_json()})
    else:
        print_table(plan.modelled, table[0], table[1:])


@bench.command()
@_inference_option(500.0)
@_redirect_option
@_redirect_wait_option("commit")
@click.option("--range-size", type=click.IntRange(1), default=120, show_default=True, help="Pictures in a range.")
@click.option("--batch-size", type=click.IntRange(1), default=32, show_default=True, help="Pictures in a commit.")
@click.option("--ranges", type=click.IntRange(2), default=4, show_default=True, help="Ranges to embed.")
@directory_option
@json_option
@reports_failures
def overhead(directory: Path, as_json: bool, **given: Any) -> None:  # noqa: ANN401 - click has checked the types
    """Say where a range's time goes, and how much of it is the fleet's own.

    Example: adgfleet bench overhead --inference-ms 1000 --range-size 15
    """
    plan = OverheadPlan(**given)
    conditions = Conditions(command_line(), plan.modelled)
    with tempfile.TemporaryDirectory(prefix="adgfleet-bench-") as name:
        say("installing a template")
        found = measure_overhead(plan, make_template(Path(name) / "template"), Path(name) / "run", say)
    parts = {
        "queue: acknowledged until the next one starts": found.queue_seconds,
        "task: session, report, acknowledgement": found.task_seconds,
        "call: embedding, and the other batches": found.call_seconds - found.write_seconds,
        "call: INSERT and COMMIT of the slowest batch": found.write_seconds,
        "bare SELECT": found.bare.select_seconds,
        "bare INSERT": found.bare.insert_seconds,
        "bare COMMIT": found.bare.commit_seconds,
        "bare role check, in a round trip of its own": found.bare_role_check_seconds,
    }
    table = [
        ["part of a range", "ms", "of its time"],
        *(
            [part, f"{1000 * seconds:.1f}", f"{seconds / found.range_seconds:.2%}"]
            for part, seconds in parts.items()
        ),
        ["the fleet's own: queue and task", f"{1000 * found.own_share * found.range_seconds:.1f}",
         f"{found.own_share:.2%}"],
    ]  # fmt: skip
    figures = {name: value for name, value in asdict(found).items() if name != "ranges"}
    figures |= {"range_seconds": found.range_seconds, "own_share": found.own_share}
    records = [*({"range": asdict(each)} for each in found.ranges), figures]
    labels = Labels("Where a range's time goes (modelled time)", "milliseconds", notes=conditions.lines())
    chart = bar_chart(labels, {name: round(1000 * seconds, 2) for name, seconds in parts.items()})
    Output(directory, "overhead").write(conditions, records, table, chart)
    if as_json:
        print_json({**figures, "conditions": conditions.to_json()})
        return
    print_table(plan.modelled, table[0], table[1:])
    say(
        f"a range: {found.round_trips_per_range:g} round trips, {found.statements_per_range:g} statements, "
        f"{found.bytes_per_range:g} bytes ({found.bytes_per_picture:g} a picture; a session's first call and logon "
        f"{found.bytes_per_session}), "
        f"{found.redirected_statements_per_range:g} redirected statements, {found.commits_per_range:g} commits"
    )


def _all_runs(found: Scaling) -> list[Any]:
    return [*found.runs, *([found.uneven] if found.uneven else [])]


def _scaling_table(found: Scaling, conditions: Conditions) -> list[list[str]]:
    head = ["standbys", "pictures/s", "speed-up", "efficiency", "measured", "cores of the fleet", "of the machine"]
    table = [head]
    for row in found.rows():
        used = dict(row["cores_used"])
        machine = used.pop("machine", 0.0)
        bound = "" if machine < _MOST_BUSY * conditions.cores else " (full)"
        table.append(
            [
                str(row["standbys"]),
                f"{row['pictures_per_second']:.2f}",
                f"{row['speed_up']:.2f}",
                f"{row['efficiency']:.3f}",
                f"{row['window_seconds']:.0f} s",
                f"{sum(used.values()):.2f}",
                f"{machine:.2f}{bound}",
            ]
        )
    return table


def _scaling_chart(found: Scaling, conditions: Conditions) -> str:
    rows = found.rows()
    single = rows[0]["pictures_per_second"] / rows[0]["standbys"]
    labels = Labels(
        title="Throughput by the number of standbys (modelled time)",
        values="pictures per second",
        positions="standbys",
        notes=conditions.lines(),
    )
    return line_chart(
        labels,
        {
            "measured": [(row["standbys"], row["pictures_per_second"]) for row in rows],
            "ideal": [(row["standbys"], single * row["standbys"]) for row in rows],
        },
    )


bench.add_command(real)
bench.add_command(producer)
bench.add_command(search)
bench.add_command(simulate)


commands: list[click.Command] = [bench]
