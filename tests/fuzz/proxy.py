"""A proxy between the driver and a server: keeps what the driver sends, and hands over a logged-on connection."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading

from emulator.tns.packets import HEADER_BYTES, PacketType
from tests.loopback_listener import LoopbackListener


class Relay:
    """One connection of the driver's, and the proxy's own to the server."""

    def __init__(self, client: socket.socket, upstream: socket.socket) -> None:
        """Relay both ways, once started, until told otherwise."""
        self.upstream = upstream
        self.sent = bytearray()
        self._client = client
        self._is_taken = False
        self._threads = [threading.Thread(target=work, daemon=True) for work in (self._up, self._down)]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def take(self) -> socket.socket:
        """Stop relaying; return the server's end, on which nothing is under way."""
        self._is_taken = True
        with contextlib.suppress(OSError):
            self._client.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        self._client.close()
        return self.upstream

    def _up(self) -> None:
        with contextlib.suppress(OSError):
            while data := self._client.recv(1 << 16):
                self.sent += data
                self.upstream.sendall(data)
        if not self._is_taken:
            with contextlib.suppress(OSError):
                self.upstream.shutdown(socket.SHUT_RDWR)

    def _down(self) -> None:
        self.upstream.settimeout(0.02)
        while not self._is_taken:
            try:
                data = self.upstream.recv(1 << 16)
                if not data:
                    break
                self._client.sendall(data)
            except TimeoutError:
                continue
            except OSError:
                break
        if not self._is_taken:
            with contextlib.suppress(OSError):
                self._client.shutdown(socket.SHUT_RDWR)


class Proxy(LoopbackListener):
    """Listens on a port of its own for one server."""

    def __init__(self, port: int) -> None:
        """Listen for the server at ``port`` of loopback."""
        self._upstream_port = port
        self.relays: list[Relay] = []
        super().__init__(self._relay)

    def _relay(self, client: socket.socket) -> None:
        self.relays.append(Relay(client, socket.create_connection(("127.0.0.1", self._upstream_port))))
        self.relays[-1].start()


def split_packets(data: bytes) -> list[tuple[int, bytes]]:
    """Return type and whole bytes of each packet that a client sent; the first is its CONNECT, with 16-bit lengths."""
    packets = []
    at = 0
    while at + HEADER_BYTES <= len(data):
        large = bool(packets)
        length = struct.unpack(">I", data[at : at + 4])[0] if large else struct.unpack(">H", data[at : at + 2])[0]
        packets.append((data[at + 4], data[at : at + length]))
        at += length
    return packets


def requests_of(packets: list[tuple[int, bytes]]) -> list[bytes]:
    """Return the payloads of the DATA packets."""
    return [packet[10:] for kind, packet in packets if kind == PacketType.DATA]
