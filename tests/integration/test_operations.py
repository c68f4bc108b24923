"""Operators' commands against a real worker: what they want of it, and what they say."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from emulator.cluster import Cluster
from fleet.heartbeat import Heartbeat
from fleet.sessions import Database, connect
from fleet.settings import Settings
from fleet.state import LAST_HEARTBEATS_KEY, FleetState
from tests.fix_command import adgfleet, adgfleet_json, clean_environment, command
from tests.fix_emulator import cluster_values, fetch, write_env_file
from tests.fix_redis import RedisServer
from tests.fix_worker import StartWorker, WorkerProcess, wait_until


@pytest.fixture
def values(installed: Settings, cluster: Cluster, redis_server: RedisServer) -> dict[str, str]:
    return {**cluster_values(cluster), "redis_url": redis_server.settings().broker_url}


@pytest.fixture
def work(values: dict[str, str], tmp_path: Path) -> Path:
    write_env_file(tmp_path / ".env", values)
    return tmp_path


@pytest.fixture
def state(redis_server: RedisServer) -> Iterator[FleetState]:
    made = FleetState(redis_server.settings())
    yield made
    made.close()


@pytest.fixture
def worker(start_worker_process: StartWorker, values: dict[str, str], state: FleetState) -> WorkerProcess:
    started = start_worker_process("sby1", values, state, "--sessions", "2")
    started.wait_for("SERVING")
    return started


def wish(work: Path, *arguments: str) -> Any:
    return adgfleet_json(*arguments, "--json", directory=work)


def test_status_shows_each_standby_queue_and_tables(worker: WorkerProcess, work: Path, state: FleetState) -> None:
    day = 24 * 3600.0
    for name, silent_seconds in (("removed", 2 * day), ("gone", 60.0)):
        beat = Heartbeat(name, at=time.time() - silent_seconds)
        state.client.hset(LAST_HEARTBEATS_KEY, name, beat.to_json())
    found = adgfleet_json("status", "--json", directory=work)
    assert list(state.workers()) == ["gone", "sby1"], "what is removed for good is forgotten"
    assert {name: standby["state"] for name, standby in found["standbys"].items()} == {
        "sby1": "SERVING",
        "sby2": "NO WORKER",
    }
    assert (found["standbys"]["sby1"]["sessions"], found["standbys"]["sby1"]["busy"]) == (2, 0)
    assert found["queue"] == {"waiting": 0, "running": 0}
    assert found["counts"]["database"] == "sby1"
    table = adgfleet("status", directory=work)
    assert table.returncode == 0, table.stderr
    assert "SERVING" in table.stdout
    assert "adgfleet worker sby2" in table.stdout


def test_a_worker_pauses_resumes_scales_and_drains_as_it_is_told(worker: WorkerProcess, work: Path) -> None:
    paused = wish(work, "pause", "sby1")
    assert (paused["obeyed"], paused["state"]) == (True, "PAUSED")
    resumed = wish(work, "resume", "sby1")
    assert (resumed["obeyed"], resumed["state"]) == (True, "SERVING")
    scaled = wish(work, "scale", "sby1", "5")
    assert (scaled["obeyed"], scaled["sessions"]) == (True, 5)
    drained = wish(work, "drain", "sby1")
    assert (drained["obeyed"], drained["state"], drained["busy"], drained["open"]) == (True, "PAUSED", 0, 0)
    found = adgfleet_json("status", "--json", directory=work)["standbys"]["sby1"]
    assert (found["sessions"], found["wishes"]["drained"]) == (5, True)
    assert "drained" in found["state_reason"]
    assert wish(work, "resume", "sby1")["state"] == "SERVING"
    assert wish(work, "scale", "sby1", "0")["obeyed"]


def test_a_drain_has_left_no_session_when_it_ends(
    installed: Settings, start_worker_process: StartWorker, values: dict[str, str], state: FleetState, work: Path
) -> None:
    slow = {**values, "probe_interval": "3"}
    start_worker_process("sby1", slow, state).wait_for("SERVING")
    write_env_file(work / ".env", slow)
    assert wish(work, "drain", "sby1")["obeyed"]
    query = "select module from v$session where module like 'adgfleet %' and module <> 'adgfleet test'"
    with connect(Database.standby(installed, "sby1"), module="test") as connected:
        assert fetch(connected, query) == []


def test_a_pause_waits_for_the_next_worker(
    work: Path, start_worker_process: StartWorker, values: dict[str, str], state: FleetState
) -> None:
    done = adgfleet("pause", "sby1", directory=work)
    assert done.returncode == 0
    assert "no live worker" in done.stderr
    start_worker_process("sby1", values, state).wait_for("PAUSED")


def test_a_worker_that_does_not_obey_is_said(worker: WorkerProcess, work: Path, state: FleetState) -> None:
    beat = worker.heartbeat()
    assert beat is not None
    worker.send(signal.SIGSTOP)
    # The heartbeat of the frozen worker is kept alive, so that it is there and does not move.
    state.client.persist("adgfleet:worker:sby1")
    try:
        done = adgfleet("pause", "sby1", directory=work)
    finally:
        worker.send(signal.SIGCONT)
    assert done.returncode == 1
    assert "the wish stands" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["pause", "sby9"], "sby9"),
        (["drain", "sby9"], "sby9"),
        (["resume", "sby9"], "sby9"),
        (["scale", "sby9", "2"], "sby9"),
        (["scale", "sby1", "999"], "at most"),
        (["scale", "sby1", "-1"], "x>=0"),
        (["scale", "sby1"], "SESSIONS"),
    ],
)
def test_a_wrong_wish_is_refused(work: Path, arguments: list[str], said: str) -> None:
    done = adgfleet(*arguments, directory=work)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_status_needs_no_database_that_answers(work: Path, values: dict[str, str]) -> None:
    dead = {"db_dsn": "127.0.0.1:1/none", "standbys": "sby1=127.0.0.1:1/none"}
    write_env_file(work / "dead.env", {**values, **dead})
    found = adgfleet_json("--env-file", work / "dead.env", "status", "--json", directory=work)
    assert found["counts"] is None
    assert "sby1" in found["counts_problem"]
    assert found["eta_seconds"] is None


def test_watching_goes_on_until_it_is_told_to_end(work: Path) -> None:
    watching = command("status", "--watch", "--every", "0.1", "--json")
    out = work / "watched"
    with (
        out.open("w") as output,
        subprocess.Popen(watching, cwd=work, env=clean_environment(), stdout=output) as process,
    ):
        wait_until(lambda: len(out.read_text().splitlines()) >= 3, "three looks")
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    assert all("standbys" in json.loads(line) for line in out.read_text().splitlines())
