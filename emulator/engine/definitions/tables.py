"""CREATE, ALTER, DROP and TRUNCATE TABLE: columns, constraints, and their SQLite tables."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace

from emulator.engine.catalogue import Catalogue, relation_to_json
from emulator.engine.definition_parser import DefinitionParser, tokens_of
from emulator.engine.definitions.indexes import drop_vector_indexes
from emulator.engine.definitions.sequences import creating_statements, dropping_statements, new_sequence, take_options
from emulator.engine.definitions.work import (
    Statement,
    Work,
    forget_object,
    names_sql,
    store_object,
    take_tablespace,
    unique_index,
)
from emulator.engine.objects import (
    Constraint,
    ConstraintKind,
    Relation,
    RelationKind,
    Sequence,
    TableColumn,
    constraint_index,
    sqlite_identifier,
    table_storage,
)
from emulator.engine.prepared import DefinitionPlan
from emulator.engine.stored_values import SQLITE_TYPES, signature_letter
from emulator.errors import NotEmulated, OraError

_NEXTVAL = re.compile(r'\s*("[^"]+"|[\w$#]+)\s*\.\s*NEXTVAL\s*', re.IGNORECASE)
_COLUMN_CLAUSES = frozenset(
    {"NOT", "NULL", "PRIMARY", "UNIQUE", "REFERENCES", "CHECK", "CONSTRAINT", "ENABLE", "DISABLE"}
)
#: Of virtual, invisible and annotated columns, and of deferred constraints.
_REFUSED_COLUMN_CLAUSES = frozenset(
    {"GENERATED", "AS", "INVISIBLE", "VISIBLE", "DEFERRABLE", "INITIALLY", "RELY", "NOVALIDATE", "COLLATE", "DOMAIN"}
)


@dataclass(slots=True)
class _TableDraft:
    """A table while its definition is read."""

    owner: str
    name: str
    columns: list[TableColumn]
    constraints: list[Constraint]
    counter: int
    #: Of identity columns.
    sequences: list[Sequence] = field(default_factory=list)

    def system_name(self) -> str:
        self.counter += 1
        return f"SYS_C{self.counter:07d}"

    def relation(self) -> Relation:
        keys = {
            name
            for constraint in self.constraints
            if constraint.kind is ConstraintKind.PRIMARY_KEY
            for name in constraint.columns
        }
        columns = tuple(
            replace(column, nullable=column.nullable and column.name not in keys) for column in self.columns
        )
        return Relation(self.owner, self.name, RelationKind.TABLE, columns, tuple(self.constraints))


def create_table(work: Work) -> DefinitionPlan:
    """Plan CREATE TABLE."""
    parser, catalogue = work.parser, work.catalogue
    exists_allowed = parser.accept("IF", "NOT", "EXISTS")
    offset = parser.token.offset
    owner, name = parser.qualified_name()
    owner = owner or work.scope.schema
    work.need("CREATE TABLE", owner)
    if owner not in catalogue.users:
        raise OraError(1918, owner)
    draft = _TableDraft(owner, name, [], [], catalogue.constraint_counter)
    if parser.token.word == "AS":
        raise NotEmulated("CREATE TABLE … AS SELECT")
    parser.expect("(", code=906)
    while True:
        if not _table_constraint(work, draft):
            _column(work, draft)
        if not parser.accept(","):
            break
    parser.expect(")", code=907)
    while parser.accept("TABLESPACE"):
        take_tablespace(parser)
    if catalogue.name_is_used(owner, name):
        if exists_allowed:
            return DefinitionPlan(())
        raise OraError(955, offset=offset)
    if len({column.name for column in draft.columns}) < len(draft.columns):
        raise OraError(957)
    relation = draft.relation()
    statements = _create_statements(relation, catalogue)
    statements += [item for sequence in draft.sequences for item in creating_statements(sequence)]
    statements.append(store_object(relation.owner, relation.name, "TABLE", relation_to_json(relation)))
    statements.append(("UPDATE _counters SET value = ? WHERE name = 'constraint'", (draft.counter,)))
    parents = {
        table_storage(constraint.parent_owner, constraint.parent_table)
        for constraint in relation.constraints
        if constraint.kind is ConstraintKind.FOREIGN_KEY
    }
    return DefinitionPlan(
        tuple(statements), frozenset(parents - {relation.sqlite_name}), changes_sequences=bool(draft.sequences)
    )


def _column(work: Work, draft: _TableDraft) -> None:
    parser = work.parser
    name = parser.name()
    sql_type = parser.data_type()
    made = TableColumn(name, sql_type)
    while True:
        constraint_name = parser.name() if parser.accept("CONSTRAINT") else None
        if parser.accept("DEFAULT"):
            on_null = parser.accept("ON", "NULL")
            text = _qualified_default(work, parser.expression_text(_COLUMN_CLAUSES))
            made = replace(made, default=text, default_on_null=on_null, nullable=made.nullable and not on_null)
        elif parser.token.word == "GENERATED" and parser.peek().word in {"ALWAYS", "BY"}:
            made = _identity(parser, draft, made)
        elif parser.accept("NOT", "NULL"):
            made = replace(made, nullable=False)
        elif parser.accept("NULL"):
            made = replace(made, nullable=True)
        elif parser.accept("PRIMARY", "KEY"):
            draft.constraints.append(_key(draft, constraint_name, ConstraintKind.PRIMARY_KEY, (name,)))
        elif parser.accept("UNIQUE"):
            draft.constraints.append(_key(draft, constraint_name, ConstraintKind.UNIQUE, (name,)))
        elif parser.accept("REFERENCES"):
            draft.constraints.append(_reference(work, draft, constraint_name, (name,)))
        elif parser.accept("CHECK"):
            draft.constraints.append(_check(parser, draft, constraint_name))
        elif parser.token.word in _REFUSED_COLUMN_CLAUSES:
            raise NotEmulated(f"{parser.token.word} of a column", offset=parser.token.offset)
        elif not parser.accept("ENABLE"):
            break
    draft.columns.append(made)


def _qualified_default(work: Work, text: str) -> str:
    """Return a default's text with its sequence's owner: whoever inserts later may have a sequence of that name too."""
    match = _NEXTVAL.fullmatch(text)
    if match is None:
        return text
    parts = tokens_of(match[1])
    name = parts[0].text[1:-1] if parts[0].kind == "quoted" else parts[0].word
    owner, name = work.catalogue.sequence(work.scope, None, name).key
    return f'"{owner}"."{name}".NEXTVAL'


def _identity(parser: DefinitionParser, draft: _TableDraft, column: TableColumn) -> TableColumn:
    """Take GENERATED … AS IDENTITY: a sequence of the column's own is its default."""
    offset = parser.token.offset
    parser.advance()
    kind = "ALWAYS" if parser.accept("ALWAYS") else "BY DEFAULT"
    on_null = False
    if kind == "BY DEFAULT":
        parser.expect("BY", "DEFAULT")
        on_null = parser.accept("ON", "NULL")
    if not parser.accept("AS", "IDENTITY"):
        raise NotEmulated("GENERATED of a column, other than AS IDENTITY", offset=offset)
    draft.counter += 1
    name = f"ISEQ$$_{draft.counter}"
    bracket = parser.accept("(")
    draft.sequences.append(new_sequence(draft.owner, name, take_options(parser)))
    if bracket:
        parser.expect(")", code=907)
    return replace(
        column,
        nullable=False,
        default=f'"{draft.owner}"."{name}".NEXTVAL',
        default_on_null=on_null,
        identity=kind,
        identity_sequence=name,
    )


