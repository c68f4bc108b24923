"""What a card of the fleet page says of a standby that does not answer, or has become the primary."""

from __future__ import annotations

import time

import pytest

from fleet.heartbeat import Heartbeat, Wishes
from fleet.sampler import DatabaseFacts
from fleet.status import FleetStatus, StandbyStatus
from search.fleet_watch import FailureList, FleetLook
from search.standby_watch import StandbyView
from search.web.fleet_schemas import CardView, fleet_view

_ANSWERS = DatabaseFacts("SBY1", "PHYSICAL STANDBY", 1.0, 2.0, problem="", looked_at=time.monotonic())


def card(facts: DatabaseFacts, beat: Heartbeat | None, *, primary: str = "PRIM", redis: bool = True) -> CardView:
    """Return the card of sby1."""
    now = time.time()
    status = FleetStatus(now, (StandbyStatus("sby1", beat, Wishes()),), 0, 0, None, "", ())
    look = FleetLook(
        at=now,
        status=status if redis else None,
        redis_problem="",
        counts=None,
        counts_problem="",
        databases={"primary": DatabaseFacts(primary, "PRIMARY", problem=""), "sby1": facts},
        standbys={"sby1": StandbyView("sby1", "SERVING", 3.0)},
        failures=FailureList(),
        runs=(),
    )
    return next(each for each in fleet_view(look, []).databases if each.name == "sby1")


def beating(state: str) -> Heartbeat:
    return Heartbeat("sby1", "SBY1", state, pictures_per_second=0.0, apply_lag_seconds=0.0, commit_seconds=0.1)


def test_a_standby_that_serves_says_what_it_does() -> None:
    found = card(_ANSWERS, beating("SERVING"))
    assert (found.apply_lag_seconds, found.pictures_per_second, found.commit_seconds) == (0.0, 0.0, 0.1)


@pytest.mark.parametrize("beat", [beating("UNREACHABLE"), None], ids=["says its worker", "no worker"])
@pytest.mark.parametrize("redis", [True, False], ids=["with Redis", "without Redis"])
def test_nothing_is_known_of_a_standby_that_does_not_answer(beat: Heartbeat | None, redis: bool) -> None:
    found = card(DatabaseFacts("SBY1", problem="sby1: DPY-6005"), beat, redis=redis)
    assert found.state == "UNREACHABLE"
    assert (found.apply_lag_seconds, found.pictures_per_second, found.commit_seconds) == (None, None, None)


@pytest.mark.parametrize("facts", [DatabaseFacts("sby1", "PRIMARY", problem=""), DatabaseFacts(problem="DPY-6001")])
def test_a_standby_that_became_the_primary_is_said_to_be_it(facts: DatabaseFacts) -> None:
    found = card(facts, beating("WRONG_ROLE"), primary="SBY1")
    assert (found.state, found.apply_lag_seconds) == ("WRONG_ROLE", None)
    assert found.reason.startswith("it is the primary now")
