"""Oracle Net packets: framing, CONNECT, ACCEPT, REFUSE, MARKER, DATA.

Lengths are 16 bits up to and including ACCEPT, 32 bits after it, in both directions.
Source: python-oracledb 26.1.0 and node-oracledb 26.0.0, thin modes, read as specification; both connect.
"""

from __future__ import annotations

import enum
import re
import struct
from dataclasses import dataclass

from emulator.errors import RemoteProtocolError

HEADER_BYTES = 8
#: Security limit: no client sends a larger packet than the SDU that it negotiated, and that is at most 2 MiB.
LARGEST_PACKET_BYTES = 2 * 1024 * 1024 + 64
_VERSION = 318
_VERSION_END_OF_RESPONSE = 319
_LOWEST_VERSION = 315


class PacketType(enum.IntEnum):
    """Packet types."""

    CONNECT = 1
    ACCEPT = 2
    REFUSE = 4
    REDIRECT = 5
    DATA = 6
    RESEND = 11
    MARKER = 12
    CONTROL = 14


class Marker(enum.IntEnum):
    """Kinds of MARKER."""

    BREAK = 1
    RESET = 2
    INTERRUPT = 3


#: DATA flag of the last packet of a response, when end-of-response is negotiated.
FLAG_END_OF_RESPONSE = 0x2000
#: DATA flag with which a client says good-bye.
FLAG_EOF = 0x0040


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet without its header."""

    type: int
    flags: int
    body: bytes


@dataclass(frozen=True, slots=True)
class ConnectRequest:
    """What a CONNECT asks for."""

    version: int
    sdu: int
    connect_data: str

    def value(self, name: str) -> str | None:
        """Return a value of the connect descriptor, such as SERVICE_NAME."""
        match = re.search(rf"\(\s*{name}\s*=\s*([^()\s]*)\s*\)", self.connect_data, re.IGNORECASE)
        return match[1] if match else None


def parse_header(header: bytes, *, large: bool) -> tuple[int, int, int]:
    """Return (body length, packet type, flags) of an 8-byte header.

    Raises:
        RemoteProtocolError: A length that no packet has.
    """
    length = struct.unpack(">I", header[:4])[0] if large else struct.unpack(">H", header[:2])[0]
    if not HEADER_BYTES <= length <= LARGEST_PACKET_BYTES:
        raise RemoteProtocolError(f"a packet of {length} bytes")
    return length - HEADER_BYTES, header[4], header[5]


def packet_types(received: bytes, *, large: bool) -> list[int]:
    """Return the types of the packets that these bytes begin with; the last one may be incomplete."""
    types = []
    position = 0
    while position + HEADER_BYTES <= len(received):
        length, kind, _flags = parse_header(received[position : position + HEADER_BYTES], large=large)
        types.append(kind)
        position += HEADER_BYTES + length
    return types


def make_packet(packet_type: PacketType, body: bytes, *, large: bool) -> bytes:
    """Return a whole packet."""
    length = HEADER_BYTES + len(body)
    head = struct.pack(">I", length) if large else struct.pack(">HH", length, 0)
    return head + bytes([packet_type, 0, 0, 0]) + body


def parse_connect(body: bytes) -> tuple[ConnectRequest, int]:
    """Read a CONNECT's body.

    Returns:
        The request, and how many bytes of connect data follow in DATA packets (0 when all of it is here).

    Raises:
        RemoteProtocolError: It is too short, or the client is too old.
    """
    if len(body) < 26:
        raise RemoteProtocolError("CONNECT is too short")
    version = struct.unpack(">H", body[:2])[0]
    if version < _LOWEST_VERSION:
        raise RemoteProtocolError(f"protocol version {version}; at least {_LOWEST_VERSION} is needed")
    sdu = struct.unpack(">I", body[50:54])[0] if len(body) >= 54 else struct.unpack(">H", body[6:8])[0]
    length, offset = struct.unpack(">HH", body[16:20])
    data = body[offset - HEADER_BYTES : offset - HEADER_BYTES + length] if offset >= HEADER_BYTES else b""
    request = ConnectRequest(version, max(sdu, 512), data.decode("utf-8", "replace"))
    return request, length - len(data)


def make_accept(request: ConnectRequest, *, sdu: int, fast_auth: bool, end_of_response: bool) -> bytes:
    """Return an ACCEPT packet; nothing optional is offered unless asked for."""
    end_of_response = end_of_response and request.version >= _VERSION_END_OF_RESPONSE
    flags = (0x10000000 if fast_auth else 0) | (0x02000000 if end_of_response else 0)
    body = struct.pack(
        ">HHHHHHHBB8xIIBI",
        _VERSION_END_OF_RESPONSE if end_of_response else _VERSION,
        0x0041,
        min(sdu, 65535),
        min(sdu, 65535),
        0x0100,
        0,
        45,
        0x04,
        0x04,
        sdu,
        sdu,
        0,
        flags,
    )
    return make_packet(PacketType.ACCEPT, body, large=False)


def make_refuse(code: int) -> bytes:
    """Return a REFUSE packet; the driver looks for ``(ERR=`` anywhere but at the start."""
    text = (f"(DESCRIPTION=(TMP=)(VSNNUM=386465792)(ERR={code})(ERROR_STACK=(ERROR=(CODE={code})(EMFI=4))))").encode()
    return make_packet(PacketType.REFUSE, struct.pack(">BBH", 0, 0, len(text)) + text, large=False)


def make_marker(kind: Marker) -> bytes:
    """Return a MARKER packet."""
    return make_packet(PacketType.MARKER, bytes([1, 0, kind]), large=True)


def make_data(payload: bytes, *, sdu: int, end_of_response: bool) -> bytes:
    """Return a response as DATA packets of at most ``sdu`` bytes each, in one piece to send."""
    room = sdu - HEADER_BYTES - 2
    parts = [payload[at : at + room] for at in range(0, len(payload), room)] or [b""]
    packets = []
    for number, part in enumerate(parts, 1):
        flags = FLAG_END_OF_RESPONSE if end_of_response and number == len(parts) else 0
        packets.append(make_packet(PacketType.DATA, struct.pack(">H", flags) + part, large=True))
    return b"".join(packets)
