from __future__ import annotations

import dataclasses
import time

import pytest
from rich.console import Console

from adgfleet.status_view import duration, render_status
from fleet.heartbeat import Heartbeat, Wishes, WorkerState
from fleet.status import FleetStatus, StandbyStatus, TableCounts

_SERVING = Heartbeat("sby1", state=WorkerState.SERVING, sessions=4, busy=3, pictures_per_second=2.5, at=time.time())
_GONE = Heartbeat(
    "sby2",
    state=WorkerState.SERVING,
    pictures_per_second=9.0,
    last_error="ORA-00942: [red]no[/red] table",
    last_error_advice="run `adgfleet db install`",
    is_live=False,
)


def status(*beats: Heartbeat, counts: TableCounts | None = None, waiting: int = 0) -> FleetStatus:
    standbys = tuple(StandbyStatus(beat.standby, beat, Wishes()) for beat in beats)
    return FleetStatus(time.time(), standbys, waiting, 0, counts, "sby1: ORA-12514", ())


def shown(found: FleetStatus) -> str:
    console = Console(width=200, color_system=None)
    with console.capture() as capture:
        console.print(render_status(found))
    return capture.get()


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59.4, "59 s"), (185, "3 min 05 s"), (7800, "2 h 10 min"), (273600, "3 d 04 h")]
)
def test_a_time_is_said_in_its_two_largest_units(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_worker_that_has_gone_counts_for_nothing_and_its_last_error_says_what_to_do() -> None:
    gone = dataclasses.replace(_GONE, at=time.time() - 60)
    found = status(_SERVING, gone, counts=TableCounts("sby1", 200, 90, 10, 100), waiting=5)
    assert (found.pictures_per_second, found.eta_seconds) == (2.5, 40.0)
    text = shown(found)
    assert "GONE" in text
    assert "nothing heard for 60 s; start its worker: adgfleet worker sby2" in text
    assert "ready in about 40 s" in text
    assert "ORA-00942: [red]no[/red] table" in text
    assert "what to do: run `adgfleet db install`" in text


def test_an_error_of_long_ago_is_said_to_be_so_and_names_its_standby_once() -> None:
    beat = dataclasses.replace(_SERVING, last_error="sby1: DPY-4011: lost", last_error_at=time.time() - 180)
    assert "last error of sby1, 3 min 00 s ago: DPY-4011: lost" in shown(status(beat))


def test_a_standby_that_does_not_answer_has_no_lag() -> None:
    beat = dataclasses.replace(_SERVING, apply_lag_seconds=6.0)
    assert "6 s" in shown(status(beat))
    assert "6 s" not in shown(status(dataclasses.replace(beat, state=WorkerState.UNREACHABLE)))


def test_pending_pictures_that_nobody_has_queued_are_pointed_out() -> None:
    counts = TableCounts("sby1", 10, 0, 0, 10)
    assert "adgfleet produce" in shown(status(_SERVING, counts=counts))
    assert "adgfleet produce" not in shown(status(_SERVING, counts=counts, waiting=1))


def test_without_a_rate_or_a_database_there_is_no_time_left() -> None:
    assert status(_GONE, counts=TableCounts("sby1", 10, 0, 0, 10)).eta_seconds is None
    nobody = status(_SERVING)
    assert nobody.eta_seconds is None
    assert "not counted, sby1: ORA-12514" in shown(nobody)
    assert status(_GONE, counts=TableCounts("sby1", 10, 10, 0, 0)).eta_seconds == 0.0


def test_workers_of_several_versions_are_told_apart() -> None:
    new = dataclasses.replace(_SERVING, standby="sby3", version="0.2.0")
    old = dataclasses.replace(_SERVING, version="0.1.0")
    assert "workers of several versions: 0.1.0 sby1; 0.2.0 sby3" in shown(status(old, new))
    assert "versions" not in shown(status(new, dataclasses.replace(_GONE, version="0.1.0")))
