"""What a standby's session has on the primary: a link, at most one transaction, and its savepoints.

The link is opened when it is first needed. If it is lost, so is the transaction, and its client has to learn that: DML
and COMMIT raise ORA-16397 until a ROLLBACK, or until a call of the client's has failed. A block that catches the first
error must not go on and commit the second half.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from emulator.dataguard.redirection import RedirectedTransaction
from emulator.datatypes import Value
from emulator.errors import OraError
from emulator.session import Outcome

if TYPE_CHECKING:
    from emulator.engine.objects import Sequence as NumberSequence
    from emulator.engine.prepared import PreparedChange

log = logging.getLogger("emulator.redirection")

_Found = TypeVar("_Found")


@dataclass(frozen=True, slots=True)
class _Savepoint:
    name: str
    #: Whether the primary knows it; one made before the first change stands for the transaction's beginning.
    is_on_primary: bool


class RedirectedSession:
    """The primary's side of one session of a standby."""

    def __init__(self, open_link: Callable[[], RedirectedTransaction]) -> None:
        """Connect to nothing yet.

        Args:
            open_link: Opens a session of the same user on the primary; raises ORA-16397 when that is not possible.
        """
        self._open_link = open_link
        self._link: RedirectedTransaction | None = None
        self._savepoints: list[_Savepoint] = []
        self._is_lost = False
        #: SQLite names of the tables that the transaction has changed.
        self.tables: set[str] = set()

    @property
    def in_transaction(self) -> bool:
        """Whether there is something to commit, or to roll back because it was lost."""
        return self._is_lost or (self._link is not None and self._link.has_changes)

    def run(
        self, change: PreparedChange, rows: Sequence[Sequence[Value]], schema: str, *, batch_errors: bool
    ) -> Outcome:
        """Run DML on the primary, unqualified names meaning those of ``schema``.

        Raises:
            OraError: As the primary says; 16397 when the primary, or the transaction there, is lost.
        """

        def act(link: RedirectedTransaction) -> Outcome:
            link.use_schema(schema)
            return link.run(
                change.oracle_text, change.bind_types, rows, returning=change.returning, batch_errors=batch_errors
            )

        self.tables.add(change.table)  # an array that fails midway has changed something
        try:
            return self._on_link(act)
        finally:
            if not self.in_transaction:
                self.tables.clear()

    def run_block(self, text: str, schema: str) -> None:
        """Run a PL/SQL block without bind variables on the primary; raises as ``run``."""

        def act(link: RedirectedTransaction) -> None:
            link.use_schema(schema)
            link.run_block(text)

        self._on_link(act)

    def own_changes(self) -> bytes:
        """Return the transaction's uncommitted changes, as a changeset of SQLite's; raises ORA-16397."""
        return self._on_link(RedirectedTransaction.own_changes)

    def sequence_values(self, sequence: NumberSequence) -> list[int]:
        """Draw as many values of a sequence as it keeps in memory; raises ORA-16397, and as the primary says."""
        return self._on_link(lambda link: link.sequence_values(sequence))

    def current_scn(self) -> int:
        """Return the primary's SCN; raises ORA-16397."""
        return self._on_link(RedirectedTransaction.current_scn)

    # ------------------------------------------------------------------ ends and savepoints

    def commit(self) -> int | None:
        """Make the transaction durable.

        Returns:
            An SCN of the primary that includes it; None if there was nothing to commit.

        Raises:
            OraError: 16397, the transaction is lost, or the link was lost before the primary said what became of it.
        """
        if not self.in_transaction:
            self._forget()
            return None
        scn = self._on_link(RedirectedTransaction.commit)
        self._forget()
        return scn

    def rollback(self) -> None:
        """Undo the transaction: by the primary's word, or by giving up the session there, which does the same."""
        if self._link is not None and self._link.has_changes:
            try:
                self._link.rollback()
            except OraError as error:
                log.warning("rolled back by closing the session on the primary: %s", error.text)
                self._drop()
        self._forget()

    def accept_loss(self) -> None:
        """Begin anew after a lost transaction: its client has been told."""
        if self._is_lost:
            self._forget()

    def savepoint(self, name: str) -> None:
        """Mark a point; the same name again moves it."""
        is_on_primary = self._link is not None and self._link.has_changes
        if is_on_primary:
            self._on_link(lambda link: link.savepoint(name))
        self._savepoints = [point for point in self._savepoints if point.name != name]
        self._savepoints.append(_Savepoint(name, is_on_primary))

    def rollback_to(self, name: str) -> None:
        """Undo what came after a savepoint, which must be there.

        Raises:
            OraError: 16397, the transaction is lost.
        """
        position = next(at for at, point in enumerate(self._savepoints) if point.name == name)
        is_on_primary = self._savepoints[position].is_on_primary
        if self._is_lost and is_on_primary:
            raise OraError(16397)
        if self._link is not None and self._link.has_changes:
            try:
                if is_on_primary:
                    self._link.rollback_to(name)
                else:
                    self._link.rollback()
                    self.tables.clear()
            except OraError as error:
                log.warning("a transaction is lost, it cannot be rolled back to a savepoint: %s", error.text)
                self._drop()
                self._is_lost = True
                raise OraError(16397) from error
        if not is_on_primary:
            self._is_lost = False
        del self._savepoints[position + 1 :]

    def close(self) -> None:
        """Give the link up; what is uncommitted is rolled back."""
        self._drop()
        self._forget()

    # ------------------------------------------------------------------ the link

    def _on_link(self, act: Callable[[RedirectedTransaction], _Found]) -> _Found:
        """Do something in the session on the primary, opening it first where needed.

        One that was lost while no transaction was open costs nothing: it is opened anew, once.
        """
        if self._is_lost:
            raise OraError(16397)
        if self._link is not None and not self._link.has_changes:
            try:
                return act(self._link)
            except OraError as error:
                if error.code != 16397:
                    raise
                self._drop()
        if self._link is None:
            self._link = self._open_link()
        had_changes = self._link.has_changes
        try:
            return act(self._link)
        except OraError as error:
            if error.code == 16397:
                self._drop()
                self._is_lost = had_changes
            raise

    def _drop(self) -> None:
        link, self._link = self._link, None
        if link is not None:
            link.close()

    def _forget(self) -> None:
        """Be without a transaction."""
        self._is_lost = False
        self._savepoints.clear()
        self.tables.clear()
