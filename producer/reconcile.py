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

from celery import Celery

from fleet.heartbeat import Heartbeat
from fleet.pace import pictures_per_session_second
from fleet.sessions import Connection
from fleet.settings import Settings
from fleet.state import FleetState
from producer.enqueue import Enqueued, enqueue_ranges, new_run_id
from producer.open_ranges import OpenWork, read_open_work
from producer.planning import planning_session
from producer.planning_lock import planning_lock
from producer.range_size import choose_range_size
from producer.ranges import Range, count_pending, plan_ranges


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be enqueued; ``ranges`` reads the database as it is consumed."""

    ranges: Iterator[Range]
    range_size: int
    #: What was queued or running before.
    open_work: OpenWork
    #: The database that is read.
    database: str


@dataclass(frozen=True, slots=True)
class Round:
    """What one round has enqueued, and what was queued or running before."""

    enqueued: Enqueued
    open_work: OpenWork
    range_size: int
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

    def enqueue_missing(
        self, *, most_ranges: int | None = None, on_progress: Callable[[int, int], None] = lambda *_: None
    ) -> Round:
        """Enqueue what is pending and not open, as one run.

        Args:
            most_ranges: Enqueue no more; None: all.
            on_progress: Told (ranges, pictures) so far.

        Raises:
            DatabaseError, QueueError, redis.RedisError: What was enqueued before stays; another round is safe.
        """
        alone = planning_lock(self.state.client, self.say, patience_seconds=self.patience_seconds)
        with alone, self._plan() as plan:
            run_id, began_at = new_run_id(), time.time()
            planned = itertools.takewhile(lambda _planned: not self.stopping.is_set(), plan.ranges)
            enqueued = enqueue_ranges(self.app, run_id, itertools.islice(planned, most_ranges), on_progress)
            if enqueued.ranges:
                self.state.open_run(run_id, ranges=enqueued.ranges, pictures=enqueued.pictures, began_at=began_at)
            return Round(enqueued, plan.open_work, plan.range_size, plan.database)

    def plan(self) -> list[Range]:
        """Return what ``enqueue_missing`` would enqueue now."""
        with self._plan() as plan:
            return list(plan.ranges)

    def count_pending(self) -> int:
        """Return how many pictures are pending, queued ones included."""
        with planning_session(self.settings, self._standbys(self._workers()), self.say) as (connection, database):
            return count_pending(connection, database=database)

    @contextlib.contextmanager
    def _plan(self) -> Iterator[Plan]:
        # The queue is read first: a range that is done between the two looks has left the pending set by the second.
        open_work = read_open_work(self.state.client)
        workers = self._workers()
        with planning_session(self.settings, self._standbys(workers), self.say) as (connection, database):
            size = self.range_size or self.settings.range_size or self._measured_size(connection, database, workers)
            ranges = plan_ranges(connection, range_size=size, database=database, open_blocks=open_work.blocks)
            yield Plan(ranges, size, open_work, database)

    def _workers(self) -> dict[str, Heartbeat]:
        return self.state.live_workers()

    def _standbys(self, workers: dict[str, Heartbeat]) -> list[str]:
        """Return the standbys, those first that serve with the least lag."""

        def rank(standby: str) -> tuple[bool, float]:
            worker = workers.get(standby)
            if worker is None:
                return True, 0.0
            return not worker.is_serving, worker.apply_lag_seconds or 0.0

        return sorted(self.settings.require("standbys"), key=rank)

    def _measured_size(self, connection: Connection, database: str, workers: dict[str, Heartbeat]) -> int:
        sessions = sum(worker.sessions for worker in workers.values() if worker.is_serving)
        return choose_range_size(
            target_seconds=self.settings.range_seconds,
            pictures_per_session_second=pictures_per_session_second(self.state.client),
            pending=count_pending(connection, database=database),
            sessions=sessions or self.settings.sessions * len(self.settings.require("standbys")),
        )
