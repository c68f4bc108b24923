from __future__ import annotations

import threading

import pytest

from fleet.heartbeat import WorkerState
from fleet.sessions import Connection, Database
from workers import probe
from workers.guard import Guard, Limits
from workers.probe import Probe


def test_whatever_asking_fails_with_the_probe_goes_on_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = threading.Semaphore(0)

    def trip(*_: object, **__: object) -> Connection:
        asked.release()
        raise TypeError("what the driver trips over")

    monkeypatch.setattr(probe, "connect", trip)
    guard = Guard(Limits(10, 5, 15, 4), sessions=1, sessions_limit=1)
    asking = Probe(Database("sby1", "nowhere", "u", "p", 1.0), guard, interval_seconds=0.01, timeout_seconds=1.0)
    stopping = threading.Event()
    thread = threading.Thread(target=asking.run, args=(stopping,), daemon=True)
    thread.start()
    assert all(asked.acquire(timeout=10) for _ in range(3))
    stopping.set()
    thread.join(10)
    verdict = guard.verdict()
    assert verdict.state is WorkerState.UNREACHABLE
    assert verdict.reason == "sby1: asking the standby failed with TypeError: what the driver trips over"
