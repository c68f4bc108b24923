"""DDL: each statement becomes a plan of SQLite statements, the same on the primary and on every standby.

A clause that is not known here is ORA-03001, never ignored.
"""

from __future__ import annotations

import datetime
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from emulator.auth import Verifier, make_verifier
from emulator.datatypes import TypeName
from emulator.engine.catalogue import CONNECT_THROUGH, PREDEFINED_ROLES, SCHEMA, Catalogue, UnitError, relation_to_json
from emulator.engine.definition_parser import DefinitionParser
from emulator.engine.objects import (
    Constraint,
    ConstraintKind,
    Index,
    Model,
    Relation,
    RelationKind,
    Scope,
    TableColumn,
    Unit,
    index_storage,
    sqlite_identifier,
    table_storage,
)
from emulator.engine.prepared import DefinitionPlan, StoredRow
from emulator.engine.stored_values import SQLITE_TYPES, signature_letter
from emulator.engine.vector_index import INDEX_METRICS, create_statements, drop_statements
from emulator.engine.view_definitions import read_view
from emulator.errors import NotEmulated, OraError
from emulator.statement_text import StatementText

_TABLESPACES = frozenset({"USERS", "SYSTEM", "SYSAUX", "TEMP"})
_OBJECT_PRIVILEGES = frozenset(
    {"SELECT", "INSERT", "UPDATE", "DELETE", "EXECUTE", "READ", "REFERENCES", "INDEX", "ALTER"}
)
_COLUMN_CLAUSES = frozenset(
    {"NOT", "NULL", "PRIMARY", "UNIQUE", "REFERENCES", "CHECK", "CONSTRAINT", "ENABLE", "DISABLE"}
)

_LONGEST_PASSWORD_BYTES = 1024  #: Of identity, virtual, invisible and annotated columns, and of deferred constraints.
_REFUSED_COLUMN_CLAUSES = frozenset(
    {"GENERATED", "AS", "INVISIBLE", "VISIBLE", "DEFERRABLE", "INITIALLY", "RELY", "NOVALIDATE", "COLLATE", "DOMAIN"}
)

_Statement = tuple[str, StoredRow]


@dataclass(slots=True)
class _Work:
    """What a plan maker has at hand."""

    parser: DefinitionParser
    catalogue: Catalogue
    scope: Scope

    def need(self, privilege: str, owner: str | None = None) -> None:
        """Check a system privilege; in another's schema the ANY form is needed."""
        if owner is not None and owner != self.scope.user:
            verb, _, what = privilege.partition(" ")
            privilege = f"{verb} ANY {what}"
        if not self.catalogue.has_privilege(self.scope.user, privilege):
            raise OraError(1031)

    def table(self) -> Relation:
        """Take a table's name and return it; only its owner (or a DBA) may define it anew."""
        offset = self.parser.token.offset
        owner, name = self.parser.qualified_name()
        try:
            relation = self.catalogue.relation(self.scope, owner, name)
        except OraError as error:
            error.offset = offset
            raise
        if relation.kind is RelationKind.DICTIONARY:
            raise OraError(1031)
        if relation.kind is RelationKind.VIEW:
            raise OraError(942, f'"{relation.owner}"."{relation.name}"')
        if relation.owner != self.scope.user:
            self.need("ALTER TABLE", relation.owner)
        return relation


def plan_definition(text: StatementText, catalogue: Catalogue, scope: Scope) -> DefinitionPlan:
    """Plan a DDL statement other than CREATE of a PL/SQL unit.

    Raises:
        OraError: What Oracle would say, or 3001 for what is not emulated.
    """
    work = _Work(DefinitionParser(text.text), catalogue, scope)
    for words, maker in _STATEMENTS:
        if work.parser.accept(*words):
            plan = maker(work)
            work.parser.end()
            return plan
    raise NotEmulated(f"statement {' '.join(text.text.split()[:3])}")


def bootstrap_statements(*, dba: Verifier, link: Verifier, link_user: str) -> list[_Statement]:
    """Return what makes a new database's dictionary: tables, SYS, SYSTEM, and the user of the internal link."""
    now = _now()
    statements: list[_Statement] = [(sql, ()) for sql in SCHEMA]
    for name, verifier in (("SYS", None), ("SYSTEM", dba), (link_user, link)):
        salt, hash_ = (verifier.salt, verifier.hash) if verifier else (None, None)
        statements.append(("INSERT INTO _users VALUES (?, ?, ?, 0, ?)", (name, salt, hash_, now)))
    statements += [("INSERT INTO _roles VALUES (?)", (role,)) for role in sorted(PREDEFINED_ROLES)]
    statements.append(_grant("SYSTEM", "ROLE", "", "DBA"))
    statements.append(_grant(link_user, "CREATE SESSION", "", ""))
    statements.append(("INSERT INTO _counters VALUES ('constraint', 7000)", ()))
    return statements


