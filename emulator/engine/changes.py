"""Writes INSERT, UPDATE and DELETE for SQLite."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import exp

from emulator.datatypes import SqlType, TypeName, Value
from emulator.engine.assignment import Target, assign
from emulator.engine.binds import BindList
from emulator.engine.dialect import parse_statement
from emulator.engine.expressions import ExpressionWriter
from emulator.engine.names import is_sequence_column, stored_name
from emulator.engine.objects import Relation, RelationKind, TableColumn, sqlite_identifier
from emulator.engine.pieces import Names, Source, convert, key_columns, quote, row_identifier, text_literal
from emulator.engine.prepared import KeyUpdate, MergePlan, PreparedQuery, StoredRow
from emulator.engine.queries import StatementWriter
from emulator.engine.row_limits import split_row_limit
from emulator.engine.stored_values import from_stored, signature_letter
from emulator.errors import NotEmulated, OraError


class Change:
    """A prepared INSERT, UPDATE or DELETE; see ``emulator.engine.prepared.PreparedChange``."""

    def __init__(self, verb: str, relation: Relation, binds: BindList) -> None:
        """Begin; the writers below fill in the rest."""
        self.verb = verb
        self.relation = relation
        self.table = relation.sqlite_name
        self.blind = False
        self.inserts_values = False
        self.uses_model = False
        self.tables_read: frozenset[str] = frozenset()
        self.relations: tuple[Relation, ...] = (relation,)
        self.sqlite_text = ""
        self.oracle_text = ""
        self.returning: tuple[SqlType, ...] = ()
        self.bind_names: tuple[str, ...] = ()
        self.bind_types: tuple[SqlType, ...] = ()
        self.source: PreparedQuery | None = None
        self.merge: MergePlan | None = None
        self.key_update: KeyUpdate | None = None
        self.source_targets: list[Target] = []
        self._binds = binds

    def parameters(self, values: Sequence[Value]) -> StoredRow:
        """Return SQLite's parameters for one execution, or for one row of ``source``."""
        if self.source is not None:
            return tuple(assign(value, target) for value, target in zip(values, self.source_targets, strict=True))
        return self._binds.parameters(values)

    def returned(self, row: StoredRow) -> tuple[Value, ...]:
        """Return the values of one row of RETURNING."""
        return tuple(from_stored(value, sql_type) for value, sql_type in zip(row, self.returning, strict=True))


