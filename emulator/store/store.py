"""One instance's data: a SQLite file with one writer behind a latch, and readers with snapshots.

The latch is held for a statement, never for a transaction; see ``emulator.store.transaction``.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import apsw

from emulator.engine.call_context import uninterrupted
from emulator.engine.catalogue import Catalogue
from emulator.engine.prepared import DefinitionPlan, SchemaMovedError, StoredRow
from emulator.engine.vector_index import INDEX_TABLES_PREFIX
from emulator.errors import OraError
from emulator.store import redo_log
from emulator.store.incarnations import create_incarnations, read_history
from emulator.store.locks import LockTable
from emulator.store.redo_log import RedoKind, RedoRecord
from emulator.store.sequences import SequenceValues
from emulator.store.transaction import Transaction, combine

#: A row of SQLite's holds at most 10^9 bytes, and a commit's redo is one row.
_LARGEST_COMMIT_BYTES = 900_000_000
_BUSY_MILLISECONDS = 10_000
#: What keeps a record from being applied now, but not for ever.
_PASSING_ERRORS = (apsw.BusyError, apsw.FullError, apsw.IOError, apsw.NoMemError)
#: KiB of page cache of each reader; there is one for each session that reads.
_READER_CACHE_KIB = 400


class DivergedError(Exception):
    """Redo does not fit the data that it is applied to; the standby has to be copied anew."""


class StaleEpochError(Exception):
    """The instance has changed its role since; whoever gets this has nothing to do here any more."""


class Snapshot:
    """A consistent view of committed data, for one cursor."""

    def __init__(self, store: Store) -> None:
        """Open it as of now."""
        self._store = store
        self._connection: apsw.Connection | None = store.reader()
        self._cursors: list[apsw.Cursor] = []
        self._connection.execute("BEGIN").fetchall()
        #: SQLite's number of the schema that it shows; reading it is what fixes the view.
        self.schema_version = int(str(self._connection.execute("PRAGMA schema_version").fetchall()[0][0]))

    def run(self, sql: str, parameters: StoredRow) -> Iterator[StoredRow]:
        """Run a query; its rows are read as they are asked for."""
        assert self._connection is not None  # noqa: S101 - not closed yet
        cursor = self._connection.cursor()
        self._cursors.append(cursor)
        return iter(cursor.execute(sql, parameters))

    def close(self) -> None:
        """Give the connection back; safe to call twice."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        for cursor in self._cursors:
            cursor.close(True)
        connection.execute("ROLLBACK").fetchall()
        self._store.release(connection)