# ---------------------------------------------------------------------- users, roles, privileges


def _password(parser: DefinitionParser) -> str:
    token = parser.advance()
    if token.kind == "quoted":
        return token.text[1:-1]
    if token.kind != "word":
        raise OraError(988, offset=token.offset)
    return token.text


def _tablespace(parser: DefinitionParser) -> None:
    name = parser.name()
    if name not in _TABLESPACES:
        raise OraError(959, name)


def _quota(parser: DefinitionParser) -> None:
    if not parser.accept("UNLIMITED"):
        parser.number()
        parser.accept("K") or parser.accept("M") or parser.accept("G")
    parser.expect("ON")
    _tablespace(parser)


def _create_user(work: _Work) -> DefinitionPlan:
    work.need("CREATE USER")
    parser = work.parser
    exists_allowed = parser.accept("IF", "NOT", "EXISTS")
    name = parser.name()
    parser.expect("IDENTIFIED", "BY")
    verifier = new_verifier(_password(parser))
    locked = False
    while True:
        if parser.accept("DEFAULT", "TABLESPACE") or parser.accept("TEMPORARY", "TABLESPACE"):
            _tablespace(parser)
        elif parser.accept("QUOTA"):
            _quota(parser)
        elif parser.accept("ACCOUNT", "LOCK"):
            locked = True
        elif not parser.accept("ACCOUNT", "UNLOCK"):
            break
    if name in work.catalogue.users or name in work.catalogue.roles:
        if exists_allowed and name in work.catalogue.users:
            return DefinitionPlan(())
        raise OraError(1920, name)
    row = (name, verifier.salt, verifier.hash, int(locked), _now())
    return DefinitionPlan((("INSERT INTO _users VALUES (?, ?, ?, ?, ?)", row),))


def _alter_user(work: _Work) -> DefinitionPlan:
    parser = work.parser
    name = parser.name()
    own_password = name == work.scope.user
    if name not in work.catalogue.users:
        raise OraError(1918, name)
    statements: list[_Statement] = []
    while parser.token.kind != "end":
        if parser.accept("IDENTIFIED", "BY"):
            if not own_password:
                work.need("ALTER USER")
            statements += plan_password(name, new_verifier(_password(parser))).statements
            if parser.accept("REPLACE"):
                known = work.catalogue.users[name].verifier
                if known is None or not known.matches(_password(parser)):
                    raise OraError(28008)
            continue
        work.need("ALTER USER")
        if parser.accept("QUOTA"):
            _quota(parser)
        elif parser.accept("DEFAULT", "TABLESPACE"):
            _tablespace(parser)
        elif parser.accept("ACCOUNT", "LOCK"):
            statements.append(("UPDATE _users SET locked = 1 WHERE name = ?", (name,)))
        elif parser.accept("ACCOUNT", "UNLOCK"):
            statements.append(("UPDATE _users SET locked = 0 WHERE name = ?", (name,)))
        elif parser.accept("GRANT", "CONNECT", "THROUGH"):
            statements.append(_grant(name, CONNECT_THROUGH, "", _proxy(work)))
        elif parser.accept("REVOKE", "CONNECT", "THROUGH"):
            statements.append(_revoke(name, CONNECT_THROUGH, "", _proxy(work)))
        else:
            parser.end()
    return DefinitionPlan(tuple(statements))


def _proxy(work: _Work) -> str:
    name = work.parser.name()
    if name not in work.catalogue.users:
        raise OraError(1918, name)
    return name


