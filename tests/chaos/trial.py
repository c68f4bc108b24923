"""One trial: a run under the faults that a seed chooses, and what became of it."""

from __future__ import annotations

import statistics
import time
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import redis

from emulator.cluster import ClusterError
from emulator.control import ControlError
from fleet.errors import DatabaseError
from fleet.sessions import Database, session
from tests.chaos.faults import FAULTS, Fault
from tests.chaos.judge import Tables, differences, find_primary, pending_pictures, read_tables
from tests.chaos.observer import Observation, Observer
from tests.chaos.rig import Rig, Template

#: A run that has not settled this long after its last fault was mended has lost something.
_RECOVERY_SECONDS = 90.0
#: Faults come within this time after the start, while there is work.
_FAULT_WINDOW_SECONDS = 5.0
_MOST_FAULTS = 3
_POLL_SECONDS = 0.1
#: The rate counts as back at this share of the median before the fault.
_BACK_SHARE = 0.5
_RATE_WINDOW_SECONDS = 1.0
#: A fall of the rate that begins within this time after a fault is the fault's.
_EFFECT_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Reference:
    """What a run without faults leaves."""

    #: The vector of each good picture, as a digest.
    vectors: dict[int, str]
    #: Of all databases; a corrupt picture costs one and at times a canary's.
    inferences: int
    pictures_per_second: float


