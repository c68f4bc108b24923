"""What the makers of DDL plans share: the parser at hand, rights, and the rows of the dictionary."""

from __future__ import annotations

import datetime
from collections.abc import Sequence as Series
from dataclasses import dataclass

from emulator.engine.catalogue import Catalogue
from emulator.engine.definition_parser import DefinitionParser
from emulator.engine.objects import (
    Relation,
    RelationKind,
    Scope,
    sqlite_identifier,
)
from emulator.engine.prepared import StoredRow
from emulator.errors import OraError

_TABLESPACES = frozenset({"USERS", "SYSTEM", "SYSAUX", "TEMP"})


Statement = tuple[str, StoredRow]


@dataclass(slots=True)
class Work:
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


def take_tablespace(parser: DefinitionParser) -> None:
    """Take a tablespace's name; ORA-00959 for an unknown one."""
    name = parser.name()
    if name not in _TABLESPACES:
        raise OraError(959, name)


def grant_statement(grantee: str, privilege: str, owner: str, name: str) -> Statement:
    """Write a privilege of somebody's."""
    return ("INSERT OR IGNORE INTO _grants VALUES (?, ?, ?, ?)", (grantee, privilege, owner, name))


def revoke_statement(grantee: str, privilege: str, owner: str, name: str) -> Statement:
    """Remove a privilege of somebody's."""
    return (
        "DELETE FROM _grants WHERE grantee = ? AND privilege = ? AND owner = ? AND object = ?",
        (grantee, privilege, owner, name),
    )


def store_object(owner: str, name: str, kind: str, definition: str, status: str = "VALID") -> Statement:
    """Write an object, or its new definition."""
    return (
        (
            "INSERT INTO _objects VALUES (?, ?, ?, ?, ?, ?) "
            "ON CONFLICT DO UPDATE SET definition = excluded.definition, status = excluded.status"
        ),
        (owner, name, kind, definition, status, now()),
    )


def forget_object(owner: str, name: str, kind: str, *, keep_grants: bool = False) -> list[Statement]:
    """Remove an object, its errors, and what was granted on it."""
    statements: list[Statement] = [
        ("DELETE FROM _objects WHERE owner = ? AND name = ? AND kind = ?", (owner, name, kind)),
        ("DELETE FROM _errors WHERE owner = ? AND name = ? AND kind = ?", (owner, name, kind)),
    ]
    if not keep_grants:
        statements.append(("DELETE FROM _grants WHERE owner = ? AND object = ?", (owner, name)))
    return statements


def names_sql(names: Series[str]) -> str:
    """Write names for SQLite, with commas between."""
    return ", ".join(f'"{sqlite_identifier(name)}"' for name in names)


def unique_index(name: str, relation: Relation, columns: Series[str]) -> str:
    """Write a unique index as Oracle compares keys: those of several columns also where some of them are NULL.

    Only a key that is NULL as a whole may occur twice. No column stores an empty text, so it can stand for NULL here.
    """
    table = f'"{relation.sqlite_name}"'
    names = [f'"{sqlite_identifier(column)}"' for column in columns]
    if len(names) == 1:
        return f'CREATE UNIQUE INDEX "{name}" ON {table} ({names[0]})'
    filled = " OR ".join(f"{each} IS NOT NULL" for each in names)
    keys = ", ".join(f"coalesce({each}, '')" for each in names)
    return f'CREATE UNIQUE INDEX "{name}" ON {table} ({keys}) WHERE {filled}'


def now() -> str:
    """Return the time of creation as the dictionary has it."""
    return f"{datetime.datetime.now(datetime.UTC):%Y-%m-%d %H:%M:%S}"