def _drop_user(work: _Work) -> DefinitionPlan:
    work.need("DROP USER")
    missing_allowed = work.parser.accept("IF", "EXISTS")
    name = work.parser.name()
    cascade = work.parser.accept("CASCADE")
    if name not in work.catalogue.users:
        if missing_allowed:
            return DefinitionPlan(())
        raise OraError(1918, name)
    owned = [relation for relation in work.catalogue.relations.values() if relation.owner == name]
    if not cascade and (owned or any(key[0] == name for key in work.catalogue.created)):
        raise OraError(1922, text=f"ORA-01922: CASCADE must be specified to drop '{name}'")
    statements: list[_Statement] = [("PRAGMA defer_foreign_keys = ON", ())]
    statements += [item for relation in owned for item in _drop_vector_indexes(relation)]
    statements += [
        (f'DROP TABLE "{relation.sqlite_name}"', ()) for relation in owned if relation.kind is RelationKind.TABLE
    ]
    statements += [(f"DELETE FROM {table} WHERE owner = ?", (name,)) for table in ("_objects", "_models", "_errors")]
    statements.append(("DELETE FROM _grants WHERE grantee = ? OR owner = ?", (name, name)))
    statements.append(("DELETE FROM _users WHERE name = ?", (name,)))
    return DefinitionPlan(tuple(statements), frozenset(relation.sqlite_name for relation in owned))


def _create_role(work: _Work) -> DefinitionPlan:
    work.need("CREATE ROLE")
    exists_allowed = work.parser.accept("IF", "NOT", "EXISTS")
    name = work.parser.name()
    work.parser.accept("NOT", "IDENTIFIED")
    if name in work.catalogue.roles or name in work.catalogue.users:
        if exists_allowed:
            return DefinitionPlan(())
        raise OraError(1921, name)
    # Its creator has the role. Source: Oracle SQL Language Reference, CREATE ROLE.
    return DefinitionPlan((("INSERT INTO _roles VALUES (?)", (name,)), _grant(work.scope.user, "ROLE", "", name)))


def _drop_role(work: _Work) -> DefinitionPlan:
    work.need("DROP ANY ROLE")
    name = work.parser.name()
    if name not in work.catalogue.roles:
        raise OraError(1919, name)
    return DefinitionPlan(
        (
            ("DELETE FROM _roles WHERE name = ?", (name,)),
            ("DELETE FROM _grants WHERE grantee = ? OR (privilege = 'ROLE' AND object = ?)", (name, name)),
        )
    )


def _privilege_words(parser: DefinitionParser) -> list[str]:
    """Take a comma-separated list of privileges or roles, each of one or more words."""
    found: list[str] = []
    while True:
        words: list[str] = []
        while parser.token.word not in {",", "ON", "TO", "FROM"} and parser.token.kind in {"word", "quoted"}:
            if words == ["SELECT"] and parser.token.word == "MINING":
                break
            words.append(parser.name())
        if not words:
            raise OraError(922, offset=parser.token.offset)
        found.append(" ".join(words))
        if not parser.accept(","):
            return found


def _grantees(work: _Work) -> list[str]:
    names = [work.parser.name()]
    while work.parser.accept(","):
        names.append(work.parser.name())
    for name in names:
        if name != "PUBLIC" and name not in work.catalogue.users and name not in work.catalogue.roles:
            raise OraError(1917, name)
    return names


def _change_grants(work: _Work, before_grantees: str, make: Callable[..., _Statement]) -> DefinitionPlan:
    parser, catalogue = work.parser, work.catalogue
    privileges = _privilege_words(parser)
    statements: list[_Statement] = []
    if parser.accept("ON"):
        if parser.accept("MINING", "MODEL"):
            owner, name = parser.qualified_name()
            model = catalogue.model(work.scope, owner, name)
            target = (model.owner, model.name)
        else:
            owner, name = parser.qualified_name()
            unit = catalogue.unit(work.scope, owner, name)
            found = unit if unit is not None else catalogue.relation(work.scope, owner, name)
            if found.owner == "SYS" and name.startswith("V$"):
                raise OraError(2030)
            target = (found.owner, name if found.owner == "SYS" else found.name)
        if target[0] != work.scope.user and not catalogue.has_privilege(work.scope.user, "GRANT ANY OBJECT PRIVILEGE"):
            raise OraError(1031)
        parser.expect(before_grantees)
        grantees = _grantees(work)
        for privilege in privileges:
            if privilege not in _OBJECT_PRIVILEGES and privilege not in {"ALL", "ALL PRIVILEGES"}:
                raise OraError(990, text="ORA-00990: missing or invalid privilege")
            each = sorted(_OBJECT_PRIVILEGES) if privilege.startswith("ALL") else [privilege]
            statements += [make(grantee, one, *target) for grantee in grantees for one in each]
    else:
        parser.expect(before_grantees)
        grantees = _grantees(work)
        for privilege in privileges:
            if privilege in catalogue.roles:
                _check_may_grant_role(work, privilege)
                statements += [make(grantee, "ROLE", "", privilege) for grantee in grantees]
            elif privilege in _SYSTEM_PRIVILEGES:
                work.need("GRANT ANY PRIVILEGE")
                statements += [make(grantee, privilege, "", "") for grantee in grantees]
            elif " " in privilege:
                raise OraError(990, text="ORA-00990: missing or invalid privilege")
            else:
                raise OraError(1919, privilege)
    if parser.token.word == "WITH":
        raise NotEmulated("GRANT … WITH ADMIN OPTION or WITH GRANT OPTION", offset=parser.token.offset)
    return DefinitionPlan(tuple(statements))


