"""How fast a worker is: pictures per second as people want to see it, and how long a call may take."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

#: What "now" means for a rate, seconds.
_WINDOW_SECONDS = 30.0
#: A call may take so many times what its pictures usually take.
_MARGIN = 5.0
#: Weight of the newest range in the usual time of a picture.
_NEWEST = 0.3


class Rates:
    """The rates of one worker."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Begin to count now."""
        self._clock = clock
        self._lock = threading.Lock()
        self._started = clock()
        self._recent: deque[tuple[float, int]] = deque()
        self._seconds_per_picture: float | None = None
        self.embedded = 0
        self.failed = 0

    def note(self, *, embedded: int, failed: int, seconds: float) -> None:
        """Count a range that is done."""
        with self._lock:
            self.embedded += embedded
            self.failed += failed
            self._recent.append((self._clock(), embedded))
            if embedded + failed:
                newest = seconds / (embedded + failed)
                usual = self._seconds_per_picture
                self._seconds_per_picture = newest if usual is None else usual + _NEWEST * (newest - usual)

    @property
    def pictures_per_second(self) -> float:
        """Over the last half minute, or since the start if that is shorter."""
        with self._lock:
            now = self._clock()
            while self._recent and now - self._recent[0][0] > _WINDOW_SECONDS:
                self._recent.popleft()
            pictures = sum(embedded for _, embedded in self._recent)
            return pictures / max(1.0, min(_WINDOW_SECONDS, now - self._started))

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
