"""The use case: embed one range on one standby, by one call of the stored procedure there."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field

from fleet.dataguard import read_identity
from fleet.errors import DatabaseError, WrongRoleError
from fleet.messages import RangeMessage, RangeResult
from fleet.ora_codes import LOST_SESSION
from fleet.sessions import Connection, output_number, translated
from fleet.statements import statement

_COUNTS = ("embedded", "already", "failed", "vanished")
#: A failure with one of these says nothing of FORALL: the session is gone, the call was broken off or took too long.
_NOT_FORALL = LOST_SESSION | {"ORA-01013", "DPY-4024"}


@dataclass(slots=True)
class InsertMode:
    """BULK or ROW inserts on one standby; with AUTO the first range finds out.

    FORALL through redirection is unverified on a real standby, row by row is proven there. So BULK is tried; when a
    range fails with it and succeeds without it, ROW is kept for the worker's life.
    """

    #: AUTO, BULK or ROW.
    wanted: str
    settled: str | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    @property
    def current(self) -> str:
        """The mode to use now."""
        if self.wanted != "AUTO":
            return self.wanted
        return self.settled or "BULK"

    @property
    def is_open(self) -> bool:
        """Whether it is not yet known which mode works."""
        return self.wanted == "AUTO" and self.settled is None

    def settle(self, mode: str) -> None:
        """Keep a mode that has worked."""
        with self._lock:
            if self.is_open:
                self.settled = mode


@dataclass(frozen=True, slots=True)
class PinnedStandby:
    """The standby that a worker is pinned to."""

    #: The fleet's name of it.
    name: str
    #: DB_UNIQUE_NAME of the first standby that the worker found there.
    db_unique_name: str


def check_pinned(connection: Connection, standby: PinnedStandby) -> None:
    """Make sure that the session still is on the standby that the worker was pinned to, in a role that embeds.

    A session may survive a switchover and wake up on what is now the primary. A range's call asks by itself, see
    ``fleet/queries/embed_range.sql``; whatever else a worker does in a session is preceded by this.
    Source: Oracle reference 23ai, STANDBY_DB_PRESERVE_STATES.

    Raises:
        WrongRoleError: It is another database, or no standby any more.
        DatabaseError: The database cannot be asked.
    """
    identity = read_identity(connection)
    if identity.db_unique_name != standby.db_unique_name:
        raise WrongRoleError(
            f"{standby.name} was {standby.db_unique_name}, but the session is on {identity.db_unique_name}",
            database=standby.name,
        )
    if not identity.may_embed:
        raise WrongRoleError(
            f"{standby.name} is {identity.role}; embedding runs on a PHYSICAL STANDBY only", database=standby.name
        )


def embed_range(
    connection: Connection,
    standby: PinnedStandby,
    message: RangeMessage,
    *,
    batch_size: int,
    insert_mode: InsertMode,
    call_timeout_seconds: float,
) -> RangeResult:
    """Embed a range's pending pictures.

    Args:
        connection: A session on the standby; nobody else uses it meanwhile.
        standby: The standby it must be on.
        message: The range.
        batch_size: Pictures embedded and committed together.
        insert_mode: How to store them; settled here if it was open.
        call_timeout_seconds: Longest time of one call.

    Raises:
        WrongRoleError: The session is not on that standby, in that role; nothing was embedded there.
        DatabaseError: The call failed; batches that it committed stand.

    Redelivery: safe; the procedure selects only pending ids and the primary key refuses a second row.
    """
    started = time.monotonic()
    with translated(standby.name):
        connection.call_timeout = int(1000 * call_timeout_seconds)
        mode = insert_mode.current
        try:
            counts, commit_seconds = _call(connection, standby, message, batch_size, mode)
        except DatabaseError as error:
            # Nobody knows the code with which redirection would refuse FORALL, so any failure of the probe counts that
            # has not another explanation.
            probing = insert_mode.is_open and mode == "BULK" and not _NOT_FORALL.intersection(error.codes)
            if not probing or isinstance(error, WrongRoleError) or not connection.is_healthy():
                raise
            mode = "ROW"
            counts, commit_seconds = _call(connection, standby, message, batch_size, mode)
        connection.call_timeout = 0
        if counts[0]:
            insert_mode.settle(mode)
    seconds = time.monotonic() - started
    return RangeResult(standby.name, message.first_id, message.last_id, *counts, seconds, commit_seconds)


def _call(
    connection: Connection, standby: PinnedStandby, message: RangeMessage, batch_size: int, mode: str
) -> tuple[tuple[int, int, int, int], float]:
    with translated(standby.name), connection.cursor() as cursor:
        outputs = {name: output_number(cursor) for name in (*_COUNTS, "commit_seconds")}
        cursor.execute(
            statement("embed_range"),
            db_unique_name=standby.db_unique_name,
            first_id=message.first_id,
            last_id=message.last_id,
            batch_size=batch_size,
            insert_mode=mode,
            **outputs,
        )
        embedded, already, failed, vanished = (int(outputs[name].getvalue() or 0) for name in _COUNTS)
        commit_seconds = float(outputs["commit_seconds"].getvalue() or 0)
    return (embedded, already, failed, vanished), commit_seconds
