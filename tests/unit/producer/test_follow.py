"""Following through outages and without workers: Redis is a port where nobody listens, or empty; answers are given."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import repeat

import pytest

from fleet.console import not_again
from fleet.errors import DatabaseError, PermanentDatabaseError, QueueError, TransientDatabaseError
from fleet.settings import load_settings
from fleet.state import FleetState
from producer.enqueue import Enqueued
from producer.follow import Following, NoWorkersError, follow
from tests.fix_redis import RedisServer, redis_server

__all__ = ["redis_server"]


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_POLL_SECONDS", "_QUIET_SECONDS", "_ASK_SECONDS"):
        monkeypatch.setattr(f"producer.follow.{name}", 0.02)


def following(
    answers: Iterator[int | DatabaseError],
    said: list[str],
    idle_limit_seconds: float = 60.0,
    state: FleetState | None = None,
) -> Following:
    """Follow five pictures; the databases give one answer after the other."""

    def count_pending() -> int:
        answer = next(answers)
        if isinstance(answer, DatabaseError):
            raise answer
        return answer

    nowhere = load_settings(overrides={"redis_url": "redis://127.0.0.1:1/0"}, environment={})
    return Following(
        state or FleetState(nowhere),
        [],
        count_pending,
        lambda: Enqueued("run", 0, 0),
        idle_limit_seconds,
        not_again(said.append),
        pictures=5,
    )


def test_an_outage_of_redis_is_lived_through() -> None:
    said: list[str] = []
    assert follow(following(iter([5, 5, 0]), said)).pending == 0
    assert "Redis does not answer" in said[0]


def test_an_outage_of_redis_that_does_not_end_is_named() -> None:
    began = time.monotonic()
    with pytest.raises(QueueError, match=r"Redis has not answered .* adgfleet produce --follow"):
        follow(following(repeat(5), [], idle_limit_seconds=0.3))
    assert 0.3 < time.monotonic() - began < 10


def test_a_failover_is_lived_through() -> None:
    said: list[str] = []
    away = TransientDatabaseError("primary: DPY-6001: the service is not registered")
    assert follow(following(iter([away, away, 0]), said)).pending == 0
    assert "DPY-6001" in said[0]


def test_databases_that_do_not_come_back_are_named() -> None:
    away = TransientDatabaseError("primary: DPY-6001: gone", codes=["DPY-6001"])
    with pytest.raises(TransientDatabaseError, match=r"DPY-6001: gone; .* adgfleet produce --follow"):
        follow(following(repeat(away), [], idle_limit_seconds=0.3))


def test_what_only_somebody_can_mend_is_said_at_once() -> None:
    with pytest.raises(PermanentDatabaseError, match="ORA-01017"):
        follow(following(iter([PermanentDatabaseError("ORA-01017")]), []))


@pytest.fixture
def idle(redis_server: RedisServer) -> Iterator[FleetState]:
    """A fleet without workers."""
    state = FleetState(redis_server.settings())
    yield state
    state.close()


def test_workers_are_waited_for(idle: FleetState) -> None:
    said: list[str] = []
    assert follow(following(iter([5, 5, 5, 0]), said, state=idle)).pending == 0
    assert said == ["no worker is alive; waiting 60 s for one: adgfleet worker STANDBY"]


def test_without_a_worker_it_ends_when_the_idle_limit_is_over(idle: FleetState) -> None:
    began = time.monotonic()
    with pytest.raises(NoWorkersError, match="5 pictures are pending"):
        follow(following(repeat(5), [], idle_limit_seconds=0.5, state=idle))
    assert 0.5 < time.monotonic() - began < 10
