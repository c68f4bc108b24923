"""Writes queries for SQLite: FROM, joins, grouping, ordering, row limits, set operations, subqueries."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sqlglot import exp

from emulator.datatypes import NUMBER, SqlType
from emulator.engine.assignment import Target
from emulator.engine.binds import BindList
from emulator.engine.catalogue import Catalogue
from emulator.engine.dialect import APPROXIMATE, VectorEmbedding, parse_statement
from emulator.engine.expressions import ExpressionWriter, model_type, stored_name
from emulator.engine.functions.type_rules import common
from emulator.engine.item_texts import item_texts
from emulator.engine.objects import Model, Relation, RelationKind, Scope
from emulator.engine.outer_joins import conjuncts, rewrite_join_marks
from emulator.engine.pieces import Field, Names, Piece, Source, quote
from emulator.engine.stored_values import signature_letter
from emulator.engine.vector_index import candidates
from emulator.errors import NotEmulated, OraError
from emulator.statement_text import StatementText, scan_statement

_SIDES = {"LEFT": "LEFT JOIN", "RIGHT": "RIGHT JOIN", "FULL": "FULL JOIN", "": "JOIN"}
_SET_OPERATIONS: dict[type, str] = {exp.Union: "UNION", exp.Except: "EXCEPT", exp.Intersect: "INTERSECT"}


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
    for_update: bool = False


class StatementWriter:
    """Writes one statement; keeps what its levels share."""

    def __init__(self, text: StatementText, catalogue: Catalogue, scope: Scope, binds: BindList) -> None:
        """Begin a statement."""
        self.text = text
        self.catalogue = catalogue
        self.scope = scope
        self.binds = binds
        #: SQLite names of the tables it reads.
        self.tables: set[str] = set()
        self.uses_model = False
        #: Some model is run by SQLite itself, row by row.
        self.embeds_inside = False
        self._aliases = itertools.count(1)
        self._common: dict[str, WrittenQuery] = {}

    # ------------------------------------------------------------------ positions

    def slice_of(self, node: exp.Expression) -> tuple[int, int]:
        """Return where a reference begins and ends in the text: ``v(i).id`` whole, brackets included."""
        identifiers = [part for part in node.find_all(exp.Identifier, exp.Anonymous) if "start" in part.meta]
        if not identifiers:
            raise NotEmulated(f"{type(node).__name__} in PL/SQL's SQL")
        start = min(int(part.meta["start"]) for part in identifiers)
        end = max(int(part.meta["end"]) for part in identifiers) + 1
        text = self.text.text
        depth = 0
        for at in range(start, end):
            depth += (text[at] == "(") - (text[at] == ")")
        while depth > 0 or (isinstance(node, exp.Anonymous) and text[end : end + 1] == "(" and depth == 0):
            if end >= len(text):
                break
            depth += (text[end] == "(") - (text[end] == ")")
            end += 1
        if isinstance(node, exp.Anonymous) and "(" not in text[start:end]:
            after = end
            while after < len(text) and text[after].isspace():
                after += 1
            if text[after : after + 1] == "(":
                return start, self._closing(after)
        return start, end

    def _closing(self, opening: int) -> int:
        depth = 0
        for at in range(opening, len(self.text.text)):
            depth += (self.text.text[at] == "(") - (self.text.text[at] == ")")
            if depth == 0:
                return at + 1
        return len(self.text.text)

    def source_text(self, node: exp.Expression) -> str:
        """Return the text of a select item without blanks, in upper case: its column name when it has no alias."""
        try:
            start, end = self.slice_of(node)
        except NotEmulated:
            return node.sql(dialect="oracle").replace(" ", "").upper()
        return "".join(self.text.text[start:end].split()).upper()

    @staticmethod
    def target_json(table: str, column: str, sql_type: SqlType) -> str:
        """Return a target for ``assign_value``."""
        return Target("", table, column, sql_type).to_json()

    # ------------------------------------------------------------------ queries

    def query(self, node: exp.Expression, outer: Names | None, *, is_top: bool = False) -> WrittenQuery:
        """Write a query of any form."""
        if isinstance(node, exp.Subquery):
            if any(node.args.get(key) for key in ("order", "limit", "offset")):
                raise NotEmulated("ORDER BY or FETCH behind a bracketed query")
            return self.query(node.this, outer, is_top=is_top)
        if isinstance(node, exp.Select):
            return _SelectWriter(self, node, outer, is_top=is_top).write()
        if type(node) in _SET_OPERATIONS:
            return self._set_operation(node, outer)
        raise NotEmulated(f"query form {type(node).__name__}")

    def common_tables(self, node: exp.Expression, outer: Names | None) -> str:
        """Write WITH, if there is one; its queries are known by name afterwards."""
        with_ = node.args.get("with_") or node.args.get("with")
        if with_ is None:
            return ""
        if with_.args.get("recursive"):
            raise NotEmulated("recursive WITH")
        parts = []
        for cte in with_.expressions:
            name = stored_name(cte.args["alias"].this)
            written = self.query(cte.this, outer)
            columns = [stored_name(column) for column in cte.args["alias"].args.get("columns") or []]
            if columns:
                if len(columns) != len(written.fields):
                    raise OraError(32038, text="ORA-32038: number of WITH clause column names does not match")
                renamed = ", ".join(
                    f"{quote(old.name)} AS {quote(new)}" for old, new in zip(written.fields, columns, strict=True)
                )
                written.sql = f"SELECT {renamed} FROM ({written.sql})"
                written.fields = [
                    Field(new, quote(new), old.type, old.nullable)
                    for old, new in zip(written.fields, columns, strict=True)
                ]
            self._common[name] = written
            parts.append(f"{quote(name)} AS ({written.sql})")
        return f"WITH {', '.join(parts)} "

    def _set_operation(self, node: exp.Expression, outer: Names | None) -> WrittenQuery:
        prefix = self.common_tables(node, outer)
        left = self.query(node.this, outer)
        right = self.query(node.expression, outer)
        if len(left.fields) != len(right.fields):
            raise OraError(1789)
        fields: list[Field] = []
        for mine, theirs in zip(left.fields, right.fields, strict=True):
            if signature_letter(mine.type) != signature_letter(theirs.type) and not (
                Piece("", mine.type).is_null or Piece("", theirs.type).is_null
            ):
                raise OraError(1790)
            fields.append(Field(mine.name, quote(mine.name), common([mine.type, theirs.type])))
        word = _SET_OPERATIONS[type(node)]
        if isinstance(node, exp.Union) and not node.args.get("distinct"):
            word = "UNION ALL"
        sql = f"{prefix}SELECT * FROM ({left.sql}) {word} SELECT * FROM ({right.sql})"
        names = Names(sources=[], outer=outer)
        writer = ExpressionWriter(self, names)
        order = node.args.get("order")
        if order is not None:
            parts = []
            for item in order.expressions:
                position = _position_of(item.this, fields)
                if position is None:
                    raise OraError(1785, text="ORA-01785: ORDER BY item must be the number of a SELECT-list expression")
                parts.append(writer.ordered_text(str(position + 1), item))
            sql += " ORDER BY " + ", ".join(parts)
        sql += self.row_limit(node, writer)
        return WrittenQuery(sql, fields, is_correlated=left.is_correlated or right.is_correlated)

    def row_limit(self, node: exp.Expression, writer: ExpressionWriter) -> str:
        """Write FETCH FIRST n ROWS ONLY and OFFSET."""
        limit, offset = node.args.get("limit"), node.args.get("offset")
        text = ""
        if limit is not None:
            if not isinstance(limit, exp.Fetch):
                raise OraError(933)
            options = limit.args.get("limit_options")
            if options is not None and (options.args.get("percent") or options.args.get("with_ties")):
                raise NotEmulated("FETCH FIRST … PERCENT or WITH TIES")
            count = limit.args.get("count")
            rows = "1" if count is None else f"coalesce(max(int_of({writer.converted(count, 'N')}), 0), 0)"
            text += f" LIMIT {rows}"
        if offset is not None:
            skipped = f"coalesce(max(int_of({writer.converted(offset.expression, 'N')}), 0), 0)"
            text += f"{'' if limit is not None else ' LIMIT -1'} OFFSET {skipped}"
        return text

    # ------------------------------------------------------------------ sources

    def table_source(self, node: exp.Table, privilege: str = "SELECT") -> tuple[str, Source]:
        """Write a table of FROM; return its text and what it offers."""
        for key, value in node.args.items():
            if key not in {"this", "db", "alias"} and value not in (None, False, [], ""):
                raise NotEmulated(f"table with {key}")
        if not isinstance(node.this, exp.Identifier):
            raise NotEmulated("table functions in FROM")
        name = stored_name(node.this)
        owner = stored_name(node.args["db"]) if node.args.get("db") is not None else None
        alias_node = node.args.get("alias")
        alias = stored_name(alias_node.this) if alias_node is not None else name
        if owner is None and name in self._common:
            written = self._common[name]
            fields = {
                column.name: Field(column.name, f"{quote(alias)}.{quote(column.name)}", column.type, column.nullable)
                for column in written.fields
            }
            return f"{quote(name)} AS {quote(alias)}", Source(alias, fields)
        try:
            relation = self.catalogue.relation(self.scope, owner, name)
            self.catalogue.check_table_privilege(self.scope, relation, privilege)
        except OraError as error:
            error.offset = int(node.this.meta.get("start", 0))
            raise
        if relation.kind is RelationKind.VIEW:
            return self._view_source(relation, alias)
        if relation.kind is RelationKind.TABLE:
            self.tables.add(relation.sqlite_name)
        fields = {
            column.name: Field(column.name, f"{quote(alias)}.{quote(column.name)}", column.type, column.nullable)
            for column in relation.columns
        }
        return f'"{relation.sqlite_name}" AS {quote(alias)}', Source(alias, fields, relation)

    def _view_source(self, relation: Relation, alias: str) -> tuple[str, Source]:
        """Write a view as the query that it stands for, bound in its owner's schema and with its owner's rights."""
        text = scan_statement(relation.query)
        rights = Scope(user=relation.owner, schema=relation.owner)
        inner = StatementWriter(text, self.catalogue, rights, self.binds)
        try:
            written = inner.query(parse_statement(relation.query), None)
        except NotEmulated:
            raise
        except OraError:
            raise OraError(4063, f"view {relation.owner}.{relation.name}") from None
        self.tables |= inner.tables
        self.uses_model |= inner.uses_model
        fields = {
            column.name: Field(column.name, f"{quote(alias)}.{quote(column.name)}", found.type, found.nullable)
            for column, found in zip(relation.columns, written.fields, strict=False)
        }
        names = [quote(column.name) for column in relation.columns]
        renamed = ", ".join(
            f"{quote(found.name)} AS {name}" for found, name in zip(written.fields, names, strict=False)
        )
        return f"(SELECT {renamed} FROM ({written.sql})) AS {quote(alias)}", Source(alias, fields, relation)

    def source(self, node: exp.Expression, names: Names) -> tuple[str, Source]:
        """Write a table or subquery of FROM."""
        if isinstance(node, exp.Table):
            return self.table_source(node)
        if isinstance(node, exp.Subquery):
            written = self.query(node.this, names.outer)
            alias_node = node.args.get("alias")
            alias = stored_name(alias_node.this) if alias_node is not None else f"_Q{next(self._aliases)}"
            fields = {
                column.name: Field(column.name, f"{quote(alias)}.{quote(column.name)}", column.type, column.nullable)
                for column in written.fields
            }
            seen = Counter(column.name for column in written.fields)
            ambiguous = frozenset(name for name, count in seen.items() if count > 1)
            return f"({written.sql}) AS {quote(alias)}", Source(alias, fields, ambiguous=ambiguous)
        raise NotEmulated(f"{type(node).__name__} in FROM")


class _SelectWriter:
    """Writes one SELECT."""

    _KNOWN = frozenset(
        {
            *("expressions", "from_", "joins", "where", "group", "having", "order", "limit", "offset", "distinct"),
            *("with_", "with", "locks", "kind", "hint", "operation_modifiers", "connect"),
        }
    )

    def __init__(self, statement: StatementWriter, node: exp.Select, outer: Names | None, *, is_top: bool) -> None:
        self._statement = statement
        self._node = node
        self._is_top = is_top
        self._names = Names(outer=outer)
        self._writer = ExpressionWriter(statement, self._names)
        self._fields: list[Field] = []
        self._items: list[str] = []
        self._embeddings: dict[int, Embedding] = {}

    def write(self) -> WrittenQuery:
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
        group = self._group()
        self._select_list()
        having = self._having()
        distinct = node.args.get("distinct")
        if distinct is not None and distinct.args.get("on") is not None:
            raise NotEmulated("DISTINCT ON")
        if distinct is not None:
            for column in self._fields:
                self._writer.check_sortable(column.type)
        order = self._order(is_distinct=distinct is not None)
        self._check_grouping(bool(group))
        if APPROXIMATE in node.meta and not (group or distinct or self._writer.has_aggregate):
            where += self._index_condition(node.meta[APPROXIMATE], has_where=bool(where))
        items = ", ".join(
            f"{item} AS {quote(column.name)}" for item, column in zip(self._items, self._fields, strict=True)
        )
        words = "SELECT DISTINCT" if distinct is not None else "SELECT"
        sql = f"{prefix}{words} {items}{from_text}{where}{group}{having}{order}"
        limit = self._statement.row_limit(node, self._writer)
        if row_limit is not None:
            if order or group or self._writer.has_aggregate or limit:
                raise NotEmulated("ROWNUM together with ORDER BY, GROUP BY or FETCH in one query block")
            limit = row_limit
        return WrittenQuery(
            sql + limit,
            self._fields,
            is_single_row=self._writer.has_aggregate and not group,
            is_correlated=self._names.is_correlated,
            embeddings=self._embeddings,
            for_update=bool(node.args.get("locks")),
        )

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
        condition = candidates(index.storage, alias, vector.sql, accuracy)
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
        conditions, limits = [], []
        for part in conjuncts(where.this):
            limit = self._rownum_limit(part)
            if limit is None:
                conditions.append(part)
            else:
                limits.append(limit)
        if len(limits) > 1:
            raise NotEmulated("several conditions on ROWNUM")
        before = len(self._writer.bare_columns)
        texts = [self._no_aggregates(self._writer.condition, part) for part in conditions]
        del self._writer.bare_columns[before:]
        return (f" WHERE {' AND '.join(texts)}" if texts else ""), (limits[0] if limits else None)

    def _rownum_limit(self, node: exp.Expression) -> str | None:
        if not isinstance(node, exp.LT | exp.LTE | exp.EQ) or not isinstance(node.this, exp.Column):
            return None
        if stored_name(node.this.this) != "ROWNUM" or node.this.args.get("table") is not None:
            return None
        count = f"int_of({self._writer.converted(node.expression, 'N')})"
        if isinstance(node, exp.EQ):
            raise NotEmulated("ROWNUM = n")
        return f" LIMIT coalesce(max({count}{' - 1' if isinstance(node, exp.LT) else ''}, 0), 0)"

    def _text(self, node: exp.Expression) -> str:
        return self._writer.value(node).sql

    def _group(self) -> str:
        group = self._node.args.get("group")
        if group is None:
            return ""
        self._writer.only(group, "expressions")
        if not group.expressions:
            raise OraError(936)
        texts = [self._no_aggregates(self._writer.sortable, item) for item in group.expressions]
        self._writer.bare_columns.clear()
        self._writer.grouped = frozenset(texts)
        return " GROUP BY " + ", ".join(texts)

    def _having(self) -> str:
        having = self._node.args.get("having")
        return "" if having is None else f" HAVING {self._writer.condition(having.this)}"

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
        if self._may_wait(inner):
            model, argument = self._writer.embedding_parts(inner)  # type: ignore[arg-type]
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
            position = _position_of(item.this, self._fields)
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
                raise OraError(979, column)
            raise OraError(937)


def _position_of(node: exp.Expression, fields: Sequence[Field]) -> int | None:
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
