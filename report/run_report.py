"""Reads what a run did: its ranges as workers reported them, CPU as it was sampled, failures from the tables.

Nothing is estimated. Rates come from the ranges themselves: each gives its pictures to the time that it took. Loads are
differences of the databases' own counters. Without samples there is a gap, and ``RunReport.missing`` says so.
"""

from __future__ import annotations

import itertools
import math
import statistics
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from fleet.errors import FleetError, InputError
from fleet.failures import Failure, list_failures
from fleet.range_queue import count_running
from fleet.runs import RangeRecord, known_runs, range_records
from fleet.samples import SAMPLE_SECONDS, DatabaseSample, Sample, SampleStore, cpu_percent
from fleet.sessions import Database, session
from fleet.settings import Settings
from fleet.state import FleetState, RunProgress
from fleet.status import StatusReader, TableCounts

#: Points of a line at most.
_MOST_POINTS = 300
#: Bins of the rate at most.
_MOST_BINS = 120
#: Samples that are farther apart than this, and than usual, have a gap between them, seconds.
_GAP_SECONDS = 15.0
#: Samples from so long before a run and after it belong to its picture, seconds.
_MARGIN_SECONDS = 1.5 * SAMPLE_SECONDS
#: Failures read from the tables, and listed.
_MOST_READ, MOST_LISTED = 1000, 50
_LOGON_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class DatabaseLoad:
    """The CPU of one database during a run."""

    name: str
    role: str
    #: Mean over the part of the run that was sampled, 0 to 100; None: not known.
    mean_percent: float | None
    #: (Middle of two samples, Unix time; percent between them), the oldest first; None where it is not known.
    points: tuple[tuple[float, float | None], ...]


@dataclass(frozen=True, slots=True)
class Rates:
    """Pictures a second of each standby over the run, in bins of equal length."""

    #: Unix time, seconds.
    start: float
    bin_seconds: float
    standbys: dict[str, tuple[float, ...]]


@dataclass(frozen=True, slots=True)
class RunReport:
    """One run."""

    run_id: str
    #: Unix times, seconds. ``end``: when the last range was reported, or now while ranges are queued or in work.
    start: float
    end: float
    progress: RunProgress
    rates: Rates
    #: The primary first, then the standbys.
    loads: tuple[DatabaseLoad, ...]
    #: Stretches of the run in which nobody sampled: from, to.
    gaps: tuple[tuple[float, float], ...]
    samples: int
    #: Those of this run that are still put aside, the latest first; at most ``MOST_LISTED``.
    failures: tuple[Failure, ...]
    #: How the tables are now.
    counts: TableCounts | None
    #: What is not known, and why: sentences.
    missing: tuple[str, ...] = field(default=())
    #: How many of its failed pictures are still put aside, listed or not; None: not known.
    put_aside: int | None = None
    #: How many of these there are of each error code, the most frequent first.
    errors: dict[str, int] = field(default_factory=dict)
    #: Ranges that nobody reported though nothing is queued or in work: Redis was killed, or emptied.
    lost: int = 0

    @property
    def is_done(self) -> bool:
        """Whether none of its ranges is queued or in work any more."""
        return self.progress.ranges_done + self.lost >= self.progress.ranges

    @property
    def seconds(self) -> float:
        """How long it took, or has taken."""
        return max(self.end - self.start, 1e-3)

    @property
    def pictures_per_second(self) -> float:
        """Embedded pictures over the whole run."""
        return self.progress.embedded / self.seconds

    def to_json(self) -> dict[str, Any]:
        """Return it for scripts."""
        progress = self.progress
        counters = ("ranges", "ranges_done", "pictures", "embedded", "already", "failed", "vanished")
        return {
            "run_id": self.run_id,
            "start": round(self.start, 3),
            "end": round(self.end, 3),
            "seconds": round(self.seconds, 3),
            "is_done": self.is_done,
            "ranges_lost": self.lost,
            **{name: getattr(progress, name) for name in counters},
            "pictures_per_second": round(self.pictures_per_second, 2),
            "standbys": {
                name: {"embedded": embedded, "pictures_per_second": round(embedded / self.seconds, 2)}
                for name, embedded in progress.standbys.items()
            },
            "rate": {
                "start": round(self.rates.start, 3),
                "bin_seconds": round(self.rates.bin_seconds, 3),
                "pictures_per_second": {
                    name: [round(value, 3) for value in values] for name, values in self.rates.standbys.items()
                },
            },
            "cpu": {
                load.name: {
                    "role": load.role,
                    "mean_percent": None if load.mean_percent is None else round(load.mean_percent, 1),
                    "percent": [
                        [round(at, 1), None if value is None else round(value, 1)] for at, value in load.points
                    ],
                }
                for load in self.loads
            },
            "samples": self.samples,
            "gaps": [[round(start, 1), round(end, 1)] for start, end in self.gaps],
            "put_aside": self.put_aside,
            "errors": self.errors,
            "failures": [failure.to_json() for failure in self.failures],
            "counts": None if self.counts is None else asdict(self.counts),
            "missing": list(self.missing),
        }


