"""Plans ranges: the pending pictures of the database, cut so that each range holds at most N of them.

The database does the cutting, so one row a range comes over the wire and memory stays flat however many pictures are
pending. Ids that are queued or running already are left out; what is still pending among them is planned when they are
done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from fleet.sessions import Connection, translated
from fleet.statements import statement
from producer.open_ranges import Block, gaps_between

#: Ranges fetched at once.
_FETCH_ROWS = 1000
#: Oracle's NUMBER holds 38 digits exactly.
_LARGEST_ID = 10**38 - 1


@dataclass(frozen=True, slots=True)
class Range:
    """Ids ``first_id`` to ``last_id``, both included; ``pictures`` of them were pending when it was planned."""

    first_id: int
    last_id: int
    pictures: int
    #: Last id of the range before it: nothing between the two was pending. None: there is none before it.
    follows: int | None = None


def plan_ranges(
    connection: Connection, *, range_size: int, database: str, open_blocks: Iterable[Block] = ()
) -> Iterator[Range]:
    """Yield the ranges of what is pending now, by ascending id.

    Args:
        connection: A session of the owner, on the primary or on a standby that is up to date.
        range_size: Most pending pictures in a range.
        database: The fleet's name of the database, for errors.
        open_blocks: Ids that are queued or running already, merged and ascending.

    Raises:
        DatabaseError: The query failed.
    """

    def rows_of(gap: Block) -> Iterator[tuple[int, int, int]]:
        with translated(database), connection.cursor() as cursor:
            cursor.arraysize = _FETCH_ROWS
            binds = {"range_size": range_size, "lowest": gap.first_id, "highest": gap.last_id}
            cursor.execute(statement("pending_ranges"), binds)
            yield from cursor

    return ranges_in_gaps(gaps_between(open_blocks, lowest=-_LARGEST_ID, highest=_LARGEST_ID), rows_of)


def ranges_in_gaps(
    gaps: Iterable[Block], rows_of: Callable[[Block], Iterable[tuple[int, int, int]]]
) -> Iterator[Range]:
    """Yield ranges from the rows (first id, last id, pictures) of each gap, each row as it comes."""
    for gap in gaps:
        follows = None
        for first_id, last_id, pictures in rows_of(gap):
            yield Range(int(first_id), int(last_id), int(pictures), follows)
            follows = int(last_id)


def count_pending(connection: Connection, *, database: str) -> int:
    """Return how many pictures are pending."""
    with translated(database), connection.cursor() as cursor:
        cursor.execute(statement("pending_count"))
        return int(cursor.fetchone()[0])
