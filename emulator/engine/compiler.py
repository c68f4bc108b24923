"""From a statement's text to something that can be run: parse, bind, write; cached."""

from __future__ import annotations

import functools
import logging
from collections.abc import Sequence

from emulator.datatypes import SqlType, Value
from emulator.engine.binds import BindList
from emulator.engine.catalogue import Catalogue
from emulator.engine.changes import Change, ChangeWriter
from emulator.engine.dialect import parse_statement
from emulator.engine.merges import MergeWriter
from emulator.engine.objects import Scope
from emulator.engine.prepared import NameResolver, RunQuery
from emulator.engine.queries import StatementWriter
from emulator.engine.row_sources import QueryRows
from emulator.engine.written_query import WrittenQuery
from emulator.errors import NotEmulated, OraError
from emulator.session import Column, RowSource
from emulator.statement_text import StatementKind, StatementText

log = logging.getLogger("emulator.engine")


class Query:
    """A prepared SELECT; see ``emulator.engine.prepared.PreparedQuery``."""

    def __init__(self, statement: StatementWriter, written: WrittenQuery) -> None:
        """Keep what was written."""
        self.columns = tuple(Column(field.name, field.type, field.nullable) for field in written.fields)
        self.bind_names = tuple(statement.binds.names)
        self.tables = frozenset(statement.tables)
        self.lock = written.lock
        self.schema_version = statement.catalogue.schema_version
        self.embeds_inside = statement.embeds_inside
        self._sql = written.sql
        self._embeddings = written.embeddings
        self._drawn = written.drawn
        self._binds = statement.binds

    def open(self, run: RunQuery, values: Sequence[Value]) -> RowSource:
        """Start the query."""
        return QueryRows(self.columns, run(self._sql, self._binds.parameters(values)), self._embeddings, self._drawn)


def prepare(
    text: StatementText,
    *,
    catalogue: Catalogue,
    scope: Scope,
    bind_types: Sequence[SqlType],
    resolver: NameResolver | None = None,
) -> Query | Change:
    """Prepare a query or DML statement.

    Args:
        text: The scanned statement.
        catalogue: The data dictionary; a statement is prepared anew when its version has changed.
        scope: Whose names and privileges hold.
        bind_types: Types of the client's binds, in order; () with a resolver.
        resolver: PL/SQL's variables around an embedded statement; such statements are not cached here.

    Raises:
        OraError: With the offset of the fault in the text.
    """
    if resolver is not None:
        return _prepare(text, catalogue, scope, BindList(text, (), resolver))
    return _cached(text, catalogue.version, _Identity(catalogue), scope, tuple(bind_types))


class _Identity:
    """A catalogue as part of a cache's key: equal by version, so that the cache holds no old ones for long."""

    __slots__ = ("catalogue",)

    def __init__(self, catalogue: Catalogue) -> None:
        self.catalogue = catalogue

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Identity) and other.catalogue is self.catalogue

    def __hash__(self) -> int:
        return hash(self.catalogue.version)


@functools.lru_cache(maxsize=512)
def _cached(
    text: StatementText, _version: int, identity: _Identity, scope: Scope, bind_types: tuple[SqlType, ...]
) -> Query | Change:
    return _prepare(text, identity.catalogue, scope, BindList(text, bind_types, None))


def _prepare(text: StatementText, catalogue: Catalogue, scope: Scope, binds: BindList) -> Query | Change:
    source = text.text
    if text.returning_into_offset >= 0:
        source = source[: text.returning_into_offset]
    statement = StatementWriter(text, catalogue, scope, binds)
    tree = None if text.verb == "MERGE" else parse_statement(source)
    if tree is not None and tree.args.get("returning") and text.returning_into_offset < 0 and not binds.resolver:
        raise OraError(925, offset=len(source.rstrip()))
    try:
        if tree is None:
            if text.returning_into_offset >= 0:
                raise NotEmulated("MERGE with RETURNING")
            return MergeWriter(statement).write(source)
        if text.kind is StatementKind.QUERY:
            return Query(statement, statement.query(tree, None, is_top=True))
        if text.kind is StatementKind.DML:
            return ChangeWriter(statement).write(tree)
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        # The parser accepts texts that Oracle's grammar does not have, and leaves holes in their trees.
        log.exception("no rule for the tree of a statement")
        raise NotEmulated("a statement of this form") from error
    raise OraError(900)