def _table_constraint(work: Work, draft: _TableDraft) -> bool:
    parser = work.parser
    name = None
    if parser.token.word == "CONSTRAINT":
        parser.advance()
        name = parser.name()
    if parser.accept("PRIMARY", "KEY"):
        draft.constraints.append(_key(draft, name, ConstraintKind.PRIMARY_KEY, parser.names()))
    elif parser.token.word == "UNIQUE" and parser.peek().word == "(":
        parser.advance()
        draft.constraints.append(_key(draft, name, ConstraintKind.UNIQUE, parser.names()))
    elif parser.accept("FOREIGN", "KEY"):
        columns = parser.names()
        parser.expect("REFERENCES")
        draft.constraints.append(_reference(work, draft, name, columns))
    elif parser.token.word == "CHECK" and parser.peek().word == "(":
        parser.advance()
        draft.constraints.append(_check(parser, draft, name))
    elif name is not None:
        raise OraError(922, offset=parser.token.offset)
    else:
        return False
    if parser.token.word in _REFUSED_COLUMN_CLAUSES:
        raise NotEmulated(f"{parser.token.word} of a constraint", offset=parser.token.offset)
    parser.accept("ENABLE")
    return True


def _key(draft: _TableDraft, name: str | None, kind: ConstraintKind, columns: tuple[str, ...]) -> Constraint:
    if kind is ConstraintKind.PRIMARY_KEY and any(constraint.kind is kind for constraint in draft.constraints):
        raise OraError(2260, text="ORA-02260: table can have only one primary key")
    return Constraint(name or draft.system_name(), kind, columns)


