"""What travels through the queue: ids and counts, as JSON, with a version; never a picture, a vector or a secret."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from fleet.errors import MessageError

#: Version of the messages below; a worker refuses any other.
MESSAGE_VERSION = 1
#: Oracle's NUMBER holds 38 digits exactly.
_LARGEST_ID = 10**38


@dataclass(frozen=True, slots=True)
class RangeMessage:
    """A range of ids to embed; both ends belong to it."""

    run_id: str
    first_id: int
    last_id: int
    #: Pending pictures when it was planned.
    pictures: int

    def to_kwargs(self) -> dict[str, Any]:
        """Return the task's keyword arguments."""
        return {"v": MESSAGE_VERSION, **asdict(self)}

    @classmethod
    def from_kwargs(cls, kwargs: Mapping[str, Any]) -> RangeMessage:
        """Read a task's keyword arguments.

        Raises:
            MessageError: Another version, a missing, additional or senseless value.
        """
        if kwargs.get("v") != MESSAGE_VERSION:
            raise MessageError(f"message version {kwargs.get('v')!r}; this worker reads version {MESSAGE_VERSION}")
        expected = {"v", "run_id", "first_id", "last_id", "pictures"}
        if set(kwargs) != expected:
            raise MessageError(f"a range message has {sorted(expected)}, this one {sorted(map(str, kwargs))}")
        numbers = [kwargs[name] for name in ("first_id", "last_id", "pictures")]
        if not all(type(number) is int and abs(number) < _LARGEST_ID for number in numbers):
            raise MessageError("first_id, last_id and pictures of a range message must be whole numbers")
        message = cls(kwargs["run_id"], *numbers)
        if not isinstance(message.run_id, str) or message.first_id > message.last_id or message.pictures < 0:
            raise MessageError(f"a senseless range message: {message}")
        return message

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

    def to_json(self) -> dict[str, Any]:
        """Return the task's result."""
        return {**asdict(self), "pictures_per_second": round(self.embedded / max(self.seconds, 1e-6), 1)}
