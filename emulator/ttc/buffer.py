"""Reading and writing TTC's primitive fields.

A request's end is not marked, so the reader pulls the next packet when a field runs out of bytes.

======  ===========================================================================================
ub      one length byte n (0..8), n bytes magnitude; ``sb`` adds 0x80 to the length when negative
bytes   one length byte; 0 or 255 NULL, 254 chunks of (ub length, bytes) up to an empty one
bytes2  ub length, then ``bytes`` if it is not 0
======  ===========================================================================================
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from emulator.errors import RemoteProtocolError

#: Security limit for one value of a client, and for a whole request: no LOB or long bind is larger here.
LARGEST_VALUE_BYTES = 1024 * 1024 * 1024
_NULL_LENGTH = 255
_CHUNKED = 254
_LONGEST_SHORT = 252
_CHUNK_BYTES = 32_767


class Reader:
    """Reads fields from a stream of DATA payloads."""

    def __init__(self, first: bytes, pull: Callable[[], bytes]) -> None:
        """Begin with a payload.

        Args:
            first: The first payload.
            pull: Returns the next payload; raises when there is none in time.
        """
        self._data = first
        self._at = 0
        self._pull = pull
        self._total = len(first)

    @property
    def at_end(self) -> bool:
        """Whether the payloads seen so far are used up."""
        return self._at >= len(self._data)

    def raw(self, count: int) -> bytes:
        """Take some bytes as they are."""
        end = self._at + count
        if end <= len(self._data):
            part = self._data[self._at : end]
            self._at = end
            return part
        if count > LARGEST_VALUE_BYTES:
            raise RemoteProtocolError(f"a field of {count} bytes")
        parts = [self._data[self._at :]]
        missing = count - len(parts[0])
        while missing > 0:
            self._data = self._pull()
            self._total += len(self._data)
            if self._total > LARGEST_VALUE_BYTES:
                raise RemoteProtocolError(f"a request of more than {LARGEST_VALUE_BYTES} bytes")
            self._at = min(missing, len(self._data))
            parts.append(self._data[: self._at])
            missing -= self._at
        return b"".join(parts)

    def u8(self) -> int:
        """Take one byte."""
        return self.raw(1)[0]

    def u16le(self) -> int:
        """Take a 16-bit little-endian number."""
        return int(struct.unpack("<H", self.raw(2))[0])

    def u16be(self) -> int:
        """Take a 16-bit big-endian number."""
        return int(struct.unpack(">H", self.raw(2))[0])

    def ub(self) -> int:
        """Take a number of variable length."""
        length = self.u8()
        if length > 8:
            raise RemoteProtocolError(f"a number of {length} bytes")
        return int.from_bytes(self.raw(length), "big") if length else 0

    def value(self) -> bytes | None:
        """Take ``bytes``; None for NULL and for empty."""
        length = self.u8()
        if length in {0, _NULL_LENGTH}:
            return None
        if length != _CHUNKED:
            return self.raw(length)
        parts = []
        total = 0
        while chunk := self.ub():
            total += chunk
            if total > LARGEST_VALUE_BYTES:
                raise RemoteProtocolError("a value of more than 1 GiB")
            parts.append(self.raw(chunk))
        return b"".join(parts)

    def value2(self) -> bytes | None:
        """Take ``bytes2``; None for NULL and for empty."""
        return self.value() if self.ub() else None

    def text2(self) -> str:
        """Take ``bytes2`` as UTF-8."""
        return (self.value2() or b"").decode("utf-8", "replace")

    def skip_ub(self, count: int) -> None:
        """Skip some numbers."""
        for _ in range(count):
            self.ub()

    def skip(self, layout: str) -> None:
        """Skip fields: ``1`` a byte, ``u`` a number, ``b`` bytes, ``2`` bytes2."""
        for letter in layout:
            if letter == "1":
                self.u8()
            elif letter == "u":
                self.ub()
            elif letter == "b":
                self.value()
            else:
                self.value2()


class Writer:
    """Collects the fields of a response."""

    def __init__(self) -> None:
        """Begin empty."""
        self._parts = bytearray()

    def __bytes__(self) -> bytes:
        """Return what was written."""
        return bytes(self._parts)

    def __len__(self) -> int:
        """Return its length."""
        return len(self._parts)

    def raw(self, data: bytes) -> None:
        """Write bytes as they are."""
        self._parts += data

    def u8(self, *values: int) -> None:
        """Write bytes."""
        self._parts += bytes(values)

    def ub(self, *values: int) -> None:
        """Write numbers of variable length."""
        for number in values:
            if number == 0:
                self._parts.append(0)
            elif number < 0x100:
                self._parts += bytes((1, number))
            elif number < 0x10000:
                self._parts += b"\x02" + number.to_bytes(2, "big")
            elif number < 0x100000000:
                self._parts += b"\x04" + number.to_bytes(4, "big")
            else:
                self._parts += b"\x08" + number.to_bytes(8, "big")

    def sb(self, number: int) -> None:
        """Write a signed number."""
        if number >= 0:
            self.ub(number)
            return
        magnitude = -number
        length = 1 if magnitude < 0x100 else 2 if magnitude < 0x10000 else 4
        self._parts += bytes((length | 0x80,)) + magnitude.to_bytes(length, "big")

    def value(self, data: bytes | None) -> None:
        """Write ``bytes``."""
        if not data:
            self._parts.append(0)
        elif len(data) <= _LONGEST_SHORT:
            self._parts.append(len(data))
            self._parts += data
        else:
            self._parts.append(_CHUNKED)
            for at in range(0, len(data), _CHUNK_BYTES):
                part = data[at : at + _CHUNK_BYTES]
                self.ub(len(part))
                self._parts += part
            self._parts.append(0)

    def value2(self, data: bytes | None) -> None:
        """Write ``bytes2``."""
        if not data:
            self._parts.append(0)
        else:
            self.ub(len(data))
            self.value(data)

    def text2(self, text: str) -> None:
        """Write ``bytes2`` as UTF-8."""
        self.value2(text.encode())
