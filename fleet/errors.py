"""The fleet's errors, sorted by what has to be done about them; each class says what the operator does next.

::

    FleetError
    ├── ConfigurationError            stop; the text names the setting
    ├── InputError                    stop; the text names the file or argument
    ├── QueueError                    Redis cannot be used
    ├── MessageError                  an unreadable message: it is put aside
    └── DatabaseError                 carries the ORA or DPY codes of the whole stack; sorted by whose fault it is
        ├── PictureSettledError            one picture's own matter: stored already, deleted meanwhile
        ├── RangeFaultError           this work may be at fault: tried elsewhere, then halved
        ├── TransientDatabaseError    the standby's fault: the range goes back to the queue and spends nothing
        │   └── WrongRoleError        the database is not what the worker was pinned to
        └── PermanentDatabaseError    the fleet's fault: repeating it does not help anywhere, somebody must act
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import ClassVar


class Fault(StrEnum):
    """Whose fault an error is; each kind has a budget of its own, so that none is charged for another."""

    PICTURE = "picture"
    RANGE = "range"
    STANDBY = "standby"
    FLEET = "fleet"


class FleetError(Exception):
    """Base of everything that the fleet raises on purpose; its text is one line for the operator."""

    #: Exit status of a command that ends with this error.
    exit_status = 1


class ConfigurationError(FleetError):
    """A setting is missing or malformed; the text names it and how it is written."""

    exit_status = 2


class InputError(FleetError):
    """A file, directory or argument cannot be used; the text names it and why."""

    exit_status = 2


class QueueError(FleetError):
    """Redis does not answer or refuses; the text says where it was looked for."""


class MessageError(FleetError):
    """A message of the queue is not one of ours; the text says what is wrong with it."""


class DatabaseError(FleetError):
    """A database call failed.

    Attributes:
        codes: All codes of the stacked message, first one first: ``("ORA-00604", "ORA-16456")``.
        database: The name that the fleet knows the database by.
        advice: What the operator does next; empty when nothing is known.
    """

    #: Whose fault errors of this class are. The base is of unknown origin, which is tried elsewhere and halved.
    fault: ClassVar[Fault] = Fault.RANGE

    def __init__(self, text: str, *, codes: Sequence[str] = (), database: str = "", advice: str = "") -> None:
        """Keep the codes beside the text; survives pickling."""
        super().__init__(text)
        self.codes = tuple(codes)
        self.database = database
        self.advice = advice

    def __reduce__(self) -> tuple[object, ...]:
        """Rebuild from the text and the attributes."""
        return _rebuild, (type(self), str(self), self.codes, self.database, self.advice)


class PictureSettledError(DatabaseError):
    """One picture is stored already or was deleted meanwhile: an outcome to count, nothing to mend."""

    fault = Fault.PICTURE


class RangeFaultError(DatabaseError):
    """This piece of work may be at fault: it is tried on another standby, then halved; look at it if it comes back."""

    fault = Fault.RANGE


class TransientDatabaseError(DatabaseError):
    """The database or the way to it is at fault; the work goes back to the queue and is tried again."""

    fault = Fault.STANDBY


class WrongRoleError(TransientDatabaseError):
    """The database has another role or name than the worker was pinned to; nothing was run there."""


class PermanentDatabaseError(DatabaseError):
    """Repeating it does not help: a privilege, an object, a password or a model is missing."""

    fault = Fault.FLEET


def _rebuild(kind: type[DatabaseError], text: str, codes: Sequence[str], database: str, advice: str) -> DatabaseError:
    return kind(text, codes=codes, database=database, advice=advice)
