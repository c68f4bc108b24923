"""Pictures that are put aside as failed, as any database of the configuration lists them."""

from __future__ import annotations

import datetime
import re
from dataclasses import dataclass
from typing import Any

from fleet.sessions import Connection
from fleet.statements import statement


@dataclass(frozen=True, slots=True)
class Failure:
    """A picture that could not be embedded although a known-good one could, on the same standby."""

    id: int
    #: Number of the error, 54481 for ORA-54481; 0: it had none.
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
        """The code as it is written everywhere, ORA-54481 or DPY-4024; empty when there is none.

        The table keeps the number alone; whose it is stands in the message.
        """
        return error_name(self.error_code, self.error_message)

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


def error_name(code: int, message: str) -> str:
    """Return an error's code as it is written in a message that has it; empty when there is none."""
    if not code:
        return ""
    written = re.search(rf"\b[A-Z]{{3}}-0*{code}\b", message)
    return written[0] if written else f"ORA-{code:05d}"


def count_by_error(connection: Connection) -> dict[str, int]:
    """Return how many pictures are put aside as failed, by the error's name; empty for those that have none.

    Raises:
        oracledb.Error: The query failed; ``translated`` or ``session`` around the call makes it ours.
    """
    found: dict[str, int] = {}
    with connection.cursor() as cursor:
        cursor.execute(statement("failures_by_error"))
        for code, message, count in cursor:
            name = error_name(int(code or 0), message or "")
            found[name] = found.get(name, 0) + int(count)
    return found


def list_failures(connection: Connection, *, error_code: int | None, most: int) -> tuple[list[Failure], int]:
    """Return the latest failures, and how many there are in all.

    Args:
        connection: A session of the owner; the primary knows the latest ones first.
        error_code: Only those with this code; None: all.
        most: Failures returned at most.

    Raises:
        oracledb.Error: The query failed; ``translated`` or ``session`` around the call makes it ours.
    """
    with connection.cursor() as cursor:
        cursor.execute(statement("failures_count"), error_code=error_code)
        (total,) = cursor.fetchone()
        cursor.execute(statement("failures"), error_code=error_code, most=most)
        failures = [
            Failure(int(number), int(code), text or "", int(attempts), standby or "", failed_at)
            for number, code, text, attempts, standby, failed_at in cursor
        ]
    return failures, int(total)
