"""Command `produce`."""

from __future__ import annotations

import sys
from collections.abc import Iterable

import click

from fleet.celery_app import create_app
from fleet.console import STATUS_PARTLY, pass_settings, print_json, say, stderr
from fleet.sessions import Connection, Database, session
from fleet.settings import Settings
from fleet.state import FleetState
from producer.enqueue import Enqueued, enqueue_ranges, new_run_id
from producer.follow import Followed, follow_run
from producer.ranges import Range, count_pending, plan_ranges

#: Ranges that a dry run lists one by one for people.
_LISTED = 20


@click.command()
@click.option("--range-size", type=click.IntRange(min=1), help="Most pending pictures in a range; default: RANGE_SIZE.")
@click.option("--dry-run", is_flag=True, help="Show the ranges, enqueue nothing.")
@click.option("--follow", is_flag=True, help="Stay, and show progress until nothing is pending.")
@click.option(
    "--idle-limit",
    type=click.FloatRange(min=1),
    default=60.0,
    show_default=True,
    help="Seconds without movement to bear.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@pass_settings
def produce(
    settings: Settings, range_size: int | None, dry_run: bool, follow: bool, idle_limit: float, as_json: bool
) -> None:
    """Enqueue ranges of the pictures that have no embedding; run it after a bulk load.

    Running it twice is harmless: nothing is stored twice, nothing is lost. With --follow it ends in 3 when pictures
    had to be put aside as failed. Example: adgfleet produce --follow
    """
    size = range_size or settings.range_size
    standbys = list(settings.require("standbys"))
    with session(Database.primary(settings), module="produce") as connection:
        planned = plan_ranges(connection, range_size=size, database="primary")
        if dry_run:
            _show_plan(list(planned), as_json)
            return
        state = FleetState(settings)
        state.check()
        run_id = new_run_id()
        enqueued = _enqueue(settings, state, run_id, planned)
        say(f"run {run_id}: {enqueued.pictures} pending pictures in {enqueued.ranges} ranges enqueued")
        followed = None
        if follow and enqueued.pictures:
            followed = _follow(connection, state, enqueued, standbys, idle_limit)
    _report(enqueued, followed, as_json)


def _enqueue(settings: Settings, state: FleetState, run_id: str, planned: Iterable[Range]) -> Enqueued:

    def note(count: int, pictures: int) -> None:
        if stderr.is_terminal and count % 1000 == 0:
            say(f"{count:,} ranges, {pictures:,} pictures enqueued")

    enqueued = enqueue_ranges(create_app(settings), run_id, planned, note)
    state.open_run(run_id, ranges=enqueued.ranges, pictures=enqueued.pictures)
    return enqueued


def _follow(
    connection: Connection, state: FleetState, enqueued: Enqueued, standbys: list[str], idle_limit: float
) -> Followed:
    return follow_run(
        state,
        enqueued.run_id,
        pictures=enqueued.pictures,
        standbys=standbys,
        count_pending=lambda: count_pending(connection, database="primary"),
        idle_limit_seconds=idle_limit,
    )


def _show_plan(ranges: list[Range], as_json: bool) -> None:
    pictures = sum(planned.pictures for planned in ranges)
    if as_json:
        listed = [[planned.first_id, planned.last_id, planned.pictures] for planned in ranges]
        print_json({"ranges": listed, "pictures": pictures})
        return
    for planned in ranges[:_LISTED]:
        say(f"  ids {planned.first_id}..{planned.last_id}: {planned.pictures} pictures")
    if len(ranges) > _LISTED:
        say(f"  … and {len(ranges) - _LISTED} more; --json lists all")
    say(f"would enqueue {pictures} pending pictures in {len(ranges)} ranges")


def _report(enqueued: Enqueued, followed: Followed | None, as_json: bool) -> None:
    if as_json:
        value: dict[str, object] = {
            "run_id": enqueued.run_id,
            "ranges": enqueued.ranges,
            "pictures": enqueued.pictures,
        }
        if followed is not None:
            value.update(
                seconds=round(followed.seconds, 2),
                embedded=followed.progress.embedded,
                already=followed.progress.already,
                failed=followed.progress.failed,
                vanished=followed.progress.vanished,
                pending=followed.pending,
                standbys=followed.standbys,
            )
        print_json(value)
    if followed is not None:
        progress = followed.progress
        say(
            f"embedded {progress.embedded}, failed {progress.failed}, already there {progress.already}, "
            f"vanished {progress.vanished}, pending {followed.pending}, in {followed.seconds:.1f} s"
        )
        if progress.failed:
            sys.exit(STATUS_PARTLY)


commands: list[click.Command] = [produce]
