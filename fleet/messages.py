"""What travels through the queue: ids and counts, as JSON, with a version; never a picture, a vector or a secret.

Versions: 1 is a range as the producer plans it, and stays as it is. 2 is a range that has failed before and carries its
history; only workers write it. A worker reads both; one that does not know a version puts the message aside as a dead
letter, its pictures stay pending, and the next run of the producer enqueues them again. So workers of two versions may
run side by side.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from fleet.errors import MessageError

#: A range without and with a history; a worker refuses any other version.
MESSAGE_VERSION = 1
HISTORY_VERSION = 2
#: Oracle's NUMBER holds 38 digits exactly.
_LARGEST_ID = 10**38
_PLAIN = ("run_id", "first_id", "last_id", "pictures")
_HISTORY = ("attempts", "failed_on", "losses")


@dataclass(frozen=True, slots=True)
class RangeMessage:
    """A range of ids to embed; both ends belong to it."""

    run_id: str
    first_id: int
    last_id: int
    #: Pending pictures when it was planned.
    pictures: int
    #: How often it has failed by its own fault, and on which standbys.
    attempts: int = 0
    failed_on: tuple[str, ...] = ()
    #: How often a session was lost in the middle of it: nobody knows whose fault that is.
    losses: int = 0

    def to_kwargs(self) -> dict[str, Any]:
        """Return the task's keyword arguments."""
        plain = {name: getattr(self, name) for name in _PLAIN}
        if not (self.attempts or self.failed_on or self.losses):
            return {"v": MESSAGE_VERSION, **plain}
        history = {"attempts": self.attempts, "failed_on": list(self.failed_on), "losses": self.losses}
        return {"v": HISTORY_VERSION, **plain, **history}

    @classmethod
    def from_kwargs(cls, kwargs: Mapping[str, Any]) -> RangeMessage:
        """Read a task's keyword arguments.

        Raises:
            MessageError: Another version, a missing, additional or senseless value.
        """
        version = kwargs.get("v")
        if type(version) is not int or version not in {MESSAGE_VERSION, HISTORY_VERSION}:
            raise MessageError(
                f"message version {version!r}; this worker reads {MESSAGE_VERSION} and {HISTORY_VERSION}"
            )
        expected = {"v", *_PLAIN, *(_HISTORY if version == HISTORY_VERSION else ())}
        if set(kwargs) != expected:
            raise MessageError(f"a range message has {sorted(expected)}, this one {sorted(map(str, kwargs))}")
        numbers = [value for name, value in kwargs.items() if name not in {"run_id", "failed_on"}]
        if not all(type(number) is int and abs(number) < _LARGEST_ID for number in numbers):
            raise MessageError("all of a range message but run_id and failed_on must be whole numbers")
        standbys = kwargs.get("failed_on", [])
        if not isinstance(standbys, list) or not all(isinstance(name, str) for name in standbys):
            raise MessageError("failed_on of a range message must be a list of names")
        values = {name: value for name, value in kwargs.items() if name != "v"}
        message = cls(**{**values, "failed_on": tuple(standbys)})
        counts = (message.pictures, message.attempts, message.losses)
        if not isinstance(message.run_id, str) or message.first_id > message.last_id or min(counts) < 0:
            raise MessageError(f"a senseless range message: {message}")
        return message

    def after_failure(self, standby: str) -> RangeMessage:
        """Return the message to enqueue after it has failed on a standby by its own fault."""
        return replace(self, attempts=self.attempts + 1, failed_on=tuple(dict.fromkeys((*self.failed_on, standby))))

    def after_loss(self) -> RangeMessage:
        """Return the message to enqueue after a session was lost in the middle of it."""
        return replace(self, losses=self.losses + 1)

    def part(self, first_id: int, last_id: int, pictures: int) -> RangeMessage:
        """Return a part of it, without its history."""
        return RangeMessage(self.run_id, first_id, last_id, pictures)

    @property
    def task_id(self) -> str:
        """The same range of the same run has the same task id, so a second enqueueing is recognised."""
        digest = hashlib.sha256(f"{self.run_id}:{self.first_id}:{self.last_id}".encode()).hexdigest()
        return f"{self.run_id}-{digest[:16]}"

    def __str__(self) -> str:
        """Say it as Flower and logs show it."""
        return f"{self.run_id} ids {self.first_id}..{self.last_id} ({self.pictures} pictures)"


@dataclass(frozen=True, slots=True)
class RangeResult:
    """What became of a range: counts and times."""

    standby: str
    first_id: int
    last_id: int
    #: Stored by this delivery.
    embedded: int
    #: Stored by somebody else meanwhile (ORA-00001).
    already: int
    #: Put into embedding_failures.
    failed: int
    #: Deleted meanwhile (ORA-02291).
    vanished: int
    seconds: float
    #: Seconds that the slowest batch took to be written through the primary and committed; 0: nothing was written.
    commit_seconds: float = 0.0

    def to_json(self) -> dict[str, Any]:
        """Return the task's result."""
        return {**asdict(self), "pictures_per_second": round(self.embedded / max(self.seconds, 1e-6), 1)}
