"""Prepared statements: what binding and writing turn an Oracle text into, ready to be run any number of times.

``emulator.engine.compiler`` makes them; ``emulator.user_session`` runs them on the right connection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, TypeVar

from emulator.datatypes import Row, SqlType, Value
from emulator.engine.objects import Relation
from emulator.errors import OraError
from emulator.session import Column, RowSource

#: A row of SQLite values.
StoredRow: TypeAlias = tuple[Any, ...]
#: Runs one SQLite statement and yields its rows: a reader connection's, or a transaction's own view.
RunQuery: TypeAlias = Callable[[str, StoredRow], Iterator[StoredRow]]

T = TypeVar("T")
#: DDL would have to hit the same few microseconds this often in a row.
_MOST_PREPARATIONS = 50


class SchemaMovedError(Exception):
    """DDL has changed the tables since the statement was prepared: nothing was done, it has to be prepared again."""


def with_current_schema(attempt: Callable[[], T]) -> T:
    """Prepare and run a statement, again for as long as DDL of others comes in between.

    Args:
        attempt: Prepares from the dictionary of now, runs, and has no effect when it raises ``SchemaMovedError``.

    Raises:
        OraError: 8103, it never ends.
    """
    for _ in range(_MOST_PREPARATIONS):
        try:
            return attempt()
        except SchemaMovedError:
            continue
    raise OraError(8103)


@dataclass(frozen=True, slots=True)
class BoundVariable:
    """A PL/SQL variable that takes part in an embedded statement as a bind."""

    #: Key under which the compiler of PL/SQL finds the value again.
    key: str
    type: SqlType


class NameResolver(Protocol):
    """Knows the PL/SQL variables around an embedded statement."""

    def resolve(self, reference: str, offset: int) -> BoundVariable | None:
        """Return the variable that a reference means, None if it means none.

        Called for each name that is no column of an enclosing query: ``p_first_id``, ``rec.id``, ``v_rows(i).id``,
        ``process_embeddings.p_batch_size``, ``v_ids.COUNT``; ``reference`` is the exact slice of the statement's text.

        Args:
            reference: See above.
            offset: Its 0-based offset in the embedded statement's text.
        """


@dataclass(frozen=True, slots=True)
class LockPlan:
    """What SELECT … FOR UPDATE locks, and how long it waits."""

    #: SQLite name of each table whose rows are locked, with the number of columns of its key. The keys are the last
    #: columns of the query, in the same order.
    tables: tuple[tuple[str, int], ...]
    #: Seconds; None for ever, 0 for NOWAIT.
    wait_seconds: int | None = None
    skips_locked: bool = False

    @property
    def key_columns(self) -> int:
        """How many columns at the end of the query are keys."""
        return sum(count for _table, count in self.tables)


class PreparedQuery(Protocol):
    """A SELECT."""

    columns: tuple[Column, ...]
    #: Name of each bind in the order of values: the text's placeholders or a resolver's keys.
    bind_names: tuple[str, ...]
    #: SQLite names of the tables it reads; dictionary views not among them.
    tables: frozenset[str]
    #: SELECT … FOR UPDATE; None elsewhere.
    lock: LockPlan | None
    #: SQLite's number of the schema that the text was written for.
    schema_version: int
    #: A model is run by SQLite itself, on rows: never under the store's latch.
    embeds_inside: bool

    def open(self, run: RunQuery, values: Sequence[Value]) -> RowSource:
        """Start the query; expensive calls of the select list run when their row is fetched, not before."""


@dataclass(frozen=True, slots=True)
class MergePlan:
    """A MERGE as SQLite statements; "" for what it does not do."""

    #: Gives for each row: whether to update, whether to insert, the key, the new values, the inserted values.
    query: str
    #: Columns of the key by which a row is known.
    key_count: int
    #: Columns that are updated.
    update_count: int
    update: str
    insert: str
    #: Removes a row by its key, and what finds the keys after the updates.
    delete: str
    to_delete: str


@dataclass(frozen=True, slots=True)
class KeyUpdate:
    """An UPDATE of columns of a primary key or unique key, in two steps; see ``emulator.store.key_moves``."""

    #: Gives for each row its primary key and the new values.
    query: str
    #: SQLite's names of the columns that get the new values.
    columns: tuple[str, ...]


class PreparedChange(Protocol):
    """An INSERT, UPDATE, DELETE or MERGE."""

    verb: str
    #: SQLite name of the table it changes.
    table: str
    bind_names: tuple[str, ...]
    #: SQLite names of the tables that subqueries read.
    tables_read: frozenset[str]
    #: INSERT … VALUES without a subquery: cannot see other rows (facts: emulator-store, section 2).
    blind: bool
    #: INSERT … VALUES: functions that it calls may look at its own table.
    inserts_values: bool
    #: Some expression runs a model (ORA-40286 where the statement is redirected).
    uses_model: bool
    #: The tables that the text was written for, as they were then.
    relations: tuple[Relation, ...]
    #: SQLite's text. It ends in RETURNING with the returned expressions, if there are any.
    sqlite_text: str
    #: Types of the returned expressions, in order.
    returning: tuple[SqlType, ...]
    #: INSERT … SELECT whose query runs a model or another slow function: compute its rows by the read path first, then
    #: insert them one by one with ``parameters`` of each computed row. None elsewhere.
    source: PreparedQuery | None
    #: MERGE; None elsewhere.
    merge: MergePlan | None
    #: UPDATE that sets columns of keys and returns nothing; None elsewhere.
    key_update: KeyUpdate | None

    #: Oracle's text of the statement with PL/SQL variables replaced by placeholders ``:B1`` …, one per bind, as it is
    #: sent to the primary when it is redirected; names unqualified as written.
    oracle_text: str
    #: Type of each bind in ``bind_names`` (of RETURNING targets: of the returned expression).
    bind_types: tuple[SqlType, ...]

    def parameters(self, values: Sequence[Value]) -> StoredRow:
        """Convert one execution's bind values (or one row of ``source``) to SQLite's parameters; checks them."""

    def returned(self, row: StoredRow) -> Row:
        """Convert one row of SQLite's RETURNING to Oracle values."""


@dataclass(frozen=True, slots=True)
class DefinitionPlan:
    """What a DDL statement does to SQLite, in one transaction, the same on the primary and on every standby."""

    #: SQLite statements with their parameters: schema changes and changes of the dictionary's own ``_`` tables.
    statements: tuple[tuple[str, StoredRow], ...]
    #: SQLite names of existing tables that it locks (ORA-00054 if another transaction changed them).
    tables: frozenset[str] = frozenset()
    #: Code of a warning to report (24344), 0 for none.
    warning_code: int = 0
    #: Sequences' values in memory are not to be used any more.
    changes_sequences: bool = False


Prepared: TypeAlias = PreparedQuery | PreparedChange