def _check_may_grant_role(work: _Work, role: str) -> None:
    if role not in work.catalogue.granted_roles(work.scope.user) and not work.catalogue.has_privilege(
        work.scope.user, "GRANT ANY ROLE"
    ):
        raise OraError(1924, role)


_SYSTEM_PRIVILEGES = frozenset(
    {
        *("CREATE SESSION", "CREATE TABLE", "CREATE VIEW", "CREATE PROCEDURE", "CREATE SEQUENCE", "CREATE SYNONYM"),
        *(
            "CREATE PUBLIC SYNONYM",
            "CREATE TRIGGER",
            "CREATE TYPE",
            "CREATE MINING MODEL",
            "CREATE USER",
            "CREATE ROLE",
        ),
        *("ALTER USER", "DROP USER", "ALTER SYSTEM", "ALTER SESSION", "UNLIMITED TABLESPACE", "SELECT ANY TABLE"),
        *("INSERT ANY TABLE", "UPDATE ANY TABLE", "DELETE ANY TABLE", "CREATE ANY TABLE", "DROP ANY TABLE"),
        *("ALTER ANY TABLE", "SELECT ANY DICTIONARY", "KEEP DATE TIME", "KEEP SYSGUID", "GRANT ANY PRIVILEGE"),
        *("GRANT ANY ROLE", "CREATE JOB", "CREATE MATERIALIZED VIEW", "SET CONTAINER"),
    }
)


def _grant(grantee: str, privilege: str, owner: str, name: str) -> _Statement:
    return ("INSERT OR IGNORE INTO _grants VALUES (?, ?, ?, ?)", (grantee, privilege, owner, name))


def _revoke(grantee: str, privilege: str, owner: str, name: str) -> _Statement:
    return (
        "DELETE FROM _grants WHERE grantee = ? AND privilege = ? AND owner = ? AND object = ?",
        (grantee, privilege, owner, name),
    )


# ---------------------------------------------------------------------- tables


@dataclass(slots=True)
class _TableDraft:
    """A table while its definition is read."""

    owner: str
    name: str
    columns: list[TableColumn]
    constraints: list[Constraint]
    counter: int

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


def _create_table(work: _Work) -> DefinitionPlan:
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
        _tablespace(parser)
    if catalogue.name_is_used(owner, name):
        if exists_allowed:
            return DefinitionPlan(())
        raise OraError(955, offset=offset)
    if len({column.name for column in draft.columns}) < len(draft.columns):
        raise OraError(957)
    relation = draft.relation()
    statements = _create_statements(relation, catalogue)
    statements.append(_store_object(relation.owner, relation.name, "TABLE", relation_to_json(relation)))
    statements.append(("UPDATE _counters SET value = ? WHERE name = 'constraint'", (draft.counter,)))
    parents = {
        table_storage(constraint.parent_owner, constraint.parent_table)
        for constraint in relation.constraints
        if constraint.kind is ConstraintKind.FOREIGN_KEY
    }
    return DefinitionPlan(tuple(statements), frozenset(parents - {relation.sqlite_name}))


def _column(work: _Work, draft: _TableDraft) -> None:
    parser = work.parser
    name = parser.name()
    sql_type = parser.data_type()
    nullable, default = True, None
    while True:
        constraint_name = parser.name() if parser.accept("CONSTRAINT") else None
        if parser.accept("DEFAULT"):
            if parser.accept("ON", "NULL"):
                raise NotEmulated("DEFAULT ON NULL")
            default = parser.expression_text(_COLUMN_CLAUSES)
        elif parser.accept("NOT", "NULL"):
            nullable = False
        elif parser.accept("NULL"):
            nullable = True
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
    draft.columns.append(TableColumn(name, sql_type, nullable, default))


