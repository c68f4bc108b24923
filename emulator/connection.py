"""One client's connection after ACCEPT: set-up, logon, calls until it ends. Knows no sockets, only a ``Channel``."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from emulator.auth import Exchange, made_up_verifier
from emulator.datatypes import Value
from emulator.errors import EmulatorError, NotEmulated, OraError, RemoteProtocolError
from emulator.session import Column, Database, Direction, Logon, Outcome, RowSource, Session
from emulator.statement_text import StatementKind, StatementText, scan_statement
from emulator.ttc import execute as calls
from emulator.ttc import messages
from emulator.ttc.buffer import Reader, Writer
from emulator.ttc.execute import ValueWriter, Variable
from emulator.ttc.lobs import LobRegistry, length_of, overwrite, slice_of
from emulator.ttc.messages import Function, Message, Piggyback
from emulator.ttc.values import DEFINED_LATER, WireType, wire_type

log = logging.getLogger("emulator.connection")

_MOST_CURSORS = 65_535
#: The session was killed: the client is told, then its connection ends.
_KILLED = 28


class BreakReceivedError(EmulatorError):
    """The client broke off the call."""


class ClosedByPeerError(EmulatorError):
    """The client is gone."""


class Channel(Protocol):
    """A connection's packets."""

    def next_payload(self, *, inside_request: bool) -> bytes:
        """Return the next DATA payload.

        Raises:
            BreakReceivedError: A marker came instead; it has been taken.
            ClosedByPeerError: The client closed, or said good-bye.
            RemoteProtocolError: Inside a request, nothing came in time.
        """

    def send(self, payload: bytes) -> None:
        """Send a whole response."""

    def answer_break(self) -> None:
        """Send a break marker, discard until the client's reset marker, send a reset marker."""

    def client_waits_for_break(self) -> bool:
        """Tell whether the client broke off or closed, without taking anything; asked while a call runs."""

    def disconnect(self) -> None:
        """End the connection, from whatever thread; who waits for a payload gets ``ClosedByPeerError``."""


@dataclass(slots=True)
class _Cursor:
    """A statement that the client keeps open."""

    text: StatementText
    variables: list[Variable] = field(default_factory=list)
    defines: list[Variable] = field(default_factory=list)
    columns: tuple[Column, ...] = ()
    rows: RowSource | None = None
    fetched: int = 0
    #: A row that was fetched ahead, to know whether there are more.
    directions: Sequence[Direction] = ()

    @property
    def is_defined_later(self) -> bool:
        """Whether rows may only travel after a define."""
        return any(wire_type(column.type) in DEFINED_LATER for column in self.columns)