class ChangeWriter:
    """Writes one DML statement."""

    def __init__(self, statement: StatementWriter) -> None:
        """Begin a statement."""
        self._statement = statement

    def write(self, node: exp.Expression) -> Change:
        """Write the statement."""
        if isinstance(node, exp.Insert):
            change = self._insert(node)
        elif isinstance(node, exp.Update):
            change = self._update(node)
        elif isinstance(node, exp.Delete):
            change = self._delete(node)
        else:
            raise NotEmulated(type(node).__name__.upper())
        self.finish(change)
        return change

    def finish(self, change: Change) -> None:
        """Fill in what is known when everything is written."""
        statement = self._statement
        change.uses_model = statement.uses_model
        change.tables_read = frozenset(statement.tables - {change.table})
        read = (statement.catalogue.table_by_sqlite_name(name) for name in sorted(change.tables_read))
        change.relations = (change.relation, *(relation for relation in read if relation is not None))
        if statement.embeds_inside and change.source is None:
            raise NotEmulated(f"{change.verb} with a model that runs on each row")
        change.bind_names = tuple(statement.binds.names)
        change.bind_types = tuple(statement.binds.types)
        change.oracle_text = statement.binds.text_for_primary(len(change.returning))

    # ------------------------------------------------------------------ forms

    def _insert(self, node: exp.Insert) -> Change:
        self._only(node, "this", "expression", "returning", "hint")
        target, listed = node.this, None
        if isinstance(target, exp.Schema):
            listed = [stored_name(column) for column in target.expressions]
            target = target.this
        relation, source, change = self._target(target, "INSERT")
        columns = self.columns(relation, listed)
        values = node.expression
        hidden = [] if relation.has_primary_key else ['"_rowid"']
        names = [quote(column.name) for column in columns]
        head = f'INSERT INTO "{relation.sqlite_name}" ({", ".join([*names, *hidden])})'
        if isinstance(values, exp.Values):
            rows = values.expressions
            if len(rows) != 1:
                raise NotEmulated("INSERT of several rows of VALUES")
            items = rows[0].expressions if isinstance(rows[0], exp.Tuple) else [rows[0]]
            given = len(listed) if listed is not None else len(relation.columns)
            if len(items) != given:
                raise OraError(913 if len(items) > given else 947)
            writer = ExpressionWriter(self._statement, Names())
            writer.allows_aggregates = False
            writer.draws_once = True
            texts = [
                self.inserted(writer, relation, column, item)
                for column, item in zip(columns, [*items, *[None] * (len(columns) - given)], strict=True)
            ]
            texts += ["new_row_number()"] * len(hidden)
            change.sqlite_text = f"{head} VALUES ({', '.join(texts)})"
            change.inserts_values = True
            change.blind = not self._statement.tables and not self._statement.calls_units
        else:
            self._insert_query(change, relation, columns, listed, values, head)
        self._returning(node, change, source)
        return change

    def _insert_query(
        self,
        change: Change,
        relation: Relation,
        columns: list[TableColumn],
        listed: list[str] | None,
        values: exp.Expression,
        head: str,
    ) -> None:
        given = len(listed) if listed is not None else len(relation.columns)
        for column in columns[:given]:
            if column.identity == "ALWAYS":
                raise OraError(32795)
            if column.default_on_null:
                raise NotEmulated("INSERT … SELECT into a column with DEFAULT ON NULL")
        numbered = [] if relation.has_primary_key else ["new_row_number()"]
        query = self._statement.query(_with_items(values, self._defaults(columns[given:])), None, is_top=True)
        if len(query.fields) != len(columns):
            raise OraError(913 if len(query.fields) > len(columns) else 947)
        if query.embeddings or query.drawn or self._statement.embeds_inside:
            from emulator.engine.compiler import Query  # noqa: PLC0415 - the two need each other

            change.source = Query(self._statement, query)
            change.source_targets = [_target_of(relation, column) for column in columns]
            texts = [f"?{number + 1}" for number in range(len(columns))] + numbered
            change.sqlite_text = f"{head} VALUES ({', '.join(texts)})"
            return
        texts = [
            self._checked(f"q.{quote(field.name)}", signature_letter(field.type), _target_of(relation, column))
            for field, column in zip(query.fields, columns, strict=True)
        ] + numbered
        # WHERE true: SQLite would read ON CONFLICT into a bare SELECT otherwise.
        change.sqlite_text = f"{head} SELECT {', '.join(texts)} FROM ({query.sql}) AS q WHERE true"

    def _update(self, node: exp.Update) -> Change:
        self._only(node, "this", "expressions", "where", "returning", "hint")
        relation, source, change = self._target(node.this, "UPDATE")
        writer = ExpressionWriter(self._statement, Names(sources=[source]))
        writer.allows_aggregates = False
        values: dict[str, str] = {}
        if not node.expressions:
            raise OraError(936)
        for item in node.expressions:
            if not isinstance(item, exp.EQ) or not isinstance(item.this, exp.Column):
                raise NotEmulated("UPDATE … SET of that form")
            name = stored_name(item.this.this)
            column = relation.by_name.get(name)
            if column is None:
                raise OraError(904, f'"{name}"', offset=writer.offset(item.this))
            if column.identity == "ALWAYS":
                raise OraError(32796)
            if name in values:
                raise OraError(957, offset=writer.offset(item.this))
            if any(map(is_sequence_column, item.expression.walk())):
                raise NotEmulated("NEXTVAL in UPDATE", offset=writer.offset(item.expression))
            values[name] = self.assigned(writer, relation, column, item.expression)
        target = f'"{relation.sqlite_name}" AS {quote(source.alias)}'
        sets = ", ".join(f"{quote(name)} = {value}" for name, value in values.items())
        where = self._where(node, writer)
        change.sqlite_text = f"UPDATE {target} SET {sets}{where}"
        self._returning(node, change, source)
        if not change.returning and values.keys() & relation.unique_columns:
            items = [f"{quote(source.alias)}.{key}" for key in key_columns(relation)] + list(values.values())
            columns = tuple(sqlite_identifier(name) for name in values)
            change.key_update = KeyUpdate(f"SELECT {', '.join(items)} FROM {target}{where}", columns)
        return change

    def _delete(self, node: exp.Delete) -> Change:
        self._only(node, "this", "tables", "where", "returning", "hint")
        relation, source, change = self._target(deleted_table(node), "DELETE")
        writer = ExpressionWriter(self._statement, Names(sources=[source]))
        writer.allows_aggregates = False
        change.sqlite_text = f'DELETE FROM "{relation.sqlite_name}" AS {quote(source.alias)}{self._where(node, writer)}'
        self._returning(node, change, source)
        return change

    # ------------------------------------------------------------------ parts

    def _target(self, node: exp.Expression, verb: str) -> tuple[Relation, Source, Change]:
        if not isinstance(node, exp.Table):
            raise NotEmulated(f"{verb} of something that is no table")
        _text, source = self._statement.table_source(node, verb)
        relation = source.relation
        if relation is not None and relation.kind is RelationKind.VIEW:
            raise NotEmulated("changes through views")
        if relation is None or relation.kind is not RelationKind.TABLE:
            raise OraError(1031)
        self._statement.tables.discard(relation.sqlite_name)
        return relation, source, Change(verb, relation, self._statement.binds)

    @staticmethod
    def columns(relation: Relation, listed: list[str] | None) -> list[TableColumn]:
        """Return the columns that get values: the listed ones, then those with defaults."""
        if listed is None:
            return list(relation.columns)
        for name in listed:
            if name not in relation.by_name:
                raise OraError(904, f'"{name}"')
        if len(set(listed)) < len(listed):
            raise OraError(957)
        rest = [column for column in relation.columns if column.name not in listed and column.default is not None]
        return [*(relation.by_name[name] for name in listed), *rest]

    @staticmethod
    def _defaults(columns: Sequence[TableColumn]) -> list[exp.Expression]:
        return [_default_of(column) for column in columns]

    def inserted(
        self, writer: ExpressionWriter, relation: Relation, column: TableColumn, node: exp.Expression | None
    ) -> str:
        """Write a column's value in VALUES; None for its default."""
        is_default = node is None or _is_default(node)
        if column.identity == "ALWAYS" and not is_default:
            raise OraError(32795)
        if node is None or is_default or (column.default_on_null and isinstance(node, exp.Null)):
            return self.assigned(writer, relation, column, _default_of(column))
        if not column.default_on_null or (isinstance(node, exp.Literal) and node.this):
            return self.assigned(writer, relation, column, node)
        given = self.assigned(writer, relation, column, node)
        default = self.assigned(writer, relation, column, _default_of(column))
        self._statement.binds.draw_only_for_null(given)
        return f"coalesce({given}, {default})"

    def assigned(self, writer: ExpressionWriter, relation: Relation, column: TableColumn, node: exp.Expression) -> str:
        """Write a value for a column: converted to its type and checked."""
        target = _target_of(relation, column)
        if _is_default(node):
            node = _default_of(column)
        piece = writer.value(node)
        bind = self._statement.binds.take_bind(piece.sql)
        if bind is not None:  # a bare bind: converted and checked in Python, which is also faster
            return self._statement.binds.assigned(bind, target)
        if piece.is_null:
            return "NULL"
        keeps_zone = piece.letter == "Z" and column.type.name is TypeName.TIMESTAMP_LTZ  # moved to UTC, not cut off
        if piece.letter != signature_letter(column.type) and not keeps_zone:
            piece = convert(piece, signature_letter(column.type))
        return self._checked(piece.sql, piece.letter, target)

    @staticmethod
    def _checked(sql: str, letter: str, target: Target) -> str:
        return f"assign_value('{letter}', {text_literal(target.to_json())}, {sql})"

    def _where(self, node: exp.Expression, writer: ExpressionWriter) -> str:
        """Write WHERE; ``ROWNUM <= n`` in it leaves that many rows to be changed."""
        where = node.args.get("where")
        if where is None:
            return ""
        condition, limit = split_row_limit(writer, where.this)
        if not limit:
            return condition
        source = writer.names.sources[0]
        relation = source.relation
        if relation is None:
            raise NotEmulated("ROWNUM here")
        alias = quote(source.alias)
        keys = ", ".join(f"{alias}.{key}" for key in key_columns(relation))
        return f' WHERE ({keys}) IN (SELECT {keys} FROM "{relation.sqlite_name}" AS {alias}{condition}{limit})'

    def _returning(self, node: exp.Expression, change: Change, source: Source) -> None:
        returning = node.args.get("returning")
        if returning is None:
            return
        if change.source is not None:
            raise NotEmulated("RETURNING of INSERT … SELECT with a model")
        bare = {
            name: type(column)(name, quote(name), column.type, column.nullable)
            for name, column in source.fields.items()
        }
        pseudo = {"ROWID": row_identifier(change.relation)}
        writer = ExpressionWriter(self._statement, Names(sources=[Source(source.alias, bare, pseudo=pseudo)]))
        writer.allows_aggregates = False
        pieces = [writer.value(item) for item in returning.expressions]
        change.returning = tuple(piece.type for piece in pieces)
        change.sqlite_text += " RETURNING " + ", ".join(piece.sql for piece in pieces)

    @staticmethod
    def _only(node: exp.Expression, *names: str) -> None:
        for key, value in node.args.items():
            if key not in names and value not in (None, False, [], ""):
                raise NotEmulated(f"{type(node).__name__.upper()} with {key}")


