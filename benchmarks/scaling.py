"""Whether throughput grows with the number of standbys: measured at each size, with modelled inference.

Each size is a fleet of its own, from the same template: a primary, so many standbys, a worker for each. Only the time
counts in which there is work for every session (``range_times.busy_window``); how long a fleet needs to start and to
end its last ranges does not.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.fleet_rig import (
    BenchmarkError,
    FleetPlan,
    FleetRig,
    FleetTemplate,
    fleet_rig,
    wait_for,
)
from benchmarks.processor_time import ProcessorTime, sampled_processor_time
from benchmarks.range_times import RangeTime, RangeTimes, busy_window, pictures_per_second, recorded_ranges
from fleet.state import FleetState

#: A run that takes so many times what it should has failed.
_PATIENCE = 4.0
_START_PATIENCE_SECONDS = 60.0
#: Ranges of each session that a joining standby finds in the queue.
_RANGES_AFTER_JOIN = 3
_POLL_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class ScalingPlan:
    """What to measure."""

    standbys: tuple[int, ...] = (1, 2, 4, 8, 16)
    sessions: int = 4
    inference_ms: float = 500.0
    redirect_ms: float = 20.0
    redirect_wait: str = "commit"
    range_size: int = 30
    batch_size: int = 16
    #: Least time that is measured at each size.
    seconds: float = 45.0
    #: Standbys of the run in which one is half as fast; 0: none.
    uneven: int = 0
    #: Standbys of the run in which the last one joins later; 0: none.
    join: int = 0

    @property
    def range_seconds(self) -> float:
        """What a range takes at least."""
        return self.range_size * self.inference_ms / 1000

    @property
    def ranges_per_session(self) -> int:
        """Ranges after which the time in which all are busy is long enough."""
        return 2 + math.ceil(self.seconds / self.range_seconds)

    def fleet(self, standbys: int, *, ranges_per_session: int, slow_standbys: int = 0) -> FleetPlan:
        """Return the fleet of one size."""
        return FleetPlan(
            standbys=standbys,
            sessions=self.sessions,
            pictures=standbys * self.sessions * ranges_per_session * self.range_size,
            inference_ms=self.inference_ms,
            redirect_ms=self.redirect_ms,
            redirect_wait=self.redirect_wait,
            slow_standbys=slow_standbys,
            range_size=self.range_size,
            batch_size=self.batch_size,
        )

    @property
    def modelled(self) -> str:
        """What is modelled, in words."""
        return f"{self.fleet(1, ranges_per_session=1).modelled} {self.sessions} sessions for each standby."


@dataclass(frozen=True, slots=True)
class Run:
    """One run's figures and its raw data."""

    name: str
    standbys: int
    pictures_per_second: float
    #: How long was measured.
    window_seconds: float
    pictures: int
    inferences: int
    inferences_on_primary: int
    #: Cores kept busy during the window, by kind of process, and by the whole machine.
    cores_used: dict[str, float]
    #: Pictures per second of each standby.
    by_standby: dict[str, float] = field(repr=False)
    ranges: list[RangeTime] = field(repr=False)


@dataclass(frozen=True, slots=True)
class Join:
    """A standby that joins while others work; seconds since its worker's process was started."""

    standbys: int
    #: Its worker said that it is ready, and that it serves.
    ready_seconds: float
    serving_seconds: float
    first_range_seconds: float
    #: The standby's model has done its first picture.
    first_picture_seconds: float
    #: Of the others before, and of all afterwards, until the queue is empty.
    before: float
    after: float


@dataclass(slots=True)
class Scaling:
    """What was found."""

    plan: ScalingPlan
    runs: list[Run] = field(default_factory=list)
    uneven: Run | None = None
    join: Join | None = None

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each size; efficiency compares a standby's rate with that at the smallest size."""
        first = self.runs[0]
        single = first.pictures_per_second / first.standbys
        return [
            {
                "standbys": run.standbys,
                "pictures_per_second": round(run.pictures_per_second, 3),
                "speed_up": round(run.pictures_per_second / single, 3),
                "efficiency": round(run.pictures_per_second / run.standbys / single, 4),
                "window_seconds": round(run.window_seconds, 1),
                "pictures": run.pictures,
                "inferences": run.inferences,
                "inferences_on_primary": run.inferences_on_primary,
                "cores_used": run.cores_used,
            }
            for run in self.runs
        ]

    def to_json(self) -> dict[str, Any]:
        """Return the object that ``--json`` prints."""
        found: dict[str, Any] = {"rows": self.rows()}
        if self.uneven is not None:
            ideal = self.ideal_of_uneven()
            found["uneven"] = {
                "standbys": self.uneven.standbys,
                "pictures_per_second": round(self.uneven.pictures_per_second, 3),
                "ideal": round(ideal, 3),
                "share_of_ideal": round(self.uneven.pictures_per_second / ideal, 4),
                "by_standby": {name: round(rate, 3) for name, rate in self.uneven.by_standby.items()},
            }
        if self.join is not None:
            found["join"] = {
                name: round(value, 3) if isinstance(value, float) else value
                for name, value in asdict(self.join).items()
            }
        return found

    def ideal_of_uneven(self) -> float:
        """Return the sum of the rates of standbys of which one is half as fast."""
        assert self.uneven is not None  # noqa: S101 - asked by the caller
        first = self.runs[0]
        return first.pictures_per_second / first.standbys * (self.uneven.standbys - 0.5)


