"""A session's work on a standby: its session on the primary, what it changed there, and how old its reads may be.

Source for the rules: Oracle Data Guard Concepts and Administration 23ai, "Managing Physical and Snapshot Standby
Databases", and the error pages of ORA-03172, ORA-03173, ORA-03176, ORA-16397 and ORA-40286.
"""

from __future__ import annotations

from collections.abc import Sequence as Series
from typing import TYPE_CHECKING

from emulator.dataguard import RedirectedSession
from emulator.datatypes import Value
from emulator.errors import NotEmulated, OraError
from emulator.session import Outcome, RowSource

if TYPE_CHECKING:
    from emulator.engine.objects import Scope, Sequence
    from emulator.engine.prepared import PreparedChange, PreparedQuery
    from emulator.statement_text import StatementText
    from emulator.user_session import UserSession


class StandbyWork:
    """What one session does through its primary; asked only while its instance is a standby, save to end things."""

    def __init__(self, session: UserSession) -> None:
        """Redirect nothing, and read whatever has been applied."""
        #: ALTER SESSION ENABLE ADG_REDIRECT_DML.
        self.redirects_dml = False
        #: ALTER SESSION ENABLE ADG_REDIRECT_PLSQL.
        self.redirects_plsql = False
        #: STANDBY_MAX_DATA_DELAY, seconds; None for any age.
        self.most_delay_seconds: int | None = None
        self._session = session
        self._dataguard = session.instance.dataguard
        self._faults = session.instance.faults
        self._primary = RedirectedSession(lambda: self._dataguard.redirect(session.user, session.check_cancelled))
        #: A whole block ran on the primary: nobody here knows which tables it has changed.
        self._changed_anything = False

    @property
    def in_transaction(self) -> bool:
        """Whether there is something to commit on the primary, or to roll back because it was lost."""
        return self._primary.in_transaction

    # ------------------------------------------------------------------ statements

    def change(
        self, change: PreparedChange, rows: Series[Series[Value]], scope: Scope, *, batch_errors: bool
    ) -> Outcome:
        """Run DML on the primary.

        Raises:
            OraError: 16000 without ADG_REDIRECT_DML; 40286 with a model in the statement; 16397 when the current user
                is not the one who logged on, when no redo is applied here, or when the primary cannot be reached.
        """
        session = self._session
        if not self.redirects_dml:
            raise OraError(16000)
        if change.uses_model:
            raise OraError(40286)
        if scope.user != session.user or not self._dataguard.is_applying:
            raise OraError(16397)
        self._faults.raise_error("dml")
        outcome = self._primary.run(change, rows, scope.schema, batch_errors=batch_errors)
        session.instance.count_redirected(len(rows))
        if session.instance.config.redirect_wait == "dml":
            self._wait_for_primary()
        return outcome

    def run_block(self, text: StatementText) -> None:
        """Run a whole PL/SQL block on the primary.

        Raises:
            OraError: 16397 with bind variables, when no redo is applied here, or when the primary cannot be reached.
        """
        if text.binds or not self._dataguard.is_applying:
            raise OraError(16397)
        self._faults.raise_error("dml")
        self._primary.run_block(text.text, self._session.scope.schema)
        self._changed_anything = self.in_transaction
        self._wait_for_primary()

    def sequence_values(self, sequence: Sequence) -> list[int]:
        """Draw as many values on the primary as a sequence keeps in memory; raises ORA-16397."""
        return self._primary.sequence_values(sequence)

    def check_delay(self) -> None:
        """Refuse a query of data that are older than the session allows.

        Raises:
            OraError: 3172.
        """
        if self.most_delay_seconds is None:
            return
        lag = self._dataguard.apply_lag_seconds()
        if lag is None or not self._dataguard.is_applying or lag > self.most_delay_seconds:
            raise OraError(3172, self.most_delay_seconds)

    def has_changed(self, tables: frozenset[str]) -> bool:
        """Tell whether the open transaction may have changed one of these tables."""
        return self.in_transaction and (self._changed_anything or bool(self._primary.tables & tables))

    def open_query(self, prepared: PreparedQuery, values: Series[Value]) -> RowSource:
        """Run a query here that sees the transaction's own changes on the primary.

        It waits until all that the primary has committed is applied here; the changes are then laid over the data for
        the time of the query, and redo apply waits meanwhile.
        """
        if prepared.embeds_inside:
            raise NotEmulated("a model that runs on rows outside the select list, in a transaction with changes")
        self._wait_for_primary()
        changes = self._primary.own_changes()
        store, version = self._session.instance.store, prepared.schema_version
        return prepared.open(lambda sql, given: iter(store.query_with(changes, sql, given, version)), values)

    def sync(self) -> None:
        """Wait until everything that the primary had committed at this moment is applied here.

        Raises:
            OraError: 3176 on a primary; 3173 when no redo is applied or the primary cannot be reached.
        """
        if self._session.instance.store.writable:
            raise OraError(3176)
        self._faults.raise_error("sync")
        if not self._dataguard.is_applying:
            raise OraError(3173)
        try:
            self._wait_for_primary()
        except OraError as error:
            raise OraError(3173) if error.code == 16397 else error from None

    # ------------------------------------------------------------------ the transaction

    def commit(self) -> int | None:
        """Make the transaction durable on the primary.

        Returns:
            The SCN to wait for with ``wait_for_commit``; None if there was nothing to commit.
        """
        if self._primary.in_transaction:
            self._faults.raise_error("commit")
        scn = self._primary.commit()
        self._changed_anything = False
        return scn

    def wait_for_commit(self, scn: int) -> None:
        """Wait until the redo of a commit has been applied here."""
        self._faults.wait_slow_commit(self._session.check_cancelled)
        self._wait_for_redo(scn)

    def rollback(self) -> None:
        """Undo the transaction."""
        self._changed_anything = False
        self._primary.rollback()

    def accept_loss(self) -> None:
        """Begin anew after a lost transaction: its client has been told."""
        self._primary.accept_loss()

    def savepoint(self, name: str) -> None:
        """Mark a point to which the transaction can be rolled back."""
        self._primary.savepoint(name)

    def rollback_to(self, name: str) -> None:
        """Undo what came after a savepoint."""
        self._primary.rollback_to(name)

    def close(self) -> None:
        """Give up the session on the primary; what is uncommitted there is rolled back."""
        self._changed_anything = False
        self._primary.close()

    def _wait_for_primary(self) -> None:
        self._wait_for_redo(self._primary.current_scn())

    def _wait_for_redo(self, scn: int) -> None:
        self._dataguard.wait_for_scn(scn, self._session.check_cancelled)
