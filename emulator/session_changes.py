"""What an INSERT, UPDATE or DELETE of a session does where the data can be changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from emulator.datatypes import Value
from emulator.engine.prepared import SchemaMovedError
from emulator.errors import OraError
from emulator.session import BatchError, Outcome

if TYPE_CHECKING:
    from emulator.engine.prepared import PreparedChange, PreparedQuery, StoredRow
    from emulator.store import Transaction
    from emulator.user_session import UserSession

_ALL_ROWS = 1_000_000_000


def change_here(
    session: UserSession,
    transaction: Transaction,
    change: PreparedChange,
    rows: Sequence[Sequence[Value]],
    *,
    batch_errors: bool,
) -> Outcome:
    """Run a change once for each row of binds, in the session's own transaction.

    Raises:
        OraError: A row failed; without batch errors, those before it stand.
        SchemaMovedError: The text was written for another schema; nothing was done.
    """
    if change.source is not None:
        return _change_by_source(session, transaction, change, change.source, rows or [()], batch_errors=batch_errors)
    parameters: list[StoredRow | OraError] = []
    for row in rows:
        try:
            parameters.append(change.parameters(row))
        except OraError as error:
            parameters.append(error)
            if not batch_errors:
                break
    with session.changing(change):
        result = transaction.change(
            change, parameters, batch_errors=batch_errors, check_cancelled=session.check_cancelled
        )
    returned = [
        [list(column) for column in zip(*(change.returned(row) for row in execution), strict=True)]
        or [[] for _ in change.returning]
        for execution in result.returned
    ]
    return Outcome(
        row_count=sum(result.row_counts),
        row_counts=result.row_counts,
        batch_errors=result.errors,
        returned=returned if change.returning else (),
    )


def _change_by_source(
    session: UserSession,
    transaction: Transaction,
    change: PreparedChange,
    query: PreparedQuery,
    rows: Sequence[Sequence[Value]],
    *,
    batch_errors: bool,
) -> Outcome:
    """Run INSERT … SELECT with a model: for each row of binds compute first, then insert all of it or nothing."""
    row_counts: list[int] = []
    errors: list[BatchError] = []
    for number, row in enumerate(rows):
        try:
            computed = session.queries.open(query, row)
            try:
                parameters = [change.parameters(each) for each in computed.fetch(_ALL_ROWS)]
            finally:
                computed.close()
            row_counts.append(transaction.change_as_one(change, parameters, check_cancelled=session.check_cancelled))
        except OraError as error:
            error.row_count = number
            if not batch_errors or error.code == 1013:
                raise
            row_counts.append(0)
            errors.append(BatchError(number, error.code, error.text))
        except SchemaMovedError:
            if number == 0:
                raise
            raise OraError(8103) from None  # the executions before this one stand
    return Outcome(row_count=sum(row_counts), row_counts=row_counts, batch_errors=errors)
