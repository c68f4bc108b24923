"""Keeps the queue in line with the database for ever: `produce --watch`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import redis

from fleet.errors import DatabaseError, PermanentDatabaseError, QueueError
from producer.range_size import MOST_RANGES
from producer.reconcile import Reconciler, Round

#: The queue is filled up when no more ranges wait than this: so a round has something to do, and the range size stays
#: up to date.
_FEW_RANGES = MOST_RANGES // 2


@dataclass(slots=True)
class Watched:
    """What was enqueued while watching."""

    rounds: int = 0
    failed_rounds: int = 0
    ranges: int = 0
    pictures: int = 0


def watch(
    reconciler: Reconciler, *, every_seconds: float, say: Callable[[str], None], on_round: Callable[[Round], None]
) -> Watched:
    """Enqueue what is missing, every so often, until ``reconciler.stopping`` is set.

    An outage of Redis or of the databases is said and lived through; what only somebody can mend is raised.

    Args:
        reconciler: What enqueues.
        every_seconds: From the end of one round to the beginning of the next.
        say: Told what fails, once until it changes.
        on_round: Told each round that enqueued something.

    Raises:
        PermanentDatabaseError: A password, privilege or table is wrong.
    """
    watched = Watched()
    said = ""
    while not reconciler.stopping.is_set():
        try:
            done = _round(reconciler)
        except PermanentDatabaseError:
            raise
        except (DatabaseError, QueueError, redis.RedisError) as error:
            if reconciler.stopping.is_set():
                break  # the round was broken off
            watched.failed_rounds += 1
            if str(error) != said:
                said = str(error)
                say(f"nothing enqueued, trying again every {every_seconds:g} s: {said}")
        else:
            said = ""
            watched.rounds += 1
            if done is not None and done.enqueued.ranges:
                watched.ranges += done.enqueued.ranges
                watched.pictures += done.enqueued.pictures
                on_round(done)
        reconciler.stopping.wait(every_seconds)
    return watched


def _round(reconciler: Reconciler) -> Round | None:
    """Do one round; None: enough ranges wait already."""
    waiting = reconciler.state.queue_depth(list(reconciler.settings.require("standbys")))
    if waiting > _FEW_RANGES:
        return None
    return reconciler.enqueue_missing(most_ranges=MOST_RANGES - waiting)
