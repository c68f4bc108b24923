"""Carries out a MERGE in the writer: finds and computes everything first, then changes row by row."""

from __future__ import annotations

from collections.abc import Callable

import apsw

from emulator.engine.prepared import MergePlan, StoredRow
from emulator.errors import OraError


def run_merge(
    writer: apsw.Connection,
    plan: MergePlan,
    row: StoredRow,
    before_change: Callable[[str, StoredRow], None],
) -> tuple[int, list[StoredRow]]:
    """Run a MERGE once.

    Args:
        writer: The connection, with all changes of the transaction.
        plan: The statement.
        row: SQLite's parameters.
        before_change: Told each change before it is made, so that a failure can be explained.

    Returns:
        How many rows were merged, and the keys of those that were updated.

    Raises:
        OraError: 30926, a row of the target would be updated twice.
    """
    updates: dict[StoredRow, StoredRow] = {}
    inserts: list[StoredRow] = []
    for does_update, does_insert, *values in writer.execute(plan.query, row).fetchall():
        key = tuple(values[: plan.key_count])
        if does_update:
            if key in updates:
                raise OraError(30926)
            updates[key] = tuple(values[plan.key_count : plan.key_count + plan.update_count])
        elif does_insert:
            inserts.append(tuple(values[plan.key_count + plan.update_count :]))

    def change(text: str, parameters: StoredRow) -> None:
        before_change(text, parameters)
        writer.execute(text, parameters).fetchall()

    for key, new in updates.items():
        change(plan.update, (*new, *key))
    if plan.to_delete and updates:
        for key in writer.execute(plan.to_delete, row).fetchall():
            if key in updates:
                change(plan.delete, key)
    for inserted in inserts:
        change(plan.insert, inserted)
    return len(updates) + len(inserts), list(updates)