class Store:
    """The data of one instance."""

    def __init__(self, path: Path, *, on_connect: Callable[[apsw.Connection], None], writable: bool) -> None:
        """Open a file that ``create`` made.

        Args:
            path: The SQLite file.
            on_connect: Prepares each new connection (SQL functions, dictionary views).
            writable: True on a primary; a standby only applies redo.
        """
        self.writable = writable
        #: Grows with each role change; who acts for an older one is refused under the latch.
        self.epoch = 0
        #: Of a snapshot standby: the SCN to which it will return.
        self.base_scn: int | None = None
        self.latch = threading.RLock()
        self.locks = LockTable()
        self.owner_is_full = True
        #: Told when the SCN grows.
        self.advanced = threading.Condition()
        self.path = path
        self._on_connect = on_connect
        self.sequences = SequenceValues(self)
        self._owner: Transaction | None = None
        self._readers: queue.LifoQueue[apsw.Connection] = queue.LifoQueue()
        self.writer = self._connect()
        self.writer.execute("PRAGMA journal_mode = WAL").fetchall()
        self.writer.execute("PRAGMA synchronous = NORMAL").fetchall()
        self.writer.execute(f"PRAGMA foreign_keys = {'ON' if writable else 'OFF'}").fetchall()
        redo_log.create_redo_log(self.writer)
        create_incarnations(self.writer)
        self.scn = redo_log.read_scn(self.writer)
        self.history = read_history(self.writer)
        self.catalogue = Catalogue.load(self.writer, 1)

    @classmethod
    def create(cls, path: Path, statements: Iterable[tuple[str, Sequence[object]]]) -> None:
        """Make a new file with the dictionary's first contents."""
        connection = apsw.Connection(str(path))
        with connection:
            redo_log.create_redo_log(connection)
            create_incarnations(connection)
            for sql, values in statements:
                connection.execute(sql, values).fetchall()
        connection.close()

    def close(self) -> None:
        """Close all connections; open transactions are lost."""
        with self.latch:
            self.vacate()
            self.writer.close()
        while not self._readers.empty():
            self._readers.get_nowait().close()

    def _connect(self) -> apsw.Connection:
        connection = apsw.Connection(str(self.path))
        connection.set_busy_timeout(_BUSY_MILLISECONDS)
        self._on_connect(connection)
        return connection

    # ------------------------------------------------------------------ reading

    def reader(self) -> apsw.Connection:
        """Take a read connection; give it back with ``release``."""
        try:
            return self._readers.get_nowait()
        except queue.Empty:
            connection = self._connect()
            connection.execute("PRAGMA query_only = ON").fetchall()
            connection.execute(f"PRAGMA cache_size = -{_READER_CACHE_KIB}").fetchall()
            return connection

    def release(self, connection: apsw.Connection) -> None:
        """Give a read connection back."""
        self._readers.put(connection)

    def open_snapshot(self) -> Snapshot:
        """Open a view of what is committed now."""
        return Snapshot(self)

    def wait_for_definition(self) -> None:
        """Wait until DDL that is in the data is in ``catalogue`` too."""
        with self.latch:
            pass

    # ------------------------------------------------------------------ the writer, under the latch

    def begin(self) -> Transaction:
        """Return a transaction for a session; it locks nothing yet."""
        return Transaction(self)

    def check_writable(self) -> None:
        """Refuse changes on a standby.

        Raises:
            OraError: 16000.
        """
        if not self.writable:
            raise OraError(16000)

    def begin_epoch(self) -> None:
        """Begin a new role: what open transactions have in the writer is lost, and they cannot be committed."""
        self.epoch += 1
        self.sequences.forget()
        self.vacate()

    def reload(self) -> None:
        """Read again what is kept in memory of the data; they have been replaced as a whole."""
        self.history = read_history(self.writer)
        self.sequences.forget()
        self.catalogue = Catalogue.load(self.writer, self.catalogue.version + 1)
        self._advance(redo_log.read_scn(self.writer))

    @property
    def applied_scn(self) -> int:
        """The last SCN of the primary's that is in the data; what a snapshot standby wrote itself is none."""
        return self.scn if self.base_scn is None else self.base_scn

    def record(self) -> apsw.Session:
        """Start recording changes of the writer, the emulator's own tables left out."""
        session = apsw.Session(self.writer, "main")
        # OWNER.TABLE; an owner's name may begin with anything. An index's own tables follow from the table's rows.
        session.table_filter(lambda name: "." in name and not name.startswith(INDEX_TABLES_PREFIX))
        return session

    def take_over(self, transaction: Transaction, *, full: bool) -> None:
        """Make a transaction the writer's owner; ``full``: with all of its changes in the writer.

        Nobody owns the writer when this fails.
        """
        if self._owner is transaction and (self.owner_is_full or not full):
            return
        self.vacate()
        self.writer.execute("BEGIN IMMEDIATE").fetchall()
        try:
            if full:
                self._apply_again(transaction)
        except BaseException:
            self._roll_back()
            raise
        self._owner = transaction
        self.owner_is_full = full or not transaction.changes

    def _apply_again(self, transaction: Transaction) -> None:
        """Bring back into the writer what a transaction has changed so far."""
        transaction.combine_changes()
        if transaction.changes:
            self.writer.execute("PRAGMA defer_foreign_keys = ON").fetchall()
            for changeset in transaction.changes:
                self._apply(changeset)
            self.writer.execute("PRAGMA defer_foreign_keys = OFF").fetchall()

    def vacate(self, transaction: Transaction | None = None) -> None:
        """Take the owner's changes out of the writer, or those of ``transaction`` if it is the owner; it keeps them."""
        if self._owner is None or transaction not in {None, self._owner}:
            return
        self._owner = None
        self._roll_back()

    def _roll_back(self) -> None:
        """End the writer's SQLite transaction, if SQLite has not done so by itself: interrupted, or out of space."""
        if self.writer.in_transaction:
            with uninterrupted():
                self.writer.execute("ROLLBACK").fetchall()

    def _apply(self, changeset: bytes) -> None:
        def stop(_reason: int, _change: apsw.TableChange) -> int:
            return apsw.SQLITE_CHANGESET_ABORT

        apsw.Changeset.apply(changeset, self.writer, conflict=stop, flags=apsw.SQLITE_CHANGESETAPPLY_FKNOACTION)

    def commit(self, transaction: Transaction) -> int:
        """Write a transaction's changes and their redo as one; returns the SCN.

        When this fails, nothing is written and the transaction still has its changes.
        """
        with uninterrupted():
            self.take_over(transaction, full=True)
        data = combine(transaction.changes)
        if len(data) > _LARGEST_COMMIT_BYTES:
            raise OraError(
                30036, text="ORA-30036: unable to extend segment in undo tablespace: commit in smaller parts"
            )
        try:
            if data:
                with uninterrupted():
                    self._finish(RedoKind.CHANGES, data)
        except apsw.FullError:
            raise OraError(30036, text="ORA-30036: unable to extend segment in undo tablespace") from None
        finally:
            self.vacate()
        transaction.changes.clear()
        return self.scn

    def changes_of(self, transaction: Transaction) -> bytes:
        """Return a transaction's uncommitted changes as one changeset."""
        with self.latch:
            return combine(transaction.changes)

    def query_with(self, changes: bytes, sql: str, parameters: StoredRow, schema_version: int) -> list[StoredRow]:
        """Run a query on a standby's data as if uncommitted changes of its primary's were applied; returns all rows.

        Raises:
            SchemaMovedError: The text was written for another schema.
            OraError: 16397, the changes do not fit: they were committed or undone meanwhile.
        """
        with self.latch:
            if self.catalogue.schema_version != schema_version:
                raise SchemaMovedError
            self.writer.execute("BEGIN IMMEDIATE").fetchall()
            try:
                if changes:
                    self._apply(changes)
                return self.writer.execute(sql, parameters).fetchall()
            except apsw.AbortError:
                raise OraError(16397) from None
            finally:
                self._roll_back()

    def _finish(self, kind: RedoKind, data: bytes) -> int:
        """Write the redo of the open SQLite transaction and commit it."""
        scn = self.scn + 1
        redo_log.append(self.writer, RedoRecord(scn, kind, time.time(), data))
        redo_log.write_scn(self.writer, scn)
        self.writer.execute("COMMIT").fetchall()
        self._advance(scn)
        return scn

    def _advance(self, scn: int) -> None:
        self.scn = scn
        with self.advanced:
            self.advanced.notify_all()

    # ------------------------------------------------------------------ definitions

    def define(self, make_plan: Callable[[Catalogue], DefinitionPlan], own: Transaction | None) -> DefinitionPlan:
        """Carry out DDL: data, dictionary and redo as one.

        Args:
            make_plan: Makes the plan from the dictionary as it is under the latch.
            own: The session's transaction, already committed; its locks do not count.

        Raises:
            OraError: 16000 on a standby, 54 when another transaction has changed a table of the plan, and the plan's
                own.
        """
        with self.latch:
            self.check_writable()
            plan = make_plan(self.catalogue)
            if not plan.statements:
                return plan
            if self.locks_tables(plan.tables, own):
                raise OraError(54)
            try:
                self.run_as_redo(RedoKind.DEFINITION, plan.statements)
            except apsw.ConstraintError:  # rows that are there do not fit a new key
                raise OraError(1452) from None
            if plan.changes_sequences:
                self.sequences.forget()
            self.catalogue = Catalogue.load(self.writer, self.catalogue.version + 1)
            return plan

    def run_as_redo(self, kind: RedoKind, statements: Sequence[tuple[str, StoredRow]]) -> None:
        """Run statements in a SQLite transaction of their own, with their redo; under the latch."""
        self.vacate()
        self.writer.execute("BEGIN IMMEDIATE").fetchall()
        try:
            self._run_statements(statements)
            self._finish(kind, redo_log.encode_statements(statements))
        except BaseException:
            self._roll_back()
            raise

    def locks_tables(self, tables: frozenset[str], own: Transaction | None) -> bool:
        """Tell whether another open transaction has changed one of these tables."""
        return any(other is not own and other.tables & tables for other in self.locks.transactions())

    def _run_statements(self, statements: Iterable[tuple[str, StoredRow]]) -> None:
        for sql, values in statements:
            self.writer.execute(sql, values).fetchall()

    # ------------------------------------------------------------------ redo

    def redo_after(self, scn: int, most: int = 64) -> list[RedoRecord]:
        """Return the next records after an SCN."""
        reader = self.reader()
        try:
            return redo_log.read_after(reader, scn, most)
        finally:
            self.release(reader)

    def forget_redo(self, scn: int, epoch: int | None = None) -> None:
        """Delete records that every standby has applied; nothing if the role has changed since ``epoch``."""
        with self.latch:
            if epoch not in {None, self.epoch}:
                return
            self.vacate()
            redo_log.forget_until(self.writer, scn)

    def apply(self, record: RedoRecord, epoch: int) -> None:
        """Apply a record of the primary's, exactly once and in order; its redo is kept, for those who follow later.

        Args:
            record: What the primary sent.
            epoch: The role in which it was received.

        Raises:
            StaleEpochError: The role has changed since.
            DivergedError: It does not fit; the SCN is not the next one, or the data are not the primary's.
            apsw.Error: Nothing was applied, but it may be later: the disk is full.
        """
        with self.latch:
            if epoch != self.epoch or self.writable:
                raise StaleEpochError
            if record.scn <= self.scn:
                return
            if record.scn != self.scn + 1:
                raise DivergedError(f"record {record.scn} does not follow {self.scn}")
            self.writer.execute("BEGIN IMMEDIATE").fetchall()
            try:
                if record.kind is RedoKind.CHANGES:
                    self._apply(record.data)
                else:
                    self._run_statements(redo_log.decode_statements(record.data))
                redo_log.append(self.writer, record)
                redo_log.write_scn(self.writer, record.scn)
                self.writer.execute("COMMIT").fetchall()
            except apsw.Error as error:
                self._roll_back()
                if isinstance(error, _PASSING_ERRORS):
                    raise
                raise DivergedError(f"record {record.scn} does not fit: {error}") from error
            if record.kind is RedoKind.DEFINITION:
                self.catalogue = Catalogue.load(self.writer, self.catalogue.version + 1)
            self._advance(record.scn)
