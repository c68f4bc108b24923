"""Redo on its way between instances: frames with a checksum over a TCP connection.

A standby greets with its name, the configuration's secret, its incarnations and the SCN that it has applied. The source
welcomes it or says why not, then sends every record after that SCN and a heartbeat now and then; the standby answers
with the SCN that it has applied.

Everything has a checksum, lengths first of all: a length that nobody checks makes the reader swallow what follows.
"""

from __future__ import annotations

import dataclasses
import json
import socket
import struct
import time
import zlib
from dataclasses import dataclass
from typing import Any

from emulator.store import RedoKind, RedoRecord
from emulator.store.incarnations import History, Incarnation

#: Length of the data, SCN, commit time, kind, CRC-32 of the data; then the CRC-32 of all this.
_HEADER = struct.Struct(">QQdBI")
_SCN = struct.Struct(">Q")
#: Length and CRC-32 of a letter.
_LETTER = struct.Struct(">II")
_CHECKSUM = struct.Struct(">I")
#: Incarnations are few: one for each failover.
_LONGEST_LETTER = 1 << 20
_KINDS = {0: None, 1: RedoKind.CHANGES, 2: RedoKind.DEFINITION, 3: RedoKind.SEQUENCE}
_NUMBERS = {kind: number for number, kind in _KINDS.items()}


class BrokenStreamError(Exception):
    """The connection ended or carries something else; the standby connects again."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The primary lives; sent when there is nothing else."""

    scn: int
    sent_at: float
    #: Every standby has applied redo up to here, so nobody needs it any more; 0 from who does not know.
    forget_scn: int = 0


@dataclass(frozen=True, slots=True)
class Greeting:
    """How a standby introduces itself."""

    name: str
    secret: str
    scn: int
    history: History


@dataclass(frozen=True, slots=True)
class Welcome:
    """What the source answers: ``follow``, ``wait`` (it is no primary now) or ``rebuild`` (this standby never can)."""

    verdict: str
    history: History


def send_greeting(connection: socket.socket, greeting: Greeting) -> None:
    """Introduce a standby."""
    _send_letter(connection, dataclasses.asdict(greeting))


def receive_greeting(connection: socket.socket) -> Greeting:
    """Read a standby's introduction.

    Raises:
        BrokenStreamError: It is none.
    """
    found = _receive_letter(connection)
    try:
        return Greeting(str(found["name"]), str(found["secret"]), int(found["scn"]), _history(found["history"]))
    except (ValueError, KeyError, TypeError) as error:
        raise BrokenStreamError("no greeting") from error


def send_welcome(connection: socket.socket, welcome: Welcome) -> None:
    """Answer a greeting."""
    _send_letter(connection, dataclasses.asdict(welcome))


def receive_welcome(connection: socket.socket) -> Welcome:
    """Read the answer to a greeting.

    Raises:
        BrokenStreamError: It is none.
    """
    found = _receive_letter(connection)
    try:
        return Welcome(str(found["verdict"]), _history(found["history"]))
    except (ValueError, KeyError, TypeError) as error:
        raise BrokenStreamError("no welcome") from error


def _history(found: list[dict[str, Any]]) -> History:
    return tuple(Incarnation(str(each["token"]), int(each["start_scn"])) for each in found)


def _send_letter(connection: socket.socket, content: dict[str, Any]) -> None:
    data = json.dumps(content).encode()
    connection.sendall(_LETTER.pack(len(data), zlib.crc32(data)) + data)


def _receive_letter(connection: socket.socket) -> dict[str, Any]:
    length, checksum = _LETTER.unpack(_exactly(connection, _LETTER.size))
    if length > _LONGEST_LETTER:
        raise BrokenStreamError("letter too long")
    data = _exactly(connection, length)
    if zlib.crc32(data) != checksum:
        raise BrokenStreamError("damaged letter")
    try:
        return dict(json.loads(data))
    except (ValueError, TypeError, RecursionError) as error:
        raise BrokenStreamError("no letter") from error


def send_record(connection: socket.socket, record: RedoRecord) -> None:
    """Send a record."""
    connection.sendall(_frame(_NUMBERS[record.kind], record.scn, record.committed_at, record.data))


def send_heartbeat(connection: socket.socket, scn: int, forget_scn: int) -> None:
    """Say that records up to ``scn`` are sent, and up to which SCN nobody needs them any more."""
    connection.sendall(_frame(_NUMBERS[None], scn, time.time(), _SCN.pack(forget_scn)))


def _frame(number: int, scn: int, at: float, data: bytes) -> bytes:
    return _checked(_HEADER.pack(len(data), scn, at, number, zlib.crc32(data))) + data


def receive_frame(connection: socket.socket) -> RedoRecord | Heartbeat:
    """Wait for the next record or heartbeat.

    Raises:
        BrokenStreamError: The stream ended or was damaged.
    """
    length, scn, committed_at, number, checksum = _HEADER.unpack(_receive_checked(connection, _HEADER.size))
    data = _exactly(connection, length)
    if number not in _KINDS or zlib.crc32(data) != checksum:
        raise BrokenStreamError("damaged frame")
    kind = _KINDS[number]
    if kind is None:
        return Heartbeat(scn, committed_at, _SCN.unpack(data)[0] if len(data) == _SCN.size else 0)
    return RedoRecord(scn, kind, committed_at, data)


def send_applied(connection: socket.socket, scn: int) -> None:
    """Tell the primary what has been applied."""
    connection.sendall(_checked(_SCN.pack(scn)))


def receive_applied(connection: socket.socket) -> int:
    """Wait for a standby's next applied SCN.

    Raises:
        BrokenStreamError: The stream ended or was damaged; redo must not be forgotten for a number that is not sure.
    """
    return int(_SCN.unpack(_receive_checked(connection, _SCN.size))[0])


def _checked(data: bytes) -> bytes:
    return data + _CHECKSUM.pack(zlib.crc32(data))


def _receive_checked(connection: socket.socket, size: int) -> bytes:
    data = _exactly(connection, size)
    if _checked(data) != data + _exactly(connection, _CHECKSUM.size):
        raise BrokenStreamError("damaged frame")
    return data


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
