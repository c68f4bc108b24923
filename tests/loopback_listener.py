"""Accepts connections on a port of its own, for tests that stand between a client and a server."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable


class LoopbackListener:
    """Hands each connection to a function, one after the other."""

    def __init__(self, accepted: Callable[[socket.socket], None]) -> None:
        self._accepted = accepted
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()

    def _listen(self) -> None:
        while True:
            try:
                connection, _address = self._socket.accept()
            except OSError:
                return
            self._accepted(connection)
