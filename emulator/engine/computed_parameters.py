"""Parameters of a statement that are computed before it runs: embeddings of constants, numbers of sequences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from emulator.engine.call_context import current_context
from emulator.number import encode_number


class ComputedParameter(Protocol):
    """One parameter of a statement."""

    @property
    def position(self) -> int:
        """Its place among the statement's parameters."""

    def compute(self, parameters: Sequence[Any]) -> bytes | None:
        """Return the stored value; the parameters before ``position`` are filled."""


@dataclass(frozen=True, slots=True)
class SequenceNumber:
    """NEXTVAL or CURRVAL of a sequence, once for an execution."""

    key: tuple[str, str]
    is_next: bool
    position: int = 0
    #: A parameter for whose NULL it stands; -1: it is always needed.
    unless_filled: int = -1

    def draw(self) -> int:
        """Return the number."""
        context = current_context()
        return context.next_value(self.key) if self.is_next else context.current_value(self.key)

    def compute(self, parameters: Sequence[Any]) -> bytes | None:
        """Return the stored number."""
        if self.unless_filled >= 0 and parameters[self.unless_filled] is not None:
            return None
        return encode_number(self.draw())
