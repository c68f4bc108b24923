"""Follows runs until the database says that nothing is pending: progress, rate, time left, per standby.

What turns out to be pending although nothing is queued or running is enqueued again: Redis was emptied, or a range was
worked on by a standby that had not applied its pictures yet.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import redis
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from fleet.console import not_again, say, stderr
from fleet.errors import DatabaseError, FleetError, PermanentDatabaseError, QueueError
from fleet.state import FleetState, RunProgress
from producer.enqueue import Enqueued

#: How often progress is read from Redis, seconds.
_POLL_SECONDS = 0.25
#: How often a pipe gets a line, seconds.
_LINE_SECONDS = 5.0
#: The database is asked when the runs look finished, or when nothing has moved for this long, seconds.
_QUIET_SECONDS = 5.0
#: When they look finished, the database is asked no more often than this, seconds.
_ASK_SECONDS = 1.0
#: What is said when following ends before the runs do.
_GO_ON = "workers that live go on; follow them again: adgfleet produce --follow"
_COUNTS = ("embedded", "already", "failed", "vanished")


class NoWorkersError(FleetError):
    """Nobody takes ranges from the queue: start a worker for each standby, `adgfleet worker STANDBY`."""


class StalledError(FleetError):
    """Pictures stay pending although the queue is empty: look at the workers' logs, then run produce again."""


@dataclass(frozen=True, slots=True)
class Followed:
    """How it ended."""

    seconds: float
    #: What was done while it was followed.
    progress: RunProgress
    #: Pictures that are still pending, counted in the database.
    pending: int
    standbys: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class Following:
    """What is followed, and whom to ask."""

    state: FleetState
    #: Names of the standbys, for the depth of their queues.
    standbys: list[str]
    #: Asks a database, which is the truth.
    count_pending: Callable[[], int]
    #: Enqueues what is pending and neither queued nor running.
    enqueue_missing: Callable[[], Enqueued]
    #: How long nothing may move before it counts as stalled.
    idle_limit_seconds: float
    #: Told of outages, which come again and again.
    say: Callable[[str], None] = field(default_factory=lambda: not_again(say))
    run_ids: list[str] = field(default_factory=list)
    #: Pictures of those runs that were not settled when the following began.
    pictures: int = 0
    #: When Redis did not answer last, by the monotonic clock: workers need a moment to be heard of again.
    outage_at: float = -math.inf
    _last: RunProgress = field(default_factory=RunProgress)
    _before: RunProgress = field(default_factory=RunProgress)

    def add(self, run_ids: Iterable[str], pictures: int) -> None:
        """Follow more runs."""
        self.run_ids += [run_id for run_id in run_ids if run_id not in self.run_ids]
        self.pictures += pictures

    def begin(self) -> None:
        """Count from here: what older runs have done already does not belong to this."""
        self._before = self._read()

    def progress(self) -> RunProgress:
        """Return what was done since; an outage of Redis shows as no movement, never as an error."""
        try:
            self._last = _difference(self._read(), self._before)
        except redis.RedisError:
            self.outage_at = time.monotonic()
        return self._last

    def _read(self) -> RunProgress:
        return _sum(self.state.progress(run_id) for run_id in self.run_ids)


def follow(following: Following) -> Followed:
    """Show progress until nothing is pending.

    An outage of Redis or of the databases, a failover among them, is lived through until the idle limit.

    Raises:
        NoWorkersError: No worker is alive and nothing has moved for the idle limit.
        StalledError: Workers are alive, but pictures stay pending.
        QueueError: Redis has not answered for the idle limit.
        DatabaseError: The databases have not answered for the idle limit, or the fault is the fleet's.
    """
    started = moved = lined = time.monotonic()
    asked = -math.inf
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
        task = bar.add_task("embedding", total=following.pictures, rate="", share="")
        while True:
            now = time.monotonic()
            progress = following.progress()
            if progress.settled != settled:
                settled, moved = progress.settled, now
            rate = progress.embedded / max(now - started, 1e-6)
            share = "  ".join(f"{name} {count}" for name, count in progress.standbys.items())
            total = following.pictures
            bar.update(task, total=total, completed=min(settled, total), rate=f"{rate:.1f}/s", share=share)
            if not stderr.is_terminal and now - lined >= _LINE_SECONDS:
                lined = now
                say(f"{settled} of {total} pictures, {rate:.1f}/s  {share}")
            quiet = now - moved > _QUIET_SECONDS and now - asked > _QUIET_SECONDS
            if quiet or (settled >= total and now - asked > _ASK_SECONDS):
                pending = _count_pending(following, quiet_seconds=now - moved)
                if pending == 0:
                    return Followed(now - started, following.progress(), 0, following.progress().standbys)
                if pending is not None:
                    _keep_going(following, pending, quiet_seconds=now - moved)
                asked = time.monotonic()
            time.sleep(_POLL_SECONDS)


