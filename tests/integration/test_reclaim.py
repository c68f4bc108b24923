"""What dead workers had taken is handed out again, once, with its flags."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from fleet.celery_app import SHARED_QUEUE, create_app, standby_queue, unacked_index_key, unacked_key
from fleet.messages import RangeMessage
from fleet.range_queue import send_range
from fleet.state import FleetState, worker_key
from tests.fix_redis import RedisServer
from workers.reclaim import RECLAIMS_HEADER, Reclaimer


@pytest.fixture
def state(redis_server: RedisServer) -> Iterator[FleetState]:
    made = FleetState(redis_server.settings())
    yield made
    made.close()


def take(redis_server: RedisServer, standby: str, count: int) -> None:
    """Take messages as a worker does that dies before it acknowledges."""
    app = create_app(redis_server.settings(), standby=standby)
    with app.connection_for_read() as connection:
        queue = app.amqp.queues[SHARED_QUEUE](connection.default_channel)
        for _ in range(count):
            assert queue.get(no_ack=False) is not None
        connection.default_channel.qos.restore_at_shutdown = False
        connection.default_channel.qos._delivered.clear()


def enqueue(redis_server: RedisServer, count: int) -> None:
    app = create_app(redis_server.settings())
    for first in range(1, 10 * count, 10):
        send_range(app, RangeMessage("run-1", first, first + 9, 10))


def test_taken_messages_are_kept_under_the_standbys_name(redis_server: RedisServer, state: FleetState) -> None:
    enqueue(redis_server, 3)
    take(redis_server, "sby1", 2)
    assert state.queue_depth([]) == 1
    assert state.client.hlen(unacked_key("sby1")) == state.client.zcard(unacked_index_key("sby1")) == 2


def test_they_come_back_to_the_front_with_celerys_flags_and_a_count(
    redis_server: RedisServer, state: FleetState
) -> None:
    enqueue(redis_server, 3)
    for reclaims in (1, 2):
        take(redis_server, "sby1", 1)
        assert Reclaimer(state.client).reclaim("sby1") == 1
        message = json.loads(str(state.client.lindex(SHARED_QUEUE, -1)))
        assert message["headers"]["redelivered"] is True
        assert message["properties"]["delivery_info"]["redelivered"] is True
        assert message["headers"][RECLAIMS_HEADER] == reclaims
        assert message["headers"]["id"] == RangeMessage("run-1", 1, 10, 10).task_id
    assert state.queue_depth([]) == 3
    assert state.client.exists(unacked_key("sby1"), unacked_index_key("sby1")) == 0


def test_a_live_workers_messages_stay(redis_server: RedisServer, state: FleetState) -> None:
    enqueue(redis_server, 2)
    take(redis_server, "sby1", 2)
    state.client.set(worker_key("sby1"), "{}")
    reclaimer = Reclaimer(state.client)
    assert reclaimer.reclaim("sby1", while_missing=worker_key("sby1")) == 0
    state.client.delete(worker_key("sby1"))
    tag = min(reclaimer.taken("sby1"))
    assert reclaimer.reclaim("sby1", while_missing=worker_key("sby1"), keep={tag}) == 1
    assert reclaimer.taken("sby1") == {tag}


@pytest.mark.parametrize(
    "entry",
    ["[]", "no JSON", '{"a": 1}', '[[], "", "embeddings"]', '[{"headers": 7}, "", "embeddings"]', '[{}, "", null]'],
)
def test_what_cannot_be_read_is_put_aside_and_holds_nothing_up(
    redis_server: RedisServer, state: FleetState, entry: str
) -> None:
    enqueue(redis_server, 1)
    take(redis_server, "sby1", 1)
    state.client.hset(unacked_key("sby1"), "x", entry)
    state.client.zadd(unacked_index_key("sby1"), {"x": 1.0})
    assert Reclaimer(state.client).reclaim("sby1") == 1
    assert state.client.exists(unacked_key("sby1"), unacked_index_key("sby1")) == 0
    (letter,) = state.dead_letters()
    assert (letter["message"], letter["standby"]) == (entry, "sby1")
    assert "a taken message" in letter["reason"]


def test_reclaimers_side_by_side_move_each_message_once(redis_server: RedisServer, state: FleetState) -> None:
    enqueue(redis_server, 20)
    take(redis_server, "sby1", 20)
    with ThreadPoolExecutor(4) as pool:
        moved = list(pool.map(lambda _: Reclaimer(state.client).reclaim("sby1"), range(4)))
    assert sum(moved) == 20
    assert state.queue_depth([]) == 20


def test_pinned_work_of_a_standby_that_does_not_serve_is_shared(redis_server: RedisServer, state: FleetState) -> None:
    app = create_app(redis_server.settings())
    send_range(app, RangeMessage("run-1", 1, 10, 10), queue=standby_queue("sby1"))
    assert Reclaimer(state.client).share("sby1") == 1
    assert (state.waiting([standby_queue("sby1")]), state.waiting([SHARED_QUEUE])) == (0, 1)
