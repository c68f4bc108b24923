"""Keeps the queue in line with the database for ever: `produce --watch`."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import redis

from fleet.errors import DatabaseError, PermanentDatabaseError, QueueError
from producer.reconcile import Reconciler, Round

#: So many ranges wait at most; more are planned when fewer do. Keeps Redis small and the range size up to date.
MOST_RANGES = 10_000


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
    if waiting >= MOST_RANGES:
        return None
    return reconciler.enqueue_missing(most_ranges=MOST_RANGES - waiting)


@contextlib.contextmanager
def stopped_by_signals(stopping: threading.Event) -> Iterator[None]:
    """Let SIGTERM and Ctrl-C set ``stopping`` instead of breaking off."""

    def stop(_number: int, _frame: object) -> None:
        stopping.set()

    previous = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
