"""Constraint violations: from SQLite's words to Oracle's error, with the constraint's name."""

from __future__ import annotations

import re

import apsw

from emulator.engine.catalogue import Catalogue
from emulator.engine.objects import (
    Constraint,
    ConstraintKind,
    Relation,
    constraint_index,
    index_storage,
    oracle_identifier,
    sqlite_identifier,
    table_storage,
)
from emulator.engine.prepared import StoredRow
from emulator.errors import OraError

_UNIQUE = frozenset({ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE})
_INDEX = re.compile(r"constraint failed: index '(.*)'", re.DOTALL)
_COLUMNS = re.compile(r"constraint failed: (.*)", re.DOTALL)


def translate(
    error: apsw.ConstraintError,
    relation: Relation,
    verb: str,
    catalogue: Catalogue,
    *,
    connection: apsw.Connection,
    text: str,
    row: StoredRow,
) -> OraError:
    """Return Oracle's error for a violation.

    Args:
        error: SQLite's.
        relation: The table that the statement changes.
        verb: INSERT, UPDATE or DELETE.
        catalogue: Names of constraints.
        connection: The writer, inside a savepoint, as it was before the failing execution: which foreign key failed is
            found by looking, because SQLite does not say. The caller rolls back.
        text: The failing statement.
        row: Its parameters.
    """
    code: int = error.extendedresult  # type: ignore[attr-defined]  # set on each instance
    names = _column_names(str(error))
    if code == apsw.SQLITE_CONSTRAINT_NOTNULL:
        written = f'"{relation.owner}"."{relation.name}"."{names[-1]}"'
        return OraError(1407 if verb == "UPDATE" else 1400, written)
    if code in {apsw.SQLITE_CONSTRAINT_PRIMARYKEY, apsw.SQLITE_CONSTRAINT_UNIQUE, apsw.SQLITE_CONSTRAINT_ROWID}:
        index_name = _INDEX.search(str(error))
        for constraint in relation.constraints:
            served = constraint_index(relation.owner, relation.name, constraint.name)
            if index_name is not None and index_name[1] == served:
                return _unique(relation, constraint.name, constraint.columns)
            if constraint.kind in {ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE} and set(
                constraint.columns
            ) == set(names):
                return _unique(relation, constraint.name, constraint.columns)
        for index in relation.indexes:
            is_named = index_name is not None and index_name[1] == index_storage(index.owner, index.name)
            if index.unique and (is_named or set(index.columns) == set(names)):
                return _unique(relation, index.name, index.columns)
        return _unique(relation, "?", tuple(names))
    if code == apsw.SQLITE_CONSTRAINT_FOREIGNKEY:
        return _foreign_key(relation, verb, catalogue, connection, text, row)
    return OraError(600, f"constraint: {error}")


def _unique(relation: Relation, name: str, columns: tuple[str, ...]) -> OraError:
    return OraError(1, relation.owner, name, f"{relation.owner}.{relation.name}", ", ".join(columns))


def _column_names(message: str) -> list[str]:
    """Return the column names in ``UNIQUE constraint failed: OWNER.TABLE.A, OWNER.TABLE.B``."""
    match = _COLUMNS.search(message)
    if match is None:
        return []
    return [oracle_identifier(part.rsplit(".", 1)[-1]) for part in match[1].split(", ")]


def _foreign_key(
    relation: Relation, verb: str, catalogue: Catalogue, connection: apsw.Connection, text: str, row: StoredRow
) -> OraError:
    """Run the statement with its check put off, and look which reference hangs in the air."""
    connection.execute("PRAGMA defer_foreign_keys = ON").fetchall()
    connection.execute(text, row).fetchall()
    found = hanging_reference(relation, verb, catalogue, connection)
    connection.execute("ROLLBACK TO statement").fetchall()
    connection.execute("PRAGMA defer_foreign_keys = OFF").fetchall()
    return found or OraError(2291, relation.owner, "?")


def hanging_reference(
    relation: Relation, verb: str, catalogue: Catalogue, connection: apsw.Connection
) -> OraError | None:
    """Return the error for a foreign key that a change of a table has left without a parent; None if all have one."""
    found: OraError | None = None
    if verb != "DELETE":
        missing = next((each for each in _references(relation) if _hangs(connection, relation, each)), None)
        if missing is not None:
            found = OraError(2291, relation.owner, missing.name)
    if found is None:
        for other in catalogue.relations.values():
            for constraint in _references(other):
                if (constraint.parent_owner, constraint.parent_table) == (relation.owner, relation.name) and _hangs(
                    connection, other, constraint
                ):
                    found = OraError(2292, other.owner, constraint.name)
    return found


def _references(relation: Relation) -> list[Constraint]:
    return [constraint for constraint in relation.constraints if constraint.kind is ConstraintKind.FOREIGN_KEY]


def _hangs(connection: apsw.Connection, relation: Relation, constraint: Constraint) -> bool:
    parent = table_storage(constraint.parent_owner, constraint.parent_table)
    mine = [sqlite_identifier(name) for name in constraint.columns]
    theirs = [sqlite_identifier(name) for name in constraint.parent_columns]
    filled = " AND ".join(f'c."{name}" IS NOT NULL' for name in mine)
    joined = " AND ".join(f'p."{there}" = c."{here}"' for here, there in zip(mine, theirs, strict=True))
    query = (
        f'SELECT 1 FROM "{relation.sqlite_name}" AS c WHERE {filled} '
        f'AND NOT EXISTS (SELECT 1 FROM "{parent}" AS p WHERE {joined}) LIMIT 1'
    )
    return bool(connection.execute(query).fetchall())
