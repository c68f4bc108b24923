from __future__ import annotations

import tracemalloc
from collections.abc import Iterator

from producer.open_ranges import Block
from producer.ranges import Range, ranges_in_gaps


def test_a_range_follows_the_one_before_it_in_its_gap_only() -> None:
    rows = {Block(0, 9): [(1, 3, 2), (7, 9, 2)], Block(20, 29): [(22, 22, 1)]}
    assert list(ranges_in_gaps(rows, rows.__getitem__)) == [
        Range(1, 3, 2),
        Range(7, 9, 2, 3),
        Range(22, 22, 1),
    ]


def peak_bytes(pending: int, range_size: int = 100) -> int:
    """Return what planning holds at most while it goes through so many pending pictures."""

    def rows(_gap: Block) -> Iterator[tuple[int, int, int]]:
        for first in range(0, pending, range_size):
            yield first, first + range_size - 1, range_size

    tracemalloc.start()
    planned = 0
    for each in ranges_in_gaps([Block(0, pending)], rows):
        planned += each.pictures
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert planned == pending
    return peak


def test_planning_holds_no_more_for_ten_million_pending_pictures_than_for_ten_thousand() -> None:
    few, many = peak_bytes(10_000), peak_bytes(10_000_000)
    assert many < few + 10_000
