"""When each range was worked on, as the workers' events say, and the rates that follow from it.

A range's pictures are spread evenly over its time. So a rate is exact for any window, although pictures are committed
and reported in lumps.
"""

from __future__ import annotations

import ast
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from fleet.celery_app import create_app
from fleet.settings import Settings

#: How often the listener looks whether it shall end, seconds.
_SLICE_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class RangeTime:
    """One range on one standby; Unix times, seconds."""

    standby: str
    first_id: int
    last_id: int
    embedded: int
    failed: int
    already: int
    #: When a session took it, and when it was acknowledged.
    started_at: float
    ended_at: float
    #: In the database: role check, call, answer.
    work_seconds: float
    #: Of the slowest batch.
    commit_seconds: float


@dataclass(slots=True)
class RangeTimes:
    """The ranges that have ended, in the order of their ends."""

    ranges: list[RangeTime] = field(default_factory=list)
    #: Standby and time of each start, those under way included.
    starts: list[tuple[str, float]] = field(default_factory=list)
    _started: dict[str, float] = field(default_factory=dict, repr=False)

    def on_started(self, event: dict[str, Any]) -> None:
        """Note that a session took a range."""
        self._started[event["uuid"]] = event["timestamp"]
        self.starts.append((event["hostname"].partition("@")[0], event["timestamp"]))

    def on_succeeded(self, event: dict[str, Any]) -> None:
        """Note that a range was acknowledged; one that was moved on is no range done."""
        result = ast.literal_eval(event["result"])
        started = self._started.get(event["uuid"])
        if started is None or "embedded" not in result:
            return
        self.ranges.append(
            RangeTime(
                standby=result["standby"],
                first_id=result["first_id"],
                last_id=result["last_id"],
                embedded=result["embedded"],
                failed=result["failed"],
                already=result["already"],
                started_at=started,
                ended_at=event["timestamp"],
                work_seconds=result["seconds"],
                commit_seconds=result["commit_seconds"],
            )
        )


@contextmanager
def recorded_ranges(settings: Settings) -> Iterator[RangeTimes]:
    """Listen to the workers' events during a block."""
    times, ending, listening = RangeTimes(), threading.Event(), threading.Event()

    def listen() -> None:
        app = create_app(settings)
        with app.connection_for_read() as connection:
            handlers = {"task-started": times.on_started, "task-succeeded": times.on_succeeded}
            receiver = app.events.Receiver(connection, handlers=handlers)
            with receiver.consumer_context() as (own, _channel, _consumers):
                listening.set()
                while not ending.is_set():
                    try:
                        own.drain_events(timeout=_SLICE_SECONDS)
                    except TimeoutError:
                        continue

    thread = threading.Thread(target=listen, name="events", daemon=True)
    thread.start()
    listening.wait(10)
    try:
        yield times
    finally:
        ending.set()
        thread.join(10)


def busy_window(ranges: Sequence[RangeTime], *, sessions: int) -> tuple[float, float] | None:
    """Return the time in which all sessions are at work and there is work for all.

    It begins when as many ranges as two for each session have begun: the first ones opened sessions. It ends when the
    last range begins: afterwards sessions find nothing to do. What a session does not work in between counts against
    the fleet.

    Args:
        ranges: All of the run.
        sessions: Of all workers together.

    Returns:
        Unix times; None if there were too few ranges.
    """
    starts = sorted(each.started_at for each in ranges)
    if len(starts) <= 2 * sessions or starts[-1] <= starts[2 * sessions - 1]:
        return None
    return starts[2 * sessions - 1], starts[-1]


def pictures_per_second(ranges: Iterable[RangeTime], first: float, last: float) -> float:
    """Return the pictures embedded within a window, per second."""
    return sum(_share(each, first, last) for each in ranges) / (last - first)


def _share(each: RangeTime, first: float, last: float) -> float:
    within = min(each.ended_at, last) - max(each.started_at, first)
    return each.embedded * max(0.0, within) / (each.ended_at - each.started_at)
