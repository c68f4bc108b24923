"""The values that go into a statement: the client's placeholders, or PL/SQL's variables."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from emulator.datatypes import SqlType, TypeName, Value
from emulator.engine.assignment import Target, assign
from emulator.engine.computed_parameters import ComputedParameter, SequenceNumber
from emulator.engine.constant_embeddings import ConstantEmbedding
from emulator.engine.objects import Model
from emulator.engine.pieces import Piece
from emulator.engine.prepared import NameResolver, StoredRow
from emulator.engine.stored_values import to_stored
from emulator.errors import OraError
from emulator.statement_text import StatementText


@dataclass(slots=True)
class BindList:
    """Collects binds while a statement is written; each becomes one numbered parameter of SQLite's."""

    text: StatementText
    bind_types: Sequence[SqlType]
    resolver: NameResolver | None
    names: list[str] = field(default_factory=list)
    types: list[SqlType] = field(default_factory=list)
    #: For each SQLite parameter: which bind, and how its value is stored; None for a computed one.
    encoders: list[tuple[int, Callable[[Value], Any]] | None] = field(default_factory=list)
    #: Parameters that are computed from those before them.
    computed: list[ComputedParameter] = field(default_factory=list)
    #: Slices of the text that PL/SQL's variables stand in: start, end, bind.
    slices: list[tuple[int, int, int]] = field(default_factory=list)
    _by_slice: dict[tuple[int, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.resolver is None:
            self.names = list(self.text.binds)
            if self.bind_types and len(self.bind_types) != len(self.names):
                raise OraError(1008)
            self.types = list(self.bind_types)
            if len(self.types) < len(self.names):
                raise OraError(1008)

    def placeholder(self, offset: int) -> int | None:
        """Return the number of the bind whose name stands at an offset of the text, None if it is PL/SQL's."""
        if self.resolver is not None:
            return None
        return bisect.bisect_left(self.text.placeholder_offsets, offset) - 1

    def variable(self, start: int, end: int) -> int | None:
        """Return the number of the bind for a slice of the text that means a PL/SQL variable, None if it means none."""
        if self.resolver is None:
            return None
        known = self._by_slice.get((start, end))
        if known is not None:
            return known
        found = self.resolver.resolve(self.text.text[start:end], start)
        if found is None:
            return None
        self.names.append(found.key)
        self.types.append(found.type)
        number = len(self.names) - 1
        self._by_slice[start, end] = number
        self.slices.append((start, end, number))
        return number

    def piece(self, number: int) -> Piece:
        """Return a bind as an expression of its own type."""
        sql_type = self.types[number]
        self.encoders.append((number, lambda value: to_stored(value, sql_type)))
        return Piece(f"?{len(self.encoders)}", sql_type, is_constant=True)

    def embedding(self, model: Model, argument: Piece, sql_type: SqlType) -> Piece:
        """Return an embedding of a constant as a parameter: the model runs once, before SQLite and its locks."""
        self.encoders.append(None)
        self.computed.append(ConstantEmbedding(model, argument, len(self.encoders) - 1))
        return Piece(f"?{len(self.encoders)}", sql_type, is_constant=True)

    def sequence_number(self, key: tuple[str, str], *, is_next: bool, sql_type: SqlType) -> Piece:
        """Return NEXTVAL or CURRVAL as a parameter: one number for each execution, however often it is named.

        CURRVAL beside NEXTVAL is the same number.
        """
        for known in self.computed:
            if isinstance(known, SequenceNumber) and known.key == key and (known.is_next or not is_next):
                return Piece(f"?{known.position + 1}", sql_type)
        self.encoders.append(None)
        self.computed.append(SequenceNumber(key, is_next, len(self.encoders) - 1))
        return Piece(f"?{len(self.encoders)}", sql_type)

    def draw_only_for_null(self, given: str) -> None:
        """Let the newest number of a sequence be drawn only where the parameter ``given`` is NULL."""
        newest = self.computed[-1] if self.computed else None
        if isinstance(newest, SequenceNumber) and given.startswith("?") and newest.position == len(self.encoders) - 1:
            self.computed[-1] = replace(newest, unless_filled=int(given[1:]) - 1)

    def take_bind(self, sql: str) -> int | None:
        """Take back the newest parameter if a text is nothing but a bind; return the bind's number."""
        if not self.encoders or sql != f"?{len(self.encoders)}":
            return None
        newest = self.encoders[-1]
        if newest is None:
            return None
        self.encoders.pop()
        return newest[0]

    def assigned(self, number: int, target: Target) -> str:
        """Return a bind as the value of a column, converted and checked in Python."""
        both_clob = self.types[number].name is TypeName.CLOB and target.type.name is TypeName.CLOB
        # An empty LOB is not NULL, unlike an empty string.
        self.encoders.append((number, lambda value: "" if both_clob and value == "" else assign(value, target)))
        return f"?{len(self.encoders)}"

    def parameters(self, values: Sequence[Value]) -> StoredRow:
        """Return SQLite's parameters for one execution's values."""
        if len(values) < len(self.names):
            raise OraError(1008)
        stored = [None if entry is None else entry[1](values[entry[0]]) for entry in self.encoders]
        for computed in self.computed:
            stored[computed.position] = computed.compute(stored)
        return tuple(stored)

    def text_for_primary(self, returning: int) -> str:
        """Return the statement with PL/SQL's variables as placeholders, as it is sent to a primary."""
        text = self.text.text
        if self.resolver is None:
            return text
        for start, end, number in sorted(self.slices, reverse=True):
            text = f"{text[:start]}:B{number + 1}{text[end:]}"
        if returning:
            text += " INTO " + ", ".join(f":R{number + 1}" for number in range(returning))
        return text
