"""The listener: the only module of the emulator with clients' sockets. One thread for each connection."""

from __future__ import annotations

import contextlib
import logging
import select
import socket
import struct
import sys
import threading
import time

from emulator.connection import BreakReceivedError, ClosedByPeerError, Connection
from emulator.errors import EmulatorError, OraError, RemoteProtocolError
from emulator.faults import Faults
from emulator.session import Database
from emulator.session_threads import start_session_thread
from emulator.tns.packets import (
    FLAG_EOF,
    HEADER_BYTES,
    Marker,
    PacketType,
    make_accept,
    make_data,
    make_marker,
    make_refuse,
    packet_types,
    parse_connect,
    parse_header,
)
from emulator.ttc.messages import Function, Message, make_error

log = logging.getLogger("emulator.server")

#: A client writes a request in one go; a gap this long inside one means that the two sides do not understand each
#: other.
_REQUEST_GAP_SECONDS = 20.0
#: How far a running call looks for a break behind a pipeline's next requests.
_PEEKED_BYTES = 1 << 16
#: Until the next try to accept a connection after one that failed.
_ACCEPT_PAUSE_SECONDS = 0.05
#: The largest SDU that is granted.
_LARGEST_SDU = 65_535
_RECURSION_LIMIT = 20_000
#: Calls that no injected cut is spent on.
_LOGON_FUNCTIONS = frozenset({Function.AUTH_PHASE_ONE, Function.AUTH_PHASE_TWO, Function.LOGOFF})


class Server:
    """Listens for one instance."""

    def __init__(
        self,
        database: Database,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        field_version: int = 24,
        fast_auth: bool = False,
        end_of_response: bool = False,
        faults: Faults | None = None,
    ) -> None:
        """Bind the port; nobody is let in before ``start``.

        Args:
            database: The instance.
            host: The address at which it listens.
            port: 0 for any free one.
            field_version: The newest layout offered: 24 as 23ai, 13 as 19c.
            fast_auth: Offer the logon with fewer round trips.
            end_of_response: Offer the end-of-response mark (the driver then may pipeline).
            faults: What goes wrong on purpose.
        """
        self._database = database
        self._field_version = field_version
        self._fast_auth = fast_auth
        self._end_of_response = end_of_response
        self._faults = faults or Faults()
        self._socket = socket.create_server((host, port), backlog=128)
        self.port: int = self._socket.getsockname()[1]
        self._lock = threading.Lock()
        self._clients: dict[int, socket.socket] = {}
        self._threads: set[threading.Thread] = set()
        self._stopping = False

    def start(self) -> None:
        """Let clients in."""
        sys.setrecursionlimit(_RECURSION_LIMIT)
        threading.Thread(target=self._listen, name="listener", daemon=True).start()

    def stop(self) -> None:
        """Close the port and end all connections; their transactions are rolled back."""
        self._stopping = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)  # closing alone would not wake accept()
        self._socket.close()
        with self._lock:
            threads = list(self._threads)
        self.disconnect_all()
        for thread in threads:
            thread.join(timeout=5)

    def disconnect_all(self) -> int:
        """Cut all connections at once, whatever their sessions are doing; returns how many there were."""
        with self._lock:
            clients = list(self._clients.values())
        for client in clients:
            with contextlib.suppress(OSError):
                client.shutdown(socket.SHUT_RDWR)
        return len(clients)

    def _listen(self) -> None:
        while True:
            try:
                client, _address = self._socket.accept()
            except OSError:
                if self._stopping:
                    return
                log.exception("a connection cannot be accepted now")
                time.sleep(_ACCEPT_PAUSE_SECONDS)  # out of file descriptors: those of others have to be closed first
                continue
            try:
                self._start_session(client)
            except (OSError, RuntimeError):  # no memory for one more thread, or the client is gone already
                log.exception("a connection cannot be served now")
                client.close()

    def _start_session(self, client: socket.socket) -> None:
        """Give a connection a session's thread."""
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        with self._lock:
            if self._stopping:
                client.close()
                return
            self._clients[id(client)] = client
            try:
                self._threads.add(start_session_thread(self._serve, client))
            except RuntimeError:
                del self._clients[id(client)]
                raise

    def _serve(self, client: socket.socket) -> None:
        channel = SocketChannel(client, self._faults)
        try:
            self._converse(channel)
        except (ClosedByPeerError, OSError):
            pass
        except RemoteProtocolError as error:
            log.warning("a client broke the protocol: %s", error)
        except EmulatorError as error:
            log.warning("a connection ended: %s", error)
        except Exception as error:
            log.exception("a connection ended by an unexpected error")
            with contextlib.suppress(OSError):
                channel.send_internal_error(type(error).__name__, self._field_version)
        finally:
            client.close()
            with self._lock:
                self._clients.pop(id(client), None)
                self._threads.discard(threading.current_thread())

    def _converse(self, channel: SocketChannel) -> None:
        kind, body = channel.read_packet(timeout=_REQUEST_GAP_SECONDS)
        if kind != PacketType.CONNECT:
            raise RemoteProtocolError(f"packet type {kind} instead of CONNECT")
        request, missing = parse_connect(body)
        if missing > 0:
            data = b""
            while len(data) < missing:
                kind, body = channel.read_packet(timeout=_REQUEST_GAP_SECONDS)
                if kind != PacketType.DATA or len(body) <= 2:
                    raise RemoteProtocolError(f"packet type {kind} instead of the rest of CONNECT")
                data += body[2:]
            request = type(request)(request.version, request.sdu, data.decode("utf-8", "replace"))
        if self._faults.refuses:
            channel.send_raw(make_refuse(12528))
            return
        try:
            service = self._database.check_service(request.value("SERVICE_NAME"), request.value("SID"))
        except OraError as error:
            channel.send_raw(make_refuse(error.code))
            return
        sdu = min(request.sdu, _LARGEST_SDU)
        end_of_response = self._end_of_response and request.version >= 319
        channel.accept(
            make_accept(request, sdu=sdu, fast_auth=self._fast_auth, end_of_response=end_of_response),
            sdu=sdu,
            end_of_response=end_of_response,
        )
        Connection(
            self._database,
            channel,
            service,
            field_version=self._field_version,
            end_of_response=end_of_response,
        ).serve()


