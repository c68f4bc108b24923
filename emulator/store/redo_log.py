"""Redo: what a commit or a DDL statement did, by SCN, kept in the same file as the data."""

from __future__ import annotations

import base64
import enum
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from emulator.engine.prepared import StoredRow

_CREATE = (
    (
        "CREATE TABLE IF NOT EXISTS _redo "
        "(scn INTEGER PRIMARY KEY, kind TEXT NOT NULL, committed_at REAL NOT NULL, data BLOB NOT NULL)"
    ),
    "CREATE TABLE IF NOT EXISTS _scn (one INTEGER PRIMARY KEY CHECK (one = 1), value INTEGER NOT NULL)",
    "INSERT OR IGNORE INTO _scn VALUES (1, 1000000)",
)


class RedoKind(enum.Enum):
    """What a record's data is."""

    #: A SQLite changeset.
    CHANGES = "changes"
    #: SQLite statements with parameters.
    DEFINITION = "definition"
    #: The same, of the high-water marks of sequences.
    SEQUENCE = "sequence"


@dataclass(frozen=True, slots=True)
class RedoRecord:
    """Everything that one SCN changed."""

    scn: int
    kind: RedoKind
    #: Seconds since the epoch, by the primary's clock.
    committed_at: float
    data: bytes


def create_redo_log(connection: apsw.Connection) -> None:
    """Create the log's tables where they are missing."""
    for statement in _CREATE:
        connection.execute(statement)


def read_scn(connection: apsw.Connection) -> int:
    """Return the SCN of the last commit or applied record."""
    return int(next(connection.execute("SELECT value FROM _scn"))[0])


def write_scn(connection: apsw.Connection, scn: int) -> None:
    """Set the SCN; inside the transaction that it belongs to."""
    connection.execute("UPDATE _scn SET value = ?", (scn,)).fetchall()


def append(connection: apsw.Connection, record: RedoRecord) -> None:
    """Write a record; inside the transaction that it describes."""
    values = (record.scn, record.kind.value, record.committed_at, record.data)
    connection.execute("INSERT INTO _redo VALUES (?, ?, ?, ?)", values).fetchall()


def read_after(connection: apsw.Connection, scn: int, most: int) -> list[RedoRecord]:
    """Return the next records after an SCN, at most ``most``."""
    query = "SELECT scn, kind, committed_at, data FROM _redo WHERE scn > ? ORDER BY scn LIMIT ?"
    return [
        RedoRecord(number, RedoKind(kind), committed_at, data)
        for number, kind, committed_at, data in connection.execute(query, (scn, most))
    ]


def forget_until(connection: apsw.Connection, scn: int) -> None:
    """Delete the records up to an SCN: every standby has applied them."""
    connection.execute("DELETE FROM _redo WHERE scn <= ?", (scn,)).fetchall()


def encode_statements(statements: Iterable[tuple[str, Sequence[Any]]]) -> bytes:
    """Write a definition's statements as bytes."""

    def plain(value: Any) -> Any:  # noqa: ANN401 - SQLite's values
        return {"bytes": base64.b64encode(value).decode()} if isinstance(value, bytes | memoryview) else value

    return json.dumps([[sql, [plain(value) for value in values]] for sql, values in statements]).encode()


def decode_statements(data: bytes) -> list[tuple[str, StoredRow]]:
    """Read what ``encode_statements`` wrote."""

    def rich(value: Any) -> Any:  # noqa: ANN401 - SQLite's values
        return base64.b64decode(value["bytes"]) if isinstance(value, dict) else value

    return [(sql, tuple(rich(value) for value in values)) for sql, values in json.loads(data)]
