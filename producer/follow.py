"""Follows a run until the database says that nothing of it is pending: progress, rate, time left, per standby."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import redis
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from fleet.console import say, stderr
from fleet.errors import FleetError
from fleet.state import FleetState, RunProgress

#: How often progress is read from Redis, seconds.
_POLL_SECONDS = 0.25
#: How often a pipe gets a line, seconds.
_LINE_SECONDS = 5.0
#: The database is asked when the run looks finished, or when nothing has moved for this long, seconds.
_QUIET_SECONDS = 5.0


class NoWorkersError(FleetError):
    """Nobody takes ranges from the queue: start a worker for each standby, `adgfleet worker STANDBY`."""


class StalledError(FleetError):
    """Pictures stay pending although the queue is empty: look at the workers' logs, then run produce again."""


@dataclass(frozen=True, slots=True)
class Followed:
    """How a run ended."""

    seconds: float
    progress: RunProgress
    #: Pictures that are still pending, counted in the database.
    pending: int
    standbys: dict[str, int] = field(default_factory=dict)


def follow_run(
    state: FleetState,
    run_id: str,
    *,
    pictures: int,
    standbys: list[str],
    count_pending: Callable[[], int],
    idle_limit_seconds: float,
) -> Followed:
    """Show progress until the run's pictures are settled.

    Args:
        state: The fleet's state in Redis.
        run_id: The run.
        pictures: Pictures that the run enqueued.
        standbys: Names of the standbys, for the depth of their queues.
        count_pending: Asks the database, which is the truth.
        idle_limit_seconds: How long nothing may move before the run counts as stalled.

    Raises:
        NoWorkersError: No worker is alive and nothing moves.
        StalledError: Workers are alive, the queue is empty, but pictures stay pending.
    """
    started = moved = asked = lined = time.monotonic()
    settled = -1
    columns = (
        TextColumn("embedding"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[share]}"),
    )
    with Progress(*columns, console=stderr, disable=not stderr.is_terminal) as bar:
        task = bar.add_task("embedding", total=pictures, rate="", share="")
        while True:
            now = time.monotonic()
            progress = _progress(state, run_id)
            if progress.settled != settled:
                settled, moved = progress.settled, now
            rate = progress.embedded / max(now - started, 1e-6)
            share = "  ".join(f"{name} {count}" for name, count in progress.standbys.items())
            bar.update(task, completed=min(settled, pictures), rate=f"{rate:.1f}/s", share=share)
            if not stderr.is_terminal and now - lined >= _LINE_SECONDS:
                lined = now
                say(f"{settled} of {pictures} pictures, {rate:.1f}/s  {share}")
            if settled >= pictures or (now - moved > _QUIET_SECONDS and now - asked > _QUIET_SECONDS):
                asked = now
                pending = count_pending()
                if pending == 0:
                    return Followed(now - started, progress, 0, progress.standbys)
                _check_alive(state, standbys, pending, quiet_seconds=now - moved, limit_seconds=idle_limit_seconds)
            time.sleep(_POLL_SECONDS)


def _progress(state: FleetState, run_id: str) -> RunProgress:
    """Read the progress; an outage of Redis shows as no movement, never as an error of the run."""
    try:
        return state.progress(run_id)
    except redis.RedisError:
        return RunProgress()


def _check_alive(
    state: FleetState, standbys: list[str], pending: int, *, quiet_seconds: float, limit_seconds: float
) -> None:
    if quiet_seconds < _QUIET_SECONDS:
        return
    try:
        workers, depth = state.live_workers(), state.queue_depth(standbys)
    except redis.RedisError:
        workers, depth = {}, 0
    if not workers:
        raise NoWorkersError(
            f"{pending} pictures are pending and no worker is alive; start one: adgfleet worker STANDBY"
        )
    busy = any(worker.busy for worker in workers.values())
    if quiet_seconds > limit_seconds and depth == 0 and not busy:
        raise StalledError(
            f"{pending} pictures stay pending although the queue is empty; see the workers' logs, then produce again"
        )
