"""Makes pictures that are put aside as failed pending again, on the primary.

A retry clears ``failed_at`` and keeps the row: the next failure of the picture counts one attempt more.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fleet.sessions import Connection, translated
from fleet.statements import statement


@dataclass(frozen=True, slots=True)
class Retried:
    """What a retry did."""

    #: Pictures that are pending again.
    pictures: int
    #: Ids that were asked for and had not failed.
    not_failed: tuple[int, ...] = ()


def retry_failures(connection: Connection, *, error_code: int | None = None) -> Retried:
    """Make all failed pictures pending again, or those with one error code; commits.

    Raises:
        DatabaseError: The update failed; nothing is changed then.
    """
    with translated("primary"), connection.cursor() as cursor:
        cursor.execute(statement("failures_retry"), error_code=error_code)
        pictures = cursor.rowcount
        connection.commit()
    return Retried(pictures)


def retry_pictures(connection: Connection, ids: Sequence[int]) -> Retried:
    """Make single failed pictures pending again; commits.

    Raises:
        DatabaseError: An update failed; nothing is changed then.
    """
    retried = 0
    not_failed = []
    with translated("primary"), connection.cursor() as cursor:
        for number in dict.fromkeys(ids):
            cursor.execute(statement("failures_retry_one"), id=number)
            if cursor.rowcount:
                retried += 1
            else:
                not_failed.append(number)
        connection.commit()
    return Retried(retried, tuple(not_failed))
