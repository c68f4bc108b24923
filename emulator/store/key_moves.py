"""Key values that pass from row to row in an UPDATE: Oracle looks at keys at the statement's end, SQLite row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import apsw

from emulator.engine.catalogue import Catalogue
from emulator.engine.constraint_errors import hanging_reference
from emulator.engine.objects import Relation
from emulator.engine.prepared import KeyUpdate, StoredRow
from emulator.store.row_keys import table_keys

#: Begins a value that no column has: Oracle's numbers and texts have no such bytes.
_NOBODYS = b"\xff" * 8


def move_keys(
    writer: apsw.Connection, plan: KeyUpdate, row: StoredRow, relation: Relation, catalogue: Catalogue
) -> list[StoredRow]:
    """Carry out an UPDATE that SQLite has refused because a row had its key at that moment.

    Its rows get values that are nobody's in their keys first, and the new ones then. (The changeset of that is applied
    elsewhere by SQLite, which knows exchanges of keys there.)

    Args:
        writer: The connection, with all changes of the transaction.
        plan: The statement.
        row: SQLite's parameters.
        relation: The table.
        catalogue: For the tables that refer to it.

    Returns:
        The rows' primary keys before the statement, and after them those they have now, in the same order.

    Raises:
        apsw.ConstraintError: Two rows have the same key when all is done. Nothing was changed.
        OraError: 2291 or 2292, a reference hangs in the air then. Nothing was changed.
    """
    keys = table_keys(relation)
    primary = keys.names(keys.primary)
    in_keys = {name for key in (keys.primary, *keys.unique) for name in keys.names(key)}
    moving = [name for name in plan.columns if name in in_keys]
    found = writer.execute(plan.query, row).fetchall()
    old = [tuple(each[: len(primary)]) for each in found]
    new = [dict(zip(plan.columns, each[len(primary) :], strict=True)) for each in found]
    writer.execute("PRAGMA defer_foreign_keys = ON").fetchall()
    try:
        with writer:  # a savepoint
            parked: list[StoredRow] = []
            for number, key in enumerate(old):
                nobodys = {name: _NOBODYS + number.to_bytes(8, "big") for name in moving}
                _set(writer, relation, primary, key, nobodys)
                parked.append(_key_of(primary, key, nobodys))
            for key, values in zip(parked, new, strict=True):
                _set(writer, relation, primary, key, values)
            hanging = hanging_reference(relation, "UPDATE", catalogue, writer)
            if hanging is not None:
                raise hanging
    finally:
        writer.execute("PRAGMA defer_foreign_keys = OFF").fetchall()
    return [*old, *(_key_of(primary, key, values) for key, values in zip(old, new, strict=True))]


def _set(
    writer: apsw.Connection, relation: Relation, primary: Sequence[str], key: StoredRow, values: Mapping[str, object]
) -> None:
    sets = ", ".join(f'"{name}" = ?' for name in values)
    where = " AND ".join(f'"{name}" = ?' for name in primary)
    writer.execute(f'UPDATE "{relation.sqlite_name}" SET {sets} WHERE {where}', (*values.values(), *key)).fetchall()  # noqa: S608 - names


def _key_of(primary: Sequence[str], key: StoredRow, values: Mapping[str, object]) -> StoredRow:
    """Return a row's primary key once some of its columns have other values."""
    return tuple(values.get(name, before) for name, before in zip(primary, key, strict=True))
