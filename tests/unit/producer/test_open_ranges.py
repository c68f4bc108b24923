from __future__ import annotations

import base64
import json
import tracemalloc
from itertools import pairwise
from typing import cast

import redis
from hypothesis import given
from hypothesis import strategies as st

from fleet.celery_app import SHARED_QUEUE, TASK_EMBED_RANGE
from fleet.range_queue import FOLLOWS_HEADER
from producer.open_ranges import Block, gaps_between, merge_blocks, read_open_work

blocks = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 8)).map(lambda pair: Block(pair[0], pair[0] + pair[1])), max_size=12
)


def ids(spans: list[Block]) -> list[int]:
    return [number for span in spans for number in range(span.first_id, span.last_id + 1)]


@given(blocks)
def test_merged_blocks_and_the_gaps_between_them_are_all_ids_once(spans: list[Block]) -> None:
    merged = merge_blocks(spans)
    gaps = list(gaps_between(merged, lowest=-5, highest=80))
    assert set(ids(merged)) == set(ids(spans))
    assert sorted(ids(merged) + ids(gaps)) == list(range(-5, 81))
    assert all(later.first_id > earlier.last_id + 1 for earlier, later in pairwise(merged))


@given(blocks, st.integers(-5, 80), st.integers(-5, 80))
def test_no_gap_reaches_over_the_ends(spans: list[Block], lowest: int, highest: int) -> None:
    found = ids(list(gaps_between(merge_blocks(spans), lowest=lowest, highest=highest)))
    assert found == [number for number in range(lowest, highest + 1) if number not in set(ids(spans))]


def test_without_open_ranges_everything_is_a_gap() -> None:
    assert list(gaps_between([], lowest=-9, highest=9)) == [Block(-9, 9)]


class Queue:
    """A connection to a Redis that holds nothing but the shared queue, of messages that are made as they are read."""

    def __init__(self, ranges: int) -> None:
        self._ranges = ranges

    def lrange(self, queue: str, start: int, end: int) -> list[str]:
        return [self.message(at) for at in range(start, min(end + 1, self._ranges))] if queue == SHARED_QUEUE else []

    def hvals(self, _key: str) -> list[str]:
        return []

    def message(self, at: int) -> str:
        first = 10 * (self._ranges - at)
        kwargs = {"v": 1, "run_id": "run", "first_id": first, "last_id": first + 9, "pictures": 10}
        entry = {
            "body": base64.b64encode(json.dumps([[], kwargs, {}]).encode()).decode(),
            "content-type": "application/json",
            "content-encoding": "utf-8",
            "headers": {"task": TASK_EMBED_RANGE, "id": str(at), FOLLOWS_HEADER: first - 1},
            "properties": {
                "body_encoding": "base64",
                "delivery_tag": str(at),
                "delivery_info": {"exchange": "", "routing_key": SHARED_QUEUE},
            },
        }
        return json.dumps(entry)


def peak_bytes(ranges: int) -> int:
    tracemalloc.start()
    found = read_open_work(cast("redis.Redis", Queue(ranges)), ["sby1"])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found.ranges, found.pictures) == (ranges, 10 * ranges)
    assert found.blocks == (Block(10, 10 * ranges + 9),)
    return peak


def test_memory_does_not_grow_with_the_ranges_that_are_queued() -> None:
    assert peak_bytes(10_000) < 1.3 * peak_bytes(3_000)