def _is_default(node: exp.Expression) -> bool:
    if isinstance(node, exp.Var):
        return str(node.this).upper() == "DEFAULT"
    return isinstance(node, exp.Column) and stored_name(node.this) == "DEFAULT" and node.args.get("table") is None


def _default_of(column: TableColumn) -> exp.Expression:
    """Return the expression of a column's default, NULL without one."""
    if column.default is None:
        return exp.Null()
    tree = parse_statement(f"SELECT {column.default} FROM dual")
    found: exp.Expression = tree.expressions[0]
    return found


def _with_items(query: exp.Expression, items: Sequence[exp.Expression]) -> exp.Expression:
    """Return a query with further items at the end of its select list."""
    if not items:
        return query
    if not isinstance(query, exp.Select) or query.args.get("group") or query.args.get("distinct"):
        raise NotEmulated("INSERT of such a query into a table with defaults for the columns left out")
    extended = query.copy()
    extended.set("expressions", [*extended.expressions, *items])
    return extended


def deleted_table(node: exp.Expression) -> exp.Expression:
    """Return the table of ``DELETE [FROM] table``."""
    tables = node.args.get("tables") or []
    found: exp.Expression = node.this or tables[0]
    return found


def _target_of(relation: Relation, column: TableColumn) -> Target:
    return Target(relation.owner, relation.name, column.name, column.type)
