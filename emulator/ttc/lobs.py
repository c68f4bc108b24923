"""The LOBs of one connection: contents behind the locators that its client holds."""

from __future__ import annotations

import itertools
import struct

from emulator.errors import OraError
from emulator.ttc.values import WireType

_LOCATOR_BYTES = 40
_BLOB, _CLOB = 1, 2


class LobRegistry:
    """Contents by locator; the client frees each one when its LOB object dies."""

    def __init__(self) -> None:
        """Begin empty."""
        self._contents: dict[int, bytes | str] = {}
        self._ids = itertools.count(1)
        self._open: set[int] = set()

    def keep(self, value: bytes | str, kind: WireType) -> tuple[bytes, int]:
        """Keep a content; return its locator and its size in bytes or UTF-16 units."""
        number = next(self._ids)
        if kind is WireType.BLOB and isinstance(value, str):
            value = value.encode()
        elif kind is WireType.CLOB and isinstance(value, bytes):
            value = value.decode("utf-8", "replace")
        self._contents[number] = value
        return _make_locator(number, kind), length_of(value)

    def content(self, locator: bytes) -> bytes | str:
        """Return what a locator stands for; ORA-22922 for an unknown one."""
        try:
            return self._contents[_number(locator)]
        except KeyError:
            raise OraError(22922, text="ORA-22922: nonexistent LOB value") from None

    def replace(self, locator: bytes, value: bytes | str) -> None:
        """Put another content behind a locator."""
        self.content(locator)
        self._contents[_number(locator)] = value

    def open(self, locator: bytes) -> None:
        """Open a LOB; ORA-22293 if it is open."""
        self.content(locator)
        if self.is_open(locator):
            raise OraError(22293, text="ORA-22293: LOB already opened in the same transaction")
        self._open.add(_number(locator))

    def close(self, locator: bytes) -> None:
        """Close a LOB; ORA-22289 if it is not open."""
        if not self.is_open(locator):
            raise OraError(22289, text="ORA-22289: cannot perform operation on an unopened file or LOB")
        self._open.discard(_number(locator))

    def is_open(self, locator: bytes) -> bool:
        """Tell whether a LOB is open."""
        return _number(locator) in self._open

    def free(self, locators: bytes) -> None:
        """Forget the contents of locators that stand one after the other."""
        for at in range(0, len(locators), _LOCATOR_BYTES):
            number = _number(locators[at : at + _LOCATOR_BYTES])
            self._contents.pop(number, None)
            self._open.discard(number)


def length_of(value: bytes | str) -> int:
    """Return a LOB's length: bytes, or UTF-16 units."""
    return len(value) if isinstance(value, bytes) else len(value.encode("utf-16-be")) // 2


def slice_of(value: bytes | str, offset: int, amount: int) -> bytes:
    """Return the wire form of a part; the offset counts from 1."""
    start = max(offset, 1) - 1
    if isinstance(value, bytes):
        return value[start : start + amount]
    return value.encode("utf-16-be")[2 * start : 2 * (start + amount)]


def overwrite(value: bytes | str, offset: int, data: bytes) -> bytes | str:
    """Return a LOB with a part written at an offset from 1; a gap is filled."""
    start = max(offset, 1) - 1
    if isinstance(value, bytes):
        padded = value.ljust(start, b"\0")
        return padded[:start] + data + padded[start + len(data) :]
    units = value.encode("utf-16-be")
    padded = units + b"\0 " * max(start - len(units) // 2, 0)
    return (padded[: 2 * start] + data + padded[2 * start + len(data) :]).decode("utf-16-be", "replace")


def _make_locator(number: int, kind: WireType) -> bytes:
    is_clob = kind is WireType.CLOB
    head = struct.pack(">HHBBBB", 38, 4, _CLOB if is_clob else _BLOB, 0x08, 0x80 if is_clob else 0, 0x01)
    return (head + b"\0\0" + struct.pack(">Q", number)).ljust(_LOCATOR_BYTES, b"\0")


def _number(locator: bytes) -> int:
    if len(locator) < 18:
        return 0
    return int(struct.unpack(">Q", locator[10:18])[0])
