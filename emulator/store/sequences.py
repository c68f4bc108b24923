"""Values of sequences: handed out from memory, their high-water marks raised in the data CACHE values at a time.

What is handed out is never taken back by a rollback; what is in memory is lost with the instance, as in Oracle.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from emulator.engine.objects import Sequence
from emulator.errors import OraError
from emulator.store.redo_log import RedoKind

if TYPE_CHECKING:
    import apsw

    from emulator.store.store import Store


@dataclass(slots=True)
class _Cached:
    sequence: Sequence
    values: deque[int] = field(default_factory=deque)


class SequenceValues:
    """The sequences of one instance."""

    def __init__(self, store: Store) -> None:
        """Have nothing in memory."""
        self._store = store
        self._cached: dict[tuple[str, str], _Cached] = {}

    def next(self, sequence: Sequence) -> int:
        """Return the next value; on a primary.

        Raises:
            OraError: 8004, there is none; 16000 on a standby.
        """
        with self._store.latch:
            self._store.check_writable()
            values = self._values(sequence)
            if not values:
                self._fill(sequence, values)
            return values.popleft()

    def take(self, sequence: Sequence) -> int | None:
        """Return a value that ``give`` brought; None when there is none left."""
        with self._store.latch:
            values = self._values(sequence)
            return values.popleft() if values else None

    def give(self, sequence: Sequence, values: list[int]) -> None:
        """Keep values that a standby was given by its primary."""
        with self._store.latch:
            self._values(sequence).extend(values)

    def forget(self) -> None:
        """Lose what is in memory: the role has changed, or a sequence's definition."""
        self._cached.clear()

    def _values(self, sequence: Sequence) -> deque[int]:
        known = self._cached.get(sequence.key)
        if known is None or known.sequence != sequence:
            known = self._cached[sequence.key] = _Cached(sequence)
        return known.values

    def _fill(self, sequence: Sequence, values: deque[int]) -> None:
        store = self._store
        found, mark = sequence.values_from(read_mark(store.writer, sequence), sequence.cache)
        if not found:
            bound = "exceeds MAXVALUE" if sequence.increment > 0 else "goes below MINVALUE"
            raise OraError(8004, sequence.name, bound)
        store.run_as_redo(RedoKind.SEQUENCE, (sequence.mark_statement(mark),))
        values.extend(found)


def read_mark(connection: apsw.Connection, sequence: Sequence) -> int:
    """Return the first value that was never taken into memory: USER_SEQUENCES.LAST_NUMBER."""
    row = connection.execute("SELECT value FROM _counters WHERE name = ?", (sequence.counter,)).fetchone()
    return sequence.start if row is None else int(str(row[0]).lstrip("="))
