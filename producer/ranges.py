"""Plans ranges: the pending pictures of the database, cut so that each range holds at most N of them.

The database does the cutting, so one row a range comes over the wire and memory stays flat however many pictures are
pending.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fleet.sessions import Connection, translated
from fleet.statements import statement

#: Ranges fetched at once.
_FETCH_ROWS = 1000


@dataclass(frozen=True, slots=True)
class Range:
    """Ids ``first_id`` to ``last_id``, both included; ``pictures`` of them were pending when it was planned."""

    first_id: int
    last_id: int
    pictures: int


def plan_ranges(connection: Connection, *, range_size: int, database: str) -> Iterator[Range]:
    """Yield the ranges of what is pending now, by ascending id.

    Args:
        connection: A session of the owner, on the primary or on a standby without apply lag.
        range_size: Most pending pictures in a range.
        database: The fleet's name of the database, for errors.

    Raises:
        DatabaseError: The query failed.
    """
    with translated(database), connection.cursor() as cursor:
        cursor.arraysize = _FETCH_ROWS
        cursor.execute(statement("pending_ranges"), range_size=range_size)
        for first_id, last_id, pictures in cursor:
            yield Range(int(first_id), int(last_id), int(pictures))


def count_pending(connection: Connection, *, database: str) -> int:
    """Return how many pictures are pending."""
    with translated(database), connection.cursor() as cursor:
        cursor.execute(statement("pending_count"))
        return int(cursor.fetchone()[0])
