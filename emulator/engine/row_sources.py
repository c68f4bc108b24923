"""Rows of an open query: pulled from SQLite as they are asked for; models run when their row is handed out."""

from __future__ import annotations

from collections.abc import Iterator

from emulator.datatypes import Row, SqlType, Value
from emulator.engine.call_context import current_context
from emulator.engine.computed_parameters import SequenceNumber
from emulator.engine.prepared import StoredRow
from emulator.engine.stored_values import from_stored
from emulator.engine.written_query import Embedding
from emulator.errors import OraError
from emulator.session import Column


class QueryRows:
    """A ``RowSource`` over SQLite's rows."""

    def __init__(
        self,
        columns: tuple[Column, ...],
        stored: Iterator[StoredRow],
        embeddings: dict[int, Embedding],
        drawn: dict[int, SequenceNumber],
    ) -> None:
        """Begin before the first row."""
        self.columns = columns
        self._types: list[SqlType] = [
            embeddings[number].argument if number in embeddings else column.type
            for number, column in enumerate(columns)
        ]
        self._stored: Iterator[StoredRow] | None = stored
        self._embeddings = embeddings
        self._drawn = drawn

    def fetch(self, count: int) -> list[Row]:
        """Return the next rows; see ``emulator.session.RowSource``."""
        rows: list[Row] = []
        if self._stored is None:
            return rows
        try:
            while len(rows) < count:
                stored = next(self._stored, None)
                if stored is None:
                    self._stored = None
                    break
                rows.append(self._row(stored))
        except OraError:
            self._stored = None
            raise
        return rows

    def close(self) -> None:
        """Give SQLite's cursor back."""
        stored, self._stored = self._stored, None
        close = getattr(stored, "close", None)
        if close is not None:
            close()

    def _row(self, stored: StoredRow) -> Row:
        values: list[Value] = [
            from_stored(value, sql_type) for value, sql_type in zip(stored, self._types, strict=True)
        ]
        if self._embeddings:
            context = current_context()
            for number, embedding in self._embeddings.items():
                if values[number] is not None:
                    values[number] = context.embed(embedding.model, values[number])
        if self._drawn:
            self._draw(values)
        return tuple(values)

    def _draw(self, values: list[Value]) -> None:
        """Fill in the numbers of sequences: one NEXTVAL of each for a row, before any CURRVAL."""
        context = current_context()
        for key in dict.fromkeys(number.key for number in self._drawn.values() if number.is_next):
            context.next_value(key)
        for at, number in self._drawn.items():
            values[at] = context.current_value(number.key)