class SocketChannel:
    """Packets over a socket, and what goes wrong with them on purpose; the ``Channel`` of a connection."""

    def __init__(self, client: socket.socket, faults: Faults) -> None:
        """Begin before CONNECT: lengths of 16 bits."""
        self._socket = client
        self._faults = faults
        self._in_call = False
        self._large = False
        self._sdu = 8192
        self._end_of_response = False

    def accept(self, packet: bytes, *, sdu: int, end_of_response: bool) -> None:
        """Send ACCEPT; lengths have 32 bits from now on."""
        self.send_raw(packet)
        self._large = True
        self._sdu = sdu
        self._end_of_response = end_of_response

    def read_packet(self, timeout: float | None) -> tuple[int, bytes]:
        """Return the type and body of the next packet.

        Raises:
            ClosedByPeerError: The client closed.
            RemoteProtocolError: Nothing came in time.
        """
        self._socket.settimeout(timeout)
        try:
            header = self._receive(HEADER_BYTES)
            self._wait_hearing()
            length, kind, _flags = parse_header(header, large=self._large)
            self._socket.settimeout(_REQUEST_GAP_SECONDS)
            return kind, self._receive(length)
        except TimeoutError:
            raise RemoteProtocolError("a request was not finished in time") from None

    def next_payload(self, *, inside_request: bool) -> bytes:
        """Return the next DATA payload; see ``Channel``."""
        kind, body = self.read_packet(_REQUEST_GAP_SECONDS if inside_request else None)
        if kind == PacketType.MARKER:
            raise BreakReceivedError
        if kind != PacketType.DATA or len(body) < 2:
            raise RemoteProtocolError(f"packet type {kind}")
        flags = struct.unpack(">H", body[:2])[0]
        if flags & FLAG_EOF:
            raise ClosedByPeerError
        if not inside_request:
            self._in_call = _is_call(body[2:4])
            self._cut("request")
        return body[2:]

    def send(self, payload: bytes) -> None:
        """Send a whole response."""
        self._cut("answer")
        self._in_call = False
        self.send_raw(make_data(payload, sdu=self._sdu, end_of_response=self._end_of_response))

    def send_raw(self, packets: bytes) -> None:
        """Send packets as they are."""
        self._wait_hearing()
        self._socket.settimeout(None)
        self._socket.sendall(packets)

    def answer_break(self) -> None:
        """Send BREAK, discard until the client's RESET, send RESET."""
        self.send_raw(make_marker(Marker.BREAK))
        while True:
            kind, body = self.read_packet(_REQUEST_GAP_SECONDS)
            if kind == PacketType.MARKER and body[-1:] == bytes((Marker.RESET,)):
                break
        self.send_raw(make_marker(Marker.RESET))

    def client_waits_for_break(self) -> bool:
        """Tell whether a marker has come in while a call runs, or the end of the connection.

        The next requests of a pipeline may stand before it; they are no break.
        """
        if self._faults.is_deaf:
            return False
        try:
            if not select.select([self._socket], [], [], 0)[0]:
                return False
            waiting = self._socket.recv(_PEEKED_BYTES, socket.MSG_PEEK)
            return not waiting or self._is_gone() or PacketType.MARKER in packet_types(waiting, large=self._large)
        except (OSError, ValueError, RemoteProtocolError):
            return True

    def disconnect(self) -> None:
        """End the connection from whatever thread; what was sent still reaches the client."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def send_internal_error(self, name: str, field_version: int) -> None:
        """Answer ORA-00600 with the error's name, never with its text; the connection then ends."""
        text = f"adgfleet emulator, {name}: see the instance's log"
        self.send(make_error(error=OraError(600, text), field_version=field_version))

    def _cut(self, point: str) -> None:
        """End the connection here if an injected fault says so."""
        if self._in_call and self._faults.takes_cut(point):
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_RDWR)
            raise ClosedByPeerError(f"cut at the {point} on purpose")

    def _wait_hearing(self) -> None:
        """Wait while the instance is deaf; a client that has closed meanwhile is gone."""
        if self._faults.is_deaf:
            self._faults.wait_hearing(self._is_gone)
            if self._is_gone():
                raise ClosedByPeerError

    def _is_gone(self) -> bool:
        """Tell whether the client has closed, also where bytes of its are still unread."""
        poll = select.poll()
        try:
            poll.register(self._socket, select.POLLRDHUP)
            return bool(poll.poll(0))
        except (OSError, ValueError):
            return True

    def _receive(self, count: int) -> bytes:
        parts = bytearray()
        while len(parts) < count:
            part = self._socket.recv(count - len(parts))
            if not part:
                raise ClosedByPeerError
            parts += part
        return bytes(parts)


def _is_call(start: bytes) -> bool:
    """Tell whether a request is a session's call, by its first two bytes: not part of a logon or logoff."""
    if start[:1] == bytes((Message.PIGGYBACK,)):
        return True
    return start[:1] == bytes((Message.FUNCTION,)) and start[1:2] != b"" and start[1] not in _LOGON_FUNCTIONS
