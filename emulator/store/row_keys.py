"""Which rows and keys a statement touched: read from the SQLite changeset that it left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import apsw

from emulator.engine.catalogue import Catalogue
from emulator.engine.objects import ConstraintKind, Relation, sqlite_identifier, table_storage
from emulator.store.locks import LockKey

_UNIQUE = frozenset({ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE})


@dataclass(frozen=True, slots=True)
class TableKeys:
    """A table's columns as SQLite numbers them, and its keys as column numbers."""

    table: str
    #: SQLite's names, a hidden row number first where the table has no primary key.
    columns: tuple[str, ...]
    primary: tuple[int, ...]
    unique: tuple[tuple[int, ...], ...]
    #: Column numbers, parent's SQLite name, parent's column names.
    foreign: tuple[tuple[tuple[int, ...], str, tuple[str, ...]], ...]

    def names(self, numbers: Sequence[int]) -> tuple[str, ...]:
        """Return the names of columns."""
        return tuple(self.columns[number] for number in numbers)


def table_keys(relation: Relation) -> TableKeys:
    """Work out a table's keys."""
    has_primary = relation.has_primary_key
    columns = tuple(sqlite_identifier(column.name) for column in relation.columns)
    if not has_primary:
        columns = ("_rowid", *columns)

    def numbers(names: Sequence[str]) -> tuple[int, ...]:
        return tuple(columns.index(sqlite_identifier(name)) for name in names)

    unique = []
    primary: tuple[int, ...] = (0,)
    foreign = []
    for constraint in relation.constraints:
        if constraint.kind is ConstraintKind.PRIMARY_KEY:
            primary = numbers(constraint.columns)
        if constraint.kind in _UNIQUE:
            unique.append(numbers(constraint.columns))
        elif constraint.kind is ConstraintKind.FOREIGN_KEY:
            parent = table_storage(constraint.parent_owner, constraint.parent_table)
            parent_columns = tuple(sqlite_identifier(name) for name in constraint.parent_columns)
            foreign.append((numbers(constraint.columns), parent, parent_columns))
    unique.extend(numbers(index.columns) for index in relation.indexes if index.unique)
    return TableKeys(relation.sqlite_name, columns, primary, tuple(unique), tuple(foreign))


def row_lock(keys: TableKeys, values: Sequence[Any]) -> LockKey:
    """Return the lock of the row with that primary key."""
    return ("R", keys.table, tuple(values))


def wishes_of(changeset: bytes, catalogue: Catalogue, writer: apsw.Connection) -> dict[LockKey, bool]:
    """Return the locks that a changeset's changes need.

    Args:
        changeset: What one statement did.
        catalogue: For the keys of its tables.
        writer: The connection that has the changes, for columns that a changeset leaves out.
    """
    wishes: dict[LockKey, bool] = {}
    known: dict[str, TableKeys] = {}
    for change in apsw.Changeset.iter(changeset):
        keys = known.get(change.name)
        if keys is None:
            relation = catalogue.table_by_sqlite_name(change.name)
            assert relation is not None  # noqa: S101 - the dictionary has every table that a session records
            keys = known[change.name] = table_keys(relation)
        _add(wishes, keys, change, writer)
    return wishes


def _add(wishes: dict[LockKey, bool], keys: TableKeys, change: apsw.TableChange, writer: apsw.Connection) -> None:
    old, new = change.old, change.new
    if change.op == "UPDATE":
        assert old is not None and new is not None  # noqa: S101, PT018 - an UPDATE has both
        wishes[row_lock(keys, [old[number] for number in keys.primary])] = True
        changed = {number for number, value in enumerate(new) if value is not apsw.no_change}
        touched = [key for key in keys.unique if changed & set(key)]
        references = [reference for reference in keys.foreign if changed & set(reference[0])]
        if touched or references:
            after = _read_row(keys, old, new, writer)
            before = [old[number] if number in changed else value for number, value in enumerate(after)]
            for key in touched:
                _want(wishes, keys.table, keys.names(key), [before[number] for number in key], exclusive=True)
                _want(wishes, keys.table, keys.names(key), [after[number] for number in key], exclusive=True)
            for numbers, parent, columns in references:
                _want(wishes, parent, columns, [after[number] for number in numbers], exclusive=False)
        return
    row = new if change.op == "INSERT" else old
    assert row is not None  # noqa: S101 - an INSERT has new values, a DELETE has old ones
    wishes[row_lock(keys, [row[number] for number in keys.primary])] = True
    for key in keys.unique:
        _want(wishes, keys.table, keys.names(key), [row[number] for number in key], exclusive=True)
    if change.op == "INSERT":
        for numbers, parent, columns in keys.foreign:
            _want(wishes, parent, columns, [row[number] for number in numbers], exclusive=False)


def _want(
    wishes: dict[LockKey, bool], table: str, columns: Sequence[str], values: Sequence[Any], *, exclusive: bool
) -> None:
    missing = [value is None for value in values]
    if all(missing) or (not exclusive and any(missing)):  # no key; a reference is none where a part of it is missing
        return
    key = ("K", table, tuple(columns), tuple(values))
    wishes[key] = wishes.get(key, False) or exclusive


def _read_row(keys: TableKeys, old: Sequence[Any], new: Sequence[Any], writer: apsw.Connection) -> Sequence[Any]:
    """Return a row as it is after an UPDATE."""
    columns = ", ".join(f'"{name}"' for name in keys.columns)
    where = " AND ".join(f'"{name}" = ?' for name in keys.names(keys.primary))
    values = [old[number] if new[number] is apsw.no_change else new[number] for number in keys.primary]
    return writer.execute(f'SELECT {columns} FROM "{keys.table}" WHERE {where}', values).fetchall()[0]  # noqa: S608 - names
