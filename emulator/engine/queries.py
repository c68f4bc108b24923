"""Writes statements for SQLite: what their query levels share, set operations, WITH, sources of FROM, row limits."""

from __future__ import annotations

import itertools
from collections import Counter

from sqlglot import exp

from emulator.datatypes import SqlType
from emulator.engine.assignment import Target
from emulator.engine.binds import BindList
from emulator.engine.catalogue import Catalogue
from emulator.engine.dialect import parse_statement
from emulator.engine.expressions import ExpressionWriter
from emulator.engine.functions.type_rules import common
from emulator.engine.names import stored_name
from emulator.engine.objects import Relation, RelationKind, Scope
from emulator.engine.pieces import Field, Names, Piece, Source, quote, row_identifier
from emulator.engine.selects import SelectWriter, position_of
from emulator.engine.stored_values import signature_letter
from emulator.engine.written_query import WrittenQuery
from emulator.errors import NotEmulated, OraError
from emulator.statement_text import StatementText, scan_statement

_SET_OPERATIONS: dict[type, str] = {exp.Union: "UNION", exp.Except: "EXCEPT", exp.Intersect: "INTERSECT"}


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
        #: It calls stored PL/SQL functions, which may look at any table.
        self.calls_units = False
        self._aliases = itertools.count(1)
        self._common: dict[str, WrittenQuery] = {}

    def new_alias(self) -> str:
        """Return a name for a subquery that has none."""
        return f"_Q{next(self._aliases)}"

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
            return SelectWriter(self, node, outer, is_top=is_top).write()
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
            tables = [each for each in cte.this.find_all(exp.Table) if each.args.get("db") is None]
            if any(stored_name(each.this) == name for each in tables if isinstance(each.this, exp.Identifier)):
                raise NotEmulated("recursive WITH")
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
                position = position_of(item.this, fields)
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
        if relation.kind is RelationKind.DICTIONARY and relation.name == "DUAL":  # a virtual table would cost far more
            return f"(SELECT 'X' AS \"DUMMY\") AS {quote(alias)}", Source(alias, fields, relation)
        is_table = relation.kind is RelationKind.TABLE
        pseudo = {"ROWID": row_identifier(relation, alias)} if is_table else {}
        return f'"{relation.sqlite_name}" AS {quote(alias)}', Source(alias, fields, relation, pseudo)

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
        self.calls_units |= inner.calls_units
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
            alias = stored_name(alias_node.this) if alias_node is not None else self.new_alias()
            fields = {
                column.name: Field(column.name, f"{quote(alias)}.{quote(column.name)}", column.type, column.nullable)
                for column in written.fields
            }
            seen = Counter(column.name for column in written.fields)
            ambiguous = frozenset(name for name, count in seen.items() if count > 1)
            return f"({written.sql}) AS {quote(alias)}", Source(alias, fields, ambiguous=ambiguous)
        raise NotEmulated(f"{type(node).__name__} in FROM")
