"""What is known of runs afterwards: which there were, and when each of their ranges was done, by whom, how fast.

Workers report each range once it is done (``FleetState.report_range``); a week later it is forgotten.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

import redis

#: How long a run is kept, seconds: a week.
RUN_LIFETIME_SECONDS = 7 * 24 * 3600
#: Sorted set of run ids by the time at which they began.
RUNS_KEY = "adgfleet:runs"


@dataclass(frozen=True, slots=True)
class RangeRecord:
    """One range of a run, as it was last reported with something new."""

    first_id: int
    last_id: int
    embedded: int
    already: int
    failed: int
    vanished: int
    #: Empty, and the two times 0, when a worker of an older version reported it.
    standby: str
    #: When it was reported: Unix time of Redis's clock, seconds.
    at: float
    #: How long it took.
    seconds: float


def run_key(run_id: str) -> str:
    """Return the hash of a run's counters."""
    return f"adgfleet:run:{run_id}"


def ranges_key(run_id: str) -> str:
    """Return the hash of a run's ranges: ``first..last`` to JSON."""
    return f"{run_key(run_id)}:ranges"


def remember_run(client: redis.Redis, run_id: str, began_at: float) -> None:
    """Add a run to those known, and forget those whose figures have expired."""
    with client.pipeline() as pipe:
        pipe.zadd(RUNS_KEY, {run_id: began_at})
        pipe.zremrangebyscore(RUNS_KEY, "-inf", time.time() - RUN_LIFETIME_SECONDS)
        pipe.execute()


def known_runs(client: redis.Redis, *, most: int | None = None) -> dict[str, float]:
    """Return the runs whose figures are still there, the newest first, and when each began (Unix time, seconds).

    Args:
        client: Its answers are decoded.
        most: Look at so many of the newest only; a producer that follows makes thousands in a week.
    """
    last = -1 if most is None else most - 1
    found: list[tuple[str, float]] = client.zrevrange(RUNS_KEY, 0, last, withscores=True)  # type: ignore[assignment]
    with client.pipeline(transaction=False) as pipe:
        for run_id, _ in found:
            pipe.exists(run_key(run_id))
        there = pipe.execute()
    return {run_id: began_at for (run_id, began_at), exists in zip(found, there, strict=True) if exists}


def range_records(client: redis.Redis, run_id: str) -> list[RangeRecord]:
    """Return the ranges of a run that are done, the first one first."""
    records = []
    for ids, text in client.hscan_iter(ranges_key(run_id)):
        stored = json.loads(text)
        first, _, last = str(ids).partition("..")
        records.append(
            RangeRecord(
                first_id=int(first),
                last_id=int(last),
                embedded=int(stored["embedded"]),
                already=int(stored["already"]),
                failed=int(stored["failed"]),
                vanished=int(stored["vanished"]),
                standby=str(stored.get("standby", "")),
                at=int(stored.get("at_ms", 0)) / 1000,
                seconds=float(stored.get("seconds", 0.0)),
            )
        )
    return sorted(records, key=lambda record: (record.at, record.first_id))
