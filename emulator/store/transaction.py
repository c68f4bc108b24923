"""One open transaction: its changes, its locks, its savepoints.

Each statement's changeset is kept here until the end. The changes are also in the store's only writer while the
transaction works there; another transaction that needs the writer takes them out, and SQLite does so by itself where a
statement was interrupted or the disk is full. They are applied again only when a statement could see them.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import apsw

from emulator.engine.call_context import uninterrupted
from emulator.engine.constraint_errors import translate
from emulator.engine.prepared import SchemaMovedError, StoredRow
from emulator.errors import OraError
from emulator.session import BatchError
from emulator.store.key_moves import move_keys
from emulator.store.locks import LockKey, check_deadlock
from emulator.store.merging import run_merge
from emulator.store.row_keys import row_lock, table_keys, wishes_of

if TYPE_CHECKING:
    from emulator.engine.prepared import LockPlan, PreparedChange
    from emulator.store.store import Store

#: How often a waiting statement looks whether its client has given up, seconds.
_WAIT_SLICE_SECONDS = 0.05
#: SQLite calls a key violated though the row in its way is being deleted, or the parent being inserted, by another
#: transaction: such a statement has to wait.
_MAY_BE_RIVAL = frozenset(
    {apsw.SQLITE_CONSTRAINT_PRIMARYKEY, apsw.SQLITE_CONSTRAINT_UNIQUE, apsw.SQLITE_CONSTRAINT_FOREIGNKEY}
)


@dataclass(slots=True)
class ChangeResult:
    """What a DML statement did; per execution."""

    row_counts: list[int] = field(default_factory=list)
    #: Rows of RETURNING, as SQLite gave them.
    returned: list[list[StoredRow]] = field(default_factory=list)
    errors: list[BatchError] = field(default_factory=list)


@dataclass(slots=True)
class _Savepoint:
    name: str
    #: How many changesets there were, and how many locks.
    changes: int
    held: int


def _extended_code(error: apsw.ConstraintError) -> int:
    code: int = error.extendedresult  # type: ignore[attr-defined]  # set on each instance
    return code


@dataclass(slots=True)
class _FailingChange:
    """The change of a MERGE that was begun last."""

    text: str = ""
    row: StoredRow = ()

    def note(self, text: str, row: StoredRow) -> None:
        self.text, self.row = text, row


class _BlockedError(Exception):
    """Another transaction holds what the statement needs; it is undone and runs again later."""

    def __init__(self, holders: set[Transaction]) -> None:
        self.holders = holders


class _NeedsOwnChangesError(Exception):
    """The statement has to see the transaction's own changes; it is undone and runs again with them."""


def combine(changesets: Sequence[bytes]) -> bytes:
    """Return one changeset that does what several do one after another; empty if they do nothing together."""
    builder = apsw.ChangesetBuilder()  # type: ignore[no-untyped-call]  # apsw leaves it out
    for changeset in changesets:
        builder.add(changeset)
    combined = builder.output()
    builder.close()
    return combined


def _locks_of(values: StoredRow, lock: LockPlan) -> dict[LockKey, bool]:
    """Return the row locks for the keys at a row's end; an outer join may have none for a table."""
    found: dict[LockKey, bool] = {}
    at = 0
    for table, count in lock.tables:
        key = values[at : at + count]
        at += count
        if None not in key:
            found["R", table, tuple(key)] = True
    return found


