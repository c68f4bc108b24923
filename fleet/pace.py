"""How fast one session of the fleet embeds: measured over the ranges that were done last."""

from __future__ import annotations

import redis

from fleet.messages import RangeResult

#: List of ``pictures seconds`` of ranges, newest first.
_KEY = "adgfleet:range_times"
#: Ranges that are looked at: enough to even out, few enough to follow a change within minutes.
_RANGES = 200


def note_range(client: redis.Redis, result: RangeResult) -> None:
    """Note how long a range took; one in which nothing was embedded says nothing."""
    pictures = result.embedded + result.failed
    if pictures > 0 and result.seconds > 0:
        with client.pipeline() as pipe:
            pipe.lpush(_KEY, f"{pictures} {result.seconds:.3f}")
            pipe.ltrim(_KEY, 0, _RANGES - 1)
            pipe.execute()


def pictures_per_session_second(client: redis.Redis) -> float | None:
    """Return the pictures that one session embeds in a second; None: nothing has been measured yet."""
    noted: list[str] = client.lrange(_KEY, 0, _RANGES - 1)  # type: ignore[assignment]
    times = [entry.split() for entry in noted]
    seconds = sum(float(taken) for _, taken in times)
    return sum(int(pictures) for pictures, _ in times) / seconds if seconds > 0 else None
