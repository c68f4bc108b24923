"""The queue with a real Redis: what is enqueued, what a worker gets, what is counted."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import pytest
import redis
from celery.contrib.testing.worker import start_worker
from celery.exceptions import Reject

from emulator.ports import free_port
from fleet.celery_app import SHARED_QUEUE, TASK_EMBED_RANGE, create_app, unacked_key
from fleet.errors import QueueError
from fleet.heartbeat import Heartbeat, Wishes
from fleet.messages import RangeMessage, RangeResult
from fleet.state import HEARTBEAT_LIFETIME_SECONDS, LAST_HEARTBEATS_KEY, FleetState
from producer.enqueue import enqueue_ranges
from producer.ranges import Range
from tests.fix_redis import RedisServer, redis_server

__all__ = ["redis_server"]


def ranges(count: int) -> list[Range]:
    return [Range(first, first + 9, 10) for first in range(1, 10 * count, 10)]


def test_every_range_becomes_one_message_of_ids_and_counts_only(redis_server: RedisServer) -> None:
    settings = redis_server.settings()
    enqueued = enqueue_ranges(create_app(settings), "run-1", ranges(1200), lambda *_: None)
    state = FleetState(settings)
    assert (enqueued.ranges, enqueued.pictures) == (1200, 12_000)
    assert state.queue_depth(["sby1"]) == 1200
    with redis.Redis.from_url(settings.broker_url, decode_responses=True) as client:
        raw = str(client.lindex(SHARED_QUEUE, -1))
    state.close()
    assert json.loads(raw)["headers"]["id"] == RangeMessage("run-1", 1, 10, 10).task_id
    assert "ids 1..10 (10 pictures)" in json.loads(raw)["headers"]["kwargsrepr"]
    assert "test-secret" not in raw


def test_a_range_that_is_given_back_is_delivered_again(redis_server: RedisServer) -> None:
    app = create_app(redis_server.settings())
    delivered: list[int] = []
    complete = threading.Event()

    @app.task(name=TASK_EMBED_RANGE, acks_late=True)  # type: ignore[untyped-decorator]  # Celery ships no types
    def embed(**kwargs: Any) -> None:
        message = RangeMessage.from_kwargs(kwargs)
        delivered.append(message.first_id)
        if message.first_id == 11 and delivered.count(11) == 1:
            raise Reject("the standby is away", requeue=True)
        if len(delivered) == 6:
            complete.set()

    enqueue_ranges(app, "run-1", ranges(5), lambda *_: None)
    with start_worker(app, pool="threads", concurrency=1, perform_ping_check=False, queues=[SHARED_QUEUE]):
        assert complete.wait(20)
    assert sorted(delivered) == [1, 11, 11, 21, 31, 41]


def test_a_range_counts_once_however_often_it_is_delivered(redis_server: RedisServer) -> None:
    state = FleetState(redis_server.settings())
    message = RangeMessage("run-1", 1, 10, 10)
    state.open_run("run-1", ranges=1, pictures=10)
    for embedded in (6, 6, 10, 0):
        state.report_range(message, RangeResult("sby1", 1, 10, embedded, 0, 0, 0, 1.0))
    progress = state.progress("run-1")
    state.close()
    assert (progress.ranges_done, progress.embedded, progress.settled) == (1, 10, 10)
    assert progress.standbys == {"sby1": 10}
    state.note_parts("run-2", 1)
    assert state.client.ttl("adgfleet:run:run-2") > 3600, "a run that was noted before Redis was emptied goes, too"


def beat_of(boot_id: str, **values: Any) -> Heartbeat:
    return Heartbeat("sby1", boot_id=boot_id, at=time.time(), **values)


def test_a_standby_has_one_live_worker(redis_server: RedisServer) -> None:
    state = FleetState(redis_server.settings())
    assert state.beat(beat_of("first", sessions=2))
    assert not state.beat(beat_of("second", sessions=7))
    state.forget_worker(beat_of("second"))
    assert state.live_workers()["sby1"].sessions == 2
    state.forget_worker(beat_of("first"))
    assert state.beat(beat_of("second", sessions=7))
    state.close()


def test_a_worker_that_is_gone_stays_visible(redis_server: RedisServer) -> None:
    settings = redis_server.settings()
    state = FleetState(settings)
    state.beat(beat_of("first", embedded=12))
    with redis.Redis.from_url(settings.broker_url) as client:
        assert 0 < client.ttl("adgfleet:worker:sby1") <= HEARTBEAT_LIFETIME_SECONDS
        client.delete("adgfleet:worker:sby1")
    gone = state.workers()["sby1"]
    assert (gone.is_live, gone.embedded, gone.is_serving) == (False, 12, False)
    assert gone.age_seconds < 60
    assert state.live_workers() == {}
    state.client.hset(unacked_key("sby1"), "tag", "a message that somebody has to hand out again")
    assert not state.drop_standby("sby1")
    assert list(state.workers()) == ["sby1"]
    state.client.delete(unacked_key("sby1"))
    assert state.drop_standby("sby1")
    assert state.workers() == {}
    state.close()


def test_a_heartbeat_that_cannot_be_read_hides_no_other(redis_server: RedisServer) -> None:
    state = FleetState(redis_server.settings())
    state.beat(beat_of("first"))
    for name, text in (("sby2", "no JSON"), ("sby3", "[]"), ("sby4", "{}")):
        state.client.hset(LAST_HEARTBEATS_KEY, name, text)
    assert list(state.live_workers()) == ["sby1"]
    assert state.workers()["sby2"] == Heartbeat("sby2", is_live=False)
    assert list(state.workers()) == ["sby1", "sby2", "sby3", "sby4"]
    state.close()


def test_a_heartbeat_of_another_version_is_readable() -> None:
    read = Heartbeat.from_json('{"standby": "sby1", "busy": 3, "of_the_future": true}', is_live=True)
    assert (read.standby, read.busy, read.last_error_advice) == ("sby1", 3, "")
    assert Heartbeat.from_json(read.to_json(), is_live=True) == read


def test_what_the_operator_wishes_is_kept(redis_server: RedisServer) -> None:
    state = FleetState(redis_server.settings())
    assert state.wishes("sby1") == Wishes()
    state.scale("sby1", 5)
    state.drain("sby1")
    assert state.wishes("sby1") == Wishes(paused=True, drained=True, sessions=5)
    state.resume("sby1")
    assert state.wishes("sby1") == Wishes(sessions=5, resumes=1)
    state.pause("sby1")
    state.scale("sby1", 0)
    assert state.wishes("sby1") == Wishes(paused=True, resumes=1)
    assert state.wishes("sby2") == Wishes()
    state.client.hset("adgfleet:control:sby1", "sessions", "eight")
    assert state.wishes("sby1") == Wishes(paused=True, resumes=1, malformed=("sessions",))
    state.close()


def test_dead_letters_are_kept_with_a_reason_and_counted(redis_server: RedisServer) -> None:
    state = FleetState(redis_server.settings())
    state.add_dead_letter(reason="no range", standby="sby1", message={"v": 9})
    state.add_dead_letter(reason="still none", standby="sby2", message={1, 2})
    assert [letter["reason"] for letter in state.dead_letters()] == ["still none", "no range"]
    assert state.dead_letters()[1]["message"] == {"v": 9}
    assert state.dead_letters_total() == 2
    state.close()


@pytest.mark.parametrize("wrong", ["password", "port"])
def test_an_unusable_redis_is_named_without_its_password(redis_server: RedisServer, wrong: str) -> None:
    overrides = {"redis_password": "other-secret"}
    if wrong == "port":
        overrides = {"redis_url": f"redis://127.0.0.1:{free_port()}/0"}
    state = FleetState(redis_server.settings(**overrides))
    with pytest.raises(QueueError, match=r"127\.0\.0\.1:\d+") as caught:
        state.check()
    state.close()
    assert "secret" not in str(caught.value)