def _table_constraint(work: _Work, draft: _TableDraft) -> bool:
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


def _reference(work: _Work, draft: _TableDraft, name: str | None, columns: tuple[str, ...]) -> Constraint:
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


def _names_sql(names: Sequence[str]) -> str:
    return ", ".join(f'"{sqlite_identifier(name)}"' for name in names)


def _create_statements(relation: Relation, catalogue: Catalogue) -> list[_Statement]:
    """Write a table for SQLite; names of constraints live in the dictionary only."""
    names = {constraint.name for other in catalogue.relations.values() for constraint in other.constraints}
    used = next((constraint.name for constraint in relation.constraints if constraint.name in names), None)
    if used is not None:
        raise OraError(2264)
    lines = []
    has_primary = any(constraint.kind is ConstraintKind.PRIMARY_KEY for constraint in relation.constraints)
    if not has_primary:  # changesets know rows by their primary key
        lines.append('"_rowid" INTEGER PRIMARY KEY')
    for column in relation.columns:
        null = "" if column.nullable else " NOT NULL"
        lines.append(f'"{sqlite_identifier(column.name)}" {SQLITE_TYPES[signature_letter(column.type)]}{null}')
    for constraint in relation.constraints:
        unknown = set(constraint.columns) - set(relation.by_name)
        if unknown:
            raise OraError(904, f'"{min(unknown)}"')
        columns = _names_sql(constraint.columns)
        if constraint.kind is ConstraintKind.PRIMARY_KEY:
            lines.append(f"PRIMARY KEY ({columns})")
        elif constraint.kind is ConstraintKind.UNIQUE:
            lines.append(f"UNIQUE ({columns})")
        else:
            parent = f'"{table_storage(constraint.parent_owner, constraint.parent_table)}"'
            action = f" ON DELETE {constraint.on_delete}" if constraint.on_delete else ""
            lines.append(
                f"FOREIGN KEY ({columns}) REFERENCES {parent} ({_names_sql(constraint.parent_columns)}){action}"
            )
    statements: list[_Statement] = [(f'CREATE TABLE "{relation.sqlite_name}" ({", ".join(lines)})', ())]
    for constraint in relation.constraints:
        if constraint.kind is ConstraintKind.FOREIGN_KEY:  # deleting a parent looks its children up
            index = f"{index_storage(relation.owner, relation.name)}.{constraint.name}"
            columns = _names_sql(constraint.columns)
            statements.append((f'CREATE INDEX "{index}" ON "{relation.sqlite_name}" ({columns})', ()))
    return statements


def _drop_table(work: _Work) -> DefinitionPlan:
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
            *_drop_vector_indexes(relation),
            (f'DROP TABLE "{relation.sqlite_name}"', ()),
            *_forget_object(relation.owner, relation.name, "TABLE"),
        ),
        frozenset({relation.sqlite_name}),
    )


def _skip_drop_clauses(parser: DefinitionParser) -> bool:
    cascade = parser.accept("CASCADE", "CONSTRAINTS")
    parser.accept("PURGE")
    return cascade


def _truncate_table(work: _Work) -> DefinitionPlan:
    relation = work.table()
    for other in work.catalogue.relations.values():
        for constraint in other.constraints:
            if (constraint.parent_owner, constraint.parent_table) == (relation.owner, relation.name):
                raise OraError(2266, text="ORA-02266: unique/primary keys in table referenced by enabled foreign keys")
    statement = f'DELETE FROM "{relation.sqlite_name}"'
    return DefinitionPlan(((statement, ()),), frozenset({relation.sqlite_name}))


def _alter_table(work: _Work) -> DefinitionPlan:
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
    statements: list[_Statement] = [
        (
            (
                f'ALTER TABLE "{relation.sqlite_name}" ADD COLUMN "{sqlite_identifier(column.name)}" '
                f"{SQLITE_TYPES[signature_letter(column.type)]}"
            ),
            (),
        )
        for column in added
    ]
    statements.append(_store_object(changed.owner, changed.name, "TABLE", relation_to_json(changed)))
    return DefinitionPlan(tuple(statements), frozenset({relation.sqlite_name}))


