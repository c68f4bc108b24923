"""`adgfleet report` over a real Redis: runs and samples as workers and samplers leave them there."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from fleet.celery_app import SHARED_QUEUE, unacked_key
from fleet.messages import RangeMessage, RangeResult
from fleet.runs import RUNS_KEY, known_runs, range_records
from fleet.samples import DatabaseSample, Sample, SampleStore
from fleet.state import FleetState
from tests.fix_command import adgfleet, adgfleet_json
from tests.fix_emulator import write_env_file
from tests.fix_redis import RedisServer

_NOWHERE = "127.0.0.1:1/none"


@pytest.fixture
def state(redis_server: RedisServer) -> Iterator[FleetState]:
    made = FleetState(redis_server.settings())
    yield made
    made.close()


@pytest.fixture
def work(redis_server: RedisServer, tmp_path: Path) -> Path:
    """Settings whose databases do not answer."""
    values = {
        "db_user": "adgvec",
        "db_password": "unused",
        "db_dsn": _NOWHERE,
        "standbys": f"sby1={_NOWHERE}",
        "redis_url": redis_server.settings().broker_url,
    }
    write_env_file(tmp_path / ".env", values)
    return tmp_path


def test_without_a_run_or_with_another_ones_name_it_is_said_which_there_are(work: Path, state: FleetState) -> None:
    none = adgfleet("report", directory=work)
    assert none.returncode == 2
    assert "no run is known" in none.stderr
    state.open_run("run-1", ranges=1, pictures=5, began_at=time.time() - 60)
    state.open_run("run-2", ranges=1, pictures=5)
    other = adgfleet("report", "run-9", directory=work)
    assert other.returncode == 2
    assert "there is no run 'run-9'; known, the newest first: run-2, run-1" in other.stderr
    wrong = adgfleet("report", "run-1", "--save", "report.pdf", directory=work)
    assert wrong.returncode == 2
    assert ".html or .png" in wrong.stderr


def test_a_report_has_what_workers_reported_and_says_what_nobody_knows(work: Path, state: FleetState) -> None:
    state.open_run("run-1", ranges=3, pictures=30)
    for first, standby, embedded, failed in ((1, "sby1", 10, 0), (11, "sby2", 8, 2)):
        message = RangeMessage("run-1", first, first + 9, 10)
        for _delivery in range(2):
            state.report_range(message, RangeResult(standby, first, first + 9, embedded, 0, failed, 0, 1.5))
        state.report_range(message, RangeResult("sby3", first, first + 9, 0, 10, 0, 0, 0.1))
    state.client.lpush(SHARED_QUEUE, "a range that waits")
    found = adgfleet_json("report", "--json", "--save", work / "report.html", directory=work)
    assert (found["run_id"], found["is_done"], found["ranges_done"]) == ("run-1", False, 2)
    assert (found["embedded"], found["failed"]) == (18, 2)
    assert {name: each["embedded"] for name, each in found["standbys"].items()} == {"sby1": 10, "sby2": 8}
    rate = found["rate"]
    sums = {name: sum(values) * rate["bin_seconds"] for name, values in rate["pictures_per_second"].items()}
    assert sum(sums.values()) == pytest.approx(18, rel=0.01)
    said = " ".join(found["missing"])
    assert "not done: 2 of 3 ranges" in said
    assert "No samples of CPU were kept for this run" in said
    assert "The tables were not counted" in said
    assert "The failed pictures are not known" in said
    assert "No samples of CPU were kept for this run" in (work / "report.html").read_text(encoding="utf-8")


def test_ranges_whose_reports_were_lost_do_not_keep_a_run_open(work: Path, state: FleetState) -> None:
    began_at = time.time() - 3600
    state.open_run("run-1", ranges=3, pictures=30, began_at=began_at)
    message = RangeMessage("run-1", 1, 10, 10)
    state.report_range(message, RangeResult("sby1", 1, 10, 10, 0, 0, 0, 1.5))
    (record,) = range_records(state.client, "run-1")
    found = adgfleet_json("report", "--json", directory=work)
    assert (found["is_done"], found["ranges_done"], found["ranges_lost"]) == (True, 1, 2)
    assert found["end"] == pytest.approx(record.at, abs=0.01)
    assert "2 ranges were never reported" in found["missing"][0]
    state.client.hset(unacked_key("sby1"), "tag", "a range in work")
    running = adgfleet_json("report", "--json", directory=work)
    assert (running["is_done"], running["ranges_lost"]) == (False, 0)
    assert "not done: 1 of 3 ranges" in running["missing"][0]


def test_a_range_keeps_who_did_it_and_when_however_often_it_is_delivered(state: FleetState) -> None:
    message = RangeMessage("run-1", 1, 10, 10)
    before = time.time()
    state.report_range(message, RangeResult("sby1", 1, 10, 10, 0, 0, 0, 2.5))
    state.report_range(message, RangeResult("sby2", 1, 10, 0, 0, 0, 0, 0.1))
    (record,) = range_records(state.client, "run-1")
    assert (record.standby, record.seconds, record.embedded) == ("sby1", 2.5, 10)
    assert before - 1 <= record.at <= time.time() + 1


def test_runs_are_forgotten_with_their_figures(state: FleetState) -> None:
    state.open_run("run-1", ranges=1, pictures=5)
    state.open_run("run-2", ranges=1, pictures=5)
    state.client.delete("adgfleet:run:run-1")
    assert list(known_runs(state.client)) == ["run-2"]
    assert 0 < state.client.ttl("adgfleet:run:run-2") <= 7 * 24 * 3600
    state.open_run("run-0", ranges=1, pictures=5, began_at=time.time() - 8 * 24 * 3600)
    assert state.client.zscore(RUNS_KEY, "run-0") is None


def test_the_newest_runs_are_known_without_a_look_at_all(state: FleetState) -> None:
    for number in range(5):
        state.open_run(f"run-{number}", ranges=1, pictures=5, began_at=time.time() - 60 + number)
    assert list(known_runs(state.client, most=2)) == ["run-4", "run-3"]


def test_one_samples_and_the_next_one_goes_on_and_samples_come_back_as_they_were(state: FleetState) -> None:
    store = SampleStore(state.client)
    assert store.claim("first")
    assert not store.claim("second")
    assert store.claim("first")
    store.release("second")
    assert not store.claim("second")
    store.release("first")
    assert store.claim("second")
    before = time.time() - 1
    given = {"primary": DatabaseSample("PRIM", "PRIMARY", 1.5, 2.5), "sby1": DatabaseSample(pictures_per_second=3.0)}
    for _ in range(3):
        store.add(Sample(0.0, given))
    found = store.between(before, time.time() + 1)
    assert [dict(sample.databases) for sample in found] == [given] * 3
    assert all(before <= sample.at <= time.time() + 1 for sample in found)
    assert state.client.xlen("adgfleet:samples:minutes") == 1
    state.client.delete("adgfleet:samples")
    assert len(store.between(before, time.time() + 1)) == 1, "the minutes are kept longer"
    assert dataclasses.asdict(given["sby1"])["busy_seconds"] is None
