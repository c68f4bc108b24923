from __future__ import annotations

import tracemalloc
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from producer.open_ranges import Block, merge_blocks
from producer.ranges import Query, Range, plan_ranges


def pending_ids(ids: Sequence[int]) -> Query:
    """Cut ids as ``pending_ranges`` does."""

    def rows(query: str, *, range_size: int, lowest: int, highest: int, most: int) -> list[tuple[Any, ...]]:
        assert query == "pending_ranges"
        found = [number for number in ids if lowest <= number <= highest][:most]
        parts = [found[at : at + range_size] for at in range(0, len(found), range_size)]
        return [(part[0], part[-1], len(part)) for part in parts]

    return rows


def test_a_range_follows_the_one_before_it_in_its_gap_only() -> None:
    planned = plan_ranges(
        pending_ids([1, 3, 7, 9, 12, 22, 29]), range_size=2, open_blocks=[Block(10, 19)], page_ranges=1
    )
    assert list(planned) == [Range(1, 3, 2), Range(7, 9, 2, 3), Range(22, 29, 2)]


def test_a_plan_that_begins_in_the_middle_goes_round() -> None:
    planned = plan_ranges(pending_ids([1, 2, 3, 11, 12, 13]), range_size=2, open_blocks=[Block(12, 12)], after=3)
    assert [(each.first_id, each.last_id) for each in planned] == [(11, 11), (13, 13), (1, 2), (3, 3)]


@given(
    ids=st.sets(st.integers(0, 60)),
    spans=st.lists(st.tuples(st.integers(0, 60), st.integers(0, 9)), max_size=5),
    after=st.none() | st.integers(-3, 63),
    page_ranges=st.integers(1, 4),
)
def test_each_pending_id_that_is_not_open_is_in_one_range(
    ids: set[int], spans: list[tuple[int, int]], after: int | None, page_ranges: int
) -> None:
    blocks = merge_blocks(Block(first, first + more) for first, more in spans)
    free = {number for number in ids if not any(block.first_id <= number <= block.last_id for block in blocks)}
    planned = list(
        plan_ranges(pending_ids(sorted(ids)), range_size=3, open_blocks=blocks, after=after, page_ranges=page_ranges)
    )
    assert sum(each.pictures for each in planned) == len(free)
    ordered = sorted(planned, key=lambda each: each.first_id)
    assert all(before.last_id < later.first_id for before, later in pairwise(ordered))
    assert free == {number for number in free if any(each.first_id <= number <= each.last_id for each in ordered)}


def peak_bytes(pending: int, range_size: int = 100) -> int:
    """Return what planning holds at most while it goes through so many pending pictures."""

    def rows(_query: str, *, range_size: int, lowest: int, highest: int, most: int) -> list[tuple[Any, ...]]:
        end = min(pending, highest + 1, max(lowest, 0) + most)
        return [(first, first + range_size - 1, range_size) for first in range(max(lowest, 0), end, range_size)]

    tracemalloc.start()
    planned = 0
    for each in plan_ranges(rows, range_size=range_size, page_ranges=50):
        planned += each.pictures
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert planned == pending
    return peak


def test_planning_holds_no_more_for_ten_million_pending_pictures_than_for_ten_thousand() -> None:
    few, many = peak_bytes(10_000), peak_bytes(10_000_000)
    assert many < few + 10_000
