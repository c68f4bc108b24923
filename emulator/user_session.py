"""One logged-on session: sends each statement to the part that runs it, and owns the transaction.

This is where SQL, PL/SQL, the store and Data Guard meet. It is the ``Session`` of the wire, the ``SqlPort`` of PL/SQL
and the ``CallContext`` of SQL functions at once, because all three mean the same session.

On a standby, DML goes to the primary in a redirected transaction; queries stay here.
"""

from __future__ import annotations

import contextlib
import datetime
import logging
import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, cast

import apsw

from emulator.call_interrupts import CallInterrupts
from emulator.datatypes import Row, SqlType, Value, varchar2
from emulator.engine.call_context import SESSION_NLS, enter_context
from emulator.engine.compiler import prepare as prepare_statement
from emulator.engine.definitions import (
    new_verifier,
    plan_definition,
    plan_password,
    plan_unit,
)
from emulator.engine.dictionary import OWN_CHANGES_VIEW
from emulator.engine.objects import Scope
from emulator.engine.prepared import with_current_schema
from emulator.errors import NotEmulated, OraError
from emulator.jobs import run_jobs
from emulator.plsql.execution import compile_unit, run_block
from emulator.plsql.functions_in_sql import call_function, find_function
from emulator.plsql.packages.parallel_execute import VIEW_QUERIES, view_rows
from emulator.session import Column, Logon, Outcome, SessionStatistics
from emulator.session_changes import change_here
from emulator.session_control import is_control, run_control
from emulator.session_environment import logon_attributes, read_user_environment
from emulator.session_queries import SessionQueries
from emulator.session_sequences import SessionSequences
from emulator.standby_work import StandbyWork
from emulator.statement_text import StatementKind, StatementText, scan_statement

if TYPE_CHECKING:
    import numpy as np

    from emulator.engine.call_context import StoredFunction
    from emulator.engine.catalogue import Catalogue
    from emulator.engine.objects import Model, Relation
    from emulator.engine.prepared import (
        DefinitionPlan,
        NameResolver,
        Prepared,
        PreparedChange,
        PreparedQuery,
    )
    from emulator.inference import ModelInspection
    from emulator.instance import Instance
    from emulator.services import Services
    from emulator.store import Transaction

log = logging.getLogger("emulator.session")

_UNIT_DEFINITION = re.compile(
    r"(?:\s|--[^\n]*\n|/\*.*?\*/)*CREATE\s+(?:OR\s+REPLACE\s+)?(?:(?:NON)?EDITIONABLE\s+)?"
    r"(?:PROCEDURE|FUNCTION|PACKAGE|TRIGGER|TYPE)\b",
    re.IGNORECASE | re.DOTALL,
)
#: The only namespace that a client may fill.
_CLIENT_CONTEXT = "CLIENTCONTEXT"
#: What a bind is taken for in a statement that is parsed before anything is bound.
UNKNOWN_BIND = varchar2(4000)
#: Source: the text of ORA-00036.
_MOST_RECURSIVE_LEVELS = 50
_ALL_ROWS = 1_000_000_000
_CALL_SAVEPOINT = "_CALL_{}"
_PRIMARY_PACKAGES = ("DBMS_SCHEDULER.", "DBMS_PARALLEL_EXECUTE.")


