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
        if not self.error_code:
            return ""
        written = re.search(rf"\b[A-Z]{{3}}-0*{self.error_code}\b", self.error_message)
        return written[0] if written else f"ORA-{self.error_code:05d}"

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
