"""Incarnations of the database: each failover begins one, and who has gone too far in an old one cannot follow."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import apsw

_CREATE = (
    (
        "CREATE TABLE IF NOT EXISTS _incarnation "
        "(number INTEGER PRIMARY KEY, token TEXT NOT NULL, start_scn INTEGER NOT NULL)"
    ),
    "INSERT OR IGNORE INTO _incarnation VALUES (1, 'first', 1000000)",
)


@dataclass(frozen=True, slots=True)
class Incarnation:
    """A line of SCNs that one primary after another continues."""

    #: Tells apart two that began at the same SCN.
    token: str
    #: The last SCN of the one before.
    start_scn: int


#: From the first to the present one.
History: TypeAlias = tuple[Incarnation, ...]


def may_follow(source: History, standby: History, scn: int) -> bool:
    """Tell whether redo of ``source`` continues what a standby has applied.

    Args:
        source: The incarnations of who sends redo.
        standby: Those of the standby.
        scn: What the standby has applied.
    """
    if source[: len(standby)] != standby:
        return False
    return len(source) == len(standby) or scn <= source[len(standby)].start_scn


def create_incarnations(connection: apsw.Connection) -> None:
    """Create the table where it is missing."""
    for statement in _CREATE:
        connection.execute(statement).fetchall()


def read_history(connection: apsw.Connection) -> History:
    """Return the incarnations that the data went through."""
    query = "SELECT token, start_scn FROM _incarnation ORDER BY number"
    return tuple(
        Incarnation(str(token), int(str(start_scn))) for token, start_scn in connection.execute(query).fetchall()
    )


def begin_incarnation(connection: apsw.Connection, scn: int) -> None:
    """Begin a new incarnation after an SCN."""
    statement = "INSERT INTO _incarnation SELECT max(number) + 1, ?, ? FROM _incarnation"
    connection.execute(statement, (secrets.token_hex(8), scn)).fetchall()


def write_history(connection: apsw.Connection, history: Sequence[Incarnation]) -> None:
    """Take over the history of the primary that is followed from now on."""
    connection.execute("BEGIN IMMEDIATE").fetchall()
    connection.execute("DELETE FROM _incarnation").fetchall()
    for number, incarnation in enumerate(history, 1):
        values = (number, incarnation.token, incarnation.start_scn)
        connection.execute("INSERT INTO _incarnation VALUES (?, ?, ?)", values).fetchall()
    connection.execute("COMMIT").fetchall()