def _count_pending(following: Following, *, quiet_seconds: float) -> int | None:
    """Ask the truth; None: no database can be asked now.

    Raises:
        DatabaseError: It has been so for the idle limit, or the fault is the fleet's.
    """
    try:
        return following.count_pending()
    except PermanentDatabaseError:
        raise
    except DatabaseError as error:
        if quiet_seconds > following.idle_limit_seconds:
            raise type(error)(
                f"{error}; {_GO_ON}", codes=error.codes, database=error.database, advice=error.advice
            ) from error
        following.say(f"nobody can say now how many pictures are pending: {error}")
        return None


def _keep_going(following: Following, pending: int, *, quiet_seconds: float) -> None:
    """Enqueue what has got lost; give up when that does not help.

    Raises:
        NoWorkersError, StalledError, QueueError: It is of no use.
        DatabaseError: See ``_count_pending``.
    """
    is_over = quiet_seconds > following.idle_limit_seconds
    try:
        workers = following.state.live_workers()
        depth = following.state.queue_depth(following.standbys)
        busy = any(worker.busy for worker in workers.values())
        if depth == 0 and not busy:
            enqueued = following.enqueue_missing()
            if enqueued.ranges:
                say(f"{enqueued.pictures} pictures were pending and no longer queued; enqueued again")
                following.add([enqueued.run_id], enqueued.pictures)
    except (redis.RedisError, QueueError) as error:
        if is_over:
            raise QueueError(f"Redis has not answered for {quiet_seconds:.0f} s ({error}); {_GO_ON}") from error
        following.say(f"Redis does not answer; waiting for it ({error})")
        return
    except DatabaseError as error:
        if is_over or isinstance(error, PermanentDatabaseError):
            raise
        following.say(f"nothing can be enqueued again now: {error}")
        return
    if min(quiet_seconds, time.monotonic() - following.outage_at) < _QUIET_SECONDS:
        return
    if not workers and not is_over:
        limit = following.idle_limit_seconds
        following.say(f"no worker is alive; waiting {limit:g} s for one: adgfleet worker STANDBY")
        return
    if not workers:
        raise NoWorkersError(
            f"{pending} pictures are pending and no worker is alive; start one: adgfleet worker STANDBY"
        )
    if is_over and not busy:
        raise StalledError(
            f"{pending} pictures stay pending and no worker does anything; see adgfleet status and the workers' logs"
        )


def _sum(parts: Iterable[RunProgress]) -> RunProgress:
    counts = dict.fromkeys(_COUNTS, 0)
    standbys: dict[str, int] = {}
    for part in parts:
        for name in _COUNTS:
            counts[name] += getattr(part, name)
        for standby, embedded in part.standbys.items():
            standbys[standby] = standbys.get(standby, 0) + embedded
    return RunProgress(**counts, standbys=dict(sorted(standbys.items())))


def _difference(now: RunProgress, before: RunProgress) -> RunProgress:
    # Redis may have been emptied meanwhile.
    counts = {name: max(0, getattr(now, name) - getattr(before, name)) for name in _COUNTS}
    standbys = {name: count - before.standbys.get(name, 0) for name, count in now.standbys.items()}
    return RunProgress(**counts, standbys={name: count for name, count in standbys.items() if count > 0})
