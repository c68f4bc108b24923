"""The primary's side of redo: a port to which standbys connect, and a sender for each of them."""

from __future__ import annotations

import contextlib
import hmac
import logging
import socket
import threading

from emulator.dataguard.redo_frames import (
    BrokenStreamError,
    receive_applied,
    receive_greeting,
    send_heartbeat,
    send_record,
)
from emulator.store import Store

log = logging.getLogger("emulator.redo")

HEARTBEAT_SECONDS = 0.5
_GREETING_SECONDS = 10.0


class RedoTransport:
    """Serves redo to standbys."""

    def __init__(self, store: Store, *, port: int, secret: str, standbys: tuple[str, ...]) -> None:
        """Bind the port on loopback.

        Args:
            store: The primary's data.
            port: Where standbys connect.
            secret: What a standby must know.
            standbys: All that there are: redo is kept until each of them has applied it.
        """
        self._store = store
        self._secret = secret
        self._applied: dict[str, int] = dict.fromkeys(standbys, 0)
        self._forgotten = 0
        self._stopping = False
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._socket = socket.create_server(("127.0.0.1", port))

    def start(self) -> None:
        """Let standbys in."""
        threading.Thread(target=self._listen, name="redo listener", daemon=True).start()

    def stop(self) -> None:
        """Close the port and all connections."""
        self._stopping = True
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        with self._lock:
            for connection in self._connections:
                with contextlib.suppress(OSError):
                    connection.shutdown(socket.SHUT_RDWR)

    def _listen(self) -> None:
        while not self._stopping:
            try:
                connection, _address = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), name="redo sender", daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError, BrokenStreamError):
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            connection.settimeout(_GREETING_SECONDS)
            greeting = receive_greeting(connection)
            if not hmac.compare_digest(greeting.secret.encode(), self._secret.encode()):
                log.warning("refused a standby that does not know the secret")
                return
            if greeting.name not in self._applied:
                log.warning("refused an unknown standby %r", greeting.name)
                return
            connection.settimeout(None)
            with self._lock:
                self._connections.add(connection)
            try:
                receiver = threading.Thread(
                    target=self._hear, args=(connection, greeting.name), name="redo receipts", daemon=True
                )
                receiver.start()
                self._send(connection, greeting.scn)
            finally:
                with self._lock:
                    self._connections.discard(connection)

    def _send(self, connection: socket.socket, scn: int) -> None:
        store = self._store
        while not self._stopping:
            records = store.redo_after(scn) if store.scn > scn else []
            for record in records:
                send_record(connection, record)
                scn = record.scn
            if not records:
                with store.advanced:
                    if store.scn <= scn:
                        store.advanced.wait(HEARTBEAT_SECONDS)
                if store.scn <= scn:
                    send_heartbeat(connection, scn)

    def _hear(self, connection: socket.socket, name: str) -> None:
        with contextlib.suppress(OSError, BrokenStreamError):
            while True:
                self._applied[name] = receive_applied(connection)
                self._forget()
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    def _forget(self) -> None:
        oldest = min(self._applied.values())
        if oldest >= self._forgotten + 256:  # not for each record: deleting is a commit of its own
            self._forgotten = oldest
            self._store.forget_redo(oldest)