@dataclass(slots=True)
class Verdict:
    """What a trial found."""

    seed: int
    #: The kinds of the faults that happened, in that order.
    kinds: list[str]
    #: What was planned.
    faults: list[str]
    differences: list[str]
    #: Faults that could not happen, because another stood in their way, and why.
    prevented: list[str] = field(default_factory=list)
    seconds: float = 0.0
    inferences: int = 0
    on_a_primary: int = 0
    #: For each of ``kinds``: when it had happened, seconds after the start.
    happened_at: list[float] = field(default_factory=list)
    #: For each of ``kinds``: seconds until pictures were stored at half the usual rate again; None: the run was over.
    recovery_seconds: list[float | None] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing differs from a fault-free run."""
        return not self.differences and not self.on_a_primary


def plan_faults(seed: int) -> list[tuple[float, Fault]]:
    """Return when (seconds after the start) which fault happens: the same for the same seed."""
    rng = Random(seed)
    kinds = rng.sample(list(FAULTS), rng.randint(1, _MOST_FAULTS))
    return sorted(
        ((rng.uniform(0.5, _FAULT_WINDOW_SECONDS), FAULTS[kind](Random(rng.random()))) for kind in kinds),
        key=lambda planned: planned[0],
    )


def plan_fault(kind: str, seed: int) -> list[tuple[float, Fault]]:
    """Return a plan with one fault of this kind."""
    rng = Random(f"{kind} {seed}")
    return [(rng.uniform(0.5, _FAULT_WINDOW_SECONDS), FAULTS[kind](rng))]


def run_trial(
    template: Template, reference: Reference, directory: Path, *, seed: int, kind: str | None = None
) -> Verdict:
    """Run one seed and judge it; everything is stopped when this returns.

    Args:
        template: What to begin from.
        reference: What a run without faults left.
        directory: Made by this, for data and logs.
        seed: Chooses the faults and all about them.
        kind: One fault of this kind instead of what the seed chooses.
    """
    planned = plan_faults(seed) if kind is None else plan_fault(kind, seed)
    verdict = Verdict(seed, [], [f"{fault} at {at:.1f} s" for at, fault in planned], [])
    rig = Rig(template, directory)
    try:
        rig.start()
        observer = _observe(rig)
        rig.produce()
        try:
            let_happen(rig, planned, observer.started, verdict)
            _recover(rig, produce_again=any(fault.empties_queue for _, fault in planned))
            verdict.differences += _judge(rig, template, reference.vectors)
        except (RuntimeError, DatabaseError, ClusterError, ControlError, redis.RedisError) as error:
            verdict.differences.append(str(error))
        verdict.seconds = time.monotonic() - observer.started
        observation = observer.stop()
    finally:
        rig.stop()
    verdict.inferences, verdict.on_a_primary = observation.inferences, observation.on_a_primary
    verdict.recovery_seconds = [
        recovery_seconds(observation, at, usual=reference.pictures_per_second) for at in verdict.happened_at
    ]
    return verdict


def run_reference(template: Template, directory: Path) -> Reference:
    """Run without a fault; return what it left.

    Raises:
        RuntimeError: Even that run left a difference.
    """
    rig = Rig(template, directory)
    try:
        rig.start()
        observer = _observe(rig)
        rig.produce()
        _recover(rig, produce_again=False)
        with session(_primary(rig), module="chaos") as connection:
            tables = read_tables(connection)
        observation = observer.stop()
    finally:
        rig.stop()
    if tables.vectors.keys() != template.good or tables.failed != template.bad:
        raise RuntimeError(
            f"a run without faults stored {len(tables.vectors)} vectors and put {len(tables.failed)} pictures aside"
        )
    return Reference(tables.vectors, observation.inferences, usual_rate(observation))


def _observe(rig: Rig) -> Observer:
    observer = Observer(rig.cluster, rig.settings.require("db_user"), rig.settings.require("db_password"))
    observer.start()
    return observer


def let_happen(rig: Rig, planned: list[tuple[float, Fault]], started: float, verdict: Verdict) -> None:
    """Let the faults happen at their times, note which did and when, and mend them.

    One that cannot happen because another stands in its way is noted apart; a trial without any fault proves nothing.

    Raises:
        ClusterError, ControlError: One cannot be mended.
    """
    unmended: list[Fault] = []
    for at, fault in planned:
        time.sleep(max(0.0, started + at - time.monotonic()))  # the fault's own time is the test's input
        try:
            fault.happen(rig)
        except (ClusterError, ControlError, redis.RedisError) as error:  # another fault stands in its way
            verdict.prevented.append(f"{fault}: {error}")
            continue
        verdict.kinds.append(type(fault).__name__)
        verdict.happened_at.append(time.monotonic() - started)
        unmended.append(fault)
    if not verdict.kinds:
        verdict.differences.append("none of its faults happened")
    _mend(unmended, rig)


def _mend(faults: list[Fault], rig: Rig) -> None:
    """Put all right; one in whose way another stands is mended after that one.

    Raises:
        ClusterError, ControlError: What is left cannot be mended.
    """
    waiting = list(faults)
    while waiting:
        left: list[Fault] = []
        for fault in waiting:
            try:
                fault.mend(rig)
            except (ClusterError, ControlError):
                if fault is waiting[-1] and len(left) + 1 == len(waiting):
                    raise
                left.append(fault)
        waiting = left


def _primary(rig: Rig) -> Database:
    user, password = rig.settings.require("db_user"), rig.settings.require("db_password")
    return find_primary(rig.cluster, user, password, deadline_seconds=_RECOVERY_SECONDS)


def _recover(rig: Rig, *, produce_again: bool) -> None:
    """Wait until nothing is pending.

    Raises:
        RuntimeError: Pictures stay pending.
    """
    end = time.monotonic() + _RECOVERY_SECONDS
    if produce_again:
        rig.produce()
    while True:
        try:
            with session(_primary(rig), module="chaos") as connection:
                pending = pending_pictures(connection)
        except DatabaseError:
            pending = -1
        if pending == 0:
            return
        if time.monotonic() > end:
            raise RuntimeError(f"{pending} pictures are pending {_RECOVERY_SECONDS:g} s after the last fault")
        time.sleep(_POLL_SECONDS)


def _judge(rig: Rig, template: Template, reference: dict[int, str]) -> list[str]:
    """Compare every database, the standbys once they have applied everything."""
    primary = _primary(rig)
    with session(primary, module="chaos") as connection:
        expected = read_tables(connection)
    said = differences(template, reference, expected, primary.name)
    for name, instance in rig.cluster.instances.items():
        if name != primary.name:
            database = Database(name, instance.dsn(name), primary.user, primary.password, 5.0)
            if _wait_for_tables(database, expected) != expected:
                said.append(f"{name}: its tables are not those of the primary")
    return said


def _wait_for_tables(database: Database, expected: Tables) -> Tables | None:
    end = time.monotonic() + _RECOVERY_SECONDS
    found: Tables | None = None
    while found != expected and time.monotonic() < end:
        try:
            with session(database, module="chaos") as connection:
                found = read_tables(connection)
        except DatabaseError:
            found = None
        time.sleep(_POLL_SECONDS)
    return found


def rate_at(observation: Observation, seconds: float) -> float:
    """Return the pictures that were stored in the second after this one."""
    inside = [rows for at, rows in observation.stored if seconds <= at < seconds + _RATE_WINDOW_SECONDS]
    return (inside[-1] - inside[0]) / _RATE_WINDOW_SECONDS if len(inside) > 1 else 0.0


def usual_rate(observation: Observation) -> float:
    """Return the median of a run's rates while it stored pictures, pictures/s."""
    return statistics.median(rate_at(observation, seconds) for seconds in _working_seconds(observation))


def recovery_seconds(observation: Observation, at: float, *, usual: float) -> float | None:
    """Return how long after a fault pictures were stored at half the usual rate again.

    Args:
        observation: What was seen.
        at: When the fault happened, seconds after the start.
        usual: The rate without faults, pictures/s.

    Returns:
        0.0 if the rate never fell below half because of it; None if the run was over when it happened.
    """
    after = [seconds for seconds in _working_seconds(observation) if seconds >= at]
    if not after:
        return None
    is_low = [rate_at(observation, seconds) < usual * _BACK_SHARE for seconds in after]
    fell = next(
        (n for n, low in enumerate(is_low) if low and after[n] - at < _EFFECT_SECONDS),
        None,
    )
    if fell is None:
        return 0.0
    back = next((after[n] for n in range(fell, len(after)) if not is_low[n]), after[-1])
    return round(back - at, 1)


def _working_seconds(observation: Observation) -> list[float]:
    """Return the moments that were looked at from the first stored picture until shortly before the last."""
    rows = [stored for _, stored in observation.stored]
    if not rows or not rows[-1]:
        return []
    first = next(at for at, stored in observation.stored if stored)
    last = next(at for at, stored in observation.stored if stored == max(rows))
    return [at for at, _ in observation.stored if first <= at <= last - _RATE_WINDOW_SECONDS]
