"""What a session is connected to: role and name in the Data Guard configuration, and how a standby writes its lag."""

from __future__ import annotations

import datetime
import re
from collections.abc import Sequence
from dataclasses import dataclass

from fleet.sessions import Connection
from fleet.statements import statement

#: The roles in which embedding is right. TRUE CACHE: a read-only replica that redirects DML too (unverified with
#: models).
EMBEDDING_ROLES = frozenset({"PHYSICAL STANDBY", "TRUE CACHE"})
#: V$DATABASE.OPEN_MODE of a standby that is readable and applies redo.
APPLYING = "READ ONLY WITH APPLY"
#: V$DATAGUARD_STATS is to be trusted only while what it was computed from is younger, seconds.
#: Source: Data Guard Concepts and Administration 23ai, "Monitoring Apply Lag in a Real-time Query Environment".
FRESH_LAG_SECONDS = 30.0
#: ``+00 00:00:05``: days, hours, minutes, seconds. Source: V$DATAGUARD_STATS, "day(2) to second(0) interval".
_INTERVAL = re.compile(r"([+-]?)(\d+) (\d+):(\d+):(\d+)(?:\.\d+)?")
#: TIME_COMPUTED and DATUM_TIME, both of the standby's own clock.
_TIME_FORMAT = "%m/%d/%Y %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Identity:
    """A database's role and name, read in its own session."""

    role: str
    db_unique_name: str

    @property
    def may_embed(self) -> bool:
        """Whether inference belongs here: never on a primary, and a snapshot standby would swallow the rows."""
        return self.role in EMBEDDING_ROLES


def read_identity(connection: Connection) -> Identity:
    """Read role and name; needs no privilege.

    Source: Data Guard Concepts and Administration 23ai, logon trigger example with SYS_CONTEXT('USERENV',
    'DATABASE_ROLE').
    """
    with connection.cursor() as cursor:
        cursor.execute(statement("identity"))
        role, name = cursor.fetchone()
    return Identity(role, name)


@dataclass(frozen=True, slots=True)
class ApplyLag:
    """How far a standby is behind, as it says itself."""

    #: None: it does not say.
    seconds: float | None = None
    #: Age of the data that it was computed from, seconds.
    age_seconds: float = 0.0

    @classmethod
    def of_rows(cls, rows: Sequence[Sequence[str | None]]) -> ApplyLag:
        """Read what ``apply_lag.sql`` has found: at most one row of VALUE, TIME_COMPUTED, DATUM_TIME.

        Raises:
            ValueError: A time is not written as Oracle's reference says.
        """
        value, computed, datum = rows[0] if rows else (None, None, None)
        return cls(seconds_of(value), age_of(computed, datum))

    @property
    def is_fresh(self) -> bool:
        """Whether the data are young enough to be trusted."""
        return self.age_seconds < FRESH_LAG_SECONDS


def seconds_of(interval: str | None) -> float | None:
    """Read V$DATAGUARD_STATS.VALUE; None if it says nothing."""
    match = _INTERVAL.fullmatch((interval or "").strip())
    if match is None:
        return None
    days, hours, minutes, seconds = (int(part) for part in match.groups()[1:])
    total = float(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
    return -total if match[1] == "-" else total


def age_of(computed: str | None, datum: str | None) -> float:
    """Return the seconds from DATUM_TIME to TIME_COMPUTED; 0 when one of them is not said."""
    if not computed or not datum:
        return 0.0
    times = [datetime.datetime.strptime(text, _TIME_FORMAT) for text in (datum, computed)]  # noqa: DTZ007 - one clock
    return max(0.0, (times[1] - times[0]).total_seconds())