def _create_index(work: _Work, *, unique: bool = False) -> DefinitionPlan:
    parser, catalogue = work.parser, work.catalogue
    exists_allowed = parser.accept("IF", "NOT", "EXISTS")
    owner, name = parser.qualified_name()
    owner = owner or work.scope.schema
    parser.expect("ON", code=969)
    relation = work.table()
    columns = parser.names()
    if catalogue.index_owner(owner, name) is not None:
        if exists_allowed:
            return DefinitionPlan(())
        raise OraError(955)
    unknown = set(columns) - set(relation.by_name)
    if unknown:
        raise OraError(904, f'"{min(unknown)}"')
    changed = replace(relation, indexes=(*relation.indexes, Index(owner, name, columns, unique)), by_name={})
    kind = "UNIQUE INDEX" if unique else "INDEX"
    return DefinitionPlan(
        (
            (f'CREATE {kind} "{index_storage(owner, name)}" ON "{relation.sqlite_name}" ({_names_sql(columns)})', ()),
            _store_object(changed.owner, changed.name, "TABLE", relation_to_json(changed)),
        ),
        frozenset({relation.sqlite_name}),
    )


def _create_vector_index(work: _Work) -> DefinitionPlan:
    """Plan CREATE VECTOR INDEX … ORGANIZATION NEIGHBOR PARTITIONS: an IVF index; graphs (HNSW) are not emulated."""
    parser, catalogue = work.parser, work.catalogue
    exists_allowed = parser.accept("IF", "NOT", "EXISTS")
    owner, name = parser.qualified_name()
    owner = owner or work.scope.schema
    parser.expect("ON", code=969)
    relation = work.table()
    columns = parser.names()
    count, metric = _vector_index_clauses(parser)
    if catalogue.index_owner(owner, name) is not None:
        if exists_allowed:
            return DefinitionPlan(())
        raise OraError(955)
    column = relation.by_name.get(columns[0])
    if column is None:
        raise OraError(904, f'"{columns[0]}"')
    if len(columns) != 1 or column.type.name is not TypeName.VECTOR:
        raise NotEmulated("a vector index on anything but one column of type VECTOR")
    index = Index(owner, name, columns, metric=metric)
    changed = replace(relation, indexes=(*relation.indexes, index), by_name={})
    return DefinitionPlan(
        (
            *create_statements(index.storage, relation.sqlite_name, column.name, count=count, metric=metric),
            _store_object(changed.owner, changed.name, "TABLE", relation_to_json(changed)),
        ),
        frozenset({relation.sqlite_name}),
    )


def _vector_index_clauses(parser: DefinitionParser) -> tuple[int, str]:
    """Take the clauses of a vector index; return the number of partitions (0: default) and the metric."""
    if parser.accept("ORGANIZATION", "INMEMORY"):
        raise NotEmulated("vector index with ORGANIZATION INMEMORY NEIGHBOR GRAPH (HNSW)")
    parser.expect("ORGANIZATION", "NEIGHBOR", "PARTITIONS")
    count, metric = 0, "COSINE"
    while parser.token.kind != "end":
        if parser.accept("DISTANCE") or parser.accept("WITH", "DISTANCE"):
            metric = parser.name()
            if metric not in INDEX_METRICS:
                raise NotEmulated(f"vector index with DISTANCE {metric}")
        elif parser.accept("WITH", "TARGET", "ACCURACY"):
            raise NotEmulated("a vector index's own TARGET ACCURACY; name it in the query")
        elif parser.accept("PARAMETERS", "(", "TYPE", "IVF"):
            if parser.accept(",", "NEIGHBOR", "PARTITIONS"):
                count = parser.number()
            parser.expect(")", code=907)
        elif parser.accept("PARALLEL"):
            parser.number()  # it is built by one process here, with the same result
        else:
            break
    return count, metric


def _drop_vector_indexes(relation: Relation) -> list[_Statement]:
    """Return what removes the tables of a table's vector indexes."""
    return [item for index in relation.indexes if index.metric for item in drop_statements(index.storage)]


def _drop_index(work: _Work) -> DefinitionPlan:
    missing_allowed = work.parser.accept("IF", "EXISTS")
    owner, name = work.parser.qualified_name()
    owner = owner or work.scope.schema
    relation = work.catalogue.index_owner(owner, name)
    if relation is None:
        if missing_allowed:
            return DefinitionPlan(())
        raise OraError(1418)
    kept = tuple(index for index in relation.indexes if (index.owner, index.name) != (owner, name))
    changed = replace(relation, indexes=kept, by_name={})
    dropped = next(index for index in relation.indexes if (index.owner, index.name) == (owner, name))
    plain = [(f'DROP INDEX "{index_storage(owner, name)}"', ())]
    statements = drop_statements(dropped.storage) if dropped.metric else plain
    return DefinitionPlan(
        (
            *statements,
            _store_object(changed.owner, changed.name, "TABLE", relation_to_json(changed)),
        ),
        frozenset({relation.sqlite_name}),
    )