class Connection:
    """The server's side of a connection."""

    def __init__(
        self, database: Database, channel: Channel, service_name: str, *, field_version: int, end_of_response: bool
    ) -> None:
        """Begin after ACCEPT.

        Args:
            database: What to log on to.
            channel: The packets.
            service_name: The service that the listener found.
            field_version: The newest layout offered.
            end_of_response: Whether each response ends in a mark.
        """
        self._database = database
        self._channel = channel
        self._service_name = service_name
        self._offered_version = field_version
        self._version = field_version
        self._end_of_response = end_of_response
        self._exchange: Exchange | None = None
        self._user = ""
        #: What the client said of itself in the logon's first phase.
        self._phase_one: dict[str, str] = {}
        self._session: Session | None = None
        self._logged_off = False
        self._cursors: dict[int, _Cursor] = {}
        self._cursor_ids = itertools.cycle(range(1, _MOST_CURSORS + 1))
        self._lobs = LobRegistry()
        self._schema = ""

    def serve(self) -> None:
        """Answer requests until the client goes or breaks the protocol; the session is ended in any case."""
        try:
            while not self._logged_off:
                try:
                    payload = self._next_payload(inside_request=False)
                    self._request(Reader(payload, lambda: self._next_payload(inside_request=True)))
                except BreakReceivedError:
                    self._answer_break()
        except ClosedByPeerError:
            pass
        finally:
            if self._session is not None:
                self._session.close(commit=self._logged_off)

    # ------------------------------------------------------------------ requests

    def _request(self, reader: Reader) -> None:
        while True:
            kind = reader.u8()
            if kind == Message.PIGGYBACK:
                self._piggyback(reader)
            elif kind == Message.FUNCTION:
                function = reader.u8()
                reader.u8()
                token = reader.ub() if self._version >= 18 else 0
                self._function(function, reader, token)
                return
            elif kind == Message.ONE_WAY:
                reader.raw(2)
                if self._version >= 18:
                    reader.ub()
                reader.skip("11u")
                return
            elif kind == Message.PROTOCOL:
                messages.parse_protocol(reader)
                self._channel.send(messages.make_protocol(self._offered_version))
                return
            elif kind == Message.DATA_TYPES:
                self._version = min(self._offered_version, messages.parse_data_types(reader))
                self._channel.send(messages.make_data_types())
                return
            elif kind == Message.FAST_AUTH:
                self._fast_auth(reader)
                return
            else:
                raise RemoteProtocolError(f"message type {kind}")

    def _fast_auth(self, reader: Reader) -> None:
        reader.raw(3)
        reader.u8()
        messages.parse_protocol(reader)
        reader.raw(5)
        reader.u8()
        reader.u8()
        version = min(self._offered_version, messages.parse_data_types(reader))
        reader.raw(3)
        answer = messages.make_protocol(self._offered_version) + messages.make_data_types()
        answer += self._auth_phase_one(messages.parse_auth(reader))
        self._version = version
        self._reply(answer)

    def _piggyback(self, reader: Reader) -> None:
        function = reader.u8()
        reader.u8()
        if self._version >= 18:
            reader.ub()
        if function == Piggyback.CLOSE_CURSORS:
            for cursor_id in messages.parse_close_cursors(reader):
                self._close_cursor(cursor_id)
        elif function == Piggyback.FREE_TEMP_LOBS:
            self._lobs.free(messages.parse_free_temp_lobs(reader))
        elif function == Piggyback.END_TO_END:
            identity = messages.parse_end_to_end(reader)
            if self._session is not None:
                self._session.set_identity(identity)
        elif function == Piggyback.SET_SCHEMA:
            reader.u8()
            schema = reader.text2()
            if self._session is not None:
                self._session.execute(
                    scan_statement(f'ALTER SESSION SET CURRENT_SCHEMA = "{schema.upper()}"'), (), [()]
                )
        elif function == Piggyback.APPLICATION_CONTEXT:
            namespace, attributes = messages.parse_application_context(reader)
            if self._session is not None:
                self._session.set_application_context(namespace, attributes)
        elif function == Piggyback.SESSION_STATE:
            reader.ub()
        elif function == Piggyback.PIPELINE_BEGIN:
            reader.skip("u11")
        else:
            raise messages.unknown_piggyback(function)

    def _function(self, function: int, reader: Reader, token: int) -> None:
        prefix = b""
        if token:
            writer = Writer()
            writer.u8(Message.TOKEN)
            writer.ub(token)
            prefix = bytes(writer)
        if function == Function.AUTH_PHASE_ONE:
            self._reply(self._auth_phase_one(messages.parse_auth(reader)))
            return
        if function == Function.AUTH_PHASE_TWO:
            self._reply(self._auth_phase_two(messages.parse_auth(reader)))
            return
        if self._session is None:
            raise RemoteProtocolError(f"function {function} before the logon")
        self._session.statistics.roundtrips += 1
        try:
            self._session.check_alive()
            answer = self._call(function, reader, self._session)
        except OraError as error:
            if error.code == _KILLED:
                self._reply(prefix + self._error(error))
                raise ClosedByPeerError from error
            if self._channel.client_waits_for_break() and error.code == 1013:
                while True:  # what was sent before the marker is void; taking the marker raises BreakReceivedError
                    self._next_payload(inside_request=True)
            answer = self._error(error)
        self._reply(prefix + answer)

    def _call(self, function: int, reader: Reader, session: Session) -> bytes:
        if function == Function.EXECUTE:
            return self._execute(reader, session)
        if function in {Function.REEXECUTE, Function.REEXECUTE_AND_FETCH}:
            return self._reexecute(reader, session, fetch=function == Function.REEXECUTE_AND_FETCH)
        if function == Function.FETCH:
            cursor_id, count = reader.ub(), reader.ub()
            return self._fetch(cursor_id, self._cursor(cursor_id), count)
        if function == Function.LOB_OPERATION:
            return self._lob_operation(calls.parse_lob_operation(reader))
        if function == Function.COMMIT:
            session.commit()
        elif function == Function.ROLLBACK:
            session.rollback()
        elif function == Function.LOGOFF:
            self._logged_off = True
        elif function == Function.PIPELINE_END:
            reader.ub()
        elif function != Function.PING:
            raise NotEmulated(f"TTC function {function}")
        return messages.make_status(in_transaction=session.in_transaction)

    # ------------------------------------------------------------------ logon

    def _auth_phase_one(self, request: messages.AuthRequest) -> bytes:
        self._user = request.user.strip('"') if request.user.startswith('"') else request.user.upper()
        self._phase_one = request.pairs
        verifier = self._database.verifier(self._user)
        self._exchange = Exchange(verifier or made_up_verifier(self._user))
        return messages.make_parameters(self._exchange.challenge()) + messages.make_error(field_version=self._version)

    def _auth_phase_two(self, request: messages.AuthRequest) -> bytes:
        pairs = request.pairs
        if self._session is not None:
            return self._change_password(pairs)
        if self._exchange is None:
            raise RemoteProtocolError("logon phase two before phase one")
        try:
            self._session = self._log_on(self._exchange, request)
            if "AUTH_NEWPASSWORD" in pairs:
                self._session.change_password(self._new_password(self._exchange, pairs))
        except OraError as error:
            self._reply(messages.make_error(error=error, field_version=self._version))
            raise ClosedByPeerError("logon refused") from error
        self._session.set_interrupt_probe(self._channel.client_waits_for_break)
        self._session.set_disconnect(self._channel.disconnect)
        self._schema = self._session.current_schema
        attributes = [(key, value, 0) for key, value in self._session.logon_attributes().items()]
        attributes.append(("AUTH_SVR_RESPONSE", self._exchange.proof(), 0))
        return messages.make_parameters(attributes) + messages.make_error(field_version=self._version)

    def _log_on(self, exchange: Exchange, request: messages.AuthRequest) -> Session:
        pairs = {**self._phase_one, **request.pairs}
        verified = exchange.verify(pairs.get("AUTH_SESSKEY", ""), pairs.get("AUTH_PASSWORD", ""))
        if not verified or self._database.verifier(self._user) is None:
            raise OraError(1017)
        proxy = pairs.get("PROXY_CLIENT_NAME")
        return self._database.open_session(
            Logon(
                user=self._user,
                proxy_client=proxy.upper() if proxy else None,
                service_name=self._service_name,
                program=pairs.get("AUTH_PROGRAM_NM", ""),
                machine=pairs.get("AUTH_MACHINE", ""),
                terminal=pairs.get("AUTH_TERMINAL", ""),
                os_user=pairs.get("AUTH_SID", ""),
                process=pairs.get("AUTH_PID", ""),
                driver=pairs.get("SESSION_CLIENT_DRIVER_NAME", ""),
                contexts={(space.upper(), name.upper()): value for space, name, value in request.contexts},
            )
        )

    @staticmethod
    def _new_password(exchange: Exchange, pairs: dict[str, str]) -> str:
        try:
            return exchange.decrypt_password(pairs["AUTH_NEWPASSWORD"])
        except ValueError:
            raise OraError(988) from None

    def _change_password(self, pairs: dict[str, str]) -> bytes:
        assert self._session is not None  # noqa: S101 - the caller looked
        assert self._exchange is not None  # noqa: S101 - there was a logon
        try:
            old = self._exchange.decrypt_password(pairs.get("AUTH_PASSWORD", ""))
            new = self._exchange.decrypt_password(pairs.get("AUTH_NEWPASSWORD", ""))
        except ValueError:
            return self._error(OraError(28008))
        verifier = self._database.verifier(self._user)
        if verifier is None or not verifier.matches(old):
            return self._error(OraError(28008))
        try:
            self._session.change_password(new)
        except OraError as error:
            return self._error(error)
        return messages.make_parameters([]) + messages.make_error(field_version=self._version)

    # ------------------------------------------------------------------ execute

    def _execute(self, reader: Reader, session: Session) -> bytes:
        request = calls.parse_execute(reader, self._version)
        if request.has(calls.OPTION_PARSE):
            session.statistics.parses += 1
        cursor = self._cursor(request.cursor_id) if request.cursor_id else None
        if request.sql is not None:
            text = scan_statement(request.sql)
            if cursor is None or cursor.text is not text:
                cursor = _Cursor(text)
        if cursor is None:
            raise OraError(1003)
        variables = [
            calls.parse_variable(reader, self._version) for _ in range(request.defines_count or request.variable_count)
        ]
        if request.defines_count:
            cursor.defines = variables
            cursor_id = self._keep(cursor, request.cursor_id)
            if not request.has(calls.OPTION_EXECUTE) and not request.has(calls.OPTION_FETCH):
                return calls.make_execute_parameters(None) + self._end(cursor_id=cursor_id)
        elif request.variable_count:
            cursor.variables = variables
            cursor.directions = ()
        # A query's count is that of the rows to fetch; it always has one row of binds.
        executions = 1 if cursor.text.kind is StatementKind.QUERY else max(request.executions, 1)
        rows: list[Sequence[Value]] = []
        if request.variable_count and request.has(calls.OPTION_BIND):
            rows = self._bind_rows(reader, cursor, executions, absent=frozenset())
        if request.has(calls.OPTION_FETCH) and not request.has(calls.OPTION_EXECUTE) and request.sql is None:
            return self._fetch(request.cursor_id, cursor, request.rows)
        if request.has(calls.OPTION_DESCRIBE) or not request.has(calls.OPTION_EXECUTE):  # parsed only
            return self._describe(session, cursor)
        rows = rows or [()] * executions
        answer = self._run(
            session,
            cursor,
            request.cursor_id,
            rows,
            describe=request.sql is not None,
            batch_errors=request.has(calls.OPTION_BATCH_ERRORS),
            wants_row_counts=request.wants_row_counts,
            fetch=request.rows if request.has(calls.OPTION_FETCH) else 0,
        )
        if request.has(calls.OPTION_COMMIT):
            session.commit()
        return answer

    def _reexecute(self, reader: Reader, session: Session, *, fetch: bool) -> bytes:
        cursor_id = reader.ub()
        count = reader.ub()
        reader.ub()
        commit = bool(reader.ub() & 1)
        cursor = self._cursor(cursor_id)
        out_only = {number for number, way in enumerate(cursor.directions) if way is Direction.OUT}
        absent = frozenset(out_only | set(cursor.text.returning))
        executions = 1 if fetch else max(count, 1)
        rows: list[Sequence[Value]] = [()] * executions
        if cursor.variables:
            if len(absent) < len(cursor.variables):
                rows = self._bind_rows(reader, cursor, executions, absent=absent)
            else:
                rows = [[None] * len(cursor.variables)] * executions
        answer = self._run(session, cursor, cursor_id, rows, describe=False, again=True, fetch=count if fetch else 0)
        if commit:
            session.commit()
        return answer

    def _bind_rows(
        self, reader: Reader, cursor: _Cursor, executions: int, *, absent: frozenset[int]
    ) -> list[Sequence[Value]]:
        is_plsql = cursor.text.kind is StatementKind.PLSQL
        absent = absent | frozenset(cursor.text.returning)
        if len(absent) == len(cursor.variables):
            return [[None] * len(cursor.variables)] * executions
        return [
            calls.parse_bind_row(reader, cursor.variables, absent=absent, is_plsql=is_plsql, handles=self)
            for _ in range(executions)
        ]

    def lob(self, locator: bytes) -> Value:
        """Return what a locator stands for that the client binds."""
        return self._lobs.content(locator)

    def cursor_rows(self, cursor_id: int) -> RowSource | None:
        """Return the rows of a cursor that the client binds."""
        return self._cursor(cursor_id).rows

    def _describe(self, session: Session, cursor: _Cursor) -> bytes:
        cursor.columns = session.describe(cursor.text, [variable.sql_type for variable in cursor.variables])
        if not cursor.columns:
            return self._end()
        cursor_id = self._keep(cursor, 0)
        return calls.make_describe(cursor.columns, self._version) + self._end(cursor_id=cursor_id)

    def _run(  # noqa: PLR0913 - the options of one EXECUTE call
        self,
        session: Session,
        cursor: _Cursor,
        cursor_id: int,
        rows: Sequence[Sequence[Value]],
        *,
        describe: bool,
        again: bool = False,
        batch_errors: bool = False,
        wants_row_counts: bool = False,
        fetch: int = 0,
    ) -> bytes:
        self._drop_rows(cursor)
        types = [variable.sql_type for variable in cursor.variables]
        outcome = session.execute(cursor.text, types, rows, batch_errors=batch_errors)
        if outcome.rows is not None:
            return self._query_answer(cursor, cursor_id, outcome.rows, describe=describe, fetch=fetch)
        if cursor.text.kind is StatementKind.PLSQL:
            return self._plsql_answer(cursor, cursor_id, outcome, again=again)
        keep = cursor.text.kind is StatementKind.DML
        answer = b""
        if cursor.text.returning:
            answer += self._returned(cursor, outcome)
        schema = session.current_schema if session.current_schema != self._schema else None
        self._schema = session.current_schema
        answer += calls.make_execute_parameters(outcome.row_counts if wants_row_counts else None, schema)
        return answer + self._end(
            cursor_id=self._keep(cursor, cursor_id) if keep else 0,
            row_count=outcome.row_count,
            outcome=outcome,
        )

    def _query_answer(self, cursor: _Cursor, cursor_id: int, source: RowSource, *, describe: bool, fetch: int) -> bytes:
        cursor.rows = source
        changed = cursor.columns != source.columns
        if changed:
            cursor.defines = calls.changed_defines(cursor.columns, source.columns)
            cursor.columns = source.columns
        cursor_id = self._keep(cursor, cursor_id)
        answer = calls.make_describe(cursor.columns, self._version) if describe or changed else b""
        if cursor.is_defined_later and not cursor.defines:
            return answer + self._end(cursor_id=cursor_id)
        if not fetch:
            return answer + calls.make_execute_parameters(None) + self._end(cursor_id=cursor_id)
        return answer + self._fetch(cursor_id, cursor, fetch)

    def _fetch(self, cursor_id: int, cursor: _Cursor, count: int) -> bytes:
        if cursor.rows is None:
            raise OraError(1002)
        defines = cursor.defines or [calls.default_define(column) for column in cursor.columns]
        writer = Writer()
        writer.raw(calls.make_row_header())
        values = ValueWriter(writer, self._lobs.keep)
        rows = cursor.rows.fetch(count)
        for row in rows:
            writer.u8(Message.ROW_DATA)
            for value, define in zip(row, defines, strict=True):
                if define.kind is WireType.CURSOR:
                    self._write_cursor(writer, value)
                else:
                    values.fetched(value, define.kind, national=define.national)
        cursor.fetched += len(rows)
        is_last = len(rows) < count
        if is_last:
            self._drop_rows(cursor, keep_fetched=True)
        return bytes(writer) + self._end(number=1403 if is_last else 0, cursor_id=cursor_id, row_count=cursor.fetched)

    def _plsql_answer(self, cursor: _Cursor, cursor_id: int, outcome: Outcome, *, again: bool) -> bytes:
        cursor.directions = outcome.directions
        answer = b""
        if outcome.directions and not again:
            answer += calls.make_io_vector(outcome.directions)
        outs = [
            variable
            for variable, way in zip(cursor.variables, outcome.directions, strict=False)
            if way is not Direction.IN
        ]
        if outs:
            for row in outcome.out_rows:
                writer = Writer()
                writer.u8(Message.ROW_DATA)
                values = ValueWriter(writer, self._lobs.keep)
                for value, variable in zip(row, outs, strict=True):
                    if variable.kind is WireType.CURSOR:
                        self._write_cursor(writer, value)
                        writer.sb(0)
                    else:
                        values.out(value, variable)
                answer += bytes(writer)
        return answer + self._end(cursor_id=self._keep(cursor, cursor_id), row_count=outcome.row_count, outcome=outcome)

    def _write_cursor(self, writer: Writer, source: RowSource | None) -> None:
        """Write a REF CURSOR: its description and the number of its rows; 0 for one that was never opened."""
        columns = source.columns if source is not None else ()
        cursor = _Cursor(scan_statement("SELECT"), columns=columns, rows=source)
        writer.u8(1)
        writer.raw(calls.make_describe(columns, self._version, embedded=True))
        writer.ub(self._keep(cursor, 0) if source is not None else 0)

    def _returned(self, cursor: _Cursor, outcome: Outcome) -> bytes:
        variables = [cursor.variables[number] for number in cursor.text.returning]
        writer = Writer()
        values = ValueWriter(writer, self._lobs.keep)
        for execution in outcome.returned:
            writer.u8(Message.ROW_DATA)
            for variable, column in zip(variables, execution, strict=True):
                writer.ub(len(column))
                for value in column:
                    values.out(value, variable)
        return bytes(writer)

    # ------------------------------------------------------------------ LOBs

    def _lob_operation(self, request: calls.LobOperation) -> bytes:
        answer = Writer()
        locator, amount, flag = request.locator, request.amount, None
        if request.operation == 0x0110:  # create temporary
            kind = WireType.CLOB if request.destination_offset == WireType.CLOB else WireType.BLOB
            locator, _ = self._lobs.keep("" if kind is WireType.CLOB else b"", kind)
        elif request.operation == 0x0111:  # free
            self._lobs.free(locator)
        elif request.operation == 0x0001:  # length
            amount = length_of(self._lobs.content(locator))
        elif request.operation == 0x4000:  # chunk size
            amount = 8060
        elif request.operation == 0x0002:  # read
            part = slice_of(self._lobs.content(locator), request.source_offset, request.amount)
            amount = len(part)
            if part:
                answer.u8(Message.LOB_DATA)
                answer.value(part)
        elif request.operation == 0x0040:  # write
            self._lobs.replace(locator, overwrite(self._lobs.content(locator), request.source_offset, request.data))
        elif request.operation == 0x0020:  # trim
            content = self._lobs.content(locator)
            kept = slice_of(content, 1, request.amount)
            self._lobs.replace(locator, kept if isinstance(content, bytes) else kept.decode("utf-16-be"))
        elif request.operation == 0x8000:  # open
            self._lobs.open(locator)
        elif request.operation == 0x10000:  # close
            self._lobs.close(locator)
        elif request.operation == 0x11000:  # is open
            flag = int(self._lobs.is_open(locator))
        else:
            raise NotEmulated(f"LOB operation {request.operation:#x}")
        answer.u8(Message.PARAMETER)
        answer.raw(locator)
        if request.operation == 0x0110:
            answer.ub(873)
            answer.u8(0)
        if request.sends_amount:
            answer.ub(amount)
        if flag is not None:
            answer.u8(flag)
        return bytes(answer) + self._end()

    # ------------------------------------------------------------------ cursors and answers

    def _cursor(self, cursor_id: int) -> _Cursor:
        try:
            return self._cursors[cursor_id]
        except KeyError:
            raise OraError(1001) from None

    def _keep(self, cursor: _Cursor, cursor_id: int) -> int:
        """Keep a cursor open under a number; a new one unless it has one already."""
        if cursor_id and self._cursors.get(cursor_id) is cursor:
            return cursor_id
        number = next(number for number in self._cursor_ids if number not in self._cursors)
        self._cursors[number] = cursor
        return number

    def _close_cursor(self, cursor_id: int) -> None:
        cursor = self._cursors.pop(cursor_id, None)
        if cursor is not None:
            self._drop_rows(cursor)

    @staticmethod
    def _drop_rows(cursor: _Cursor, *, keep_fetched: bool = False) -> None:
        if cursor.rows is not None:
            cursor.rows.close()
            cursor.rows = None
        if not keep_fetched:
            cursor.fetched = 0

    def _end(self, *, number: int = 0, cursor_id: int = 0, row_count: int = 0, outcome: Outcome | None = None) -> bytes:
        assert self._session is not None  # noqa: S101 - there is no call without one
        return messages.make_error(
            number=number,
            cursor_id=cursor_id,
            row_count=row_count,
            in_transaction=self._session.in_transaction,
            field_version=self._version,
            batch_errors=outcome.batch_errors if outcome is not None else (),
            warning=outcome is not None and outcome.warning is not None,
        )

    def _error(self, error: OraError) -> bytes:
        session = self._session
        return messages.make_error(
            error=error,
            row_count=error.row_count,
            in_transaction=session is not None and session.in_transaction,
            field_version=self._version,
        )

    def _answer_break(self) -> None:
        self._channel.answer_break()
        self._reply(self._error(OraError(1013)))

    def _next_payload(self, *, inside_request: bool) -> bytes:
        payload = self._channel.next_payload(inside_request=inside_request)
        if self._session is not None:
            self._session.statistics.bytes_received += len(payload)
        return payload

    def _reply(self, answer: bytes) -> None:
        if self._end_of_response:
            answer += bytes((Message.END_OF_RESPONSE,))
        if self._session is not None:
            self._session.statistics.bytes_sent += len(answer)
        self._channel.send(answer)