def measure_scaling(plan: ScalingPlan, template: FleetTemplate, directory: Path, say: Callable[[str], None]) -> Scaling:
    """Measure all sizes, then what else the plan has.

    Args:
        plan: What.
        template: What each fleet begins from.
        directory: For databases and logs.
        say: Told what is being done.

    Raises:
        BenchmarkError: A run did not end, embedded something twice, or was too short.
    """
    found = Scaling(plan)
    for standbys in plan.standbys:
        say(f"{standbys} standbys with {plan.sessions} sessions each")
        fleet = plan.fleet(standbys, ranges_per_session=plan.ranges_per_session)
        run = _run(f"standbys-{standbys}", plan, fleet, template, directory)
        say(f"  {run.pictures_per_second:.2f} pictures/s over {run.window_seconds:.0f} s")
        found.runs.append(run)
    if plan.uneven:
        say(f"{plan.uneven} standbys, one of them half as fast")
        # The slow one's ranges take twice as long, and so must the window.
        fleet = plan.fleet(plan.uneven, ranges_per_session=2 * plan.ranges_per_session, slow_standbys=1)
        found.uneven = _run("uneven", plan, fleet, template, directory)
    if plan.join:
        say(f"{plan.join - 1} standbys, and one that joins")
        found.join = _join(plan, template, directory)
    return found


@contextlib.contextmanager
def _observed(rig: FleetRig, workers: Sequence[str]) -> Iterator[tuple[RangeTimes, ProcessorTime]]:
    """Start workers, listen, and enqueue everything."""
    rig.start_workers(workers)
    with sampled_processor_time(rig.process_groups) as processor, recorded_ranges(rig.settings) as times:
        rig.produce()
        yield times, processor


def _run(name: str, plan: ScalingPlan, fleet: FleetPlan, template: FleetTemplate, directory: Path) -> Run:
    with fleet_rig(template, directory / name, fleet) as rig, _observed(rig, fleet.names) as (times, processor):
        _wait_until_done(times, rig, seconds=_patience(plan, fleet))
        inferences = rig.inferences()
        embedded, failed, pending = rig.counts()
    if (embedded, failed, pending) != (fleet.pictures, 0, 0):
        raise BenchmarkError(f"{name}: of {fleet.pictures} pictures {embedded} are embedded, {failed} failed")
    window = busy_window(times.ranges, sessions=fleet.standbys * fleet.sessions)
    if window is None:
        raise BenchmarkError(f"{name}: too few ranges to measure; measure longer: --seconds")
    first, last = window
    ranges_of = {each: [found for found in times.ranges if found.standby == each] for each in fleet.names}
    return Run(
        name=name,
        standbys=fleet.standbys,
        pictures_per_second=pictures_per_second(times.ranges, first, last),
        window_seconds=last - first,
        pictures=fleet.pictures,
        inferences=sum(inferences.values()),
        inferences_on_primary=inferences["prim"],
        cores_used=processor.cores_used(first, last),
        by_standby={each: pictures_per_second(found, first, last) for each, found in ranges_of.items()},
        ranges=times.ranges,
    )


def _patience(plan: ScalingPlan, fleet: FleetPlan) -> float:
    ideal = fleet.pictures / fleet.standbys / fleet.sessions * plan.inference_ms / 1000
    return _START_PATIENCE_SECONDS + _PATIENCE * ideal


def _wait_until_done(times: RangeTimes, rig: FleetRig, *, seconds: float) -> None:
    wanted = rig.plan.pictures
    wait_for(
        lambda: sum(each.embedded + each.failed + each.already for each in times.ranges) >= wanted,
        f"{wanted} pictures are embedded",
        seconds=seconds,
    )


def _join(plan: ScalingPlan, template: FleetTemplate, directory: Path) -> Join:
    fleet = plan.fleet(plan.join, ranges_per_session=_RANGES_AFTER_JOIN + 1)
    *there, joining = fleet.names
    with (
        fleet_rig(template, directory / "join", fleet) as rig,
        contextlib.closing(FleetState(rig.settings)) as state,
        _observed(rig, there) as (times, _),
    ):
        busy = len(there) * plan.sessions
        wait_for(lambda: len(times.starts) >= busy, "the first workers work", seconds=_START_PATIENCE_SECONDS)
        levers = rig.cluster.levers(joining)
        warmed = int(levers.status()["inferences"])
        began = time.time()
        process = rig.start_worker(joining)
        since: dict[str, float] = {}
        log = Path(process.log)

        def look() -> bool:
            beat = state.live_workers().get(joining)
            seen = {
                "ready": " ready." in log.read_text(encoding="utf-8", errors="replace"),
                "serving": beat is not None and beat.is_serving,
                # Counted when they begin: one more than there are sessions, and one is done.
                "picture": int(levers.status()["inferences"]) - warmed > plan.sessions,
            }
            for name, is_so in seen.items():
                if is_so:
                    since.setdefault(name, time.time() - began)
            return len(since) == len(seen)

        wait_for(look, f"{joining} works", seconds=_START_PATIENCE_SECONDS, every_seconds=_POLL_SECONDS)
        _wait_until_done(times, rig, seconds=_patience(plan, fleet))
    first_range = min(at for standby, at in times.starts if standby == joining)
    last = max(each.started_at for each in times.ranges)
    return Join(
        standbys=plan.join,
        ready_seconds=since["ready"],
        serving_seconds=since["serving"],
        first_range_seconds=first_range - began,
        first_picture_seconds=since["picture"],
        before=pictures_per_second(times.ranges, min(at for _, at in times.starts), began),
        after=pictures_per_second(times.ranges, first_range, last) if last > first_range else 0.0,
    )