# ---------------------------------------------------------------------- views


def _create_view(work: _Work, *, replaces: bool = False) -> DefinitionPlan:
    parser, catalogue = work.parser, work.catalogue
    exists_allowed = parser.accept("IF", "NOT", "EXISTS")
    offset = parser.token.offset
    owner, name = parser.qualified_name()
    owner = owner or work.scope.schema
    work.need("CREATE VIEW", owner)
    known = catalogue.relations.get((owner, name))
    is_view = known is not None and known.kind is RelationKind.VIEW
    if catalogue.name_is_used(owner, name) and not (is_view and (replaces or exists_allowed)):
        raise OraError(955, offset=offset)
    relation = read_view(parser, catalogue, work.scope, owner, name)
    if is_view and exists_allowed:
        return DefinitionPlan(())
    return DefinitionPlan((_store_object(owner, name, "VIEW", relation_to_json(relation)),))


def _drop_view(work: _Work) -> DefinitionPlan:
    missing_allowed = work.parser.accept("IF", "EXISTS")
    owner, name = work.parser.qualified_name()
    owner = owner or work.scope.schema
    found = work.catalogue.relations.get((owner, name))
    if found is None or found.kind is not RelationKind.VIEW:
        if missing_allowed:
            return DefinitionPlan(())
        raise OraError(942, f'"{owner}"."{name}"')
    if owner != work.scope.user:
        work.need("DROP VIEW", owner)
    work.parser.accept("CASCADE", "CONSTRAINTS")
    return DefinitionPlan(tuple(_forget_object(owner, name, "VIEW")))


# ---------------------------------------------------------------------- synonyms, units, models


def _create_synonym(work: _Work, *, public: bool = False) -> DefinitionPlan:
    owner, name = work.parser.qualified_name()
    owner = "PUBLIC" if public else owner or work.scope.schema
    if public:
        work.need("CREATE PUBLIC SYNONYM")
    else:
        work.need("CREATE SYNONYM", owner)
    work.parser.expect("FOR")
    target_owner, target = work.parser.qualified_name()
    definition = json.dumps({"owner": target_owner or work.scope.schema, "name": target})
    return DefinitionPlan((_store_object(owner, name, "SYNONYM", definition),))


def _drop_unit(kind: str) -> Callable[[_Work], DefinitionPlan]:
    def make(work: _Work) -> DefinitionPlan:
        missing_allowed = work.parser.accept("IF", "EXISTS")
        owner, name = work.parser.qualified_name()
        owner = owner or work.scope.schema
        if owner != work.scope.user:
            work.need("DROP PROCEDURE", owner)
        if (owner, name, kind) not in work.catalogue.units:
            if missing_allowed:
                return DefinitionPlan(())
            raise OraError(4043, f"{owner}.{name}")
        kinds = ("PACKAGE", "PACKAGE BODY") if kind == "PACKAGE" else (kind,)
        return DefinitionPlan(tuple(item for each in kinds for item in _forget_object(owner, name, each)))

    return make


def plan_unit(unit: Unit, errors: Sequence[UnitError]) -> DefinitionPlan:
    """Plan the storing of a compiled PL/SQL unit; with errors it is stored invalid, with a warning (ORA-24344)."""
    definition = json.dumps({"source": unit.source, "invoker_rights": unit.invoker_rights})
    statements = [
        *_forget_object(unit.owner, unit.name, unit.kind, keep_grants=True),
        _store_object(unit.owner, unit.name, unit.kind, definition, "VALID" if unit.valid else "INVALID"),
    ]
    for sequence, error in enumerate(errors, 1):
        row = (unit.owner, unit.name, unit.kind, sequence, error.line, error.position, error.text)
        statements.append(("INSERT INTO _errors VALUES (?, ?, ?, ?, ?, ?, ?)", row))
    return DefinitionPlan(tuple(statements), warning_code=24344 if errors else 0)


