"""One client's connection after ACCEPT: set-up, logon, calls until it ends. Knows no sockets, only a ``Channel``."""

from __future__ import annotations

import logging
from typing import Protocol

from emulator.errors import EmulatorError, NotEmulated, OraError, RemoteProtocolError
from emulator.lob_calls import run_lob_operation
from emulator.logon import LogonExchange
from emulator.open_cursors import OpenCursors
from emulator.session import Database, Session
from emulator.statement_text import scan_statement
from emulator.ttc import execute as calls
from emulator.ttc import messages
from emulator.ttc.buffer import Reader, Writer
from emulator.ttc.lobs import LobRegistry
from emulator.ttc.messages import Function, Message, Piggyback

log = logging.getLogger("emulator.connection")

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
        self._offered_version = field_version
        self._version = field_version
        self._end_of_response = end_of_response
        self._logon = LogonExchange(database, service_name)
        self._session: Session | None = None
        self._logged_off = False
        self._lobs = LobRegistry()
        self._cursors: OpenCursors | None = None
        #: What a piggyback failed with: it has no answer, so the call that it came with fails.
        self._piggyback_error: OraError | None = None

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
                try:
                    self._piggyback(reader)
                except NotEmulated:
                    raise  # of unknown length: what follows cannot be read
                except OraError as error:
                    self._piggyback_error = self._piggyback_error or error
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
                if self._cursors is not None:
                    self._cursors.close(cursor_id)
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
        if self._session is None or self._cursors is None:
            raise RemoteProtocolError(f"function {function} before the logon")
        self._session.statistics.roundtrips += 1
        try:
            self._session.check_alive()
            refused, self._piggyback_error = self._piggyback_error, None
            if refused is not None:
                raise refused
            answer = self._call(function, reader, self._session, self._cursors)
        except OraError as error:
            if error.code == _KILLED:
                self._reply(prefix + self._error(error))
                raise ClosedByPeerError from error
            if self._channel.client_waits_for_break() and error.code == 1013:
                while True:  # what was sent before the marker is void; taking the marker raises BreakReceivedError
                    self._next_payload(inside_request=True)
            answer = self._error(error)
        self._reply(prefix + answer)

    def _call(self, function: int, reader: Reader, session: Session, cursors: OpenCursors) -> bytes:
        if function == Function.EXECUTE:
            return cursors.execute(reader)
        if function in {Function.REEXECUTE, Function.REEXECUTE_AND_FETCH}:
            return cursors.reexecute(reader, fetch=function == Function.REEXECUTE_AND_FETCH)
        if function == Function.FETCH:
            return cursors.fetch(reader)
        if function == Function.LOB_OPERATION:
            answer = run_lob_operation(self._lobs, calls.parse_lob_operation(reader))
            return answer + messages.make_error(in_transaction=session.in_transaction, field_version=self._version)
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
        return self._logon.challenge(request) + messages.make_error(field_version=self._version)

    def _auth_phase_two(self, request: messages.AuthRequest) -> bytes:
        if self._session is not None:
            try:
                self._logon.change_password(self._session, request.pairs)
            except OraError as error:
                return self._error(error)
            return messages.make_parameters([]) + messages.make_error(field_version=self._version)
        try:
            self._session, attributes = self._logon.open_session(request)
        except OraError as error:
            self._reply(messages.make_error(error=error, field_version=self._version))
            raise ClosedByPeerError("logon refused") from error
        self._session.set_interrupt_probe(self._channel.client_waits_for_break)
        self._session.set_disconnect(self._channel.disconnect)
        self._cursors = OpenCursors(self._session, self._lobs, field_version=self._version)
        return attributes + messages.make_error(field_version=self._version)

    # ------------------------------------------------------------------ answers

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