class UserSession:
    """A session of one user on one instance; see the module."""

    def __init__(self, instance: Instance, logon: Logon, *, session_id: int, serial: int) -> None:
        """Start a session; the password has been verified, the right to log on checked by the instance."""
        self.instance = instance
        self.logon = logon
        self.session_id = session_id
        self.serial = serial
        self.user = logon.proxy_client or logon.user
        self.proxy_user = logon.user if logon.proxy_client else None
        self.scope = Scope(user=self.user, schema=self.user)
        self.identity: dict[str, str | None] = {}
        self.package_state: dict[str, object] = {}
        self.standby = StandbyWork(self)
        self._sequences = SessionSequences(instance.store, self.standby.sequence_values)
        self.logon_time = datetime.datetime.now(datetime.UTC)
        self.is_active = False
        self.statistics = SessionStatistics()
        self._transaction: Transaction = instance.store.begin()
        #: Commits and rollbacks so far.
        self._transaction_ends = 0
        #: Savepoints at the beginnings of the PL/SQL calls under way, outermost first.
        self._call_savepoints: list[str] = []
        self.queries = SessionQueries(self, self._transaction)
        self._interrupts = CallInterrupts(instance.memory.is_exceeded)
        #: Held while a call begins or the session is killed.
        self._calls = threading.Lock()
        self._contexts = dict(logon.contexts)
        self._context_error: OraError | None = None
        #: Session parameters that ALTER SESSION sets, by name in upper case.
        self.nls = dict(SESSION_NLS)
        self._disconnect: Callable[[], None] | None = None
        self._statement_time = self.logon_time
        self._depth = 0
        #: Stored functions under way that SQL statements have called, and the table that such a statement changes.
        self._functions = 0
        self._changing: str | None = None
        self._closed = False

    # ------------------------------------------------------------------ the wire's Session

    @property
    def in_transaction(self) -> bool:
        """Whether there are uncommitted changes, here or on the primary."""
        return self._transaction.has_changes or self.standby.in_transaction

    def blocking_session_id(self) -> int | None:
        """Return the session whose row or key locks this one waits for, None if it waits for none."""
        holders = self._transaction.waits_for
        sessions = self.instance.sessions()
        return next((other.session_id for other in sessions if other._transaction in holders), None)  # noqa: SLF001 - of the same class

    @property
    def current_schema(self) -> str:
        """Where unqualified names are looked up."""
        return self.scope.schema

    def logon_attributes(self) -> Mapping[str, str]:
        """Return the AUTH_* pairs of a successful logon."""
        return logon_attributes(self)

    def execute(
        self,
        text: StatementText,
        bind_types: Sequence[SqlType],
        rows: Sequence[Sequence[Value]],
        *,
        batch_errors: bool = False,
    ) -> Outcome:
        """Run a statement of any kind; see ``emulator.session.Session``."""
        self._interrupts.begin_call()
        self.statistics.executions += 1
        self.instance.wait_until_open(self.check_cancelled)
        with self.call():
            return self._dispatch(text, bind_types, rows, self.scope, batch_errors=batch_errors)

    def describe(self, text: StatementText, bind_types: Sequence[SqlType]) -> tuple[Column, ...]:
        """Return a query's columns without running it; () for anything else, which is only parsed where it is SQL."""
        types = bind_types or [UNKNOWN_BIND] * len(text.binds)
        with self.call():
            if text.kind in {StatementKind.QUERY, StatementKind.DML}:
                prepared = self._prepare(text, types, self.scope)
                if text.kind is StatementKind.QUERY:
                    return cast("PreparedQuery", prepared).columns
            return ()

    def cancel(self) -> None:
        """Make the running call end with ORA-01013."""
        self._interrupts.cancel()

    def kill(self, *, immediate: bool = False) -> None:
        """End the session from another one: its running or next call fails with ORA-00028.

        An idle session's changes are undone at once, a running call's by its own thread.

        Args:
            immediate: End an idle client's connection too.
        """
        with self._calls:
            self._interrupts.is_killed = True
            if not self.is_active:
                self._transaction.rollback()
        if immediate and not self.is_active and self._disconnect is not None:
            self._disconnect()

    def check_alive(self) -> None:
        """Raise ORA-00028 if the session was killed, or what its application context was refused with."""
        if self._interrupts.is_killed:
            raise OraError(28)
        refused, self._context_error = self._context_error, None
        if refused is not None:
            raise refused

    def set_application_context(self, namespace: str, attributes: Mapping[str, str]) -> None:
        """Set attributes of a namespace, or clear it."""
        space = namespace.upper()
        if space != _CLIENT_CONTEXT:
            self._context_error = OraError(28267)
        elif attributes:
            self._contexts.update({(space, name.upper()): value for name, value in attributes.items()})
        else:
            self._contexts = {key: value for key, value in self._contexts.items() if key[0] != space}

    def set_disconnect(self, disconnect: Callable[[], None]) -> None:
        """Call this function to end the client's connection when the session is killed."""
        self._disconnect = disconnect

    def set_interrupt_probe(self, probe: Callable[[], bool]) -> None:
        """Ask this function, now and then, whether the client wants the running call to end."""
        self._interrupts.set_probe(probe)

    def set_identity(self, attributes: Mapping[str, str | None]) -> None:
        """Store MODULE, ACTION, CLIENT_INFO, CLIENT_IDENTIFIER."""
        self.identity.update(attributes)

    def change_password(self, password: str) -> None:
        """Give the user a new password, as DDL."""
        if not self.instance.store.writable:
            raise OraError(16000)
        verifier = new_verifier(password)
        self._define(lambda _catalogue: plan_password(self.user, verifier))

    def close(self, *, commit: bool) -> None:
        """End the session."""
        if self._closed:
            return
        self._closed = True
        try:
            if commit:
                with contextlib.suppress(OraError):  # the client has gone; what is not committed is rolled back
                    self.commit()
        finally:
            self._free()

    def _free(self) -> None:
        """Give back all that the session has."""
        try:
            self._roll_back()
        finally:
            self.queries.close()
            self.standby.close()
            self.instance.forget(self)

    # ------------------------------------------------------------------ dispatch

    def _dispatch(
        self,
        text: StatementText,
        bind_types: Sequence[SqlType],
        rows: Sequence[Sequence[Value]],
        scope: Scope,
        *,
        batch_errors: bool = False,
    ) -> Outcome:
        if text.kind in {StatementKind.QUERY, StatementKind.DML}:
            return with_current_schema(
                lambda: self.run(self._prepare(text, bind_types, scope), rows, scope=scope, batch_errors=batch_errors)
            )
        if text.kind is StatementKind.PLSQL:
            if self.standby.redirects_plsql and self._depth == 1 and not self.instance.store.writable:
                self.standby.run_block(text)
                return Outcome()
            with self._atomic_call(), self._refusing_packages():
                return run_block(self, text, bind_types, rows, scope=scope)
        if text.kind is StatementKind.DDL and not is_control(text.text):
            return self._execute_definition(text, scope)
        run_control(self, text.text)
        return Outcome()

    def _prepare(self, text: StatementText, bind_types: Sequence[SqlType], scope: Scope) -> Prepared:
        if text.reserved_bind_offset >= 0:
            raise OraError(1745, offset=text.reserved_bind_offset)
        return prepare_statement(text, catalogue=self.catalogue, scope=scope, bind_types=tuple(bind_types))

    def _execute_definition(self, text: StatementText, scope: Scope) -> Outcome:
        if not self.instance.store.writable:
            raise OraError(16000)
        if not text.text.strip():
            raise OraError(900)
        self._check_outside_of_sql(14552)
        self.commit()
        if _UNIT_DEFINITION.match(text.text):
            unit, errors = compile_unit(self, text.text, scope)
            plan = self._define(lambda _catalogue: plan_unit(unit, errors))
        else:
            plan = self._define(lambda catalogue: plan_definition(text, catalogue, scope))
        return Outcome(warning=OraError(plan.warning_code) if plan.warning_code else None)

    def _define(self, make_plan: object) -> DefinitionPlan:
        return self.instance.store.define(make_plan, self._transaction)  # type: ignore[arg-type]

    # ------------------------------------------------------------------ SqlPort: SQL from PL/SQL

    @property
    def catalogue(self) -> Catalogue:
        """The data dictionary as of now."""
        return self.instance.store.catalogue

    def prepare(self, sql: str, scope: Scope, resolver: NameResolver) -> Prepared:
        """Bind and write an embedded statement."""
        return prepare_statement(
            scan_statement(sql), catalogue=self.catalogue, scope=scope, bind_types=(), resolver=resolver
        )

    def run(
        self, prepared: Prepared, rows: Sequence[Sequence[Value]], *, scope: Scope, batch_errors: bool = False
    ) -> Outcome:
        """Run a prepared statement once per row of bind values."""
        self.check_cancelled()
        try:
            if hasattr(prepared, "columns"):
                if self.proxy_user is None:  # a standby's own questions are nobody's queries
                    self.instance.faults.raise_error("query")
                return Outcome(rows=self.queries.open(cast("PreparedQuery", prepared), rows[0] if rows else ()))
            self._check_outside_of_sql(14551)
            change: PreparedChange = prepared
            if self.instance.store.writable:
                return change_here(self, self._transaction, change, rows, batch_errors=batch_errors)
            return self.standby.change(change, rows, scope, batch_errors=batch_errors)
        except apsw.InterruptError:
            raise self._interrupts.error() from None

    def execute_text(self, sql: str, binds: Sequence[tuple[SqlType, Value]], *, scope: Scope) -> Outcome:
        """Run a statement of any kind by its text, from inside PL/SQL."""
        if len(self._call_savepoints) > _MOST_RECURSIVE_LEVELS:
            raise OraError(36)
        text = scan_statement(sql)
        return self._dispatch(text, [bind[0] for bind in binds], [[bind[1] for bind in binds]], scope)

    def relation(self, scope: Scope, owner: str | None, name: str) -> Relation:
        """Return a table or view for %TYPE and %ROWTYPE."""
        return self.catalogue.relation(scope, owner, name)

    def inspect_model(self, data: bytes, metadata: str | None) -> ModelInspection:
        """Say what an ONNX file takes and gives; raises ORA-54400 and its like."""
        return self.instance.inference.inspect(data, metadata)

    @property
    def services(self) -> Services:
        """The instance's services."""
        return self.instance.service_control

    def disconnect_service(self, name: str) -> None:
        """End the other sessions of a service."""
        self.instance.service_control.disconnect(name, but=self)

    def define(self, make_plan: Callable[[Catalogue], DefinitionPlan]) -> None:
        """Carry out a definition that a supplied package has planned; it commits."""
        self.commit()
        self._define(make_plan)

    @property
    def is_read_only(self) -> bool:
        """Whether this is a standby's session."""
        return not self.instance.store.writable

    def check_writable(self) -> None:
        """Raise ORA-16000 on a standby."""
        self.instance.store.check_writable()

    def run_jobs(self, works: Sequence[Callable[[UserSession], None]]) -> None:
        """Run each work in a session of its own; see ``emulator.jobs``."""
        run_jobs(self, works)

    def work(self, work: Callable[[UserSession], None]) -> None:
        """Run a work as a call of this session, which no client has."""
        with self.call():
            work(self)

    # ------------------------------------------------------------------ changes

    @contextmanager
    def changing(self, change: PreparedChange) -> Iterator[None]:
        """Know the table that a statement changes: the functions that it calls may not read it (ORA-04091)."""
        self._changing = None if change.inserts_values else change.table
        try:
            yield
        finally:
            self._changing = None

    def check_not_changing(self, tables: frozenset[str]) -> None:
        """Refuse that a function which a change calls reads the changed table.

        Raises:
            OraError: 4091.
        """
        if self._functions and self._changing in tables:
            raise OraError(4091, self._changing)

    # ------------------------------------------------------------------ transaction

    def commit(self) -> None:
        """Make the transaction durable; on a standby wait until its redo has been applied here."""
        self._check_outside_of_sql(14552)
        with self.call():
            self._transaction.commit()
            scn = self.standby.commit()
            self._transaction_ends += 1
            if scn is not None:
                self.standby.wait_for_commit(scn)

    def rollback(self) -> None:
        """Undo the transaction."""
        self._check_outside_of_sql(14552)
        with self.call():
            self._roll_back()

    def _roll_back(self) -> None:
        """Undo the transaction, whatever has become of the session."""
        self._transaction_ends += 1
        try:
            self.standby.rollback()
        finally:
            self._transaction.rollback()

    def savepoint(self, name: str) -> None:
        """Mark a point to which the transaction can be rolled back."""
        self.standby.savepoint(name)
        self._transaction.savepoint(name)

    def rollback_to(self, name: str) -> None:
        """Undo what came after a savepoint; raises ORA-01086 if there is none of that name."""
        self._transaction.rollback_to(name)
        self.standby.rollback_to(name)
        for call in self._call_savepoints:  # older than the call: all that is left is from before the call as well
            if not self._transaction.has_savepoint(call):
                self.savepoint(call)

    @contextmanager
    def _refusing_packages(self) -> Iterator[None]:
        """Say read-only on a standby instead of not emulated, where Oracle does not do it on a standby either.

        Source: the text that the system comes from: neither package works on a standby.
        """
        try:
            yield
        except NotEmulated as error:
            if not self.instance.store.writable and error.feature.startswith(_PRIMARY_PACKAGES):
                raise OraError(16000) from None
            raise

    @contextmanager
    def _atomic_call(self) -> Iterator[None]:
        """Undo what a failing PL/SQL call changed, but not what it committed (statement-level atomicity)."""
        ends = self._transaction_ends
        name = _CALL_SAVEPOINT.format(len(self._call_savepoints))
        self.savepoint(name)
        self._call_savepoints.append(name)
        try:
            yield
        except BaseException:
            if self._transaction_ends != ends:
                self._roll_back()  # what is open now is all of the call's own
            else:
                with contextlib.suppress(OraError):  # lost with the session on the primary: the call fails by that
                    self.rollback_to(name)
            raise
        finally:
            self._call_savepoints.remove(name)

    @contextmanager
    def call(self) -> Iterator[None]:
        """Be the thread's context, and active, for one call or fetch."""
        with self._calls:
            if self._interrupts.is_killed:
                raise OraError(28)
            self._depth += 1
            self.is_active = True
        previous = enter_context(self)
        if self._depth == 1:
            self._interrupts.begin_call()
            self._statement_time = datetime.datetime.now(datetime.UTC)
        try:
            yield
        except BaseException as error:
            if self._depth == 1:
                self.standby.accept_loss()  # the client learns of it now
            if isinstance(error, apsw.InterruptError):
                raise self._interrupts.error() from None
            if isinstance(error, apsw.SQLError):
                log.exception("SQLite refused what was written for a statement")
                raise NotEmulated(f"a statement of this form ({error})") from error
            if isinstance(error, RecursionError):
                raise NotEmulated("a statement nested that deeply") from None
            if isinstance(error, MemoryError | apsw.NoMemError):
                raise OraError(4030) from None
            if isinstance(error, apsw.TooBigError):
                raise OraError(1489) from None
            raise
        finally:
            self._depth -= 1
            self.is_active = self._depth > 0
            enter_context(previous)

    # ------------------------------------------------------------------ CallContext: what SQL functions ask

    def user_environment(self, parameter: str) -> str | None:
        """Return SYS_CONTEXT('USERENV', parameter)."""
        return read_user_environment(self, parameter)

    def nls_parameter(self, name: str) -> str:
        """Return a session parameter, such as NLS_DATE_FORMAT."""
        return self.nls[name]

    def application_context(self, namespace: str, attribute: str) -> str | None:
        """Return SYS_CONTEXT of a namespace that the client filled at its logon."""
        return self._contexts.get((namespace.upper(), attribute.upper()))

    def statement_time(self) -> datetime.datetime:
        """Return the time at which the running call began."""
        return self._statement_time

    def embed(self, model: Model, data: Value) -> np.ndarray:
        """Run a model on one value in this instance."""
        return self.instance.embed(model, data, check_cancelled=self.check_cancelled)

    def find_function(
        self, scope: Scope, names: Sequence[str], types: Sequence[SqlType], given: Sequence[str | None]
    ) -> StoredFunction | None:
        """Return the stored function that a call in SQL means."""
        return find_function(self, scope, names, types, given)

    def call_function(self, key: Sequence[str], order: Sequence[int], values: Sequence[Value]) -> Value:
        """Call a stored function from inside a SQL statement, in which it may change nothing."""
        self._functions += 1
        try:
            return call_function(self, key, order, values)
        finally:
            self._functions -= 1

    def _check_outside_of_sql(self, code: int) -> None:
        if self._functions:
            raise OraError(code)

    def next_value(self, key: tuple[str, str]) -> int:
        """Return NEXTVAL of a sequence."""
        return self._sequences.next_value(key)

    def current_value(self, key: tuple[str, str]) -> int:
        """Return CURRVAL of a sequence."""
        return self._sequences.current_value(key)

    def dynamic_view(self, name: str) -> Sequence[Row]:
        """Return the rows of a V$ view."""
        if name == OWN_CHANGES_VIEW:
            return [(self.instance.store.changes_of(self._transaction),)]
        if name == "USER_SEQUENCES":
            return self._sequences.rows(self.scope.user)
        if name in VIEW_QUERIES:
            return view_rows(self, name)
        return self.instance.dynamic_view(name)

    def is_cancelled(self) -> bool:
        """Tell whether the running call is to end; asked by SQLite while it works."""
        return self._interrupts.are_due()

    def check_cancelled(self) -> None:
        """Raise ORA-01013 if the client cancelled the running call, or what else it has to end with."""
        if self._interrupts.are_due():
            raise self._interrupts.error()

    # ------------------------------------------------------------------ settings

    def set_current_schema(self, name: str) -> None:
        """Change where unqualified names are looked up."""
        if self.catalogue.user(name) is None:
            raise OraError(1435, text="ORA-01435: user does not exist")
        self.scope = Scope(user=self.scope.user, schema=name)
