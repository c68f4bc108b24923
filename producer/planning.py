"""The database that planning reads: a standby brought up to date, so that the primary does not pay for it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence

from fleet.dataguard import read_identity
from fleet.errors import DatabaseError, TransientDatabaseError
from fleet.sessions import Connection, Database, session, translated
from fleet.settings import Settings
from fleet.statements import statement

#: A standby that needs longer to catch up is not waited for, seconds.
SYNC_SECONDS = 20.0
#: How often the applied SCN is looked at, seconds.
_POLL_SECONDS = 0.1


@contextlib.contextmanager
def planning_session(
    settings: Settings, standbys: Sequence[str], say: Callable[[str], None], *, sync_seconds: float = SYNC_SECONDS
) -> Iterator[tuple[Connection, str]]:
    """Give a session that sees what the primary has committed, and the database's name.

    The first standby that can be brought up to date is taken; if none can, the primary, with a warning.

    Args:
        settings: Where the databases are.
        standbys: In the order in which they are tried.
        say: Told what does not work.
        sync_seconds: Longest wait for one standby.

    Raises:
        DatabaseError: The primary cannot be used either.
    """
    with contextlib.ExitStack() as stack:
        connection, name = None, "primary"
        for standby in standbys:
            try:
                connection = stack.enter_context(_up_to_date_session(settings, standby, sync_seconds))
            except DatabaseError as error:
                say(f"{standby} cannot be planned from: {error}")
            else:
                name = standby
                break
        if connection is None:
            say("warning: no standby is up to date; the primary itself is planned from")
            connection = stack.enter_context(session(Database.primary(settings), module="produce"))
        yield connection, name


@contextlib.contextmanager
def _up_to_date_session(settings: Settings, standby: str, sync_seconds: float) -> Iterator[Connection]:
    with session(Database.standby(settings, standby), module="produce") as connection:
        identity = read_identity(connection)
        if identity.may_embed:  # a primary needs no bringing up to date, but must not pay either
            bring_up_to_date(connection, settings, standby, sync_seconds=sync_seconds)
        else:
            raise TransientDatabaseError(f"{standby} is {identity.role}", database=standby)
        yield connection


def bring_up_to_date(connection: Connection, settings: Settings, standby: str, *, sync_seconds: float) -> None:
    """Wait until a standby has applied what the primary has committed by now.

    SYNC WITH PRIMARY wants synchronous transport and real-time apply (else ORA-03173); without it the primary's SCN is
    asked for, and waited for.

    Raises:
        DatabaseError: The standby does not get there in time, or cannot be asked.

    Source: Data Guard Concepts and Administration 23ai, "Forcing Redo Apply Synchronization".
    """
    connection.call_timeout = int(1000 * sync_seconds)
    try:
        with translated(standby), connection.cursor() as cursor:
            cursor.execute("ALTER SESSION SYNC WITH PRIMARY")
    except DatabaseError as error:
        if not connection.is_healthy() or "DPY-4024" in error.codes:
            raise
        wait_for_scn(connection, _primary_scn(settings), standby, seconds=sync_seconds)
    finally:
        connection.call_timeout = 0


def _primary_scn(settings: Settings) -> int:
    with session(Database.primary(settings), module="produce") as primary, primary.cursor() as cursor:
        cursor.execute(statement("current_scn"))
        return int(cursor.fetchone()[0])


def wait_for_scn(connection: Connection, scn: int, standby: str, *, seconds: float) -> None:
    """Wait until a standby has applied redo up to an SCN.

    Raises:
        TransientDatabaseError: It has not, after so many seconds.
        DatabaseError: It cannot be asked.
    """
    deadline = time.monotonic() + seconds
    while True:
        with translated(standby), connection.cursor() as cursor:
            cursor.execute(statement("current_scn"))
            applied = int(cursor.fetchone()[0])
        if applied >= scn:
            return
        if time.monotonic() >= deadline:
            raise TransientDatabaseError(
                f"{standby}: redo is applied up to SCN {applied}, not {scn}, after {seconds:g} s", database=standby
            )
        time.sleep(_POLL_SECONDS)
