"""Semantic search: the text becomes a vector inside a standby, and the standby finds the nearest pictures."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fleet.errors import InputError
from fleet.sessions import Connection
from fleet.statements import statement

#: VECTOR_EMBEDDING takes a VARCHAR2 as a bind, 4,000 bytes at most. Source: SQL Language Reference 26ai, VARCHAR2.
_LONGEST_TEXT_BYTES = 4000


@dataclass(frozen=True, slots=True)
class Hit:
    """A picture near to the text."""

    id: int
    #: Cosine distance: 0 for the same direction, 2 for the opposite.
    distance: float


def find_pictures(connection: Connection, text: str, *, hits: int, text_model: str) -> list[Hit]:
    """Return the pictures nearest to a text, nearest first.

    Args:
        connection: A session of a standby.
        text: Anything; it is always a bind.
        hits: At most so many.
        text_model: Name of the model that embeds texts; checked by the settings.

    Raises:
        InputError: The text is empty or too long.
        oracledb.Error: The database refused, for example because the model is missing.
    """
    if not text.strip():
        raise InputError('the search text is empty; try: adgfleet search "a blue bird"')
    if len(text.encode()) > _LONGEST_TEXT_BYTES:
        raise InputError(f"the search text is longer than {_LONGEST_TEXT_BYTES} bytes")
    with connection.cursor() as cursor:
        cursor.execute(statement("text_vector", text_model=text_model), search_text=text)
        (vector,) = cursor.fetchone()
        cursor.execute(statement("nearest_pictures"), query_vector=vector, hits=hits)
        return [Hit(int(number), float(distance)) for number, distance in cursor.fetchall()]


def read_picture(connection: Connection, picture_id: int) -> bytes | None:
    """Return a picture's bytes, None if it is gone."""
    with connection.cursor() as cursor:
        cursor.execute(statement("picture"), id=picture_id)
        row: tuple[Any, ...] | None = cursor.fetchone()
    if row is None or row[0] is None:
        return None
    data: bytes = row[0].read() if hasattr(row[0], "read") else row[0]
    return data