def find_run(state: FleetState, wanted: str | None) -> str:
    """Return the id of a run that is known; None stands for the latest.

    Raises:
        InputError: There is none of that name; the text lists those that there are.
    """
    known = list(known_runs(state.client))
    if not known:
        raise InputError("no run is known: Redis forgets a run after a week; start one: adgfleet produce --follow")
    if wanted is None:
        return known[0]
    if wanted not in known:
        newest = ", ".join(known[:10]) + (f" and {len(known) - 10} older ones" if len(known) > 10 else "")
        raise InputError(f"there is no run {wanted!r}; known, the newest first: {newest}")
    return wanted


def read_run(settings: Settings, state: FleetState, run_id: str) -> RunReport:
    """Read what a run did.

    Raises:
        redis.RedisError: Redis failed. Databases may be away: that is said in the report.
    """
    is_idle = _is_idle(settings, state)  # asked first: a range that is reported meanwhile was in work
    progress = state.progress(run_id)
    records = range_records(state.client, run_id)
    timed = [record for record in records if record.at > 0]
    missing = []
    if len(timed) < len(records):
        missing.append(f"{len(records) - len(timed)} ranges were reported by an older version, without their time.")
    end = max((record.at for record in timed), default=0.0)
    lost = max(0, progress.ranges - progress.ranges_done) if is_idle else 0
    if lost:
        end = end or progress.began_at
        were = "range was" if lost == 1 else "ranges were"
        missing.append(f"{lost:,} {were} never reported, though nothing is queued or in work: Redis lost the reports.")
    elif progress.ranges_done < progress.ranges:
        end = time.time()
        missing.append(f"The run is not done: {progress.ranges_done} of {progress.ranges} ranges were reported.")
    end = end or time.time()
    begun = [progress.began_at] if progress.began_at else []
    start = min((*begun, *(record.at - record.seconds for record in timed)), default=end)
    samples = SampleStore(state.client).between(start - _MARGIN_SECONDS, end + _MARGIN_SECONDS)
    gaps = find_gaps([sample.at for sample in samples], start, end)
    missing += _about_samples(samples, gaps)
    failures, problem = _failures(settings, [record for record in records if record.failed])
    counts, counts_problem = StatusReader(settings, state).count(list(state.live_workers()))
    missing += [f"The failed pictures are not known: {problem}."] if problem else []
    missing += [f"The tables were not counted: {counts_problem}."] if counts is None else []
    return RunReport(
        run_id=run_id,
        start=start,
        end=end,
        progress=progress,
        lost=lost,
        rates=bin_rates(timed, start, end, list(progress.standbys)),
        loads=tuple(loads_of(samples, gaps, start, end)),
        gaps=tuple(gaps),
        samples=len(samples),
        failures=tuple(failures[:MOST_LISTED]),
        counts=counts,
        missing=tuple(missing),
        put_aside=None if problem else len(failures),
        errors=dict(Counter(failure.error or "no code" for failure in failures).most_common()),
    )


def _is_idle(settings: Settings, state: FleetState) -> bool:
    """Tell whether nothing is queued and nothing in work, for whichever run."""
    standbys = list(dict.fromkeys((*settings.require("standbys"), *state.known_standbys())))
    return not state.queue_depth(standbys) and not count_running(state.client, standbys)


