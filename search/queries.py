"""The statements of a search, each in one session of one standby."""

from __future__ import annotations

import statistics
from dataclasses import dataclass
from typing import Any

from fleet.errors import InputError
from fleet.sessions import Connection, as_blob
from fleet.statements import statement
from search.errors import UnknownPictureError

#: VECTOR_EMBEDDING takes a VARCHAR2 as a bind, 4,000 bytes at most. Source: SQL Language Reference 26ai, VARCHAR2.
LONGEST_TEXT_BYTES = 4000
#: So many pictures stand for all of them when it is asked whether a hit stands out, so that the cost does not grow with
#: the collection; the gap in docs/reference/search-quality.md was measured with the same number.
SAMPLE_PICTURES = 200


@dataclass(frozen=True, slots=True)
class Hit:
    """A picture near to what was searched for."""

    id: int
    #: Cosine distance: 0 for the same direction, 2 for the opposite.
    distance: float


def check_text(text: str) -> str:
    """Return a search text, trimmed.

    Raises:
        InputError: It is empty, too long, or no text.
    """
    trimmed = text.strip()
    if not trimmed:
        raise InputError('the search text is empty; say what the pictures should show, such as "a blue bird"')
    try:
        length = len(trimmed.encode())
    except UnicodeEncodeError:
        raise InputError("the search text has half a character in it (a lone surrogate)") from None
    if length > LONGEST_TEXT_BYTES:
        raise InputError(f"the search text is longer than {LONGEST_TEXT_BYTES} bytes")
    return trimmed


def text_vector(connection: Connection, text: str, *, text_model: str) -> Any:  # noqa: ANN401 - the driver's vector
    """Return the vector of a text; the standby computes it.

    Raises:
        InputError: The text cannot be searched for.
        oracledb.Error: The database refused, for example because the model is missing.
    """
    return _first(connection, statement("text_vector", text_model=text_model), search_text=check_text(text))


def image_vector(connection: Connection, picture: bytes, *, image_model: str) -> Any:  # noqa: ANN401
    """Return the vector of a picture's bytes; the standby computes it."""
    blob = as_blob(connection, picture)
    return _first(connection, statement("image_vector", image_model=image_model), picture=blob)


def stored_vector(connection: Connection, picture_id: int) -> Any:  # noqa: ANN401
    """Return the vector of a picture of the collection.

    Raises:
        UnknownPictureError: There is none.
    """
    vector = _first(connection, statement("picture_vector"), id=picture_id)
    if vector is None:
        raise UnknownPictureError(f"there is no picture {picture_id}, or it has no embedding yet")
    return vector


def nearest_pictures(connection: Connection, vector: Any, *, hits: int, accuracy: int | None = None) -> list[Hit]:  # noqa: ANN401
    """Return the pictures nearest to a vector, nearest first.

    Args:
        connection: A session of a standby.
        vector: As the functions above gave it; bound.
        hits: At most so many.
        accuracy: Percent of TARGET ACCURACY for an approximate search, None for an exact one.
    """
    text = (
        statement("nearest_pictures")
        if accuracy is None
        else statement("nearest_pictures_approx", accuracy=str(int(accuracy)))
    )
    with connection.cursor() as cursor:
        cursor.prefetchrows = cursor.arraysize = hits + 1
        cursor.execute(text, query_vector=vector, hits=hits)
        return [Hit(int(number), float(distance)) for number, distance in cursor.fetchall()]


def median_distance(connection: Connection, vector: Any) -> float | None:  # noqa: ANN401
    """Return how far a vector is from the collection in general; None when the collection is empty.

    The median of a fixed sample, so that it costs the same with a million pictures.
    """
    with connection.cursor() as cursor:
        cursor.prefetchrows = cursor.arraysize = SAMPLE_PICTURES + 1
        cursor.execute(statement("sample_distances"), query_vector=vector, pictures=SAMPLE_PICTURES)
        distances = [float(distance) for (distance,) in cursor.fetchall() if distance is not None]
    return statistics.median(distances) if distances else None


def read_picture(connection: Connection, picture_id: int) -> bytes | None:
    """Return a picture's bytes, None if it is gone."""
    data = _first(connection, statement("picture"), id=picture_id)
    if data is None:
        return None
    whole: bytes = data.read() if hasattr(data, "read") else data
    return whole


def _first(connection: Connection, text: str, **binds: Any) -> Any:  # noqa: ANN401 - whatever the column holds
    with connection.cursor() as cursor:
        cursor.execute(text, binds)
        row: tuple[Any, ...] | None = cursor.fetchone()
    return None if row is None else row[0]
