"""What PL/SQL needs of the session that runs it: the one door from ``plsql`` to the rest of the emulator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

from emulator.datatypes import SqlType, Value
from emulator.session import Outcome

if TYPE_CHECKING:
    from emulator.engine.catalogue import Catalogue
    from emulator.engine.objects import Relation, Scope
    from emulator.engine.prepared import DefinitionPlan, NameResolver, Prepared
    from emulator.inference import ModelInspection
    from emulator.services import Services


class SqlPort(Protocol):
    """A session, from inside a PL/SQL block."""

    @property
    def catalogue(self) -> Catalogue:
        """The data dictionary; its ``version`` changes with every DDL."""

    @property
    def scope(self) -> Scope:
        """User and schema outside stored units; a definer's-rights unit binds its SQL in its owner's scope."""

    #: Values that supplied packages keep for the session (DBMS_OUTPUT's buffer), by package name.
    package_state: dict[str, object]

    def prepare(self, sql: str, scope: Scope, resolver: NameResolver) -> Prepared:
        """Bind and write an embedded SELECT, INSERT, UPDATE, DELETE or MERGE; cached by the caller, not here.

        Raises:
            OraError: With ``offset`` in ``sql``.
        """

    def run(
        self, prepared: Prepared, rows: Sequence[Sequence[Value]], *, scope: Scope, batch_errors: bool = False
    ) -> Outcome:
        """Run a prepared statement, once per row of bind values in the order of its ``bind_names``.

        The only door for static SQL: a standby redirects DML here.
        """

    def execute_text(self, sql: str, binds: Sequence[tuple[SqlType, Value]], *, scope: Scope) -> Outcome:
        """Run a statement of any kind by its text (EXECUTE IMMEDIATE): session, transaction, DDL, PL/SQL too."""

    def relation(self, scope: Scope, owner: str | None, name: str) -> Relation:
        """Return a table or view for %TYPE and %ROWTYPE; raise ORA-00942."""

    def inspect_model(self, data: bytes, metadata: str | None) -> ModelInspection:
        """Check an ONNX model's bytes against its metadata; raise ORA-54401 and its like."""

    #: MODULE, ACTION, CLIENT_INFO, CLIENT_IDENTIFIER, as far as they were set.
    identity: dict[str, str | None]

    def set_identity(self, attributes: Mapping[str, str | None]) -> None:
        """Store MODULE, ACTION, CLIENT_INFO (DBMS_APPLICATION_INFO)."""

    def commit(self) -> None:
        """COMMIT."""

    def rollback(self) -> None:
        """ROLLBACK."""

    def savepoint(self, name: str) -> None:
        """SAVEPOINT name; the same name again moves it."""

    def rollback_to(self, name: str) -> None:
        """ROLLBACK TO name; raise ORA-01086 if there is none."""

    def next_value(self, key: tuple[str, str]) -> int:
        """Return NEXTVAL of the sequence with that owner and name; raise ORA-08004 and its like."""

    def current_value(self, key: tuple[str, str]) -> int:
        """Return CURRVAL of a sequence; raise ORA-08002."""

    @property
    def services(self) -> Services:
        """The instance's services."""

    def disconnect_service(self, name: str) -> None:
        """End the other sessions of a service; raise ORA-44304."""

    def define(self, make_plan: Callable[[Catalogue], DefinitionPlan]) -> None:
        """Carry out a definition that a supplied package has planned; it commits."""

    @property
    def is_read_only(self) -> bool:
        """Whether this is a standby's session."""

    def check_writable(self) -> None:
        """Raise ORA-16000 on a standby: for what Oracle does not do there."""

    def run_jobs(self, works: Sequence[Callable[[SqlPort], None]]) -> None:
        """Run each work in a session of its own of the same user, side by side, and wait for all of them."""

    def check_cancelled(self) -> None:
        """Raise ORA-01013 if the client cancelled the call; called at loops' back jumps."""
