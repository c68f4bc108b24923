"""Rows of an open query: pulled from SQLite as they are asked for; models run when their row is handed out."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from emulator.datatypes import Row, TypeName
from emulator.engine.call_context import current_context
from emulator.engine.computed_parameters import SequenceNumber
from emulator.engine.prepared import StoredRow
from emulator.engine.stored_values import loader_of
from emulator.engine.written_query import Embedding
from emulator.errors import OraError
from emulator.number import encode_number
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
        types = [
            embeddings[number].argument if number in embeddings else column.type
            for number, column in enumerate(columns)
        ]
        self._loaders = [loader_of(sql_type) for sql_type in types]
        #: The same, but NUMBERs stay as they are stored.
        self._keepers = [
            None if sql_type.name is TypeName.NUMBER and number not in embeddings else loader
            for number, (sql_type, loader) in enumerate(zip(types, self._loaders, strict=True))
        ]
        self._stored: Iterator[StoredRow] | None = stored
        self._embeddings = embeddings
        self._drawn = drawn

    def fetch(self, count: int, *, keep_numbers: bool = False) -> list[Row]:
        """Return the next rows; see ``emulator.session.RowSource``."""
        if self._stored is None:
            return []
        loaders = self._keepers if keep_numbers else self._loaders
        try:
            rows: list[Row] = list(itertools.islice(self._stored, count))
            if len(rows) < count:
                self._stored = None
            if any(loaders):
                rows = [
                    tuple(
                        value if value is None or load is None else load(value)
                        for value, load in zip(row, loaders, strict=True)
                    )
                    for row in rows
                ]
            if self._embeddings:
                rows = [self._embedded(row) for row in rows]
            if self._drawn:
                rows = [self._with_numbers(row, keep_numbers=keep_numbers) for row in rows]
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

    def _embedded(self, row: Row) -> Row:
        values = list(row)
        context = current_context()
        for number, embedding in self._embeddings.items():
            if values[number] is not None:
                values[number] = context.embed(embedding.model, values[number])
        return tuple(values)

    def _with_numbers(self, row: Row, *, keep_numbers: bool) -> Row:
        """Fill in the numbers of sequences: one NEXTVAL of each for a row, before any CURRVAL."""
        values = list(row)
        context = current_context()
        for key in dict.fromkeys(number.key for number in self._drawn.values() if number.is_next):
            context.next_value(key)
        for at, number in self._drawn.items():
            value = context.current_value(number.key)
            values[at] = encode_number(value) if keep_numbers else value
        return tuple(values)
