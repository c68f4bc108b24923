"""Writes MERGE for SQLite: one query that finds and computes everything, then an UPDATE or INSERT for each row.

Source: Oracle SQL Language Reference 23ai, MERGE.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from emulator.engine.catalogue import Catalogue
from emulator.engine.changes import Change, ChangeWriter, deleted_table
from emulator.engine.dialect import parse_statement
from emulator.engine.expressions import ExpressionWriter
from emulator.engine.merge_text import MergeText, cut_merge
from emulator.engine.names import is_sequence_column, stored_name
from emulator.engine.objects import Relation, RelationKind, TableColumn
from emulator.engine.pieces import Names, Source, key_columns, quote
from emulator.engine.prepared import MergePlan
from emulator.engine.queries import StatementWriter
from emulator.errors import NotEmulated, OraError


class MergeWriter:
    """Writes one MERGE."""

    def __init__(self, statement: StatementWriter) -> None:
        """Begin a statement."""
        self._statement = statement
        self._changes = ChangeWriter(statement)

    def write(self, text: str) -> Change:
        """Write the statement."""
        parts = cut_merge(text)
        statement = self._statement
        target_node = deleted_table(parse_statement(parts.target))
        if not isinstance(target_node, exp.Table):
            raise NotEmulated("MERGE into something that is no table")
        _text, target = statement.table_source(target_node, "UPDATE" if parts.update else "INSERT")
        relation = _table(target)
        if parts.insert:
            _check_privilege(statement, relation, "INSERT")
        source_node = parse_statement(parts.source)
        from_ = source_node.args.get("from_") or source_node.args["from"]
        source_text, source = statement.source(from_.this, Names())
        if source.alias == target.alias:
            raise OraError(918, source.alias, "FROM")
        both = Names(sources=[source, target])
        change = Change("MERGE", relation, statement.binds)
        change.merge = self._plan(parts, relation, target, (source_text, source), both)
        change.sqlite_text = change.merge.query
        self._changes.finish(change)
        return change

    def _plan(
        self, parts: MergeText, relation: Relation, target: Source, source: tuple[str, Source], both: Names
    ) -> MergePlan:
        keys = key_columns(relation)
        alias = quote(target.alias)
        matched = f"{alias}.{keys[0]} IS NOT NULL"
        on = self._condition(parts.condition, both)
        updated, update_values = self._update(parts, relation, both)
        _check_on_columns(parts, relation, target, updated)
        inserted, insert_values = self._insert(parts, relation, Names(sources=[source[1]]))
        update_where = self._condition(parts.update_where, both) if parts.update_where else "1"
        insert_where = self._condition(parts.insert_where, Names(sources=[source[1]])) if parts.insert_where else "1"
        does_update = f"CASE WHEN {matched} THEN {update_where if parts.update else '0'} END"
        does_insert = f"CASE WHEN NOT ({matched}) THEN {insert_where if parts.insert else '0'} END"
        items = [does_update, does_insert, *(f"{alias}.{key}" for key in keys)]
        items += [f"CASE WHEN {does_update} THEN {value} END" for value in update_values]
        items += [f"CASE WHEN {does_insert} THEN {value} END" for value in insert_values]
        table = f'"{relation.sqlite_name}"'
        joined = f"FROM {source[0]} LEFT JOIN {table} AS {alias} ON {on}"
        by_key = " AND ".join(f"{key} = ?" for key in keys)
        sets = ", ".join(f"{quote(column.name)} = ?" for column in updated)
        hidden = [] if relation.has_primary_key else ['"_rowid"']
        names = ", ".join([*(quote(column.name) for column in inserted), *hidden])
        marks = ", ".join(["?"] * len(inserted) + ["new_row_number()"] * len(hidden))
        delete_where = self._condition(parts.delete_where, both) if parts.delete_where else ""
        return MergePlan(
            query=f"SELECT {', '.join(items)} {joined}",
            key_count=len(keys),
            update_count=len(updated),
            update=f"UPDATE {table} SET {sets} WHERE {by_key}" if updated else "",
            insert=f"INSERT INTO {table} ({names}) VALUES ({marks})" if inserted else "",
            delete=f"DELETE FROM {table} WHERE {by_key}" if delete_where else "",
            to_delete=(
                f"SELECT {', '.join(f'{alias}.{key}' for key in keys)} {joined} WHERE {matched} AND {delete_where}"
                if delete_where
                else ""
            ),
        )

    def _condition(self, text: str, names: Names) -> str:
        where = parse_statement(text).args["where"]
        return self._writer(names).condition(where.this)

    def _writer(self, names: Names) -> ExpressionWriter:
        writer = ExpressionWriter(self._statement, names)
        writer.allows_aggregates = False
        return writer

    def _update(self, parts: MergeText, relation: Relation, names: Names) -> tuple[list[TableColumn], list[str]]:
        if not parts.update:
            return [], []
        columns: list[TableColumn] = []
        values: list[str] = []
        writer = self._writer(names)
        for item in parse_statement(parts.update).expressions:
            if not isinstance(item, exp.EQ) or not isinstance(item.this, exp.Column):
                raise NotEmulated("MERGE … UPDATE SET of that form")
            column = relation.by_name.get(stored_name(item.this.this))
            if column is None:
                raise OraError(904, f'"{stored_name(item.this.this)}"', offset=writer.offset(item.this))
            columns.append(column)
            values.append(self._changes.assigned(writer, relation, column, item.expression))
        return columns, values

    def _insert(self, parts: MergeText, relation: Relation, names: Names) -> tuple[list[TableColumn], list[str]]:
        if not parts.insert:
            return [], []
        node = parse_statement(parts.insert)
        listed = [stored_name(each) for each in node.this.expressions] if isinstance(node.this, exp.Schema) else None
        columns = self._changes.columns(relation, listed)
        row = node.expression.expressions[0]
        items = row.expressions if isinstance(row, exp.Tuple) else [row.this if isinstance(row, exp.Paren) else row]
        given = len(listed) if listed is not None else len(relation.columns)
        if len(items) != given:
            raise OraError(913 if len(items) > given else 947)
        writer = self._writer(names)
        drawn = [node for item in items for node in item.walk() if is_sequence_column(node)]
        if drawn or any("NEXTVAL" in str(column.default).upper() for column in columns[given:]):
            raise NotEmulated("NEXTVAL in MERGE")
        filled: Sequence[exp.Expression | None] = [*items, *[None] * (len(columns) - given)]
        return columns, [
            self._changes.inserted(writer, relation, column, item) for column, item in zip(columns, filled, strict=True)
        ]


def _table(source: Source) -> Relation:
    relation = source.relation
    if relation is None or relation.kind is not RelationKind.TABLE:
        raise NotEmulated("MERGE into something that is no table")
    return relation


def _check_privilege(statement: StatementWriter, relation: Relation, privilege: str) -> None:
    catalogue: Catalogue = statement.catalogue
    catalogue.check_table_privilege(statement.scope, relation, privilege)


def _check_on_columns(parts: MergeText, relation: Relation, target: Source, updated: Sequence[TableColumn]) -> None:
    """Refuse to update columns of the ON condition: ORA-38104."""
    names = {column.name for column in updated}
    for node in parse_statement(parts.condition).args["where"].find_all(exp.Column):
        table = node.args.get("table")
        name = stored_name(node.this)
        is_targets = stored_name(table) == target.alias if table is not None else name in relation.by_name
        if is_targets and name in names:
            raise OraError(38104, f'"{target.alias}"."{name}"')
