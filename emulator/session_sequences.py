"""NEXTVAL and CURRVAL of one session, on a primary or a standby.

Source: Oracle Data Guard Concepts and Administration 23ai, "Using Sequences in Oracle Active Data Guard": a standby is
given ranges by its primary; sequences with ORDER or NOCACHE cannot be used there. That they raise ORA-16000 is
inferred.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from emulator.datatypes import Row
from emulator.errors import OraError
from emulator.store.sequences import read_mark

if TYPE_CHECKING:
    from emulator.engine.objects import Sequence
    from emulator.store import Store


class SessionSequences:
    """A session's view of the sequences."""

    def __init__(self, store: Store, ask_primary: Callable[[Sequence], list[int]]) -> None:
        """Have drawn nothing.

        Args:
            store: The instance's data.
            ask_primary: Draws as many values on the primary as the sequence caches.
        """
        self._store = store
        self._ask_primary = ask_primary
        self._current: dict[tuple[str, str], int] = {}

    def next_value(self, key: tuple[str, str]) -> int:
        """Return NEXTVAL of the sequence with that owner and name.

        Raises:
            OraError: 2289, it is gone; 8004, it is exhausted; 16000, it cannot be used on a standby.
        """
        sequence = self._sequence(key)
        value = self._store.sequences.next(sequence) if self._store.writable else self._next_on_standby(sequence)
        self._current[key] = value
        return value

    def current_value(self, key: tuple[str, str]) -> int:
        """Return CURRVAL; raise ORA-08002 where the session has not drawn yet."""
        sequence = self._sequence(key)
        if key not in self._current:
            raise OraError(8002, sequence.name)
        return self._current[key]

    def rows(self, user: str) -> list[Row]:
        """Return the rows of USER_SEQUENCES."""
        reader = self._store.reader()
        try:
            return [
                (
                    each.name,
                    each.minimum,
                    each.maximum,
                    each.increment,
                    "Y" if each.cycle else "N",
                    "Y" if each.order else "N",
                    0 if each.cache == 1 else each.cache,
                    read_mark(reader, each),
                )
                for each in sorted(self._store.catalogue.sequences.values(), key=lambda each: each.name)
                if each.owner == user
            ]
        finally:
            self._store.release(reader)

    def _sequence(self, key: tuple[str, str]) -> Sequence:
        found = self._store.catalogue.sequences.get(key)
        if found is None:
            raise OraError(2289)
        return found

    def _next_on_standby(self, sequence: Sequence) -> int:
        if sequence.order or sequence.cache == 1:
            raise OraError(16000)
        value = self._store.sequences.take(sequence)
        while value is None:
            self._store.sequences.give(sequence, self._ask_primary(sequence))
            value = self._store.sequences.take(sequence)
        return value
