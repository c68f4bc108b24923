"""The fleet's errors, sorted by what has to be done about them; each class says what the operator does next.

::

    FleetError
    ├── ConfigurationError            stop; the text names the setting
    ├── InputError                    stop; the text names the file or argument
    ├── QueueError                    Redis cannot be used
    ├── MessageError                  an unreadable message: it is put aside
    └── DatabaseError                 carries the ORA or DPY codes of the whole stack
        ├── TransientDatabaseError    the standby's fault: the range goes back to the queue
        │   └── WrongRoleError        the database is not what the worker was pinned to
        └── PermanentDatabaseError    repeating it does not help: somebody must act
"""

from __future__ import annotations

from collections.abc import Sequence


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
    """

    def __init__(self, text: str, *, codes: Sequence[str] = (), database: str = "") -> None:
        """Keep the codes beside the text; survives pickling."""
        super().__init__(text)
        self.codes = tuple(codes)
        self.database = database

    def __reduce__(self) -> tuple[object, ...]:
        """Rebuild from the text and the attributes."""
        return _rebuild, (type(self), str(self), self.codes, self.database)


class TransientDatabaseError(DatabaseError):
    """The database or the way to it is at fault; the work goes back to the queue and is tried again."""


class WrongRoleError(TransientDatabaseError):
    """The database has another role or name than the worker was pinned to; nothing was run there."""


class PermanentDatabaseError(DatabaseError):
    """Repeating it does not help: a privilege, an object, a password or a model is missing."""


def _rebuild(kind: type[DatabaseError], text: str, codes: Sequence[str], database: str) -> DatabaseError:
    return kind(text, codes=codes, database=database)
