"""What a query is once it is written for SQLite."""

from __future__ import annotations

from dataclasses import dataclass, field

from emulator.datatypes import SqlType
from emulator.engine.computed_parameters import SequenceNumber
from emulator.engine.objects import Model
from emulator.engine.pieces import Field
from emulator.engine.prepared import LockPlan


@dataclass(frozen=True, slots=True)
class Embedding:
    """A column of a top-level select list that is computed when its row is handed out."""

    model: Model
    #: Type of the argument, which the row has in the column's place.
    argument: SqlType


@dataclass(slots=True)
class WrittenQuery:
    """A query's text and columns."""

    sql: str
    fields: list[Field]
    #: It gives one row at the most: an aggregate without GROUP BY, or a row limit of one.
    is_single_row: bool = False
    is_correlated: bool = False
    #: By column number.
    embeddings: dict[int, Embedding] = field(default_factory=dict)
    #: Columns that are a number of a sequence, drawn when their row is handed out; by column number.
    drawn: dict[int, SequenceNumber] = field(default_factory=dict)
    lock: LockPlan | None = None
