"""Samples over time of what every database does: its CPU time and its pictures a second; kept in Redis, bounded.

CPU time is kept as the counters that the databases give, so the load between any two samples is their difference,
however far they are apart. One stream has a sample every second for some hours, another one a minute for a week.
Who samples is ``fleet.sampler``; where nobody did there is a gap, and nothing is made up for it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import redis

#: Seconds between two samples.
SAMPLE_SECONDS = 1.0
_FINE_KEY = "adgfleet:samples"
#: Three hours.
_FINE_SAMPLES = int(3 * 3600 / SAMPLE_SECONDS)
_COARSE_KEY = "adgfleet:samples:minutes"
_COARSE_SECONDS = 60.0
#: A week.
_COARSE_SAMPLES = int(7 * 24 * 3600 / _COARSE_SECONDS)
_LIFETIME_SECONDS = 7 * 24 * 3600
#: Whoever holds it samples; the others only look.
_HOLDER_KEY = "adgfleet:sampler"
_HOLDER_SECONDS = 5 * SAMPLE_SECONDS
_FIELD = "databases"


@dataclass(frozen=True, slots=True)
class DatabaseSample:
    """One database at one moment; what it did not say is None."""

    #: DB_UNIQUE_NAME and role, empty when it did not answer.
    db_unique_name: str = ""
    role: str = ""
    #: CPU time of all processors since the host or instance started, seconds.
    busy_seconds: float | None = None
    idle_seconds: float | None = None
    #: What its worker embeds, over the last 30 seconds; None: no live worker.
    pictures_per_second: float | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """All databases at one moment, by the fleet's names."""

    #: Unix time, seconds.
    at: float
    databases: dict[str, DatabaseSample]


def cpu_percent(before: DatabaseSample | None, after: DatabaseSample | None) -> float | None:
    """Return the load of a database's processors between two samples, 0 to 100.

    None where one of them does not know, or the counters began anew between them.
    """
    if before is None or after is None or before.db_unique_name != after.db_unique_name:
        return None
    if before.busy_seconds is None or before.idle_seconds is None:
        return None
    if after.busy_seconds is None or after.idle_seconds is None:
        return None
    busy, idle = after.busy_seconds - before.busy_seconds, after.idle_seconds - before.idle_seconds
    if busy < 0 or busy + idle <= 0:
        return None
    return min(100.0, 100.0 * busy / (busy + max(idle, 0.0)))


class SampleStore:
    """The samples in Redis."""

    def __init__(self, client: redis.Redis) -> None:
        """Use a connection whose answers are decoded."""
        self._redis = client

    def claim(self, holder: str) -> bool:
        """Tell whether ``holder`` is the one who samples now; it is asked before each sample.

        Two may think so for a moment when one has been silent for too long; a sample too many does no harm.
        """
        milliseconds = int(1000 * _HOLDER_SECONDS)
        if self._redis.set(_HOLDER_KEY, holder, nx=True, px=milliseconds):
            return True
        if self._redis.get(_HOLDER_KEY) != holder:
            return False
        self._redis.pexpire(_HOLDER_KEY, milliseconds)
        return True

    def release(self, holder: str) -> None:
        """Let another one sample at once."""
        if self._redis.get(_HOLDER_KEY) == holder:
            self._redis.delete(_HOLDER_KEY)

    def add(self, sample: Sample) -> None:
        """Keep a sample; its time is that of Redis's clock, as the times of ranges are."""
        fields = {_FIELD: json.dumps({name: asdict(each) for name, each in sample.databases.items()})}
        self._append(_FINE_KEY, fields, _FINE_SAMPLES)
        last, now = self._last(_COARSE_KEY), self._last(_FINE_KEY)
        if now - last >= _COARSE_SECONDS:
            self._append(_COARSE_KEY, fields, _COARSE_SAMPLES)

    def between(self, start: float, end: float) -> list[Sample]:
        """Return the samples from ``start`` to ``end`` (Unix times, seconds), the oldest first; fine where kept."""
        fine = self._read(_FINE_KEY, start, end)
        coarse = self._read(_COARSE_KEY, start, min(end, fine[0].at) if fine else end)
        return [*(sample for sample in coarse if not fine or sample.at < fine[0].at), *fine]

    def _last(self, key: str) -> float:
        entries: Sequence[tuple[str, object]] = self._redis.xrevrange(key, count=1)  # type: ignore[assignment]
        return _seconds(entries[0][0]) if entries else 0.0

    def _append(self, key: str, fields: dict[str, str], most: int) -> None:
        with self._redis.pipeline() as pipe:
            pipe.xadd(key, fields, maxlen=most, approximate=True)  # type: ignore[arg-type]
            pipe.expire(key, _LIFETIME_SECONDS)
            pipe.execute()

    def _read(self, key: str, start: float, end: float) -> list[Sample]:
        entries: Sequence[tuple[str, dict[str, str]]] = self._redis.xrange(  # type: ignore[assignment]
            key, min=int(1000 * start), max=int(1000 * end)
        )
        return [Sample(_seconds(number), _databases(fields)) for number, fields in entries]


def _seconds(entry_id: str) -> float:
    """Return the time that an entry's id begins with. Source: Redis, streams: ``milliseconds-sequence``."""
    return int(entry_id.partition("-")[0]) / 1000


def _databases(fields: dict[str, str]) -> dict[str, DatabaseSample]:
    stored: dict[str, dict[str, Any]] = json.loads(fields.get(_FIELD, "{}"))
    return {
        name: DatabaseSample(
            db_unique_name=str(each.get("db_unique_name") or ""),
            role=str(each.get("role") or ""),
            busy_seconds=each.get("busy_seconds"),
            idle_seconds=each.get("idle_seconds"),
            pictures_per_second=each.get("pictures_per_second"),
        )
        for name, each in stored.items()
    }
