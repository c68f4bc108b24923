"""A fleet of any size on paper: a discrete-event simulation of sessions, queue, primary and redo apply.

Sessions take ranges from one queue, embed a range's batches one after the other, write each through the primary and
wait until their own standby has applied its redo. Three things are shared and serve one after the other, so that each
can become the limit:

- **the queue** (Redis, which has one thread): ``queue_ms`` a range,
- **the primary's log**: ``primary_ms_per_picture`` a row,
- **redo apply**: ``redo_bytes_per_picture`` a row at ``apply_mb_per_second``; each standby applies what the whole fleet
  writes, so one queue stands for all standbys.

Nothing of this is measured on Oracle: what each number is taken from is in docs/explanation/scale.md. The same plan and
seed give the same run.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass
from random import Random

_MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class ScaleModel:
    """What is simulated; times in milliseconds, of one picture, statement or range."""

    standbys: int = 30
    #: Of each standby: one core each.
    sessions: int = 32
    pictures: int = 100_000_000
    inference_ms: float = 1000.0
    #: Standard deviation of a picture's time, as a share of it.
    inference_spread: float = 0.1
    #: Standbys that embed at half speed.
    slow_standbys: int = 0
    range_size: int = 60
    batch_size: int = 32
    #: One array insert a batch, or one statement a picture.
    is_bulk: bool = True
    #: The way to the primary and back, of a redirected statement.
    redirect_ms: float = 20.0
    #: Of the session's time, a range: between two ranges, and in the task.
    overhead_ms: float = 30.0
    #: Of the queue's own time, a range: it serves one after the other.
    queue_ms: float = 1.0
    primary_ms_per_picture: float = 0.1
    redo_bytes_per_picture: float = 5000.0
    apply_mb_per_second: float = 50.0
    #: From the primary's commit until its redo has arrived at a standby.
    transport_ms: float = 5.0
    #: When a redirecting session waits for redo: ``commit`` as 26ai, ``dml``: at each statement besides, as 23ai.
    redirect_wait: str = "commit"
    seed: int = 1

    @property
    def all_sessions(self) -> int:
        """Sessions of the fleet."""
        return self.standbys * self.sessions

    @property
    def ideal_pictures_per_second(self) -> float:
        """What the sessions could embed if nothing else took time."""
        return (self.standbys - self.slow_standbys / 2) * self.sessions * 1000 / self.inference_ms


@dataclass(slots=True)
class Simulated:
    """What came of it: counts, and times in seconds since the start."""

    model: ScaleModel
    #: By session: what it has stored, and when it found the queue empty.
    pictures_of: list[int]
    ended_at: list[float]
    ranges: int = 0
    batches: int = 0
    #: From a batch's first redirected statement until its session goes on: all together, and the longest.
    write_seconds: float = 0.0
    longest_write_seconds: float = 0.0

    @property
    def pictures(self) -> int:
        """Pictures stored."""
        return sum(self.pictures_of)

    @property
    def seconds(self) -> float:
        """Until the last session had nothing to do any more."""
        return max(self.ended_at)

    @property
    def pictures_per_second(self) -> float:
        """The sessions' own rates together, so that the last ranges, when some have ended, do not decide it."""
        return sum(stored / ended for stored, ended in zip(self.pictures_of, self.ended_at, strict=True) if stored)

    @property
    def efficiency(self) -> float:
        """Of what the sessions could do if nothing but inference took time."""
        return self.pictures_per_second / self.model.ideal_pictures_per_second

    @property
    def queue_share(self) -> float:
        """Share of the time in which the queue served."""
        return self.ranges * self.model.queue_ms / 1000 / self.seconds

    @property
    def primary_share(self) -> float:
        """Share of the time in which the primary's log was written."""
        return self.pictures * self.model.primary_ms_per_picture / 1000 / self.seconds

    @property
    def apply_share(self) -> float:
        """Share of the time in which each standby applied the fleet's redo."""
        return (
            self.pictures
            * self.model.redo_bytes_per_picture
            / _MEGABYTE
            / self.model.apply_mb_per_second
            / self.seconds
        )


def simulate(model: ScaleModel) -> Simulated:
    """Run until every picture is stored.

    An event is one session that begins or has embedded a batch; whoever comes first to a shared thing is served first.
    """
    rng = Random(model.seed)  # noqa: S311 - a simulation
    found = Simulated(model, [0] * model.all_sessions, [0.0] * model.all_sessions)
    standbys, batch_size, spread = model.standbys, model.batch_size, model.inference_spread
    picture = [model.inference_ms / 1000 * (2 if number < model.slow_standbys else 1) for number in range(standbys)]
    overhead, transport, queue_time = model.overhead_ms / 1000, model.transport_ms / 1000, model.queue_ms / 1000
    statement = model.redirect_ms / 1000 + (transport if model.redirect_wait == "dml" else 0.0)
    row_time = model.primary_ms_per_picture / 1000
    apply_time = model.redo_bytes_per_picture / (model.apply_mb_per_second * _MEGABYTE)
    queue_free = primary_free = apply_free = 0.0  # when each shared thing has served those before
    waiting = model.pictures
    # (time, session, pictures embedded and to be written, pictures of its range after them)
    events = [(0.0, session, 0, 0) for session in range(model.all_sessions)]
    while events:
        now, session, batch, left = events[0]
        if batch:
            arrived = now + statement * (1 if model.is_bulk else batch)
            primary_free = max(primary_free, arrived) + batch * row_time
            apply_free = max(apply_free, primary_free + transport) + batch * apply_time
            found.batches += 1
            found.pictures_of[session] += batch
            found.write_seconds += apply_free - now
            found.longest_write_seconds = max(found.longest_write_seconds, apply_free - now)
            now = apply_free
        if not left:
            if not waiting:
                found.ended_at[session] = now
                heapq.heappop(events)
                continue
            left = min(model.range_size, waiting)
            waiting -= left
            found.ranges += 1
            queue_free = max(queue_free, now) + queue_time
            now = queue_free + overhead
        batch = min(batch_size, left)
        share = max(0.0, rng.gauss(1.0, spread / math.sqrt(batch))) if spread else 1.0
        done = now + batch * picture[session % standbys] * share
        heapq.heapreplace(events, (done, session, batch, left - batch))
    return found
