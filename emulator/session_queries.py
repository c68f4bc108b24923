"""The queries of a session: on which data each is run, and its open cursors."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from emulator.datatypes import Row, Value
from emulator.engine.prepared import SchemaMovedError
from emulator.errors import NotEmulated
from emulator.session import RowSource

if TYPE_CHECKING:
    from emulator.engine.prepared import LockPlan, PreparedQuery, StoredRow
    from emulator.store import Snapshot, Transaction
    from emulator.user_session import UserSession


class SessionQueries:
    """Starts a session's queries and knows those that are open."""

    def __init__(self, session: UserSession, transaction: Transaction) -> None:
        """Begin with none."""
        self._session = session
        self._store = session.instance.store
        self._transaction = transaction
        self._open: set[SessionRows] = set()

    def open(self, prepared: PreparedQuery, values: Sequence[Value]) -> RowSource:
        """Start a query, on what is committed now and the session's own changes.

        Raises:
            OraError: What it failed with before its first row.
            SchemaMovedError: The text was written for another schema.
        """
        self._session.check_not_changing(prepared.tables)
        if prepared.lock is not None:
            return self._keep(self._lock_rows(prepared, prepared.lock, values), None)
        standby = self._session.standby
        if not self._store.writable:
            standby.check_delay()
        if standby.has_changed(prepared.tables):
            return self._keep(standby.open_query(prepared, values), None)
        if self._transaction.has_changes:
            if prepared.embeds_inside:
                raise NotEmulated("a model that runs on rows outside the select list, in a transaction with changes")
            version = prepared.schema_version
            source = prepared.open(lambda sql, given: iter(self._transaction.query(sql, given, version)), values)
            return self._keep(source, None)
        snapshot = self._store.open_snapshot()
        try:
            if snapshot.schema_version != prepared.schema_version:
                self._store.wait_for_definition()
                raise SchemaMovedError  # noqa: TRY301 - the snapshot is closed below
            source = prepared.open(snapshot.run, values)
        except BaseException:
            snapshot.close()
            raise
        return self._keep(source, snapshot)

    def _lock_rows(self, prepared: PreparedQuery, lock: LockPlan, values: Sequence[Value]) -> RowSource:
        """Run SELECT … FOR UPDATE; on a standby it is refused, redirected or not."""
        self._session.check_writable()
        if prepared.embeds_inside:
            raise NotEmulated("a model that runs on rows outside the select list, with FOR UPDATE")

        def run(sql: str, given: StoredRow) -> Iterator[StoredRow]:
            check = self._session.check_cancelled
            return iter(self._transaction.lock_rows(sql, given, lock, prepared.schema_version, check))

        return prepared.open(run, values)

    def _keep(self, source: RowSource, snapshot: Snapshot | None) -> RowSource:
        rows = SessionRows(self._session, source, snapshot)
        self._open.add(rows)
        return rows

    def forget(self, rows: SessionRows) -> None:
        """Drop a closed cursor."""
        self._open.discard(rows)

    def close(self) -> None:
        """Close all cursors."""
        for rows in list(self._open):
            rows.close()


class SessionRows:
    """A cursor of a session: enters the session's context for each fetch and frees the snapshot at the end."""

    def __init__(self, session: UserSession, source: RowSource, snapshot: Snapshot | None) -> None:
        """Wrap a prepared query's rows."""
        self.columns = source.columns
        self._session = session
        self._source = source
        self._snapshot = snapshot

    def fetch(self, count: int, *, keep_numbers: bool = False) -> list[Row]:
        """Return the next rows; see ``RowSource``."""
        with self._session.call():
            return self._source.fetch(count, keep_numbers=keep_numbers)

    def close(self) -> None:
        """Free the snapshot."""
        self._source.close()
        if self._snapshot is not None:
            self._snapshot.close()
            self._snapshot = None
        self._session.queries.forget(self)
