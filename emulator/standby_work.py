"""A session's work on a standby: its session on the primary, what it changed there, and how old its reads may be.

Source for the rules: Oracle Data Guard Concepts and Administration 23ai, "Managing Physical and Snapshot Standby
Databases", and the error pages of ORA-03172, ORA-03173, ORA-03176, ORA-16397 and ORA-40286.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from emulator.dataguard import RedirectedTransaction
from emulator.datatypes import Value
from emulator.errors import NotEmulated, OraError
from emulator.session import Outcome, RowSource

if TYPE_CHECKING:
    from emulator.engine.objects import Scope
    from emulator.engine.prepared import PreparedChange, PreparedQuery
    from emulator.statement_text import StatementText
    from emulator.user_session import UserSession

_Found = TypeVar("_Found")


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
        self._link: RedirectedTransaction | None = None
        self._tables: set[str] = set()
        self._changed_anything = False

    @property
    def has_changes(self) -> bool:
        """Whether there are uncommitted changes on the primary."""
        return self._link is not None and self._link.has_changes

    # ------------------------------------------------------------------ statements

    def change(
        self, change: PreparedChange, rows: Sequence[Sequence[Value]], scope: Scope, *, batch_errors: bool
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

        def run(link: RedirectedTransaction) -> Outcome:
            return link.run(
                change.oracle_text, change.bind_types, rows, returning=change.returning, batch_errors=batch_errors
            )

        outcome = self._on_primary(run)
        self._tables.add(change.table)
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
        self._on_primary(lambda link: link.run_block(text.text))
        self._changed_anything = self.has_changes
        self._wait_for_primary()

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
        return self.has_changes and (self._changed_anything or bool(self._tables & tables))

    def open_query(self, prepared: PreparedQuery, values: Sequence[Value]) -> RowSource:
        """Run a query here that sees the transaction's own changes on the primary.

        It waits until all that the primary has committed is applied here; the changes are then laid over the data for
        the time of the query, and redo apply waits meanwhile.
        """
        if prepared.embeds_inside:
            raise NotEmulated("a model that runs on rows outside the select list, in a transaction with changes")
        self._wait_for_primary()
        changes = self._on_primary(RedirectedTransaction.own_changes)
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

    def commit(self) -> None:
        """Make the transaction durable on the primary and wait until its redo has been applied here."""
        if self._link is None or not self._link.has_changes:
            return
        self._faults.raise_error("commit")
        self._forget_changes()
        with self._losing_link():
            scn = self._link.commit()
        self._faults.wait_slow_commit(self._session.check_cancelled)
        self._wait_for_redo(scn)

    def rollback(self) -> None:
        """Undo the transaction."""
        self._forget_changes()
        if self._link is not None and self._link.has_changes:
            with self._losing_link():
                self._link.rollback()

    def savepoint(self, name: str) -> None:
        """Mark a point to which the transaction can be rolled back."""
        if self._link is not None and self._link.has_changes:
            with self._losing_link():
                self._link.savepoint(name)

    def rollback_to(self, name: str) -> None:
        """Undo what came after a savepoint."""
        if self._link is not None and self._link.has_changes:
            with self._losing_link():
                self._link.rollback_to(name)

    def close(self) -> None:
        """Give up the session on the primary; what is uncommitted there is rolled back."""
        link, self._link = self._link, None
        self._forget_changes()
        if link is not None:
            link.close()

    # ------------------------------------------------------------------ the session on the primary

    def _on_primary(self, act: Callable[[RedirectedTransaction], _Found]) -> _Found:
        """Do something in this session's session on the primary, opening it first where needed.

        A session there that was lost while no transaction was open costs nothing: it is opened anew, once.
        """
        if self._link is not None and not self._link.has_changes:
            try:
                return act(self._link)
            except OraError as error:
                if error.code != 16397:
                    raise
                self.close()
        if self._link is None:
            session = self._session
            self._link = self._dataguard.redirect(session.user, session.scope.schema, session.check_cancelled)
        with self._losing_link():
            return act(self._link)

    @contextmanager
    def _losing_link(self) -> Iterator[None]:
        """Forget the session on the primary when its connection is lost, and with it the transaction."""
        try:
            yield
        except OraError as error:
            if error.code == 16397:
                self.close()
            raise

    def _forget_changes(self) -> None:
        self._tables.clear()
        self._changed_anything = False

    def _wait_for_primary(self) -> None:
        self._wait_for_redo(self._on_primary(RedirectedTransaction.current_scn))

    def _wait_for_redo(self, scn: int) -> None:
        self._dataguard.wait_for_scn(scn, self._session.check_cancelled)
