"""Calls that are broken off: what ends, what is left behind, and which sessions are never used again."""

from __future__ import annotations

import concurrent.futures
import random
import threading
from typing import cast

import pytest

from fleet.errors import Fault, TransientDatabaseError
from fleet.sessions import Connection
from workers import calls
from workers.calls import AbandonedCallError, RunningCalls, UnexpectedCallError

_DEADLINE = 10.0


class Line:
    """What a call needs of a connection: something to break, and to close."""

    def __init__(self) -> None:
        self.broken, self.may_return, self.closed = threading.Event(), threading.Event(), threading.Event()
        self.may_return.set()

    def cancel(self) -> None:
        self.broken.set()
        self.may_return.wait(_DEADLINE)

    def close(self) -> None:
        self.closed.set()

    @property
    def connection(self) -> Connection:
        return cast("Connection", self)


def running(running_calls: RunningCalls, line: Line, until: threading.Event) -> concurrent.futures.Future[bool]:
    """Run a call that ends with an event; returns what becomes of it, once it runs."""
    begun = threading.Event()
    outcome: concurrent.futures.Future[bool] = concurrent.futures.Future()

    def action() -> bool:
        begun.set()
        return until.wait(_DEADLINE)

    def run() -> None:
        try:
            outcome.set_result(running_calls.run(line.connection, action))
        except Exception as error:  # noqa: BLE001 - handed to the test
            outcome.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    assert begun.wait(_DEADLINE)
    return outcome


def test_a_session_that_a_break_may_still_meet_is_not_handed_back() -> None:
    line, running_calls, ends = Line(), RunningCalls("sby1"), threading.Event()
    line.may_return.clear()
    outcome = running(running_calls, line, ends)
    assert running_calls.break_off("of a test") == 1
    assert line.broken.wait(_DEADLINE)
    ends.set()
    with pytest.raises(concurrent.futures.TimeoutError):
        outcome.result(timeout=0.1)
    line.may_return.set()
    with pytest.raises(TransientDatabaseError, match="only when it had been broken off because of a test"):
        outcome.result(timeout=_DEADLINE)
    assert len(running_calls) == 0


def test_a_call_that_does_not_end_is_left_behind_and_closes_its_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "_BREAK_SECONDS", 0.05)
    line, running_calls, ends = Line(), RunningCalls("sby1"), threading.Event()
    outcome = running(running_calls, line, ends)
    running_calls.break_off("of a test")
    assert running_calls.break_off("of another one") == 0
    with pytest.raises(AbandonedCallError, match="because of a test"):
        outcome.result(timeout=_DEADLINE)
    assert not line.closed.is_set()
    ends.set()
    assert line.closed.wait(_DEADLINE)


def test_break_time_limit_and_end_at_one_moment_never_spoil_a_session_in_use(monkeypatch: pytest.MonkeyPatch) -> None:
    seed = random.randrange(2**32)
    print(f"seed {seed}")  # noqa: T201 - shown when it fails
    chance = random.Random(seed)
    monkeypatch.setattr(calls, "_BREAK_SECONDS", 0.001)
    running_calls = RunningCalls("sby1")
    for _ in range(200):
        line, ends = Line(), threading.Event()
        outcome = running(running_calls, line, ends)
        threading.Timer(chance.uniform(0, 0.002), ends.set).start()
        threading.Timer(chance.uniform(0, 0.002), running_calls.break_off, ["of a test"]).start()
        try:
            used_again = outcome.result(timeout=_DEADLINE)
        except AbandonedCallError:
            assert ends.wait(_DEADLINE)
            assert line.closed.wait(_DEADLINE)
        except TransientDatabaseError:
            assert not line.closed.wait(0.002), "the pool closes it"
        else:
            assert used_again
            assert not line.broken.wait(0.002)
            assert not line.closed.is_set()


def test_what_the_driver_trips_over_is_counted_like_a_lost_session() -> None:
    def trip() -> None:
        raise AttributeError("'NoneType' object has no attribute 'x'")

    with pytest.raises(UnexpectedCallError, match="sby1: a call failed with AttributeError: 'NoneType'") as caught:
        RunningCalls("sby1").run(Line().connection, trip)
    assert caught.value.fault is Fault.STANDBY
