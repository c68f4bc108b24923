"""What planning and enqueueing cost by the number of pending pictures.

Each number has databases and a Redis of its own, and a producer whose memory is measured from its start. Its time is
that of the emulator's queries for the most part: it tells how the producer grows, not how fast it is on Oracle.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import redis

from benchmarks.fleet_rig import BenchmarkError, FleetPlan, FleetRig, FleetTemplate, fleet_rig
from benchmarks.stored_rows import ids_with_gaps, store_pictures
from fleet.celery_app import SHARED_QUEUE
from fleet.sessions import Connection, Database, session

#: A producer that takes longer has failed.
_FIXED_SECONDS, _SECONDS_PER_MILLION = 120.0, 600.0
_PLANNING_SECONDS = 3600
_STATISTIC = "SELECT value FROM v$sysstat WHERE name = :name"
_MODELLED = "The databases are emulated, one standby is planned from; ids have gaps, nothing is embedded."


@dataclass(frozen=True, slots=True)
class ProducerPlan:
    """What to measure."""

    pictures: tuple[int, ...] = (10_000, 100_000, 1_000_000, 10_000_000)

    @property
    def conditions(self) -> str:
        """What ran, in words."""
        return _MODELLED


@dataclass(frozen=True, slots=True)
class ProducerRow:
    """One producer."""

    pictures: int
    ranges: int
    seconds: float
    #: Of the producer itself; the rest of the time it waits.
    cpu_seconds: float
    #: Largest resident memory of its process, interpreter and libraries included, MB.
    peak_mb: float
    #: Executed on the standby, and on the primary, by both rounds.
    statements: int
    statements_on_primary: int
    round_trips: int
    #: What Redis has more in memory afterwards, and what the queue alone has.
    redis_bytes: int
    queue_bytes: int
    #: A second round, when everything is queued: nothing is enqueued.
    again_seconds: float
    again_peak_mb: float


def measure_producer(
    plan: ProducerPlan, template: FleetTemplate, directory: Path, say: Callable[[str], None]
) -> list[ProducerRow]:
    """Measure all numbers.

    Raises:
        BenchmarkError: A producer failed, or did not enqueue exactly what is pending.
    """
    rows = []
    for count in plan.pictures:
        say(f"{count:,} pictures")
        fleet = FleetPlan(standbys=1, sessions=4, pictures=0, range_size=0)

        def fill(path: Path, count: int = count) -> None:
            store_pictures(path, ids_with_gaps(count))

        with fleet_rig(template, directory / f"pictures-{count}", fleet, fill) as rig:
            row = _measure(rig, count)
        say(f"  {row.ranges:,} ranges in {row.seconds:.1f} s, peak {row.peak_mb:.1f} MB, {row.statements} statements")
        rows.append(row)
    return rows


def growth(rows: Sequence[ProducerRow]) -> dict[str, float]:
    """Return how the last producer compares with the first: memory, and time for each picture."""
    first, last = rows[0], rows[-1]
    return {
        "peak_memory": round(last.peak_mb / first.peak_mb, 3),
        "seconds_per_picture": round(last.seconds / last.pictures / (first.seconds / first.pictures), 3),
    }


def _measure(rig: FleetRig, count: int) -> ProducerRow:
    command = [sys.executable, "-m", "benchmarks.producer_round", str(rig.env_file)]
    with rig.env_file.open("a", encoding="utf-8") as file:  # a busy machine shall not break a measurement off
        file.write(f"PLANNING_TIMEOUT={_PLANNING_SECONDS}\n")
    with (
        redis.Redis.from_url(rig.settings.require("redis_url")) as client,
        session(Database.standby(rig.settings, rig.plan.names[0]), module="observer") as standby,
        session(Database.primary(rig.settings), module="observer") as primary,
    ):
        earlier = _Counts.read(client, standby, primary)
        before = _Counts.read(client, standby, primary)
        process = subprocess.run(  # noqa: S603 - our own command
            command,
            stdout=subprocess.PIPE,
            text=True,
            check=False,
            timeout=_FIXED_SECONDS + _SECONDS_PER_MILLION * count / 1e6,
        )
        after = _Counts.read(client, standby, primary)
        queue_bytes = client.memory_usage(SHARED_QUEUE, samples=0) or 0
    if process.returncode:
        raise BenchmarkError(f"the producer of {count:,} pictures failed: see above")
    found = json.loads(process.stdout)
    if (found["pictures"], found["again_pictures"]) != (count, 0):
        raise BenchmarkError(f"{found['pictures']} and {found['again_pictures']} of {count} pictures were enqueued")
    return ProducerRow(
        pictures=count,
        ranges=found["ranges"],
        seconds=found["seconds"],
        cpu_seconds=found["cpu_seconds"],
        peak_mb=found["peak_mb"],
        # Reading costs statements, too: as many as between the two readings before.
        statements=after.statements - 2 * before.statements + earlier.statements,
        statements_on_primary=after.on_primary - 2 * before.on_primary + earlier.on_primary,
        round_trips=after.round_trips - 2 * before.round_trips + earlier.round_trips,
        redis_bytes=after.redis_bytes - before.redis_bytes,
        queue_bytes=queue_bytes,
        again_seconds=found["again_seconds"],
        again_peak_mb=found["again_peak_mb"],
    )


@dataclass(frozen=True, slots=True)
class _Counts:
    """Statistics of databases and Redis at one moment."""

    statements: int
    on_primary: int
    round_trips: int
    redis_bytes: int

    @classmethod
    def read(cls, client: redis.Redis, standby: Connection, primary: Connection) -> _Counts:
        return cls(
            _statistic(standby, "execute count"),
            _statistic(primary, "execute count"),
            _statistic(standby, "SQL*Net roundtrips to/from client"),
            int(client.info("memory")["used_memory"]),
        )


def _statistic(connection: Connection, name: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(_STATISTIC, name=name)
        return int(cursor.fetchone()[0])