def bin_rates(records: Sequence[RangeRecord], start: float, end: float, standbys: Sequence[str]) -> Rates:
    """Spread the pictures of each range evenly over the time that it took, and sum them up in bins.

    The sum over all bins, times their length, is the number of pictures.
    """
    length = max(end - start, 1e-3)
    bins = max(1, min(_MOST_BINS, int(length)))
    bin_seconds = length / bins
    found = {name: [0.0] * bins for name in (*standbys, *(record.standby for record in records if record.embedded))}
    for record in records:
        if not record.embedded:
            continue
        seconds = max(record.seconds, 1e-3)
        begin = record.at - seconds
        first = max(0, int((begin - start) / bin_seconds))
        for number in range(first, min(bins - 1, int((record.at - start) / bin_seconds)) + 1):
            low, high = start + number * bin_seconds, start + (number + 1) * bin_seconds
            share = max(0.0, min(high, record.at) - max(low, begin)) / seconds
            found[record.standby][number] += record.embedded * share / bin_seconds
    return Rates(start, bin_seconds, {name: tuple(values) for name, values in sorted(found.items())})


def find_gaps(times: Sequence[float], start: float, end: float) -> list[tuple[float, float]]:
    """Return the stretches of a run in which there are no samples though there should be."""
    steps = [after - before for before, after in itertools.pairwise(times)]
    longest = max(_GAP_SECONDS, 2.5 * statistics.median(steps)) if steps else _GAP_SECONDS
    marks = [start, *(at for at in times if start <= at <= end), end]
    if len(marks) == 2:
        return [(start, end)] if not times else []
    return [(before, after) for before, after in itertools.pairwise(marks) if after - before > longest]


def loads_of(
    samples: Sequence[Sample], gaps: Sequence[tuple[float, float]], start: float, end: float
) -> list[DatabaseLoad]:
    """Return the load of each database between samples; in a gap it is not known.

    The mean is of the run alone, from ``start`` to ``end``, though samples just outside belong to its picture.
    """
    step = max(1, math.ceil(len(samples) / _MOST_POINTS))
    thinned = [*samples[:-1:step], *samples[-1:]]
    found = []
    for name in dict.fromkeys(name for sample in samples for name in sample.databases):
        points: list[tuple[float, float | None]] = []
        for before, after in itertools.pairwise(thinned):
            in_gap = any(before.at <= start and after.at >= end for start, end in gaps)
            load = None if in_gap else cpu_percent(before.databases.get(name), after.databases.get(name))
            points.append(((before.at + after.at) / 2, load))
        told = [(sample.at, sample.databases[name]) for sample in samples if name in sample.databases]
        role = next((each.role for _, each in reversed(told) if each.role), "")
        found.append(DatabaseLoad(name, role, _mean_load(told, start, end), tuple(points)))
    return found


def _mean_load(told: Sequence[tuple[float, DatabaseSample]], start: float, end: float) -> float | None:
    """Return the load over all stretches between two samples that both know it, as far as they lie in the run."""
    busy = idle = 0.0
    for (earlier, before), (later, after) in itertools.pairwise(told):
        inside = min(later, end) - max(earlier, start)
        if inside > 0 and cpu_percent(before, after) is not None:
            share = inside / (later - earlier)
            busy += share * ((after.busy_seconds or 0.0) - (before.busy_seconds or 0.0))
            idle += share * max(0.0, (after.idle_seconds or 0.0) - (before.idle_seconds or 0.0))
    return 100.0 * busy / (busy + idle) if busy + idle > 0 else None


def _about_samples(samples: Sequence[Sample], gaps: Sequence[tuple[float, float]]) -> list[str]:
    advice = "adgfleet serve and a producer that follows take samples while they run"
    if not samples:
        return [f"No samples of CPU were kept for this run: {advice}."]
    said = []
    if gaps:
        seconds = sum(end - start for start, end in gaps)
        said.append(f"No samples of CPU were kept for {seconds:.0f} s of the run (grey in the chart): {advice}.")
    told = {name: [sample.databases.get(name) for sample in samples] for name in samples[-1].databases}
    return said + [
        f"CPU of {name} is not known: it did not answer, or V$OSSTAT is not granted (sql/09)."
        for name, each in told.items()
        if all(database is None or database.busy_seconds is None for database in each)
    ]


def _failures(settings: Settings, failed_in: Sequence[RangeRecord]) -> tuple[list[Failure], str]:
    """Return the failures of a run that are still put aside, or why they are not known."""
    if not failed_in:
        return [], ""
    problem = ""
    for name in ("primary", *settings.require("standbys")):
        try:
            database = Database.named(settings, name)
            with session(database, module="report") as connection:
                found, _ = list_failures(connection, error_code=None, most=_MOST_READ)
        except FleetError as error:
            problem = problem or str(error)
        else:
            mine = [f for f in found if any(record.first_id <= f.id <= record.last_id for record in failed_in)]
            return mine, ""
    return [], problem