class Transaction:
    """A transaction of one session; begins by itself with the first change, again after each end."""

    def __init__(self, store: Store) -> None:
        """Belong to a store; nothing is locked or written yet."""
        self.store = store
        #: Changesets of what it has changed, in order.
        self.changes: list[bytes] = []
        #: Its locks in the order of their taking; True for exclusive.
        self.held: dict[LockKey, bool] = {}
        #: SQLite names of tables it has changed.
        self.tables: set[str] = set()
        self.waits_for: set[Transaction] = set()
        #: Told when the transaction ends.
        self.ended = threading.Condition(store.latch)
        self._savepoints: list[_Savepoint] = []
        self._epoch = 0
        #: The store's epoch in which it began.
        self._role_epoch = store.epoch

    @property
    def has_changes(self) -> bool:
        """Whether there is something to commit."""
        return bool(self.held)

    # ------------------------------------------------------------------ statements

    def change(
        self,
        prepared: PreparedChange,
        rows: Sequence[StoredRow | OraError],
        *,
        batch_errors: bool = False,
        check_cancelled: Callable[[], None],
    ) -> ChangeResult:
        """Run DML, once per row of SQLite parameters; waits for row locks of others.

        Args:
            prepared: The statement.
            rows: Parameters of each execution, or why there are none: the error that its values raised.
            batch_errors: Go on after a failing execution and report it in the result.
            check_cancelled: Called while it waits.

        Raises:
            OraError: An execution failed: 1, 1400, 2290, 2291, 2292 and their like, 60 deadlock, 1013 cancelled.
                Earlier
                executions stand; ``row_count`` says how many.
        """
        result = ChangeResult()
        if not batch_errors:
            good = [row for row in rows if not isinstance(row, OraError)]
            self._change_together(prepared, good, result, check_cancelled)
            for row in rows:
                if isinstance(row, OraError):
                    row.row_count = len(good)
                    raise row
            return result
        for number, row in enumerate(rows):
            try:
                if isinstance(row, OraError):
                    raise row
                self._change_together(prepared, [row], result, check_cancelled)
            except OraError as error:
                result.row_counts.append(0)
                result.returned.append([])
                result.errors.append(BatchError(number, error.code, error.text))
                if error.code == 1013:
                    raise
            except SchemaMovedError:
                if number == 0:
                    raise
                raise OraError(8103) from None  # the executions before this one stand
        return result

    def change_as_one(
        self, prepared: PreparedChange, rows: Sequence[StoredRow], *, check_cancelled: Callable[[], None]
    ) -> int:
        """Run DML with many rows of parameters as one execution: all of it or nothing; return the row count.

        Raises:
            OraError: As ``change``.
        """
        return sum(self._run(prepared, rows, check_cancelled).row_counts)

    def _change_together(
        self,
        prepared: PreparedChange,
        rows: Sequence[StoredRow],
        result: ChangeResult,
        check_cancelled: Callable[[], None],
    ) -> None:
        try:
            found = self._run(prepared, rows, check_cancelled)
        except OraError as error:
            done = error.row_count
            if done:
                self._change_together(prepared, rows[:done], result, check_cancelled)
            error.row_count = done
            raise
        result.row_counts += found.row_counts
        result.returned += found.returned

    def _run(
        self, prepared: PreparedChange, rows: Sequence[StoredRow], check_cancelled: Callable[[], None]
    ) -> ChangeResult:
        """Run all rows as one: nothing of them stands when this raises."""
        store = self.store
        needs_own_changes = not prepared.blind
        with store.latch:
            while True:
                self._check_role()
                store.take_over(self, full=needs_own_changes)
                try:
                    return self._attempt(prepared, rows)
                except _NeedsOwnChangesError:
                    needs_own_changes = True
                except _BlockedError as blocked:
                    self._wait(blocked.holders, check_cancelled)

    def lock_rows(
        self, sql: str, parameters: StoredRow, lock: LockPlan, schema_version: int, check_cancelled: Callable[[], None]
    ) -> list[StoredRow]:
        """Run SELECT … FOR UPDATE: lock the rows that it finds, waiting for others; returns all rows.

        Raises:
            SchemaMovedError: The text was written for another schema.
            OraError: 54 with NOWAIT, 30006 after WAIT n, 60 deadlock, 1013 cancelled.
        """
        store = self.store
        end = None if lock.wait_seconds is None else time.monotonic() + lock.wait_seconds
        with store.latch:
            while True:
                if store.catalogue.schema_version != schema_version:
                    raise SchemaMovedError
                self._check_role()
                store.take_over(self, full=True)
                rows = [
                    (row[: -lock.key_columns], _locks_of(row[-lock.key_columns :], lock))
                    for row in store.writer.execute(sql, parameters).fetchall()
                ]
                if lock.skips_locked:
                    rows = [row for row in rows if not store.locks.holders(self, row[1])]
                wishes = {key: True for _row, keys in rows for key in keys}
                holders = store.locks.holders(self, wishes)
                if not holders:
                    store.locks.take(self, wishes)
                    return [row for row, _keys in rows]
                if end is not None and time.monotonic() >= end:
                    raise OraError(30006 if lock.wait_seconds else 54)
                self._wait(holders, check_cancelled, end)

    def _check_role(self) -> None:
        """Refuse on a standby, and after a role change that this transaction has not survived.

        Raises:
            OraError: 16000, 3113.
        """
        self.store.check_writable()
        if not self.held:
            self._role_epoch = self.store.epoch
        elif self._role_epoch != self.store.epoch:
            raise OraError(3113)

    def _attempt(self, prepared: PreparedChange, rows: Sequence[StoredRow]) -> ChangeResult:
        store = self.store
        writer = store.writer
        catalogue = store.catalogue
        if any(catalogue.table_by_sqlite_name(each.sqlite_name) != each for each in prepared.relations):
            raise SchemaMovedError
        relation = prepared.relations[0]
        keys = table_keys(relation)
        text, key_columns = prepared.sqlite_text, 0
        if prepared.verb == "UPDATE":  # an update to the same value leaves no trace in a changeset, yet locks its row
            names = ", ".join(f'"{name}"' for name in keys.names(keys.primary))
            text += f", {names}" if prepared.returning else f" RETURNING {names}"
            key_columns = len(keys.primary)
        result = ChangeResult()
        writer.execute("SAVEPOINT statement").fetchall()
        recorder = store.record()
        row: StoredRow = ()
        failing = _FailingChange()
        try:
            touched: set[LockKey] = set()
            for row in rows:
                if prepared.merge is not None:
                    count, merged = run_merge(writer, prepared.merge, row, failing.note)
                    touched.update(row_lock(keys, key) for key in merged)
                    result.row_counts.append(count)
                    result.returned.append([])
                    continue
                before = writer.total_changes()
                try:
                    found = writer.execute(text, row).fetchall()
                except apsw.ConstraintError as error:
                    moved = self._move_keys(prepared, error, row)
                    touched.update(row_lock(keys, key) for key in moved)
                    result.row_counts.append(len(moved) // 2)
                    result.returned.append([])
                    continue
                count = writer.changes() if writer.total_changes() > before else 0
                result.row_counts.append(count)
                if key_columns:
                    touched.update(row_lock(keys, each[-key_columns:]) for each in found)
                    found = [each[:-key_columns] for each in found]
                result.returned.append(found)
            changeset = recorder.changeset()
            wishes = dict.fromkeys(touched, True) | wishes_of(changeset, store.catalogue, writer)
            self._check_wishes(wishes)
        except BaseException as error:
            recorder.close()
            with uninterrupted():
                failed_text, failed_row = (failing.text, failing.row) if failing.text else (text, row)
                failure = self._undo(prepared, error, failed_text, failed_row, rows[: len(result.row_counts)])
            if failure is error:
                raise
            raise failure from None
        recorder.close()
        writer.execute("RELEASE statement").fetchall()
        if changeset:
            self.changes.append(changeset)
        store.locks.take(self, wishes)
        if wishes:
            self.tables.add(prepared.table)
        return result

    def _move_keys(self, prepared: PreparedChange, error: apsw.ConstraintError, row: StoredRow) -> list[StoredRow]:
        """Carry out an UPDATE that keys stood in the way of only row by row; else raise the error."""
        is_key = _extended_code(error) in _MAY_BE_RIVAL - {apsw.SQLITE_CONSTRAINT_FOREIGNKEY}
        if prepared.key_update is None or not is_key or not self.store.owner_is_full:
            raise error
        try:
            return move_keys(self.store.writer, prepared.key_update, row, prepared.relations[0], self.store.catalogue)
        except apsw.ConstraintError:
            raise error from None

    def _check_wishes(self, wishes: dict[LockKey, bool]) -> None:
        """Raise if the statement ran without seeing changes of its own transaction, or against another's locks."""
        if not self.store.owner_is_full and any(self.held.get(key) for key in wishes):
            raise _NeedsOwnChangesError
        holders = self.store.locks.holders(self, wishes)
        if holders:
            raise _BlockedError(holders)

    def _undo(
        self,
        prepared: PreparedChange,
        error: BaseException,
        text: str,
        row: StoredRow,
        before: Sequence[StoredRow],
    ) -> BaseException:
        """Undo a failed statement, and it alone; return the error to raise."""
        store = self.store
        if not store.writer.in_transaction:
            store.vacate(self)  # SQLite has undone the whole transaction; what came before is in its changesets
        else:
            store.writer.execute("ROLLBACK TO statement").fetchall()
            if isinstance(error, apsw.ConstraintError):
                error = self._constraint_failure(prepared, error, text, row, before)
            elif isinstance(error, OraError):
                error.row_count = len(before)
            store.writer.execute("RELEASE statement").fetchall()
        if isinstance(error, apsw.FullError):
            owner, _, table = prepared.table.partition(".")
            return OraError(1653, text=f"ORA-01653: unable to extend table {owner}.{table}")
        return error

    def _constraint_failure(
        self,
        prepared: PreparedChange,
        error: apsw.ConstraintError,
        text: str,
        row: StoredRow,
        before: Sequence[StoredRow],
    ) -> Exception:
        """Say what a constraint violation means: a rival to wait for, or Oracle's error."""
        store = self.store
        writer = store.writer
        if not store.owner_is_full:
            return _NeedsOwnChangesError()
        if _extended_code(error) in _MAY_BE_RIVAL:
            holders = self._rivals(text, [*before, row] if prepared.merge is None else [row])
            if holders:
                return _BlockedError(holders)
        relation = store.catalogue.table_by_sqlite_name(prepared.table)
        assert relation is not None  # noqa: S101 - _attempt looked
        for earlier in before if prepared.merge is None else ():
            writer.execute(text, earlier).fetchall()
        verb = text.partition(" ")[0] if prepared.merge is not None else prepared.verb
        translated = translate(error, relation, verb, store.catalogue, connection=writer, text=text, row=row)
        writer.execute("ROLLBACK TO statement").fetchall()
        translated.row_count = len(before)
        return translated

    def _rivals(self, text: str, rows: Sequence[StoredRow]) -> set[Transaction]:
        """Run the statement as if no key stood in its way; return who holds the keys that it wants then."""
        store = self.store
        writer = store.writer
        forced = text.replace("INSERT ", "INSERT OR REPLACE ", 1) if text.startswith("INSERT ") else text
        forced = forced.replace("UPDATE ", "UPDATE OR REPLACE ", 1) if forced.startswith("UPDATE ") else forced
        recorder = store.record()
        try:
            writer.execute("PRAGMA defer_foreign_keys = ON").fetchall()
            for row in rows:
                writer.execute(forced, row).fetchall()
            return store.locks.holders(self, wishes_of(recorder.changeset(), store.catalogue, writer))
        except apsw.ConstraintError:
            return set()  # NOT NULL or CHECK: nobody's key
        finally:
            recorder.close()
            writer.execute("ROLLBACK TO statement").fetchall()
            writer.execute("PRAGMA defer_foreign_keys = OFF").fetchall()

    def _wait(self, holders: set[Transaction], check_cancelled: Callable[[], None], until: float | None = None) -> None:
        """Wait until one of the holders has ended, or a moment of the monotonic clock; the latch is free meanwhile."""
        check_deadlock(self, holders)
        self.waits_for = holders
        holder = next(iter(holders))
        epoch = holder._epoch  # noqa: SLF001 - of the same class
        try:
            while holder._epoch == epoch and holder.held and (until is None or time.monotonic() < until):  # noqa: SLF001
                holder.ended.wait(_WAIT_SLICE_SECONDS)
                check_cancelled()
        finally:
            self.waits_for = set()

    def query(self, sql: str, parameters: StoredRow, schema_version: int) -> list[StoredRow]:
        """Run a query that sees the transaction's own changes; returns all rows.

        Raises:
            SchemaMovedError: The text was written for another schema.
        """
        with self.store.latch:
            if self.store.catalogue.schema_version != schema_version:
                raise SchemaMovedError
            self._check_role()
            self.store.take_over(self, full=True)
            return self.store.writer.execute(sql, parameters).fetchall()

    # ------------------------------------------------------------------ ends and savepoints

    def commit(self) -> int:
        """Make the changes durable; return the SCN."""
        if not self.held and not self._savepoints:
            return self.store.scn
        with self.store.latch:
            if self.held:
                self._check_role()
                self.store.commit(self)
            self._end()
            return self.store.scn

    def rollback(self) -> None:
        """Undo the changes."""
        with self.store.latch:
            try:
                self.store.vacate(self)
            finally:
                self.changes.clear()
                self._end()

    def savepoint(self, name: str) -> None:
        """Mark a point; the same name again moves it."""
        self._savepoints = [point for point in self._savepoints if point.name != name]
        self._savepoints.append(_Savepoint(name, len(self.changes), len(self.held)))

    def has_savepoint(self, name: str) -> bool:
        """Tell whether there is a savepoint of that name."""
        return any(point.name == name for point in self._savepoints)

    def rollback_to(self, name: str) -> None:
        """Undo what came after a savepoint.

        Raises:
            OraError: 1086, there is none of that name.
        """
        with self.store.latch:
            position = next((at for at, point in enumerate(self._savepoints) if point.name == name), None)
            if position is None:
                raise OraError(
                    1086, text=f"ORA-01086: savepoint '{name}' never established in this session or is invalid"
                )
            point = self._savepoints[position]
            self.store.vacate(self)
            del self.changes[point.changes :]
            del self._savepoints[position + 1 :]
            # A key that was shared then and is exclusive now stays exclusive: too careful, never wrong.
            self.store.locks.give_back(self, list(self.held)[point.held :])
            self._epoch += 1
            self.ended.notify_all()

    def combine_changes(self) -> None:
        """Make one changeset of those since the last savepoint, if there are many: they are applied faster."""
        start = self._savepoints[-1].changes if self._savepoints else 0
        if len(self.changes) > start + 1:
            combined = combine(self.changes[start:])
            self.changes[start:] = [combined] if combined else []

    def _end(self) -> None:
        self.store.locks.give_back(self, list(self.held))
        self.tables.clear()
        self._savepoints.clear()
        self._epoch += 1
        self.ended.notify_all()
