"""The producer against a real cluster and a real Redis: what it enqueues, and what it leaves alone."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import oracledb
import pytest
import redis

from emulator.cluster import Cluster
from fleet.celery_app import SHARED_QUEUE, create_app
from fleet.errors import DatabaseError
from fleet.messages import RangeMessage, RangeResult
from fleet.sessions import Database, connect
from fleet.settings import Settings, load_settings
from fleet.state import FleetState
from producer.open_ranges import Block, read_open_work
from producer.planning import PlanningDatabase, bring_up_to_date
from producer.ranges import count_pending
from producer.reconcile import Reconciler
from tests.fix_command import adgfleet, adgfleet_json, clean_environment, command
from tests.fix_emulator import cluster_values, fetch, run, write_env_file
from tests.fix_redis import RedisServer

_DEADLINE = 60.0


@pytest.fixture
def prim(installed: Settings) -> Iterator[oracledb.Connection]:
    with connect(Database.primary(installed), module="test") as connected:
        run(connected, "delete from picture_embeddings", "delete from embedding_failures", "delete from pictures")
        connected.commit()
        yield connected


@pytest.fixture
def settings(stack_settings: Callable[..., Settings], installed: Settings, redis_server: RedisServer) -> Settings:
    return stack_settings(redis_url=redis_server.settings().broker_url)


@pytest.fixture
def work(cluster: Cluster, settings: Settings, tmp_path: Path) -> Path:
    """A directory whose .env names the cluster and Redis."""
    write_env_file(tmp_path / ".env", {**cluster_values(cluster), "redis_url": settings.redis_url})
    return tmp_path


@pytest.fixture
def client(settings: Settings) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(settings.broker_url, decode_responses=True) as connected:
        yield connected


def add(connected: oracledb.Connection, *ids: int) -> None:
    with connected.cursor() as cursor:
        cursor.executemany("insert into pictures (id, img) values (:1, :2)", [(number, b"x") for number in ids])
    connected.commit()


def produce(work: Path, *arguments: str) -> Any:
    return adgfleet_json("produce", "--range-size", "10", "--json", *arguments, directory=work)


def queued(client: redis.Redis) -> list[tuple[int, int]]:
    """Return first and last id of what waits, in the order in which it is taken."""
    entries = reversed(client.lrange(SHARED_QUEUE, 0, -1))
    texts = [json.loads(entry)["headers"]["kwargsrepr"] for entry in entries]
    pairs = [text.split(" ids ")[1].split(" ")[0].split("..") for text in texts]
    return [(int(first), int(last)) for first, last in pairs]


def take(client: redis.Redis) -> None:
    """Take the next message as a worker does: out of the queue, into the hash of what is not acknowledged."""
    entry = json.loads(str(client.rpop(SHARED_QUEUE)))
    client.hset("adgfleet:unacked:sby1", "tag", json.dumps([entry, "", SHARED_QUEUE]))


def test_a_second_run_enqueues_only_what_is_neither_queued_nor_running(
    prim: oracledb.Connection, work: Path, client: redis.Redis
) -> None:
    add(prim, *range(1, 31), *range(101, 106))
    first = produce(work)
    assert (first["ranges"], first["pictures"], first["open_ranges"]) == (4, 35, 0)
    assert first["planned_on"] in {"sby1", "sby2"}
    take(client)
    again = produce(work)
    assert (again["ranges"], again["pictures"], again["open_ranges"]) == (0, 0, 4)
    add(prim, 50, 106, 200)
    more = produce(work)
    assert (more["ranges"], more["pictures"]) == (1, 2)
    assert queued(client) == [(11, 20), (21, 30), (101, 105), (106, 200)]


def test_ids_that_arrive_inside_an_open_range_are_found_when_it_is_done(
    prim: oracledb.Connection, work: Path, client: redis.Redis
) -> None:
    add(prim, 1, 9)
    produce(work)
    take(client)
    add(prim, 5)
    assert produce(work)["ranges"] == 0
    run(prim, "insert into picture_embeddings (id) values (1)", "insert into picture_embeddings (id) values (9)")
    prim.commit()
    client.delete("adgfleet:unacked:sby1")  # acknowledged; nothing was reported
    assert produce(work)["pictures"] == 1
    assert queued(client) == [(5, 5)]


def test_what_was_queued_is_enqueued_again_when_redis_has_been_emptied(
    prim: oracledb.Connection, work: Path, client: redis.Redis
) -> None:
    add(prim, *range(1, 31))
    produce(work)
    take(client)
    client.flushall()
    assert (produce(work)["ranges"], queued(client)) == (3, [(1, 10), (11, 20), (21, 30)])


def test_a_dry_run_shows_what_a_run_would_enqueue_and_enqueues_nothing(
    prim: oracledb.Connection, work: Path, client: redis.Redis
) -> None:
    add(prim, *range(1, 16))
    assert produce(work, "--dry-run") == {"ranges": [[1, 10, 10], [11, 15, 5]], "pictures": 15}
    assert queued(client) == []
    produce(work)
    assert produce(work, "--dry-run") == {"ranges": [], "pictures": 0}


def test_retry_failed_makes_failed_pictures_pending_first(
    prim: oracledb.Connection, work: Path, client: redis.Redis
) -> None:
    add(prim, 1, 2)
    row = "insert into embedding_failures (id, attempts, error_code, failed_at) values (2, 1, 54401, systimestamp)"
    run(prim, row, "commit")
    assert produce(work)["pictures"] == 1
    assert produce(work, "--retry-failed")["pictures"] == 1
    assert queued(client) == [(1, 1), (2, 2)]
    assert fetch(prim, "select attempts, failed_at from embedding_failures") == [(1, None)]


def test_the_range_size_follows_from_the_measured_rate(
    prim: oracledb.Connection, settings: Settings, work: Path, client: redis.Redis
) -> None:
    state = FleetState(settings)
    message = RangeMessage("earlier", 1, 10, 10)
    for seconds in (36.0, 44.0):
        state.report_range(message, RangeResult("sby1", 1, 10, 18, 0, 2, 0, seconds))
    state.close()
    add(prim, *range(1, 601))
    plan = adgfleet_json("produce", "--dry-run", "--json", directory=work)
    assert {pictures for _, _, pictures in plan["ranges"]} == {30}  # a minute, at half a picture a second


def test_open_work_merges_what_belongs_together_and_ignores_the_unreadable(
    prim: oracledb.Connection, work: Path, client: redis.Redis
) -> None:
    add(prim, *range(1, 11), *range(500, 520))
    produce(work)
    client.lpush(SHARED_QUEUE, json.dumps({"body": "no message"}))
    found = read_open_work(client, ["sby1", "sby2"])
    assert found.blocks == (Block(1, 519),)
    assert (found.ranges, found.pictures, len(found.run_ids), found.unreadable) == (3, 30, 1, 1)


def test_keys_of_others_and_nonsense_in_the_queue_stop_nobody(
    prim: oracledb.Connection, work: Path, client: redis.Redis
) -> None:
    add(prim, *range(1, 11))
    client.hset("otherapp_unacked_tags", "tag", "not json")
    client.hset("unacked", "tag", "not json")
    client.lpush("embeddings_of_others", "not json")
    with redis.Redis.from_url(str(load_settings(work / ".env", environment={}).broker_url)) as raw:
        for nonsense in (b"\xff\xfe", b"{}", b"[1, 2]", b"[" * 100_000, b'{"body": 1, "properties": []}'):
            raw.lpush(SHARED_QUEUE, nonsense)
        raw.hset("adgfleet:unacked:sby1", "tag", b"\xff")
    done = adgfleet("produce", "--range-size", "10", "--json", directory=work)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["pictures"] == 10
    assert "6 messages of the queue cannot be read" in done.stderr
    assert adgfleet_json("status", "--json", directory=work)["queue"] == {"waiting": 6, "running": 1}


@pytest.fixture
def reconciler(settings: Settings, client: redis.Redis) -> Iterator[Reconciler]:
    state = FleetState(settings)
    yield Reconciler(settings, create_app(settings), state, print, range_size=2)
    state.close()


def test_rounds_that_have_their_fill_go_on_where_they_stopped_and_round_again(
    prim: oracledb.Connection, reconciler: Reconciler, client: redis.Redis
) -> None:
    add(prim, *range(1, 10))
    assert reconciler.enqueue_missing(most_ranges=2).enqueued.pictures == 4
    client.flushall()  # what is lost is not looked for before the end is reached
    assert reconciler.enqueue_missing(most_ranges=2).enqueued.pictures == 4
    assert queued(client) == [(5, 6), (7, 8)]
    assert reconciler.enqueue_missing(most_ranges=9).enqueued.pictures == 5
    assert queued(client) == [(5, 6), (7, 8), (9, 9), (1, 2), (3, 4)]
    assert reconciler.enqueue_missing(most_ranges=9).enqueued.ranges == 0


def test_what_is_enqueued_at_once_makes_no_endless_queue(
    prim: oracledb.Connection, reconciler: Reconciler, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("producer.range_size.MOST_RANGES", 3)
    said: list[str] = []
    reconciler.say = said.append
    add(prim, *range(1, 11))
    assert [planned.pictures for planned in reconciler.plan()] == [4, 4, 2]
    assert "10 pictures are pending" in said[0]
    assert reconciler.enqueue_missing(most_ranges=9).range_size == 2


def wait_for(check: Callable[[], bool]) -> None:
    end = time.monotonic() + _DEADLINE
    while not check():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.05)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_watching_enqueues_each_load_once_and_what_vanished_again_and_ends_in_order(
    prim: oracledb.Connection, work: Path, client: redis.Redis, number: signal.Signals
) -> None:
    add(prim, *range(1, 21))
    watching = [*command("produce", "--watch", "0.2", "--range-size", "10", "--json")]
    with subprocess.Popen(
        watching, cwd=work, env=clean_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            wait_for(lambda: queued(client) == [(1, 10), (11, 20)])
            add(prim, *range(21, 26))
            wait_for(lambda: queued(client) == [(1, 10), (11, 20), (21, 25)])
            client.flushall()
            wait_for(lambda: queued(client) == [(1, 10), (11, 20), (21, 25)])
        finally:
            process.send_signal(number)
            out, err = process.communicate(timeout=_DEADLINE)
    assert process.returncode == 0, err
    rounds = [json.loads(line) for line in out.splitlines()]
    assert [done["pictures"] for done in rounds] == [20, 5, 25]
    assert "50 pictures in 6 ranges" in err


# ---------------------------------------------------------------------- where planning reads


@pytest.fixture
def stopped_apply(cluster: Cluster, settings: Settings, client: redis.Redis) -> Iterator[None]:
    """Standby sby1 applies no redo."""
    client.flushall()  # a producer that had to be ended at once has kept the right to plan for its lifetime
    cluster.levers("sby1").apply(on=False)
    yield
    cluster.levers("sby1").apply(on=True)
    # What an ended producer has left waiting there is not the next test's.
    wait_for(lambda: produce_sessions(settings, "sby1") == 0)


def planned_on(settings: Settings, standbys: list[str]) -> tuple[str, list[str]]:
    said: list[str] = []
    with PlanningDatabase(settings, standbys, said.append, sync_seconds=1.0) as database:
        assert count_pending(database.rows) == 1
    return database.name, said


def test_a_standby_that_freezes_in_mid_planning_is_left_for_the_next(
    cluster: Cluster, prim: oracledb.Connection, settings: Settings
) -> None:
    add(prim, 1)
    quick = replace(settings, planning_timeout=1.0)
    said: list[str] = []
    with PlanningDatabase(quick, ["sby1", "sby2"], said.append) as database:
        assert (count_pending(database.rows), database.name) == (1, "sby1")
        cluster.freeze("sby1")
        try:
            began = time.monotonic()
            assert (count_pending(database.rows), database.name) == (1, "sby2")
            assert time.monotonic() - began < 15
        finally:
            cluster.thaw("sby1")
    assert "sby1 is planned from no longer" in said[0]


def produce_sessions(settings: Settings, standby: str) -> int:
    with connect(Database.standby(settings, standby), module="test") as connected:
        return int(fetch(connected, "select count(*) from v$session where module = 'adgfleet produce'")[0][0])


@pytest.mark.usefixtures("stopped_apply")
def test_a_signal_ends_a_call_that_waits(
    prim: oracledb.Connection, work: Path, settings: Settings, client: redis.Redis
) -> None:
    add(prim, 1)  # a standby that applies nothing is waited for
    environment = clean_environment(STANDBYS=f"sby1={settings.standby_dsn('sby1')}")
    watching = command("produce", "--watch", "0.2", "--range-size", "10")
    with subprocess.Popen(watching, cwd=work, env=environment, stderr=subprocess.PIPE, text=True) as process:
        wait_for(lambda: produce_sessions(settings, "sby1") == 1)
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=_DEADLINE)
    assert (process.returncode, queued(client)) == (0, []), err
    assert "stopped after" in err
    assert time.monotonic() - began < 15


@pytest.mark.parametrize(
    ("mode", "signals", "statuses", "most_seconds"),
    [
        (["--watch", "0.2"], [signal.SIGTERM], {1}, 15.0),
        # Both are pending at once, in whatever order they are looked at.
        (["--watch", "0.2"], [signal.SIGTERM, signal.SIGINT], {128 + signal.SIGTERM, 128 + signal.SIGINT}, 15.0),
        ([], [signal.SIGINT], {130}, 15.0),
    ],
)
@pytest.mark.usefixtures("stopped_apply")
def test_a_frozen_standby_holds_no_producer_that_is_told_to_end(
    cluster: Cluster,
    work: Path,
    settings: Settings,
    mode: list[str],
    signals: list[signal.Signals],
    statuses: set[int],
    most_seconds: float,
) -> None:
    with connect(Database.primary(settings), module="test") as prim:
        run(prim, "delete from pictures")
        add(prim, 1)  # a standby that applies nothing is waited for
    environment = clean_environment(STANDBYS=f"sby1={settings.standby_dsn('sby1')}")
    producing = command("produce", *mode, "--range-size", "10")
    with subprocess.Popen(producing, cwd=work, env=environment, stderr=subprocess.PIPE, text=True) as process:
        wait_for(lambda: produce_sessions(settings, "sby1") == 1)
        cluster.freeze("sby1")
        try:
            began = time.monotonic()
            for number in signals:
                process.send_signal(number)
            _, err = process.communicate(timeout=_DEADLINE)
        finally:
            cluster.thaw("sby1")
    assert process.returncode in statuses, err
    assert time.monotonic() - began < most_seconds


@pytest.mark.usefixtures("stopped_apply")
def test_a_standby_that_does_not_catch_up_is_passed_over(prim: oracledb.Connection, settings: Settings) -> None:
    add(prim, 1)
    assert planned_on(settings, ["sby2", "sby1"]) == ("sby2", [])
    database, said = planned_on(settings, ["sby1", "sby2"])
    assert (database, len(said)) == ("sby2", 1)
    database, said = planned_on(settings, ["sby1"])
    assert database == "primary"
    assert said[-1].startswith("warning: ")


def test_the_primary_is_no_standby(prim: oracledb.Connection, settings: Settings) -> None:
    add(prim, 1)
    wrong = replace(settings, standbys={"wrong": settings.require("db_dsn"), "sby1": settings.standby_dsn("sby1")})
    database, said = planned_on(wrong, ["wrong", "sby1"])
    assert database == "sby1"
    assert "PRIMARY" in said[0]


def test_without_sync_a_standby_is_waited_for_until_it_has_applied_the_primarys_scn(
    cluster: Cluster, prim: oracledb.Connection, settings: Settings
) -> None:
    levers = cluster.levers("sby1")
    levers.lag(1.0)
    try:
        with connect(Database.standby(settings, "sby1"), module="test") as connected:
            add(prim, 1)
            levers.raise_error(3173)
            with pytest.raises(DatabaseError, match=r"not .* after"):
                bring_up_to_date(connected, settings, "sby1", sync_seconds=0.1)
            levers.raise_error(3173)
            bring_up_to_date(connected, settings, "sby1", sync_seconds=_DEADLINE)
            assert fetch(connected, "select count(*) from pictures") == [(1,)]
    finally:
        levers.lag(0)