def _check(parser: DefinitionParser, draft: _TableDraft, name: str | None) -> Constraint:
    offset = parser.token.offset
    parser.bracketed_text()
    raise NotEmulated(f"CHECK constraint of table {draft.name}{f' ({name})' if name else ''}", offset=offset)


def _reference(work: Work, draft: _TableDraft, name: str | None, columns: tuple[str, ...]) -> Constraint:
    parser, catalogue = work.parser, work.catalogue
    offset = parser.token.offset
    owner, parent_name = parser.qualified_name()
    if owner in {None, draft.owner} and parent_name == draft.name:
        parent = draft.relation()
    else:
        try:
            parent = catalogue.relation(work.scope, owner, parent_name)
        except OraError as error:
            error.offset = offset
            raise
    keys = [
        constraint
        for constraint in parent.constraints
        if constraint.kind in {ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE}
    ]
    if parser.token.word == "(":
        parent_columns = parser.names()
        if not any(key.columns == parent_columns for key in keys):
            raise OraError(2270)
    else:
        primary = next((key for key in keys if key.kind is ConstraintKind.PRIMARY_KEY), None)
        if primary is None:
            raise OraError(2268, text="ORA-02268: referenced table does not have a primary key")
        parent_columns = primary.columns
    if len(parent_columns) != len(columns):
        raise OraError(2256, text="ORA-02256: number of referencing columns must match referenced columns")
    on_delete = ""
    if parser.accept("ON", "DELETE", "CASCADE"):
        on_delete = "CASCADE"
    elif parser.accept("ON", "DELETE", "SET", "NULL"):
        on_delete = "SET NULL"
    return Constraint(
        name or draft.system_name(),
        ConstraintKind.FOREIGN_KEY,
        columns,
        parent.owner,
        parent.name,
        parent_columns,
        on_delete,
    )


def _create_statements(relation: Relation, catalogue: Catalogue) -> list[Statement]:
    """Write a table for SQLite; names of constraints live in the dictionary only."""
    names = {constraint.name for other in catalogue.relations.values() for constraint in other.constraints}
    used = next((constraint.name for constraint in relation.constraints if constraint.name in names), None)
    if used is not None:
        raise OraError(2264)
    lines = []
    has_primary = relation.has_primary_key
    if not has_primary:  # changesets know rows by their primary key
        lines.append('"_rowid" INTEGER PRIMARY KEY')
    for column in relation.columns:
        null = "" if column.nullable else " NOT NULL"
        lines.append(f'"{sqlite_identifier(column.name)}" {SQLITE_TYPES[signature_letter(column.type)]}{null}')
    for constraint in relation.constraints:
        unknown = set(constraint.columns) - set(relation.by_name)
        if unknown:
            raise OraError(904, f'"{min(unknown)}"')
        columns = names_sql(constraint.columns)
        if constraint.kind is ConstraintKind.PRIMARY_KEY:
            lines.append(f"PRIMARY KEY ({columns})")
        elif constraint.kind is ConstraintKind.UNIQUE:
            lines.append(f"UNIQUE ({columns})")
        else:
            parent = f'"{table_storage(constraint.parent_owner, constraint.parent_table)}"'
            action = f" ON DELETE {constraint.on_delete}" if constraint.on_delete else ""
            lines.append(
                f"FOREIGN KEY ({columns}) REFERENCES {parent} ({names_sql(constraint.parent_columns)}){action}"
            )
    statements: list[Statement] = [(f'CREATE TABLE "{relation.sqlite_name}" ({", ".join(lines)})', ())]
    for constraint in relation.constraints:
        if constraint.kind is ConstraintKind.UNIQUE and len(constraint.columns) > 1:
            index = constraint_index(relation.owner, relation.name, constraint.name)
            statements.append((unique_index(index, relation, constraint.columns), ()))
        if constraint.kind is ConstraintKind.FOREIGN_KEY:  # deleting a parent looks its children up
            index = constraint_index(relation.owner, relation.name, constraint.name)
            columns = names_sql(constraint.columns)
            statements.append((f'CREATE INDEX "{index}" ON "{relation.sqlite_name}" ({columns})', ()))
    return statements


