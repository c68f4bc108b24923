"""Plans ranges: the pending pictures of the database, cut so that each range holds at most N of them.

The database does the cutting, a page of ranges at a time, so one row a range comes over the wire, and neither a query
nor memory grows with what is pending. Ids that are queued or running already are left out; what is still pending among
them is planned when they are done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from producer.open_ranges import Block, gaps_between

#: Ranges that one query cuts; Oracle then sorts at most so many times ``range_size`` ids.
PAGE_RANGES = 1000
#: Oracle's NUMBER holds 38 digits exactly.
_LARGEST_ID = 10**38 - 1

#: Runs one of ``fleet/queries`` with binds; returns all its rows.
Query = Callable[..., Sequence[tuple[Any, ...]]]


@dataclass(frozen=True, slots=True)
class Range:
    """Ids ``first_id`` to ``last_id``, both included; ``pictures`` of them were pending when it was planned."""

    first_id: int
    last_id: int
    pictures: int
    #: Last id of the range before it: nothing between the two was pending. None: there is none before it.
    follows: int | None = None


def plan_ranges(
    query: Query,
    *,
    range_size: int,
    open_blocks: Sequence[Block] = (),
    after: int | None = None,
    page_ranges: int = PAGE_RANGES,
) -> Iterator[Range]:
    """Yield the ranges of what is pending now, by ascending id.

    Args:
        query: Asks a database that is up to date.
        range_size: Most pending pictures in a range.
        open_blocks: Ids that are queued or running already, merged and ascending.
        after: Begin above this id, and go round to it; None: begin with the lowest.
        page_ranges: Ranges that one query cuts.

    Raises:
        DatabaseError: A query failed.
    """
    stretches = [(-_LARGEST_ID, _LARGEST_ID)]
    if after is not None:
        stretches = [(after + 1, _LARGEST_ID), (-_LARGEST_ID, after)]
    for lowest, highest in stretches:
        for gap in gaps_between(open_blocks, lowest=lowest, highest=highest):
            yield from _ranges_in(gap, query, range_size, page_ranges)


def _ranges_in(gap: Block, query: Query, range_size: int, page_ranges: int) -> Iterator[Range]:
    first, follows, most = gap.first_id, None, range_size * page_ranges
    while first <= gap.last_id:
        page = query("pending_ranges", range_size=range_size, lowest=first, highest=gap.last_id, most=most)
        for first_id, last_id, pictures in page:
            yield Range(int(first_id), int(last_id), int(pictures), follows)
            follows = int(last_id)
        if follows is None or len(page) < page_ranges:
            return
        first = follows + 1


def count_pending(query: Query, *, most: int | None = None) -> int:
    """Return how many pictures are pending, queued ones included; no more than ``most`` are counted."""
    rows = query("pending_count") if most is None else query("pending_count_bounded", most=most)
    return int(rows[0][0])
