"""The guard's verdicts, with a clock of the test's own."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field

import pytest

from fleet.errors import DatabaseError
from fleet.heartbeat import Wishes, WorkerState
from fleet.ora_codes import classify
from workers.guard import Guard, Limits, Observation

_LIMITS = Limits(apply_lag_seconds=10, commit_seconds=5, commit_rest_seconds=15, observation_seconds=4)


@dataclass
class Watched:
    """A guard of a healthy standby, and its time."""

    now: float = 100.0
    guard: Guard = field(init=False)

    def __post_init__(self) -> None:
        self.guard = Guard(_LIMITS, sessions=4, sessions_limit=16, clock=lambda: self.now)

    def see(self, **changes: object) -> WorkerState:
        seen = {"role": "PHYSICAL STANDBY", "db_unique_name": "SBY1", "open_mode": "READ ONLY WITH APPLY"}
        self.guard.observed(Observation(**{**seen, "apply_lag_seconds": 0.0, **changes}))  # type: ignore[arg-type]
        return self.state

    def after(self, seconds: float, **changes: object) -> WorkerState:
        self.now += seconds
        return self.see(**changes)

    @property
    def state(self) -> WorkerState:
        return self.guard.verdict().state


@pytest.fixture
def watched() -> Watched:
    made = Watched()
    made.see()
    return made


def error(text: str) -> DatabaseError:
    return classify(text, "sby1")


def test_nothing_is_taken_before_the_standby_has_answered() -> None:
    assert Watched().state is WorkerState.UNREACHABLE


def test_an_observation_counts_for_a_while_only(watched: Watched) -> None:
    assert watched.state is WorkerState.SERVING
    watched.now += 5
    assert watched.state is WorkerState.UNREACHABLE
    assert watched.see() is WorkerState.SERVING


@pytest.mark.parametrize("role", ["PRIMARY", "SNAPSHOT STANDBY", "LOGICAL STANDBY", ""])
def test_only_a_physical_standby_is_served(watched: Watched, role: str) -> None:
    assert watched.after(1, role=role) is WorkerState.WRONG_ROLE
    assert watched.after(1) is WorkerState.SERVING


def test_a_worker_is_pinned_to_the_first_standby_it_found() -> None:
    watched = Watched()
    assert watched.see(role="PRIMARY", db_unique_name="OTHER") is WorkerState.WRONG_ROLE
    assert watched.see() is WorkerState.SERVING
    assert watched.see(db_unique_name="SBY2") is WorkerState.WRONG_ROLE
    assert watched.guard.pinned_name == "SBY1"


def test_lag_pauses_at_the_limit_and_ends_at_half_of_it(watched: Watched) -> None:
    states = [watched.after(1, apply_lag_seconds=lag) for lag in (10.0, 11.0, 6.0, 5.0, 6.0)]
    assert [state.name for state in states] == ["SERVING", "LAGGING", "LAGGING", "SERVING", "SERVING"]


def test_a_lag_said_from_old_data_is_not_believed(watched: Watched) -> None:
    assert watched.see(lag_age_seconds=29.0) is WorkerState.SERVING
    assert watched.see(lag_age_seconds=31.0) is WorkerState.LAGGING
    assert watched.guard.apply_lag_seconds is None


def test_a_lag_that_is_not_said_any_more_has_not_ended(watched: Watched) -> None:
    assert watched.see(apply_lag_seconds=11.0) is WorkerState.LAGGING
    assert watched.see(apply_lag_seconds=None) is WorkerState.LAGGING
    assert "not said any more" in watched.guard.verdict().reason
    assert watched.see(apply_lag_seconds=4.0) is WorkerState.SERVING
    assert watched.see(apply_lag_seconds=None) is WorkerState.SERVING
    assert watched.see(apply_lag_seconds=None, lag_age_seconds=31.0) is WorkerState.LAGGING
    assert "for 31 s" in watched.guard.verdict().reason


def test_a_lag_that_may_not_be_read_any_more_holds_nobody(watched: Watched) -> None:
    assert watched.see(apply_lag_seconds=11.0) is WorkerState.LAGGING
    assert watched.see(apply_lag_seconds=None, lag_is_readable=False) is WorkerState.SERVING


def test_a_longer_limit_also_allows_a_longer_silence_of_the_primary() -> None:
    guard = Guard(dataclasses.replace(_LIMITS, apply_lag_seconds=60), sessions=4, sessions_limit=16)
    for age, state in ((59.0, WorkerState.SERVING), (60.0, WorkerState.LAGGING)):
        guard.observed(Observation("PHYSICAL STANDBY", "SBY1", apply_lag_seconds=0.0, lag_age_seconds=age))
        assert guard.verdict().state is state


def test_without_the_views_the_role_still_counts(watched: Watched) -> None:
    assert watched.see(open_mode="", apply_lag_seconds=None) is WorkerState.SERVING
    assert watched.see(open_mode="READ ONLY") is WorkerState.LAGGING


def test_slow_commits_rest_then_try_one_range_then_rest_longer(watched: Watched) -> None:
    watched.guard.range_done(5.1)
    assert watched.see() is WorkerState.SLOW_COMMIT
    assert watched.after(14.9) is WorkerState.SLOW_COMMIT
    assert watched.after(0.2) is WorkerState.SERVING
    assert watched.guard.sessions == 1
    watched.guard.range_done(6.0)
    assert watched.after(29) is WorkerState.SLOW_COMMIT
    assert watched.after(2) is WorkerState.SERVING
    watched.guard.range_done(0.1)
    assert watched.guard.sessions == 4
    watched.guard.range_done(6.0)
    assert watched.after(16) is WorkerState.SERVING, "the rest begins anew after a fast commit"


def test_an_operators_wish_comes_before_everything(watched: Watched) -> None:
    watched.guard.wished(Wishes(paused=True, sessions=7))
    assert watched.see(role="PRIMARY") is WorkerState.PAUSED
    assert watched.guard.sessions == 7
    watched.guard.wished(Wishes(drained=True))
    assert watched.guard.verdict().reason == "drained by the operator"
    assert not watched.guard.may_log_on
    watched.guard.wished(Wishes())
    assert watched.see() is WorkerState.SERVING


def test_no_wish_goes_beyond_the_workers_limit(watched: Watched) -> None:
    watched.guard.wished(Wishes(sessions=64))
    assert (watched.guard.sessions, watched.guard.wanted_sessions) == (16, 16)


def test_a_fleet_fault_pauses_says_what_to_do_and_tries_again(watched: Watched) -> None:
    watched.guard.fleet_fault(error("ORA-40284: model CLIPIMG does not exist"))
    verdict = watched.guard.verdict()
    assert verdict.state is WorkerState.PAUSED
    assert "adgfleet load model" in verdict.reason
    assert watched.after(16) is WorkerState.SERVING
    assert watched.guard.sessions == 1
    watched.guard.fleet_fault(error("ORA-40284: model CLIPIMG does not exist"))
    assert watched.after(29) is WorkerState.PAUSED
    assert watched.after(2) is WorkerState.SERVING
    watched.guard.range_done(0.1)
    assert watched.guard.sessions == 4


def test_a_refused_logon_waits_for_the_operator(watched: Watched) -> None:
    watched.guard.not_reached(error("ORA-01017: invalid credential"))
    watched.now += 100_000
    assert watched.state is WorkerState.PAUSED
    assert not watched.guard.may_log_on
    watched.guard.wished(Wishes(resumes=1))
    assert watched.guard.may_log_on
    assert watched.see() is WorkerState.SERVING


def test_a_range_that_ends_after_a_refused_logon_does_not_end_the_refusal(watched: Watched) -> None:
    watched.guard.fleet_fault(error("ORA-28000: the account is locked"))
    watched.guard.range_done(0.1)
    watched.guard.fleet_fault(error("ORA-40284: model CLIPIMG does not exist"))
    watched.guard.range_done(0.1)
    assert not watched.guard.may_log_on
    assert watched.see() is WorkerState.PAUSED
    assert "adgfleet resume sby1" in watched.guard.verdict().reason


def test_faults_that_the_probe_does_not_see_rest_longer_each_time(watched: Watched) -> None:
    for rest in (1, 2, 4, 8, 16, 30, 30):
        watched.guard.standby_fault(error("ORA-16397: redirection failed"))
        assert watched.see() is WorkerState.UNREACHABLE
        assert watched.guard.verdict().is_suspicion
        assert watched.after(rest - 0.1) is WorkerState.UNREACHABLE
        assert watched.after(0.2) is WorkerState.SERVING
        assert (watched.guard.sessions, watched.guard.wanted_sessions) == (1, 4), "one range tries, sessions are kept"
    watched.guard.range_done(0.1)
    assert watched.guard.sessions == 4
    watched.guard.standby_fault(error("ORA-16397: redirection failed"))
    assert watched.after(1.1) is WorkerState.SERVING


def test_several_sessions_that_meet_one_fault_make_one_rest(watched: Watched) -> None:
    for _ in range(5):
        watched.guard.standby_fault(error("DPY-4011: connection lost"))
    assert watched.after(1.1) is WorkerState.SERVING


def test_what_the_probe_sees_is_no_suspicion(watched: Watched) -> None:
    watched.guard.standby_fault(error("ORA-20901: no physical standby"))
    assert watched.guard.verdict().is_suspicion
    watched.see(role="PRIMARY")
    assert not watched.guard.verdict().is_suspicion
    watched.guard.not_reached(error("DPY-6005: cannot connect"))
    assert not watched.guard.verdict().is_suspicion
