"""How many pictures go into a range.

    size = RANGE_SECONDS × pictures that one session embeds in a second
    at most  pending pictures ÷ (4 × sessions of the fleet), so that all sessions end at about the same time
    within   10 … 1000 pictures
    at least pending pictures ÷ 10,000 if all are enqueued at once, so that the queue does not grow with them

A range is what progress is counted in, what a session that hangs is given time for, and how far apart the sessions
end: hence seconds, not pictures, are what is aimed at. What is lost when a session dies is its batch only.
RANGE_SECONDS is 60 so that the call of a range, some 90 bytes between worker and standby
(``tests/integration/test_costs.py``), costs less than two bytes a picture where a picture takes a second. The lower
bound keeps the queue's own cost below a percent of a range's time; the upper one keeps a wrong measurement harmless.

Source of the bounds: measured with celery 5.7.0 and Redis 7.0, 0.9 to 2.7 ms of the queue's own time for a message.
"""

from __future__ import annotations

import math

SMALLEST_PICTURES = 10
LARGEST_PICTURES = 1000
#: Until a rate has been measured.
FIRST_PICTURES = 100
#: Ranges that wait at most. Keeps Redis small: 10,000 messages take about 20 MB there.
MOST_RANGES = 10_000
#: Ranges that each session should get at least, if there are enough pictures.
_RANGES_PER_SESSION = 4


def choose_range_size(
    *, target_seconds: float, pictures_per_session_second: float | None, pending: int, sessions: int
) -> int:
    """Return the pictures of a range.

    Args:
        target_seconds: How long a range should take, RANGE_SECONDS.
        pictures_per_session_second: Measured rate of one session; None: not measured yet.
        pending: Pictures to be planned.
        sessions: Sessions that will share them.
    """
    wanted = FIRST_PICTURES
    if pictures_per_session_second is not None:
        wanted = round(target_seconds * pictures_per_session_second)
    share = math.ceil(pending / (_RANGES_PER_SESSION * max(sessions, 1)))
    return max(SMALLEST_PICTURES, min(wanted, share, LARGEST_PICTURES))


def pictures_that_matter(sessions: int) -> int:
    """Return how many pending pictures are enough to know the size: more do not change it."""
    return _RANGES_PER_SESSION * max(sessions, 1) * LARGEST_PICTURES


def smallest_at_once(pending: int) -> int:
    """Return the pictures that a range must have at least when all that is pending is enqueued at once."""
    return max(1, math.ceil(pending / MOST_RANGES))
