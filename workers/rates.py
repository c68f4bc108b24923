"""How fast a worker is: pictures per second as people want to see it, how long a call may take, how large batches are.

A batch is what is lost when its session is, and what is written and committed at once: one redirected statement where
array inserts work. So it is as many pictures as a session embeds in ten seconds, but

- at least 32, so that waiting for the primary costs a picture little however slow the model is,
- at most 128, so that row by row, at 40 ms a redirected statement, writing them stays within COMMIT_LATENCY_LIMIT.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

#: What "now" means for a rate, seconds …
_WINDOW_SECONDS = 30.0
#: … and at least so many times the longest of the ranges that it is measured by: they may all end at once.
_WINDOW_RANGES = 2.0
#: A worker with nothing in work has a rate for so long after its last range, seconds: ranges follow each other.
_IDLE_SECONDS = 2.0
#: Nothing is divided by less, seconds.
_LEAST_SECONDS = 0.1
#: A call may take so many times what its pictures usually take.
_MARGIN = 5.0
#: Weight of the newest range in the usual time of a picture.
_NEWEST = 0.3
#: How long a batch should take, seconds, and its bounds, pictures.
_BATCH_SECONDS = 10.0
SMALLEST_BATCH = 32
LARGEST_BATCH = 128


@dataclass(frozen=True, slots=True)
class _Work:
    """A range that is done: from when to when, by the clock, and how many pictures it embedded."""

    begin: float
    end: float
    embedded: int

    def embedded_since(self, since: float) -> float:
        """Return its share of pictures from ``since`` on."""
        if self.begin >= since:
            return self.embedded
        return self.embedded * max(0.0, self.end - since) / (self.end - self.begin)


class Rates:
    """The rates of one worker."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Count nothing yet."""
        self._clock = clock
        self._lock = threading.Lock()
        self._recent: deque[_Work] = deque()
        self._seconds_per_picture: float | None = None
        self.embedded = 0
        self.failed = 0

    def note(self, *, embedded: int, failed: int, seconds: float) -> None:
        """Count a range that is done, after so long."""
        with self._lock:
            self.embedded += embedded
            self.failed += failed
            now = self._clock()
            self._recent.append(_Work(now - seconds, now, embedded))
            if embedded + failed:
                newest = seconds / (embedded + failed)
                usual = self._seconds_per_picture
                self._seconds_per_picture = newest if usual is None else usual + _NEWEST * (newest - usual)

    def pictures_per_second(self, busy: int) -> float:
        """Over the last half minute, or the last two ranges' time if that is longer; 0 soon after the last range.

        Pictures of a range are spread over the time that it took. A range in work has not been counted yet: it is taken
        to have begun when its session was free, to be as fast as the others, and not to last longer than they did.

        Args:
            busy: Ranges in work now.
        """
        with self._lock:
            now = self._clock()
            longest = max((work.end - work.begin for work in self._recent), default=0.0)
            window = max(_WINDOW_SECONDS, _WINDOW_RANGES * longest)
            while self._recent and now - self._recent[0].end > window:
                self._recent.popleft()
            recent = list(self._recent)
        if not recent or (not busy and now - recent[-1].end > _IDLE_SECONDS):
            return 0.0
        since = max(now - window, min(work.begin for work in recent))
        done = sum(work.embedded_since(since) for work in recent)
        taken = [work.end - work.begin for work in recent]
        speed = sum(work.embedded for work in recent) / max(sum(taken), _LEAST_SECONDS)
        free_since = [work.end for work in recent[::-1][:busy]]
        free_since += [since] * (busy - len(free_since))
        under_way = sum(min(now - free, max(taken)) for free in free_since)
        return (done + speed * under_way) / max(now - since, _LEAST_SECONDS)

    def call_timeout_seconds(
        self, pictures: int, *, picture_timeout_seconds: float, floor_seconds: float, cap_seconds: float
    ) -> float:
        """Return how long a call may take.

        Args:
            pictures: How many the call embeds.
            picture_timeout_seconds: Time of a picture as long as none has been measured.
            floor_seconds: Never less.
            cap_seconds: Never more.
        """
        with self._lock:
            usual = self._seconds_per_picture
        each = picture_timeout_seconds if usual is None else _MARGIN * usual
        return min(cap_seconds, max(floor_seconds, each * max(1, pictures)))

    def batch_size(self) -> int:
        """Return how many pictures are embedded and committed together."""
        with self._lock:
            usual = self._seconds_per_picture
        if not usual:
            return SMALLEST_BATCH
        return round(min(LARGEST_BATCH, max(SMALLEST_BATCH, _BATCH_SECONDS / usual)))
