"""Brings the queue in line with the database: what is pending and neither queued nor running is enqueued.

This is all that a producer ever does, after a bulk load, again and again with ``--watch``, or after Redis has lost the
queue: the truth is in the tables.
"""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import redis
from celery import Celery

from fleet.console import counted
from fleet.heartbeat import Heartbeat
from fleet.pace import pictures_per_session_second
from fleet.settings import Settings
from fleet.state import FleetState
from producer.enqueue import Enqueued, enqueue_ranges, new_run_id
from producer.open_ranges import OpenWork, read_open_work
from producer.planning import PlanningDatabase
from producer.planning_lock import planning_lock
from producer.range_size import choose_range_size, pictures_that_matter, smallest_at_once
from producer.ranges import PAGE_RANGES, Range, count_pending, plan_ranges


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be enqueued; ``ranges`` reads the database as it is consumed."""

    ranges: Iterator[Range]
    range_size: int
    #: What was queued or running before.
    open_work: OpenWork
    #: What is asked.
    database: PlanningDatabase


@dataclass(frozen=True, slots=True)
class Round:
    """What one round has enqueued, and what was queued or running before."""

    enqueued: Enqueued
    open_work: OpenWork
    range_size: int
    #: The database that was asked last.
    database: str


@dataclass(slots=True)
class Reconciler:
    """Enqueues what is missing, round by round."""

    settings: Settings
    app: Celery
    state: FleetState
    #: Told what is going on.
    say: Callable[[str], None]
    #: Pictures in a range; None: RANGE_SIZE, or else by the measured rate.
    range_size: int | None = None
    #: How long to wait while another producer plans: planning millions takes minutes.
    patience_seconds: float = 600.0
    #: Set to break a round off; what it has enqueued stays.
    stopping: threading.Event = field(default_factory=threading.Event)
    #: Last id of a round that had its fill: the next one begins above it, and goes round.
    _after: int | None = None
    _database: PlanningDatabase | None = None

    def enqueue_missing(
        self, *, most_ranges: int | None = None, on_progress: Callable[[int, int], None] = lambda *_: None
    ) -> Round:
        """Enqueue what is pending and not open, as one run.

        Args:
            most_ranges: Enqueue no more, the next call goes on from there; None: all, in larger ranges if there would
                be too many.
            on_progress: Told (ranges, pictures) so far.

        Raises:
            DatabaseError, QueueError, redis.RedisError: What was enqueued before stays; another round is safe.
        """
        alone = planning_lock(self.state.client, self.say, patience_seconds=self.patience_seconds)
        with alone, self._plan(most_ranges) as plan:
            run_id, began_at = new_run_id(), time.time()
            last = None

            def planned() -> Iterator[Range]:
                nonlocal last
                for last in itertools.islice(plan.ranges, most_ranges):
                    if self.stopping.is_set():
                        return
                    yield last

            enqueued = enqueue_ranges(self.app, run_id, planned(), on_progress)
            self._after = last.last_id if last is not None and enqueued.ranges == most_ranges else None
            if enqueued.ranges:
                self.state.open_run(run_id, ranges=enqueued.ranges, pictures=enqueued.pictures, began_at=began_at)
            return Round(enqueued, plan.open_work, plan.range_size, plan.database.name)

    def plan(self) -> list[Range]:
        """Return what ``enqueue_missing`` would enqueue now."""
        with self._plan(None) as plan:
            return list(plan.ranges)

    def count_pending(self) -> int:
        """Return how many pictures are pending, queued ones included; does without Redis.

        Raises:
            DatabaseError: No database can be asked.
        """
        try:
            workers = self.state.live_workers()
        except redis.RedisError:
            workers = {}
        with self._planning_database(workers) as database:
            return count_pending(database.rows)

    def stop(self) -> None:
        """Let the round end soon: the call that is running is broken off. Any thread may call it."""
        self.stopping.set()
        database = self._database
        if database is not None:
            database.break_off()

    @contextlib.contextmanager
    def _plan(self, most_ranges: int | None) -> Iterator[Plan]:
        # The queue is read first: a range that is done between the two looks has left the pending set by the second.
        open_work = read_open_work(self.state.client, self._known_standbys())
        if open_work.unreadable:
            self.say(f"{counted(open_work.unreadable, 'message')} of the queue cannot be read; workers put them aside")
        workers = self.state.live_workers()
        with self._planning_database(workers) as database:
            size = self._size(database, workers, is_all=most_ranges is None)
            ranges = plan_ranges(
                database.rows,
                range_size=size,
                open_blocks=open_work.blocks,
                after=None if most_ranges is None else self._after,
                page_ranges=PAGE_RANGES if most_ranges is None else min(PAGE_RANGES, most_ranges),
            )
            yield Plan(ranges, size, open_work, database)

    @contextlib.contextmanager
    def _planning_database(self, workers: dict[str, Heartbeat]) -> Iterator[PlanningDatabase]:
        with PlanningDatabase(self.settings, self._standbys(workers), self.say) as database:
            self._database = database
            if self.stopping.is_set():  # between the look and the note
                database.break_off()
            try:
                yield database
            finally:
                self._database = None

    def _known_standbys(self) -> list[str]:
        """Return all standbys whose queues may hold something, also those that STANDBYS names no longer."""
        return list(dict.fromkeys((*self.settings.require("standbys"), *self.state.known_standbys())))

    def _standbys(self, workers: dict[str, Heartbeat]) -> list[str]:
        """Return the standbys, those first that serve with the least lag."""

        def rank(standby: str) -> tuple[bool, float]:
            worker = workers.get(standby)
            if worker is None:
                return True, 0.0
            return not worker.is_serving, worker.apply_lag_seconds or 0.0

        return sorted(self.settings.require("standbys"), key=rank)

    def _size(self, database: PlanningDatabase, workers: dict[str, Heartbeat], *, is_all: bool) -> int:
        """Return the pictures of a range; ``is_all``: large enough that all that is pending makes no endless queue."""
        sessions = sum(worker.sessions for worker in workers.values() if worker.is_serving)
        sessions = sessions or self.settings.sessions * len(self.settings.require("standbys"))
        size = self.range_size or self.settings.range_size
        if size is not None and not is_all:
            return size
        pending = count_pending(database.rows, most=None if is_all else pictures_that_matter(sessions))
        wanted = size or choose_range_size(
            target_seconds=self.settings.range_seconds,
            pictures_per_session_second=pictures_per_session_second(self.state.client),
            pending=pending,
            sessions=sessions,
        )
        if is_all and (least := smallest_at_once(pending)) > wanted:
            self.say(
                f"ranges have {least} pictures instead of {wanted}, to keep the queue short: {pending:,} pictures are "
                "pending; --watch keeps them small"
            )
            return least
        return wanted
