"""Pictures that are put aside as failed: listing them, and making them pending again. Both on the primary.

A retry clears ``failed_at`` and keeps the row: the next failure of the picture counts one attempt more.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from fleet.sessions import Connection, translated
from fleet.statements import statement


@dataclass(frozen=True, slots=True)
class Failure:
    """A picture that could not be embedded although a known-good one could, on the same standby."""

    id: int
    #: Oracle's number of the error: 54401 for ORA-54401.
    error_code: int
    error_message: str
    #: How often it has been tried.
    attempts: int
    #: DB_UNIQUE_NAME of the standby that tried last.
    standby: str
    #: In the time zone of that standby.
    failed_at: datetime.datetime

    @property
    def error(self) -> str:
        """The code as it is written everywhere: ORA-54401."""
        return f"ORA-{self.error_code:05d}"

    def to_json(self) -> dict[str, Any]:
        """Return it for scripts."""
        return {
            "id": self.id,
            "error": self.error,
            "message": self.error_message,
            "attempts": self.attempts,
            "standby": self.standby,
            "failed_at": self.failed_at.isoformat(sep=" ", timespec="seconds"),
        }


@dataclass(frozen=True, slots=True)
class Retried:
    """What a retry did."""

    #: Pictures that are pending again.
    pictures: int
    #: Ids that were asked for and had not failed.
    not_failed: tuple[int, ...] = ()


def list_failures(connection: Connection, *, error_code: int | None, most: int) -> tuple[list[Failure], int]:
    """Return the latest failures, and how many there are in all.

    Args:
        connection: A session of the owner on the primary.
        error_code: Only those with this code; None: all.
        most: Failures returned at most.

    Raises:
        DatabaseError: The query failed.
    """
    with translated("primary"), connection.cursor() as cursor:
        cursor.execute(statement("failures_count"), error_code=error_code)
        (total,) = cursor.fetchone()
        cursor.execute(statement("failures"), error_code=error_code, most=most)
        failures = [
            Failure(int(number), int(code), text or "", int(attempts), standby or "", failed_at)
            for number, code, text, attempts, standby, failed_at in cursor
        ]
    return failures, int(total)


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
