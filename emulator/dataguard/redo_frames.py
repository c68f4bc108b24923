"""Redo on its way between instances: frames with a checksum over a TCP connection on loopback.

A standby greets with its name, the configuration's secret and the SCN that it has applied. The primary sends every
record after that and a heartbeat now and then; the standby answers with the SCN that it has applied.
"""

from __future__ import annotations

import json
import socket
import struct
import time
import zlib
from dataclasses import dataclass

from emulator.store import RedoKind, RedoRecord

#: Length of the data, SCN, commit time, kind, CRC-32 of the data.
_HEADER = struct.Struct(">QQdBI")
_ACKNOWLEDGEMENT = struct.Struct(">Q")
_GREETING = struct.Struct(">I")
_LONGEST_GREETING = 4096
_KINDS = {0: None, 1: RedoKind.CHANGES, 2: RedoKind.DEFINITION}
_NUMBERS = {kind: number for number, kind in _KINDS.items()}


class BrokenStreamError(Exception):
    """The connection ended or carries something else; the standby connects again."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The primary lives; sent when there is nothing else."""

    scn: int
    sent_at: float


@dataclass(frozen=True, slots=True)
class Greeting:
    """How a standby introduces itself."""

    name: str
    secret: str
    scn: int


def send_greeting(connection: socket.socket, greeting: Greeting) -> None:
    """Introduce a standby."""
    data = json.dumps({"name": greeting.name, "secret": greeting.secret, "scn": greeting.scn}).encode()
    connection.sendall(_GREETING.pack(len(data)) + data)


def receive_greeting(connection: socket.socket) -> Greeting:
    """Read a standby's introduction.

    Raises:
        BrokenStreamError: It is none.
    """
    (length,) = _GREETING.unpack(_exactly(connection, _GREETING.size))
    if length > _LONGEST_GREETING:
        raise BrokenStreamError("greeting too long")
    try:
        found = json.loads(_exactly(connection, length))
        return Greeting(str(found["name"]), str(found["secret"]), int(found["scn"]))
    except (ValueError, KeyError, TypeError) as error:
        raise BrokenStreamError("no greeting") from error


def send_record(connection: socket.socket, record: RedoRecord) -> None:
    """Send a record."""
    header = _HEADER.pack(
        len(record.data), record.scn, record.committed_at, _NUMBERS[record.kind], zlib.crc32(record.data)
    )
    connection.sendall(header + record.data)


def send_heartbeat(connection: socket.socket, scn: int) -> None:
    """Say that there is nothing after ``scn``."""
    connection.sendall(_HEADER.pack(0, scn, time.time(), 0, 0))


def receive_frame(connection: socket.socket) -> RedoRecord | Heartbeat:
    """Wait for the next record or heartbeat.

    Raises:
        BrokenStreamError: The stream ended or was damaged.
    """
    length, scn, committed_at, number, checksum = _HEADER.unpack(_exactly(connection, _HEADER.size))
    data = _exactly(connection, length)
    if number not in _KINDS or zlib.crc32(data) != checksum:
        raise BrokenStreamError("damaged frame")
    kind = _KINDS[number]
    return Heartbeat(scn, committed_at) if kind is None else RedoRecord(scn, kind, committed_at, data)


def send_applied(connection: socket.socket, scn: int) -> None:
    """Tell the primary what has been applied."""
    connection.sendall(_ACKNOWLEDGEMENT.pack(scn))


def receive_applied(connection: socket.socket) -> int:
    """Wait for a standby's next applied SCN."""
    return int(_ACKNOWLEDGEMENT.unpack(_exactly(connection, _ACKNOWLEDGEMENT.size))[0])


def _exactly(connection: socket.socket, count: int) -> bytes:
    parts = []
    while count:
        try:
            part = connection.recv(min(count, 1 << 20))
        except OSError as error:
            raise BrokenStreamError(str(error)) from error
        if not part:
            raise BrokenStreamError("ended")
        parts.append(part)
        count -= len(part)
    return b"".join(parts)
