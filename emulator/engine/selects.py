"""Writes one SELECT for SQLite: FROM, joins, WHERE, grouping, select list, ordering."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast

from sqlglot import exp

from emulator.datatypes import NUMBER
from emulator.engine.aggregates import AGGREGATES
from emulator.engine.computed_parameters import SequenceNumber
from emulator.engine.dialect import APPROXIMATE, VectorEmbedding
from emulator.engine.expressions import ExpressionWriter
from emulator.engine.function_calls import embedding_parts, model_type
from emulator.engine.item_texts import item_texts
from emulator.engine.names import is_sequence_column, stored_name
from emulator.engine.objects import RelationKind
from emulator.engine.outer_joins import rewrite_join_marks
from emulator.engine.pieces import Field, Names, Source, key_columns, quote
from emulator.engine.prepared import LockPlan
from emulator.engine.row_limits import split_row_limit
from emulator.engine.vector_index import candidates
from emulator.engine.written_query import Embedding, WrittenQuery
from emulator.errors import NotEmulated, OraError

if TYPE_CHECKING:
    from emulator.engine.queries import StatementWriter

#: SQLite has a limit of its own, and work grows with the items.
_MOST_ITEMS = 2_000
_SIDES = {"LEFT": "LEFT JOIN", "RIGHT": "RIGHT JOIN", "FULL": "FULL JOIN", "": "JOIN"}


class SelectWriter:
    """Writes one SELECT; see ``StatementWriter.query``."""

    _KNOWN = frozenset(
        {
            *("expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset", "distinct"),
            *("with_", "with", "locks", "kind", "hint", "operation_modifiers", "connect"),
        }
    )

    def __init__(self, statement: StatementWriter, node: exp.Select, outer: Names | None, *, is_top: bool) -> None:
        """Begin a query level."""
        self._statement = statement
        self._node = node
        self._is_top = is_top
        self._names = Names(outer=outer)
        self._writer = ExpressionWriter(statement, self._names)
        self._fields: list[Field] = []
        self._items: list[str] = []
        self._embeddings: dict[int, Embedding] = {}
        self._drawn: dict[int, SequenceNumber] = {}
        #: Key columns of the tables that FOR UPDATE locks.
        self._lock_keys: list[str] = []

    def write(self) -> WrittenQuery:
        """Write it."""
        node = self._node
        for key, value in node.args.items():
            if key not in self._KNOWN and value not in (None, False, [], ""):
                raise NotEmulated(f"SELECT with {key}")
        prefix = self._statement.common_tables(node, self._names.outer)
        as_written = rewrite_join_marks(node)
        from_text = self._from()
        if as_written:
            self._names.sources.sort(key=lambda source: as_written.index(source.alias))
        self._writer.bare_columns.clear()  # those of join conditions are not to be grouped
        where, row_limit = self._where()
        if self._needs_numbers(row_limit):
            from_text, where, row_limit = self._numbered(from_text + where + (row_limit or "")), "", None
        group = self._group()
        self._writer.draws_once = self._is_top and self._is_of_dual() and not group
        self._select_list()
        self._writer.draws_once = False
        having = self._having()
        distinct = node.args.get("distinct")
        if distinct is not None and distinct.args.get("on") is not None:
            raise NotEmulated("DISTINCT ON")
        if distinct is not None:
            for column in self._fields:
                self._writer.check_sortable(column.type)
        order = self._order(is_distinct=distinct is not None)
        self._check_grouping(bool(group))
        if APPROXIMATE in node.meta and not (
            group or distinct or self._writer.has_aggregate or self._names.row_number is not None
        ):
            where += self._index_condition(node.meta[APPROXIMATE], has_where=bool(where))
        lock = self._lock()
        items = ", ".join(
            f"{item} AS {quote(column.name)}" for item, column in zip(self._items, self._fields, strict=True)
        ) + "".join(f", {key}" for key in self._lock_keys)
        words = "SELECT DISTINCT" if distinct is not None else "SELECT"
        sql = f"{prefix}{words} {items}{from_text}{where}{group}{having}{order}"
        limit = row_limit or self._statement.row_limit(node, self._writer)
        if order and not limit and not self._is_top:
            limit = " LIMIT -1"  # SQLite would leave out an ORDER BY that it finds useless; ROWNUM outside counts on it
        return WrittenQuery(
            sql + limit,
            self._fields,
            is_single_row=self._writer.has_aggregate and not group,
            is_correlated=self._names.is_correlated,
            embeddings=self._embeddings,
            drawn=self._drawn,
            lock=lock,
        )

    def _needs_numbers(self, row_limit: str | None) -> bool:
        """Tell whether rows are numbered or cut off by ROWNUM before they are grouped, sorted or shown."""
        node = self._node
        parts = [*node.expressions, *(node.args[key] for key in ("group", "having", "order") if node.args.get(key))]
        if any(_is_row_number(found) for part in parts for found in _own_nodes(part)):
            return True
        if row_limit is None:
            return False
        return any(node.args.get(key) for key in ("group", "having", "order", "distinct", "limit", "offset")) or any(
            isinstance(found, exp.Anonymous) and str(found.this).upper() in AGGREGATES
            for part in node.expressions
            for found in _own_nodes(part)
        )

    def _numbered(self, body: str) -> str:
        """Write FROM and WHERE as a subquery that numbers its rows; names mean its columns from now on."""
        alias = quote(self._statement.new_alias())
        items: list[str] = []
        for source in self._names.sources:
            for fields in (source.fields, source.pseudo):
                for name, known in fields.items():
                    items.append(f"{known.sql} AS c{len(items)}")
                    fields[name] = replace(known, sql=f"{alias}.c{len(items) - 1}")
        self._names.row_number = f"{alias}.n"
        return f" FROM (SELECT num(row_number() OVER ()) AS n, {', '.join(items)}{body}) AS {alias}"

    def _with_aliases(self, node: exp.Expression) -> exp.Expression:
        """Return an expression of GROUP BY or HAVING with the select list's aliases replaced by what they stand for.

        Source: SQL Language Reference 23ai, SELECT: column aliases in GROUP BY and HAVING; a column of that name wins.
        """
        aliased = {
            stored_name(item.args["alias"]): item.this for item in self._node.expressions if isinstance(item, exp.Alias)
        }

        def replaced(found: exp.Expression) -> exp.Expression:
            if isinstance(found, exp.Column) and found.args.get("table") is None:
                name = stored_name(found.this)
                if name in aliased and self._names.find(None, name) is None:
                    return exp.Paren(this=aliased[name].copy())
            return found

        if isinstance(node, exp.Column):
            found = replaced(node)
            return found.this if isinstance(found, exp.Paren) else found
        return node.transform(replaced)

    def _lock(self) -> LockPlan | None:
        """Read FOR UPDATE [OF …] [NOWAIT | WAIT n | SKIP LOCKED]; adds the keys of the rows to the select list."""
        node = self._node
        if not node.args.get("locks"):
            return None
        (clause,) = node.args["locks"]
        if not self._is_top:
            raise OraError(907)
        unsuitable = any(node.args.get(key) for key in ("distinct", "group", "limit", "offset"))
        sources = [source for source in self._names.sources if source.relation is not None]
        if self._names.row_number is not None and not (unsuitable or self._writer.has_aggregate):
            raise NotEmulated("FOR UPDATE of rows that ROWNUM numbers before they are sorted or shown")
        if unsuitable or self._writer.has_aggregate or len(sources) < len(self._names.sources):
            raise OraError(2014)
        wanted = [self._locked_source(column) for column in clause.args.get("expressions") or []] or sources
        tables = []
        for source in sources:
            relation = source.relation
            if source not in wanted or relation is None:
                continue
            if relation.kind is not RelationKind.TABLE or self._names.row_number is not None:
                raise OraError(2014)
            self._statement.catalogue.check_table_privilege(self._statement.scope, relation, "UPDATE")
            keys = key_columns(relation)
            self._lock_keys += [f"{quote(source.alias)}.{key}" for key in keys]
            tables.append((relation.sqlite_name, len(keys)))
        wait = clause.args.get("wait")
        seconds = None if wait is None or isinstance(wait, bool) else int(str(wait.this))
        return LockPlan(tuple(tables), 0 if wait is True else seconds, skips_locked=wait is False)

    def _locked_source(self, column: exp.Expression) -> Source:
        """Return the table of a column behind OF; the parser takes it for a table's name."""
        name, table = stored_name(column.this), column.args.get("db") or column.args.get("table")
        alias = stored_name(table) if table is not None else None
        for source in self._names.sources:
            if alias in {None, source.alias} and name in source.fields:
                return source
        raise OraError(904, f'"{name}"' if alias is None else f'"{alias}"."{name}"', offset=self._writer.offset(column))

    def _is_of_dual(self) -> bool:
        sources = self._names.sources
        is_dual = [source.relation is not None and source.relation.name == "DUAL" for source in sources]
        return is_dual in ([], [True]) and self._node.args.get("connect") is None

    def _index_condition(self, accuracy: int, *, has_where: bool) -> str:
        """Write the condition by which a vector index serves the query; empty where none can: then it is exact.

        As in Oracle, ORDER BY has to be the distance alone, of the column and metric of the index, nearest first.
        """
        found = self._ordered_distance()
        relation = self._names.sources[0].relation if len(self._names.sources) == 1 else None
        if found is None or relation is None or relation.kind is not RelationKind.TABLE:
            return ""
        column, other, metric = found
        index = next((each for each in relation.indexes if each.metric == metric and each.columns == (column,)), None)
        if index is None:
            return ""
        vector = self._writer.value(other)
        if vector.letter != "V" or not vector.is_constant:
            self._statement.binds.take_bind(vector.sql)
            return ""
        alias = self._names.sources[0].alias
        condition = candidates(index.storage, alias, vector.sql, accuracy or index.accuracy)
        return f"{' AND' if has_where else ' WHERE'} {condition}"

    def _ordered_distance(self) -> tuple[str, exp.Expression, str] | None:
        """Return column, other vector and metric of ``ORDER BY VECTOR_DISTANCE(…)``, by itself or by its alias."""
        order = self._node.args.get("order")
        if order is None or len(order.expressions) != 1 or order.expressions[0].args.get("desc"):
            return None
        node = order.expressions[0].this
        if isinstance(node, exp.Column) and node.args.get("table") is None:
            name = stored_name(node.this)
            aliased = (item for item in self._node.expressions if isinstance(item, exp.Alias))
            node = next((item.this for item in aliased if stored_name(item.args["alias"]) == name), node)
        if not isinstance(node, exp.Anonymous) or str(node.this).upper() != "VECTOR_DISTANCE":
            return None
        left, right, *metric = node.expressions
        if not isinstance(left, exp.Column):
            left, right = right, left
        if not isinstance(left, exp.Column):
            return None
        return stored_name(left.this), right, stored_name(metric[0].this) if metric else "COSINE"

    def _from(self) -> str:
        node = self._node
        from_ = node.args.get("from_") or node.args.get("from")
        if from_ is None:
            return ""
        text, source = self._statement.source(from_.this, self._names)
        joins = node.args.get("joins") or []
        if node.args.get("connect") is not None:
            return self._row_generator(node.args["connect"], source, has_joins=bool(joins))
        if source.relation is not None and source.relation.name == "DUAL" and not joins:
            self._names.sources.append(source)
            return f" FROM {text}"
        self._names.sources.append(source)
        for join in joins:
            for key, value in join.args.items():
                if key not in {"this", "side", "kind", "on", "using", "method"} and value not in (None, False, [], ""):
                    raise NotEmulated(f"join with {key}")
            if join.args.get("method") or join.args.get("using"):
                raise NotEmulated("NATURAL JOIN and JOIN … USING")
            joined, source = self._statement.source(join.this, self._names)
            if any(other.alias == source.alias for other in self._names.sources):
                raise OraError(918, source.alias, "FROM")
            self._names.sources.append(source)
            side, kind = str(join.args.get("side") or "").upper(), str(join.args.get("kind") or "").upper()
            condition = join.args.get("on")
            if kind == "CROSS" or condition is None:
                if side or (kind not in {"CROSS", ""}):
                    raise OraError(905)
                text += f" CROSS JOIN {joined}"
            else:
                text += f" {_SIDES[side]} {joined} ON {self._no_aggregates(self._writer.condition, condition)}"
        return f" FROM {text}"

    def _row_generator(self, connect: exp.Connect, source: Source, *, has_joins: bool) -> str:
        """Write ``FROM dual CONNECT BY LEVEL <= n``: as many rows as that, at least one, numbered by LEVEL."""
        condition = connect.args["connect"]
        is_dual = source.relation is not None and source.relation.name == "DUAL"
        counted = isinstance(condition, exp.LTE | exp.LT) and isinstance(condition.this, exp.Column)
        if has_joins or not (is_dual and counted) or connect.args.get("start") is not None:
            raise NotEmulated("CONNECT BY other than LEVEL <= n on DUAL")
        if stored_name(condition.this.this) not in {"LEVEL", "ROWNUM"}:
            raise NotEmulated("CONNECT BY other than LEVEL <= n on DUAL")
        last = f"int_of({self._writer.converted(condition.expression, 'N')})"
        if isinstance(condition, exp.LT):
            last += " - 1"
        alias = quote(source.alias)
        level = Field("LEVEL", f'{alias}."LEVEL"', NUMBER, nullable=False)
        self._names.sources.append(Source(source.alias, source.fields, pseudo={"LEVEL": level}))
        return (
            ' FROM (WITH RECURSIVE "_LEVELS"(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM "_LEVELS" '
            f'WHERE n < {last}) SELECT num(n) AS "LEVEL", \'X\' AS "DUMMY" FROM "_LEVELS") AS {alias}'
        )

    def _no_aggregates(self, write: Callable[[exp.Expression], str], node: exp.Expression) -> str:
        self._writer.allows_aggregates = False
        try:
            return write(node)
        finally:
            self._writer.allows_aggregates = True

    def _where(self) -> tuple[str, str | None]:
        """Write WHERE; ``ROWNUM <= n`` among its ANDed conditions becomes a row limit."""
        where = self._node.args.get("where")
        if where is None:
            return "", None
        before = len(self._writer.bare_columns)
        self._writer.allows_aggregates = False
        try:
            condition, limit = split_row_limit(self._writer, where.this)
        finally:
            self._writer.allows_aggregates = True
        del self._writer.bare_columns[before:]
        return condition, limit

    def _text(self, node: exp.Expression) -> str:
        return self._writer.value(node).sql

    def _group(self) -> str:
        group = self._node.args.get("group")
        if group is None:
            return ""
        self._writer.only(group, "expressions")
        if not group.expressions:
            raise OraError(936)
        items = [self._with_aliases(item) for item in group.expressions]
        texts = [self._no_aggregates(self._writer.sortable, item) for item in items]
        self._writer.bare_columns.clear()
        self._writer.grouped = frozenset(texts)
        return " GROUP BY " + ", ".join(texts)

    def _having(self) -> str:
        having = self._node.args.get("having")
        return "" if having is None else f" HAVING {self._writer.condition(self._with_aliases(having.this))}"

    def _text_of(self, item: exp.Expression) -> str:
        """Return an item's text: the column's name where there is no alias."""
        if self._is_top:
            texts = item_texts(self._statement.text.text)
            number = next((at for at, other in enumerate(self._node.expressions) if other is item), -1)
            if 0 <= number < len(texts) == len(self._node.expressions):
                return texts[number]
        return self._statement.source_text(item)

    def _select_list(self) -> None:
        if not self._node.expressions:
            raise OraError(936)
        if len(self._node.expressions) > _MOST_ITEMS:
            raise NotEmulated(f"a select list of more than {_MOST_ITEMS} items")
        for item in self._node.expressions:
            if isinstance(item, exp.Star):
                self._star(None)
            elif isinstance(item, exp.Column) and isinstance(item.this, exp.Star):
                self._star(stored_name(item.args["table"]))
            else:
                self._item(item)

    def _star(self, alias: str | None) -> None:
        found = False
        for source in self._names.sources:
            if alias is None or source.alias == alias:
                found = True
                for column in source.fields.values():
                    self._items.append(column.sql)
                    self._fields.append(column)
                    self._writer.bare_columns.append(column.sql)
        if not found:
            raise OraError(904, f'"{alias}"' if alias else '"*"')

    def _item(self, item: exp.Expression) -> None:
        inner, name = item, None
        if isinstance(item, exp.Alias):
            inner, name = item.this, stored_name(item.args["alias"])
        nullable = True
        if self._draw_later(inner, name):
            return
        if self._may_wait(inner):
            model, argument = embedding_parts(self._writer, inner)  # type: ignore[arg-type]
            if not argument.is_constant:
                self._embeddings[len(self._items)] = Embedding(model, argument.type)
                self._statement.uses_model = True
                self._items.append(argument.sql)
                self._fields.append(Field(name or self._text_of(item), "", model_type(model)))
                return
        piece = self._writer.value(inner)
        if isinstance(inner, exp.Column):
            found = (
                None
                if piece.sql.startswith("?")
                else next(
                    (
                        field
                        for source in self._names.sources
                        for field in source.fields.values()
                        if field.sql == piece.sql
                    ),
                    None,
                )
            )
            nullable = found.nullable if found is not None else True
        if name is None:
            name = stored_name(inner.this) if isinstance(inner, exp.Column) else self._text_of(item)
        self._items.append(piece.sql)
        self._fields.append(Field(name, quote(name), piece.type, nullable))

    def _draw_later(self, node: exp.Expression, name: str | None) -> bool:
        """Write a NEXTVAL or CURRVAL of several rows as a column that is drawn row by row; tell whether it is one."""
        if not is_sequence_column(node) or not self._is_top or self._writer.draws_once:
            if self._is_top and not self._writer.draws_once and any(map(is_sequence_column, _own_nodes(node))):
                raise NotEmulated("NEXTVAL inside an expression, for several rows", offset=self._writer.offset(node))
            return False
        if any(self._node.args.get(key) for key in ("distinct", "group", "order")):
            raise OraError(2287, offset=self._writer.offset(node))
        key = self._writer.sequence_key(node)  # type: ignore[arg-type]
        self._drawn[len(self._items)] = SequenceNumber(key, stored_name(node.this) == "NEXTVAL")
        self._items.append("NULL")
        self._fields.append(Field(name or stored_name(node.this), "", NUMBER))
        return True

    def _may_wait(self, node: exp.Expression) -> bool:
        """Tell whether an item's model may be run when its row is handed out: lazily, and never in a sorter."""
        return (
            self._is_top
            and isinstance(node, VectorEmbedding)
            and self._node.args.get("distinct") is None
            and self._node.args.get("group") is None
        )

    def _order(self, *, is_distinct: bool) -> str:
        order = self._node.args.get("order")
        if order is None:
            return ""
        if order.args.get("siblings"):
            raise NotEmulated("ORDER SIBLINGS BY")
        parts = []
        for item in order.expressions:
            self._writer.only(item, "this", "desc", "nulls_first")
            position = position_of(item.this, self._fields)
            if position is not None:
                if position in self._embeddings:
                    raise NotEmulated("ORDER BY a computed embedding")
                self._writer.check_sortable(self._fields[position].type)
                parts.append(self._writer.ordered_text(str(position + 1), item))
                continue
            text = self._writer.ordered(item)
            if is_distinct and item.this is not None and text.split(" ")[0] not in self._items:
                raise OraError(1791, text="ORA-01791: not a SELECTed expression")
            parts.append(text)
        return " ORDER BY " + ", ".join(parts)

    def _check_grouping(self, has_group: bool) -> None:
        if not has_group and not self._writer.has_aggregate:
            return
        for column in self._writer.bare_columns:
            if column in self._writer.grouped:
                continue
            if has_group:
                raise OraError(979, self._shown(column))
            raise OraError(937)

    def _shown(self, column: str) -> str:
        """Return a column as messages name it, whatever subquery its rows are numbered in."""
        for source in self._names.sources:
            for known in source.fields.values():
                if known.sql == column:
                    return f'"{source.alias}"."{known.name}"'
        return "ROWNUM" if column == self._names.row_number else column


def _own_nodes(node: exp.Expression) -> Iterator[exp.Expression]:
    """Yield the nodes below one, those of subqueries left out."""
    yield from cast("Iterator[exp.Expression]", node.walk(prune=lambda found: isinstance(found, exp.Select)))


def _is_row_number(node: exp.Expression) -> bool:
    return isinstance(node, exp.Column) and node.args.get("table") is None and stored_name(node.this) == "ROWNUM"


def position_of(node: exp.Expression, fields: Sequence[Field]) -> int | None:
    """Return the number of the select item that an ORDER BY item means by number or alias, None for an expression."""
    if isinstance(node, exp.Literal) and not node.is_string:
        position = int(str(node.this)) - 1
        if not 0 <= position < len(fields):
            raise OraError(1785, text="ORA-01785: ORDER BY item must be the number of a SELECT-list expression")
        return position
    if isinstance(node, exp.Column) and node.args.get("table") is None:
        name = stored_name(node.this)
        found = [number for number, column in enumerate(fields) if column.name == name]
        if found:
            return found[0]
    return None