def drop_table(work: Work) -> DefinitionPlan:
    """Plan DROP TABLE."""
    parser = work.parser
    missing_allowed = parser.accept("IF", "EXISTS")
    try:
        relation = work.table()
    except OraError as error:
        if missing_allowed and error.code == 942:
            _skip_drop_clauses(parser)
            return DefinitionPlan(())
        raise
    cascade = _skip_drop_clauses(parser)
    children = [
        other
        for other in work.catalogue.relations.values()
        if other != relation
        and any(
            (constraint.parent_owner, constraint.parent_table) == (relation.owner, relation.name)
            for constraint in other.constraints
        )
    ]
    if children:
        if cascade:
            raise NotEmulated("DROP TABLE … CASCADE CONSTRAINTS of a table that others refer to")
        raise OraError(2449)
    return DefinitionPlan(
        (
            *drop_vector_indexes(relation),
            (f'DROP TABLE "{relation.sqlite_name}"', ()),
            *forget_object(relation.owner, relation.name, "TABLE"),
            *(
                item
                for column in relation.columns
                if (sequence := work.catalogue.sequences.get((relation.owner, column.identity_sequence))) is not None
                for item in dropping_statements(sequence)
            ),
        ),
        frozenset({relation.sqlite_name}),
    )


def _skip_drop_clauses(parser: DefinitionParser) -> bool:
    cascade = parser.accept("CASCADE", "CONSTRAINTS")
    parser.accept("PURGE")
    return cascade


def truncate_table(work: Work) -> DefinitionPlan:
    """Plan TRUNCATE TABLE."""
    relation = work.table()
    for other in work.catalogue.relations.values():
        for constraint in other.constraints:
            if (constraint.parent_owner, constraint.parent_table) == (relation.owner, relation.name):
                raise OraError(2266, text="ORA-02266: unique/primary keys in table referenced by enabled foreign keys")
    statement = f'DELETE FROM "{relation.sqlite_name}"'
    return DefinitionPlan(((statement, ()),), frozenset({relation.sqlite_name}))


def alter_table(work: Work) -> DefinitionPlan:
    """Plan ALTER TABLE."""
    relation = work.table()
    parser = work.parser
    if not parser.accept("ADD"):
        raise NotEmulated("ALTER TABLE other than ADD of columns", offset=parser.token.offset)
    bracket = parser.accept("(")
    draft = _TableDraft(
        relation.owner,
        relation.name,
        list(relation.columns),
        list(relation.constraints),
        work.catalogue.constraint_counter,
    )
    if parser.token.word in {"CONSTRAINT", "PRIMARY", "FOREIGN", "UNIQUE", "CHECK"}:
        raise NotEmulated("ALTER TABLE … ADD CONSTRAINT", offset=parser.token.offset)
    while True:
        _column(work, draft)
        if not (bracket and parser.accept(",")):
            break
    if bracket:
        parser.expect(")", code=907)
    added = draft.columns[len(relation.columns) :]
    if len(draft.constraints) > len(relation.constraints) or any(
        not column.nullable or column.default for column in added
    ):
        raise NotEmulated("ALTER TABLE … ADD of a column with a constraint or default")
    if {column.name for column in added} & set(relation.by_name):
        raise OraError(1430)
    changed = replace(relation, columns=tuple(draft.columns), by_name={})
    statements: list[Statement] = [
        (
            (
                f'ALTER TABLE "{relation.sqlite_name}" ADD COLUMN "{sqlite_identifier(column.name)}" '
                f"{SQLITE_TYPES[signature_letter(column.type)]}"
            ),
            (),
        )
        for column in added
    ]
    statements.append(store_object(changed.owner, changed.name, "TABLE", relation_to_json(changed)))
    return DefinitionPlan(tuple(statements), frozenset({relation.sqlite_name}))
