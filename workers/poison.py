"""What becomes of a range that fails by its own fault: another standby, then halves, then one picture and its proof.

It always ends: a range of n pending pictures is tried at most three times, then there are two ranges of n/2, and a
single picture is put aside as failed, or as a dead letter when nobody can prove whose fault it is.
"""

from __future__ import annotations

import contextlib
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from fleet.errors import DatabaseError, TransientDatabaseError
from fleet.messages import RangeMessage
from fleet.sessions import Connection, IntegrityError, translated
from fleet.statements import statement

#: Failed on so many standbys: the range is at fault, not they.
_STANDBYS = 2
#: When there are no other standbys: failed so often.
_ATTEMPTS = 3
#: Sessions lost in the middle of a range before that counts as its own fault.
MOST_LOSSES = 6
_ERROR_BYTES = 1000
_NUMBER = re.compile(r"\d+")


class Step(Enum):
    """What to do next with a range that failed by its own fault."""

    #: Another standby shall try.
    ELSEWHERE = auto()
    #: Nobody else is there: this one tries again.
    AGAIN = auto()
    HALVE = auto()


def next_step(message: RangeMessage, others: Iterable[str]) -> Step:
    """Decide.

    Args:
        message: The range, with its latest failure in its history.
        others: Standbys that serve now, without the one that has failed last.
    """
    if len(message.failed_on) >= _STANDBYS or message.attempts >= _ATTEMPTS or message.losses >= MOST_LOSSES:
        return Step.HALVE
    untried = set(others) - set(message.failed_on)
    if untried:
        return Step.ELSEWHERE
    return Step.AGAIN if message.attempts < _STANDBYS else Step.HALVE


@dataclass(frozen=True, slots=True)
class Halved:
    """What a range came to."""

    #: The ranges to enqueue instead.
    parts: tuple[RangeMessage, ...] = ()
    #: The picture that was put aside as failed.
    failed_id: int | None = None
    #: Why nobody can tell whose fault it is; empty: somebody could.
    unproven: str = ""


def halve(
    connection: Connection,
    message: RangeMessage,
    error: DatabaseError,
    *,
    standby: str,
    db_unique_name: str,
    model: str,
) -> Halved:
    """Cut a range in two by its pending pictures; put a single one aside if the canary proves that it is to blame.

    Args:
        connection: A session on the standby.
        message: The range.
        error: Why it failed last.
        standby: The fleet's name of the standby.
        db_unique_name: Its own name, for the record.
        model: The model that embeds pictures.

    Raises:
        DatabaseError: The standby cannot do it now; nothing was put aside.
    """
    with translated(standby):
        count = sum(part[2] for part in _parts(connection, message, max(1, message.pictures)))
        if count > 1:
            halves = _parts(connection, message, math.ceil(count / 2))
            return Halved(tuple(message.part(first, last, pictures) for first, last, pictures in halves))
        if count == 0:
            return Halved()
        (picture_id, _, _), *_ = _parts(connection, message, 1)
        if not _canary_embeds(connection, standby, model):
            return Halved(
                unproven=f"picture {picture_id} fails, and there is no known-good picture to tell why: {error}"
            )
        _put_aside(connection, picture_id, error, db_unique_name)
        return Halved(failed_id=picture_id)


def _parts(connection: Connection, message: RangeMessage, size: int) -> list[tuple[int, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(statement("range_parts"), part_size=size, first_id=message.first_id, last_id=message.last_id)
        return [(int(first), int(last), int(pictures)) for first, last, pictures in cursor]


def _canary_embeds(connection: Connection, standby: str, model: str) -> bool:
    """Tell whether a known-good picture embeds; False: there is none.

    Raises:
        TransientDatabaseError: It does not embed, so the standby is at fault.
    """
    try:
        with translated(standby), connection.cursor() as cursor:
            cursor.execute(statement("canary", image_model=model))
            return cursor.fetchone() is not None
    except DatabaseError as error:
        text = f"{standby}: a known-good picture does not embed either: {error}"
        raise TransientDatabaseError(text, codes=error.codes, database=standby, advice=error.advice) from error


def _put_aside(connection: Connection, picture_id: int, error: DatabaseError, db_unique_name: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("ALTER SESSION ENABLE ADG_REDIRECT_DML")
        cursor.execute(statement("next_attempt"), id=picture_id)
        (attempts,) = cursor.fetchone()
        with contextlib.suppress(IntegrityError):  # somebody else has put it aside meanwhile, or it was deleted
            cursor.execute(
                statement("add_failure"),
                id=picture_id,
                attempts=attempts,
                error_code=_code_of(error),
                error_message=str(error).encode()[:_ERROR_BYTES].decode(errors="ignore"),
                standby=db_unique_name,
            )
    connection.commit()


def _code_of(error: DatabaseError) -> int:
    """Return the number of the first code; 0 when there is none."""
    found = _NUMBER.search(error.codes[0]) if error.codes else None
    return int(found[0]) if found else 0
