"""The JSON of the fleet page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, Field

from fleet.heartbeat import Heartbeat
from fleet.sampler import PRIMARY, DatabaseFacts
from fleet.samples import Sample, cpu_percent
from fleet.status import NO_WORKER, StandbyStatus
from search.fleet_watch import FleetLook

#: A load is measured over so many samples, so that a counter's coarse steps do not show.
_LOAD_SAMPLES = 3


class CardView(BaseModel):
    """One database of the fleet."""

    name: str = Field(description="What the fleet calls it.")
    db_unique_name: str = Field(description="Empty: it has not answered yet.")
    role: str = Field(description="Empty: it has not answered yet.")
    state: str = Field(description="Of a standby what its worker says of it; OPEN or UNREACHABLE of the primary.")
    reason: str = Field(description="Why it does not serve and what to do; empty while it does.")
    apply_lag_seconds: float | None
    commit_seconds: float | None
    pictures_per_second: float | None
    busy: int | None = Field(description="Ranges in work.")
    sessions: int | None = Field(description="Ranges that its worker embeds at once.")
    embedded: int | None = Field(description="Pictures since its worker started.")
    cpu_percent: float | None = Field(description="Load of its processors.")
    cpu_problem: str = Field(description="Why that is not known; empty when it is.")
    last_error: str
    last_error_advice: str


class CountsView(BaseModel):
    """The truth, counted in one database."""

    database: str
    pictures: int
    embedded: int
    failed: int
    pending: int


class QueueView(BaseModel):
    """Ranges."""

    waiting: int
    running: int


class RunView(BaseModel):
    """One run of a producer."""

    run_id: str
    began_at: float
    ranges: int
    ranges_done: int
    pictures: int
    settled: int
    embedded: int
    failed: int


class FailureView(BaseModel):
    """A picture that could not be embedded."""

    id: int
    picture: str = Field(description="Address of the picture's bytes.")
    error: str
    message: str
    attempts: int
    standby: str
    failed_at: str


class PointView(BaseModel):
    """All databases at one moment; null: not known."""

    at: float
    cpu_percent: dict[str, float | None]
    pictures_per_second: dict[str, float | None]


class FleetView(BaseModel):
    """The fleet at one moment."""

    at: float
    databases: list[CardView]
    counts: CountsView | None
    counts_problem: str
    queue: QueueView | None = Field(description="null: Redis does not answer.")
    redis_problem: str
    pictures_per_second: float | None
    eta_seconds: float | None = Field(description="Until nothing is pending at the present rate; null: nobody knows.")
    runs: list[RunView] = Field(description="The newest first.")
    failures: list[FailureView] = Field(description="The latest ones.")
    failures_total: int | None
    failures_problem: str
    dead_letters: int | None
    point: PointView | None


class HistoryView(BaseModel):
    """The last minutes, the oldest first."""

    points: list[PointView]


def fleet_view(look: FleetLook, samples: Sequence[Sample]) -> FleetView:
    """Write a look as JSON."""
    status = look.status
    point = points(samples[-_LOAD_SAMPLES - 1 :])[-1] if len(samples) > 1 else None
    cpu = point.cpu_percent if point is not None else {}
    cards = [_primary_card(look, cpu)] if PRIMARY in look.databases else []
    standbys = {standby.name: standby for standby in status.standbys} if status is not None else {}
    cards += [_standby_card(name, standbys.get(name), look, cpu) for name in dict.fromkeys((*look.standbys, *standbys))]
    return FleetView(
        at=look.at,
        databases=cards,
        counts=None if look.counts is None else CountsView.model_validate(look.counts, from_attributes=True),
        counts_problem=look.counts_problem,
        queue=None if status is None else QueueView(waiting=status.waiting, running=status.running),
        redis_problem=look.redis_problem,
        pictures_per_second=None if status is None else round(status.pictures_per_second, 2),
        eta_seconds=None if status is None else status.eta_seconds,
        runs=[
            RunView(run_id=run_id, settled=progress.settled, **_of(progress, RunView, "run_id", "settled"))
            for run_id, progress in look.runs
        ],
        failures=[
            FailureView(picture=f"/api/pictures/{failure.id}", **failure.to_json())
            for failure in look.failures.failures
        ],
        failures_total=look.failures.total,
        failures_problem=look.failures.problem,
        dead_letters=None if status is None else status.dead_letters_kept,
        point=point,
    )


def points(samples: Sequence[Sample]) -> list[PointView]:
    """Return what the charts draw: loads over the last few samples, rates as they are; one less than the samples."""
    found = []
    for number in range(1, len(samples)):
        before, after = samples[max(0, number - _LOAD_SAMPLES)], samples[number]
        loads = {name: cpu_percent(before.databases.get(name), each) for name, each in after.databases.items()}
        found.append(
            PointView(
                at=round(after.at, 1),
                cpu_percent={name: None if load is None else round(load, 1) for name, load in loads.items()},
                pictures_per_second={name: each.pictures_per_second for name, each in after.databases.items()},
            )
        )
    return found


def _of(source: object, view: type[BaseModel], *left_out: str) -> dict[str, Any]:
    return {name: getattr(source, name) for name in view.model_fields if name not in left_out}


def _primary_card(look: FleetLook, cpu: dict[str, float | None]) -> CardView:
    facts = look.databases[PRIMARY]
    state, reason = ("OPEN", "") if facts.answers else ("UNREACHABLE", facts.problem)
    if facts.answers and facts.role != "PRIMARY":
        state, reason = "WRONG_ROLE", f"DB_DSN leads to a database whose role is {facts.role}"
    return _card(PRIMARY, facts, cpu, state=state, reason=reason)


def _standby_card(name: str, standby: StandbyStatus | None, look: FleetLook, cpu: dict[str, float | None]) -> CardView:
    facts = look.databases.get(name, DatabaseFacts())
    seen = look.standbys.get(name)
    lag = seen.apply_lag_seconds if seen is not None else None
    if standby is None:  # Redis does not answer: what the standby itself says is all there is
        state = "UNREACHABLE" if not facts.answers else "UNKNOWN"
        reason = facts.problem or "its worker cannot be heard: Redis does not answer"
        known = {"apply_lag_seconds": lag}
        return _card(name, facts, cpu, **_as_it_is(look, name, "", state=state, reason=reason, known=known))
    beat = standby.heartbeat if standby.heartbeat is not None and standby.heartbeat.is_live else None
    state, reason = standby.state, standby.reason
    if beat is None and not facts.answers:
        state, reason = "UNREACHABLE", facts.problem
    known = _of(beat, CardView, *_NOT_BEATEN) if beat is not None else {"apply_lag_seconds": lag}
    if beat is None and standby.state == NO_WORKER:
        known |= {"busy": 0}
    pinned = beat.db_unique_name if beat is not None else ""
    return _card(name, facts, cpu, **_as_it_is(look, name, pinned, state=state, reason=reason, known=known))


def _as_it_is(
    look: FleetLook, name: str, pinned: str, *, state: str, reason: str, known: dict[str, Any]
) -> dict[str, Any]:
    """Leave out what was true before a standby went, and say so where it became the primary."""
    primary = look.databases.get(PRIMARY, DatabaseFacts())
    own = look.databases.get(name, DatabaseFacts()).db_unique_name or pinned
    is_primary = primary.answers and bool(own) and primary.db_unique_name.lower() == own.lower()
    if is_primary:
        reason = _IS_PRIMARY
    if is_primary or state == "UNREACHABLE":
        known = {**known, **dict.fromkeys(_OF_A_STANDBY_THAT_ANSWERS)}
    return {**known, "state": state, "reason": reason}


#: What nobody knows of a standby that does not answer, or is none any more.
_OF_A_STANDBY_THAT_ANSWERS = ("apply_lag_seconds", "commit_seconds", "pictures_per_second")
_IS_PRIMARY = "it is the primary now; its worker goes on when it is a standby again"


#: What a card does not take from the heartbeat.
_NOT_BEATEN = ("name", "cpu_percent", "cpu_problem", "state", "reason", "db_unique_name", "role")


def _card(
    name: str,
    facts: DatabaseFacts,
    cpu: dict[str, float | None],
    **known: Any,  # noqa: ANN401 - fields of the view
) -> CardView:
    empty: dict[str, Any] = dict.fromkeys(
        ("apply_lag_seconds", "commit_seconds", "pictures_per_second", "busy", "sessions", "embedded")
    )
    texts = {"last_error": "", "last_error_advice": ""}
    return CardView(
        name=name,
        db_unique_name=facts.db_unique_name,
        role=facts.role,
        cpu_percent=cpu.get(name) if facts.answers else None,
        cpu_problem=facts.cpu_problem,
        **{**empty, **texts, **known},
    )


assert set(CardView.model_fields) - set(_NOT_BEATEN) <= set(Heartbeat.__dataclass_fields__)  # noqa: S101 - at import
