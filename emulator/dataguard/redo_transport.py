"""The sending side of redo: a port to which standbys connect, and a sender for each of them.

Every instance has it, whatever its role: a primary that was just demoted still has to deliver its last records, and a
standby that missed a role change may find its redo at the old primary.
"""

from __future__ import annotations

import contextlib
import hmac
import logging
import socket
import threading
import time

from emulator.dataguard.redo_frames import (
    BrokenStreamError,
    Greeting,
    Welcome,
    receive_applied,
    receive_greeting,
    send_heartbeat,
    send_record,
    send_welcome,
)
from emulator.store import Store
from emulator.store.incarnations import may_follow

log = logging.getLogger("emulator.redo")

HEARTBEAT_SECONDS = 0.5
_GREETING_SECONDS = 10.0


class RedoTransport:
    """Serves redo to standbys."""

    def __init__(self, store: Store, *, host: str, port: int, secret: str, standbys: tuple[str, ...]) -> None:
        """Bind the port.

        Args:
            store: The instance's data.
            host: The address at which it listens.
            port: Where standbys connect.
            secret: What a standby must know.
            standbys: All other instances: redo is kept until each of them has applied it.
        """
        self._store = store
        self._secret = secret
        self._applied: dict[str, int] = dict.fromkeys(standbys, 0)
        self._forgotten = 0
        self._stopping = False
        self._lock = threading.Lock()
        self._connections: set[socket.socket] = set()
        self._socket = socket.create_server((host, port))

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
                if not self._stopping:  # out of file descriptors, say: standbys must find the port open afterwards
                    time.sleep(HEARTBEAT_SECONDS)
                continue
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
            welcome = self._welcome(greeting)
            send_welcome(connection, welcome)
            if welcome.verdict != "follow":
                return
            connection.settimeout(None)
            self._applied[greeting.name] = greeting.scn
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

    def _welcome(self, greeting: Greeting) -> Welcome:
        """Judge whether a standby can follow; only a primary may say that it never can."""
        store = self._store
        with store.latch:
            history, scn = store.history, store.scn
            is_primary = store.writable and store.base_scn is None
            is_snapshot = store.base_scn is not None
        fits = may_follow(history, greeting.history, greeting.scn) and greeting.scn <= scn
        if fits and greeting.scn < scn:
            following = store.redo_after(greeting.scn, 1)
            fits = bool(following) and following[0].scn == greeting.scn + 1
        if is_snapshot or (not fits and not is_primary):
            return Welcome("wait", history)
        return Welcome("follow" if fits else "rebuild", history)

    def _send(self, connection: socket.socket, scn: int) -> None:
        store = self._store
        next_heartbeat = 0.0
        while not self._stopping:
            records = store.redo_after(scn) if store.scn > scn else []
            if store.base_scn is not None:
                return  # what a snapshot standby writes is for nobody else
            for record in records:
                send_record(connection, record)
                scn = record.scn
            if not records:
                with store.advanced:
                    if store.scn <= scn:
                        store.advanced.wait(HEARTBEAT_SECONDS)
            if time.monotonic() >= next_heartbeat:
                send_heartbeat(connection, scn, self._forgotten)
                next_heartbeat = time.monotonic() + HEARTBEAT_SECONDS

    def _hear(self, connection: socket.socket, name: str) -> None:
        with contextlib.suppress(OSError, BrokenStreamError):
            while True:
                self._applied[name] = receive_applied(connection)
                self._forget()
        with contextlib.suppress(OSError):
            connection.shutdown(socket.SHUT_RDWR)

    def _forget(self) -> None:
        if not self._store.writable:
            return  # a standby is told by its primary
        oldest = min(self._applied.values())
        if oldest >= self._forgotten + 256:  # not for each record: deleting is a commit of its own
            self._forgotten = oldest
            self._store.forget_redo(oldest)
