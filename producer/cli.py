"""Command `produce`."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import click

from fleet.celery_app import create_app
from fleet.console import STATUS_INTERRUPTED, STATUS_PARTLY, counted, not_again, pass_settings, print_json, say, stderr
from fleet.errors import InputError
from fleet.sampler import Sampler
from fleet.sessions import Database, session
from fleet.settings import Settings
from fleet.state import FleetState
from fleet.stop_signals import stopped_by_signals
from producer.failures import retry_failures
from producer.follow import Followed, Following, follow
from producer.ranges import Range
from producer.reconcile import Reconciler, Round
from producer.watch import Watched, watch

#: Ranges that a dry run lists one by one for people.
_LISTED = 20
#: Said when a signal had to end the command by force.
_LEFT_BEHIND = "a database or Redis does not answer, its call was left behind; what is enqueued stays"


@dataclass(frozen=True, slots=True)
class _Options:
    """What was asked for."""

    range_size: int | None
    dry_run: bool
    follow: bool
    watch: float | None
    retry_failed: bool
    idle_limit: float
    as_json: bool

    def check(self) -> None:
        """Refuse what contradicts itself."""
        modes = [name for name, given in (("--dry-run", self.dry_run), ("--follow", self.follow)) if given]
        modes += ["--watch"] if self.watch is not None else []
        if len(modes) > 1:
            raise InputError(f"{' and '.join(modes)} exclude each other")
        if self.dry_run and self.retry_failed:
            raise InputError("--dry-run changes nothing, so it cannot go with --retry-failed")


@click.command()
@click.option("--range-size", type=click.IntRange(min=1), help="Pictures in a range; default: see RANGE_SECONDS.")
@click.option("--dry-run", is_flag=True, help="Show the ranges, enqueue nothing.")
@click.option("--follow", is_flag=True, help="Stay, and show progress until nothing is pending.")
@click.option("--watch", type=click.FloatRange(min=0.1), metavar="SECONDS", help="Look again so often, for ever.")
@click.option("--retry-failed", is_flag=True, help="First make all failed pictures pending again.")
@click.option(
    "--idle-limit",
    type=click.FloatRange(min=1),
    default=60.0,
    show_default=True,
    help="Seconds without movement to bear.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; with --watch one for each round.")
@pass_settings
def produce(settings: Settings, **given: object) -> None:
    """Enqueue ranges of the pictures that have no embedding; run it after a bulk load.

    What is queued or running already is left alone, so running it twice is harmless. With --follow it ends in 3 when
    pictures had to be put aside as failed; --watch goes on until SIGTERM or Ctrl-C. Example: adgfleet produce --follow
    """
    options = _Options(**given)  # type: ignore[arg-type]  # click has checked the types
    options.check()
    for name in ("db_user", "db_password", "db_dsn", "standbys"):
        settings.require(name)
    state = FleetState(settings)
    state.check()
    reconciler = Reconciler(settings, create_app(settings), state, not_again(say), options.range_size)
    if options.dry_run:
        _show_plan(reconciler.plan(), options.as_json)
        return
    if options.retry_failed:
        with session(Database.primary(settings), module="produce") as connection:
            retried = retry_failures(connection)
        say(f"{counted(retried.pictures, 'failed picture')} pending again")
    if options.watch is not None:
        _watch(reconciler, options.watch, options.as_json)
        return
    with stopped_by_signals(
        reconciler.stop,
        interrupts=True,
        late_status=STATUS_INTERRUPTED,
        left_behind=f"interrupted; {_LEFT_BEHIND}",
    ):
        done = reconciler.enqueue_missing(on_progress=_note)
        say(_summary(done))
        followed = None
        if options.follow and (done.enqueued.pictures or done.open_work.ranges):
            followed = _follow(reconciler, done, options.idle_limit)
    _report(done, followed, options.as_json)


def _note(count: int, pictures: int) -> None:
    if stderr.is_terminal and count % 1000 == 0:
        say(f"{count:,} ranges, {pictures:,} pictures enqueued")


def _summary(done: Round) -> str:
    enqueued = done.enqueued
    text = f"run {enqueued.run_id}: {enqueued.pictures} pending pictures in {enqueued.ranges} ranges enqueued"
    if done.open_work.ranges:
        text += f"; {done.open_work.ranges} ranges were queued or running already"
    return text


def _watch(reconciler: Reconciler, every_seconds: float, as_json: bool) -> None:
    reconciler.patience_seconds = 1.0

    def on_round(done: Round) -> None:
        say(_summary(done))
        if as_json:
            print_json(_figures(done))

    say(f"looking for pending pictures every {every_seconds:g} s; Ctrl-C or SIGTERM ends it")
    stopped = stopped_by_signals(reconciler.stop, left_behind=_LEFT_BEHIND)
    with stopped, Sampler.of(reconciler.settings, reconciler.state):
        watched: Watched = watch(reconciler, every_seconds=every_seconds, say=say, on_round=on_round)
    say(f"stopped after {watched.rounds} rounds: {watched.pictures} pictures in {watched.ranges} ranges enqueued")


def _follow(reconciler: Reconciler, done: Round, idle_limit: float) -> Followed:
    following = Following(
        reconciler.state,
        list(reconciler.settings.require("standbys")),
        reconciler.count_pending,
        lambda: reconciler.enqueue_missing().enqueued,
        idle_limit,
    )
    following.add(done.open_work.run_ids, done.open_work.pictures)
    following.begin()
    following.add([done.enqueued.run_id], done.enqueued.pictures)
    with Sampler.of(reconciler.settings, reconciler.state):
        return follow(following)


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


def _figures(done: Round) -> dict[str, object]:
    return {
        "run_id": done.enqueued.run_id,
        "ranges": done.enqueued.ranges,
        "pictures": done.enqueued.pictures,
        "range_size": done.range_size,
        "open_ranges": done.open_work.ranges,
        "planned_on": done.database,
    }


def _report(done: Round, followed: Followed | None, as_json: bool) -> None:
    if as_json:
        value = _figures(done)
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
