"""What becomes of a range that fails by its own fault: another standby, then halves, then one picture and its proof.

It always ends: a range of n pending pictures is tried at most three times, then there are two ranges of n/2. A single
picture is tried alone, beside a canary: if it fails twice and the canary embeds twice, it is put aside as failed. One
that embeds after sessions were lost with it starts anew once. In all other cases nobody can prove whose fault it is,
and its message becomes a dead letter.
"""

from __future__ import annotations

import contextlib
import dataclasses
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto

from fleet.errors import DatabaseError, Fault, RangeFaultError, TransientDatabaseError, WrongRoleError
from fleet.messages import RangeMessage
from fleet.ora_codes import LOST_SESSION
from fleet.sessions import Connection, IntegrityError, translated
from fleet.statements import statement
from workers.embed_range import PinnedStandby, check_pinned

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


class Tried(Enum):
    """What became of one picture."""

    EMBEDDED = auto()
    #: It has no image any more.
    GONE = auto()


@dataclass(frozen=True, slots=True)
class Suspect:
    """A picture that fails beside one that embeds."""

    picture_id: int
    error: DatabaseError


@dataclass(frozen=True, slots=True)
class Halved:
    """What a range came to."""

    #: The ranges to enqueue instead.
    parts: tuple[RangeMessage, ...] = ()
    #: The picture that is to blame; ``put_aside`` records it.
    suspect: Suspect | None = None
    #: Why nobody can tell whose fault it is; empty: somebody could.
    unproven: str = ""


def halve(
    connection: Connection, standby: PinnedStandby, message: RangeMessage, error: DatabaseError, *, model: str
) -> Halved:
    """Cut a range in two by its pending pictures; try a single one alone, beside a canary.

    Args:
        connection: A session on the standby; it may be lost afterwards, since there are pictures that end sessions.
        standby: The standby it must be on.
        message: The range.
        error: Why it failed last.
        model: The model that embeds pictures.

    Raises:
        WrongRoleError: The session is not on that standby, in that role.
        DatabaseError: The standby cannot do it now; nothing is proven.
    """
    with translated(standby.name):
        check_pinned(connection, standby)
        count = sum(part[2] for part in _parts(connection, message, max(1, message.pictures)))
        if count > 1:
            halves = _parts(connection, message, math.ceil(count / 2))
            return Halved(tuple(message.part(first, last, pictures) for first, last, pictures in halves))
        if count == 0:
            return Halved()
        ((picture_id, _, _),) = _parts(connection, message, 1)
    if not _canary_embeds(connection, standby, near=picture_id, model=model):
        return Halved(unproven=f"picture {picture_id} fails, and there is no known-good picture to tell why: {error}")
    own = _try(connection, standby, picture_id, model)
    if isinstance(own, DatabaseError):
        return Halved(suspect=Suspect(picture_id, own))
    if own is Tried.GONE:
        return Halved()
    if isinstance(error, RangeFaultError) or message.attempts:
        return Halved(unproven=f"picture {picture_id} embeds, so it is not to blame for this: {error}")
    # Sessions and workers were lost with it in hand, not because of it: it starts anew, once.
    return Halved((dataclasses.replace(message.part(picture_id, picture_id, 1), attempts=1),))


def put_aside(connection: Connection, standby: PinnedStandby, suspect: Suspect) -> None:
    """Record a picture as failed.

    Raises:
        WrongRoleError: The session is not on that standby, in that role; a snapshot standby would swallow the row.
        DatabaseError: It cannot be recorded now.

    Redelivery: safe, an attempt is recorded once.
    """
    with translated(standby.name), connection.cursor() as cursor:
        check_pinned(connection, standby)
        cursor.execute("ALTER SESSION ENABLE ADG_REDIRECT_DML")
        cursor.execute(statement("next_attempt"), id=suspect.picture_id)
        (attempts,) = cursor.fetchone()
        with contextlib.suppress(IntegrityError):  # somebody else has put it aside meanwhile, or it was deleted
            cursor.execute(
                statement("add_failure"),
                id=suspect.picture_id,
                attempts=attempts,
                error_code=_code_of(suspect.error),
                error_message=str(suspect.error).encode()[:_ERROR_BYTES].decode(errors="ignore"),
                standby=standby.db_unique_name,
            )
        connection.commit()


def _parts(connection: Connection, message: RangeMessage, size: int) -> list[tuple[int, int, int]]:
    with connection.cursor() as cursor:
        cursor.execute(statement("range_parts"), part_size=size, first_id=message.first_id, last_id=message.last_id)
        return [(int(first), int(last), int(pictures)) for first, last, pictures in cursor]


def _canary_embeds(connection: Connection, standby: PinnedStandby, *, near: int, model: str) -> bool:
    """Tell whether a known-good picture embeds; False: there is none.

    Raises:
        TransientDatabaseError: None of them embeds, so the standby is at fault.
    """
    with translated(standby.name), connection.cursor() as cursor:
        cursor.execute(statement("canaries"), near=near)
        canaries = [int(number) for (number,) in cursor if number is not None]
    failed: DatabaseError | None = None
    for canary in canaries:  # one may have been replaced since it was embedded, by a bad picture or by none
        tried = _try(connection, standby, canary, model)
        if tried is Tried.EMBEDDED:
            return True
        if isinstance(tried, DatabaseError):
            failed = tried
    if failed is None:
        return False
    text = f"{standby.name}: known-good pictures do not embed either: {failed}"
    raise TransientDatabaseError(text, codes=failed.codes, database=standby.name, advice=failed.advice) from failed


def _try(connection: Connection, standby: PinnedStandby, picture_id: int, model: str) -> Tried | DatabaseError:
    """Embed one picture; return what became of it, or why it fails.

    Raises:
        WrongRoleError: The database is no standby any more.
        DatabaseError: The standby is at fault.
    """
    try:
        with translated(standby.name), connection.cursor() as cursor:
            cursor.execute(statement("embed_one", image_model=model), id=picture_id)
            if cursor.fetchone() is not None:
                return Tried.EMBEDDED
            check_pinned(connection, standby)
            return Tried.GONE
    except WrongRoleError:
        raise
    except DatabaseError as error:
        # A picture may end its session; whatever else is known to be the standby's fault is not the picture's.
        if error.fault is Fault.STANDBY and not LOST_SESSION.intersection(error.codes):
            raise
        return error


def _code_of(error: DatabaseError) -> int:
    """Return the number of the first code; 0 when there is none."""
    found = _NUMBER.search(error.codes[0]) if error.codes else None
    return int(found[0]) if found else 0