def plan_model(model: Model, data: bytes) -> DefinitionPlan:
    """Plan the storing of an ONNX model."""
    row = (
        model.owner,
        model.name,
        data,
        model.metadata,
        model.dimensions,
        model.input_name,
        model.input_kind,
        model.fingerprint,
        _now(),
    )
    return DefinitionPlan((("INSERT INTO _models VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row),))


def model_fingerprint(owner: str, name: str, data: bytes) -> str:
    """Return what tells a model from another one that was loaded under the same name."""
    return hashlib.sha256(f"{owner}.{name}:".encode() + data).hexdigest()[:32]


def plan_drop_model(owner: str, name: str, catalogue: Catalogue) -> DefinitionPlan:
    """Plan the dropping of an ONNX model; ORA-40284 if there is none."""
    if (owner, name) not in catalogue.models:
        raise OraError(40284)
    return DefinitionPlan(
        (
            ("DELETE FROM _models WHERE owner = ? AND name = ?", (owner, name)),
            ("DELETE FROM _grants WHERE owner = ? AND object = ?", (owner, name)),
        )
    )


def new_verifier(password: str) -> Verifier:
    """Return the verifier of a password that a user is given.

    Raises:
        OraError: 988, it is empty; 28218, longer than a password may be (Source: error page of ORA-28218).
    """
    if not password:
        raise OraError(988)
    if len(password.encode()) > _LONGEST_PASSWORD_BYTES:
        raise OraError(28218)
    return make_verifier(password)


def plan_password(user: str, verifier: Verifier) -> DefinitionPlan:
    """Plan a change of password."""
    row = (verifier.salt, verifier.hash, user)
    return DefinitionPlan((("UPDATE _users SET salt = ?, hash = ? WHERE name = ?", row),))


def _store_object(owner: str, name: str, kind: str, definition: str, status: str = "VALID") -> _Statement:
    return (
        (
            "INSERT INTO _objects VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET definition = excluded.definition, status = excluded.status"
        ),
        (owner, name, kind, definition, status, _now()),
    )


def _forget_object(owner: str, name: str, kind: str, *, keep_grants: bool = False) -> list[_Statement]:
    statements: list[_Statement] = [
        ("DELETE FROM _objects WHERE owner = ? AND name = ? AND kind = ?", (owner, name, kind)),
        ("DELETE FROM _errors WHERE owner = ? AND name = ? AND kind = ?", (owner, name, kind)),
    ]
    if not keep_grants:
        statements.append(("DELETE FROM _grants WHERE owner = ? AND object = ?", (owner, name)))
    return statements


def _now() -> str:
    return f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M:%S}"


_STATEMENTS: tuple[tuple[tuple[str, ...], Callable[[_Work], DefinitionPlan]], ...] = (
    (("CREATE", "USER"), _create_user),
    (("ALTER", "USER"), _alter_user),
    (("DROP", "USER"), _drop_user),
    (("CREATE", "ROLE"), _create_role),
    (("DROP", "ROLE"), _drop_role),
    (("GRANT",), lambda work: _change_grants(work, "TO", _grant)),
    (("REVOKE",), lambda work: _change_grants(work, "FROM", _revoke)),
    (("CREATE", "TABLE"), _create_table),
    (("DROP", "TABLE"), _drop_table),
    (("TRUNCATE", "TABLE"), _truncate_table),
    (("ALTER", "TABLE"), _alter_table),
    (("CREATE", "INDEX"), _create_index),
    (("CREATE", "VECTOR", "INDEX"), _create_vector_index),
    (("CREATE", "UNIQUE", "INDEX"), lambda work: _create_index(work, unique=True)),
    (("DROP", "INDEX"), _drop_index),
    (("CREATE", "VIEW"), _create_view),
    (("CREATE", "OR", "REPLACE", "VIEW"), lambda work: _create_view(work, replaces=True)),
    (("DROP", "VIEW"), _drop_view),
    (("CREATE", "SYNONYM"), _create_synonym),
    (("CREATE", "OR", "REPLACE", "SYNONYM"), _create_synonym),
    (("CREATE", "PUBLIC", "SYNONYM"), lambda work: _create_synonym(work, public=True)),
    (("DROP", "PROCEDURE"), _drop_unit("PROCEDURE")),
    (("DROP", "FUNCTION"), _drop_unit("FUNCTION")),
    (("DROP", "PACKAGE", "BODY"), _drop_unit("PACKAGE BODY")),
    (("DROP", "PACKAGE"), _drop_unit("PACKAGE")),
)


def definition_statements() -> list[str]:
    """Return the first words of the statements of DDL, sorted."""
    return sorted(" ".join(words) for words, _maker in _STATEMENTS)
