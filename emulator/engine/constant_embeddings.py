"""VECTOR_EMBEDDING of something that looks at no row: computed before its statement runs.

SQLite would run the model while it works, and DML works under the store's latch: every other session would wait.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from emulator.engine.call_context import current_context
from emulator.engine.objects import Model
from emulator.engine.pieces import Piece
from emulator.engine.stored_values import load_by_letter, pack_vector

_evaluators = threading.local()


@dataclass(frozen=True, slots=True)
class ConstantEmbedding:
    """One parameter of a statement, computed by a model."""

    model: Model
    #: What is embedded; made of literals and of earlier parameters.
    argument: Piece
    #: Its place among the statement's parameters.
    position: int

    def compute(self, parameters: Sequence[Any]) -> bytes | None:
        """Return the stored vector; NULL in, NULL out.

        Args:
            parameters: The statement's parameters; those before ``position`` are filled.
        """
        before = tuple(parameters[: self.position])
        names = "".join(f", ?{number + 1}" for number in range(len(before)))
        row = next(iter(_evaluator().execute(f"SELECT {self.argument.sql}{names}", before)))
        value = load_by_letter(row[0], self.argument.letter)
        return None if value is None else pack_vector(current_context().embed(self.model, value))


def _evaluator() -> apsw.Connection:
    """Return this thread's own connection without data, for expressions."""
    found: apsw.Connection | None = getattr(_evaluators, "connection", None)
    if found is None:
        from emulator.engine.functions import register_functions  # noqa: PLC0415 - it needs us

        found = _evaluators.connection = apsw.Connection(":memory:")
        register_functions(found)
    return found
