"""A worker's pulse with a real Redis: whatever it finds there, it beats on, or the worker ends."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from fleet.celery_app import unacked_key
from fleet.heartbeat import Heartbeat
from fleet.state import LAST_HEARTBEATS_KEY, FleetState
from tests.fix_redis import RedisServer
from tests.fix_worker import wait_until
from workers import pulse
from workers.guard import Guard, Limits
from workers.pulse import Pulse, Vitals, Watchdog
from workers.reclaim import Reclaimer


@dataclass
class Patient:
    """A pulse and what a worker would do at its word."""

    state: FleetState
    guard: Guard = field(default_factory=lambda: Guard(Limits(10, 5, 15, 4), sessions=1, sessions_limit=8))
    #: So many heartbeats fail from now on.
    ill_beats: int = 0
    names_lost: int = 0
    ended: threading.Event = field(default_factory=threading.Event)
    stopping: threading.Event = field(default_factory=threading.Event)
    thread: threading.Thread = field(init=False)

    def __post_init__(self) -> None:
        vitals = Vitals("sby1", self._heartbeat, set, self._lose_name, self._end, lambda: None)
        made = Pulse(vitals, self.state, self.guard, Reclaimer(self.state.client), Watchdog(60))
        self.thread = threading.Thread(target=made.run, args=(self.stopping,), daemon=True)

    def _heartbeat(self) -> Heartbeat:
        if self.ill_beats > 0:
            self.ill_beats -= 1
            raise ValueError("of a test")
        return Heartbeat("sby1", boot_id="ours", at=time.time())

    def _lose_name(self) -> None:
        self.names_lost += 1

    def _end(self) -> None:
        self.ended.set()
        self.stopping.set()

    def wait_for_next_beat(self) -> None:
        now = time.time()
        wait_until(lambda: (beat := self.state.workers().get("sby1")) is not None and beat.at > now, "a beat")


@pytest.fixture
def patient(redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Patient]:
    monkeypatch.setattr(pulse, "_TICK_SECONDS", 0.02)
    monkeypatch.setattr(pulse, "_BEAT_SECONDS", 0.05)
    state = FleetState(redis_server.settings())
    made = Patient(state)
    yield made
    made.stopping.set()
    made.thread.join(10)
    state.close()


def test_a_malformed_message_of_a_dead_worker_does_not_stop_the_pulse(patient: Patient) -> None:
    state = patient.state
    state.client.hset(unacked_key("sby2"), "x", "[]")
    state.client.hset(LAST_HEARTBEATS_KEY, mapping={"sby2": '{"standby": "sby2"}', "sby3": "no JSON"})
    patient.thread.start()
    wait_until(state.dead_letters, "put aside")
    patient.wait_for_next_beat()
    assert list(state.live_workers()) == ["sby1"]
    assert not patient.ended.is_set()


def test_a_wish_that_cannot_be_read_is_told_once_and_the_others_are_followed(
    patient: Patient, caplog: pytest.LogCaptureFixture
) -> None:
    patient.state.client.hset("adgfleet:control:sby1", "sessions", "eight")
    patient.state.pause("sby1")
    patient.thread.start()
    wait_until(lambda: patient.guard.verdict().reason == "paused by the operator", "paused")
    patient.wait_for_next_beat()
    told = [message for message in caplog.messages if "wish" in message]
    assert told == ["the wish for sessions of sby1 is no number and is ignored"]


def test_a_pulse_that_keeps_failing_ends_the_worker(patient: Patient, caplog: pytest.LogCaptureFixture) -> None:
    patient.ill_beats = 1000
    patient.thread.start()
    assert patient.ended.wait(30)
    assert [record.levelno for record in caplog.records] == [logging.ERROR, logging.CRITICAL]
    assert "ValueError: of a test" in caplog.text


def test_a_pulse_that_fails_now_and_then_goes_on(patient: Patient) -> None:
    patient.thread.start()
    for _ in range(2):
        patient.ill_beats = 15
        wait_until(lambda: patient.ill_beats == 0, "some beats that failed")
        patient.wait_for_next_beat()
    assert not patient.ended.is_set()


def test_a_lost_name_is_told_once_and_nothing_more_is_said(patient: Patient) -> None:
    assert patient.state.beat(Heartbeat("sby1", boot_id="another's", at=time.time()))
    patient.thread.start()
    patient.thread.join(10)
    assert not patient.thread.is_alive()
    assert patient.names_lost == 1
