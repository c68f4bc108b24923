"""What a client's LOB operations do with the LOBs of its connection."""

from __future__ import annotations

import enum

from emulator.errors import NotEmulated, OraError
from emulator.ttc.buffer import LARGEST_VALUE_BYTES, Writer
from emulator.ttc.execute import LobOperation
from emulator.ttc.lobs import LobRegistry, length_of, overwrite, slice_of
from emulator.ttc.messages import Message
from emulator.ttc.values import WireType

_CHUNK_BYTES = 8060
_CHARSET_UTF8 = 873


class Operation(enum.IntEnum):
    """Codes of the operations. Source: python-oracledb 26.1.0, thin mode, read as specification."""

    LENGTH = 0x0001
    READ = 0x0002
    TRIM = 0x0020
    WRITE = 0x0040
    CREATE_TEMPORARY = 0x0110
    FREE_TEMPORARY = 0x0111
    CHUNK_SIZE = 0x4000
    OPEN = 0x8000
    CLOSE = 0x10000
    IS_OPEN = 0x11000


def run_lob_operation(lobs: LobRegistry, request: LobOperation) -> bytes:
    """Carry out an operation; return the answer up to its end.

    Raises:
        OraError: 22922 for a locator that is none, 21560 for a LOB that would be too large; 3001 for an operation that
            is not emulated.
    """
    answer = Writer()
    locator, amount, flag = request.locator, request.amount, None
    if request.operation == Operation.CREATE_TEMPORARY:
        kind = WireType.CLOB if request.destination_offset == WireType.CLOB else WireType.BLOB
        locator, _ = lobs.keep("" if kind is WireType.CLOB else b"", kind)
    elif request.operation == Operation.FREE_TEMPORARY:
        lobs.free(locator)
    elif request.operation == Operation.LENGTH:
        amount = length_of(lobs.content(locator))
    elif request.operation == Operation.CHUNK_SIZE:
        amount = _CHUNK_BYTES
    elif request.operation == Operation.READ:
        part = slice_of(lobs.content(locator), request.source_offset, request.amount)
        amount = len(part)
        if part:
            answer.u8(Message.LOB_DATA)
            answer.value(part)
    elif request.operation == Operation.WRITE:
        if request.source_offset + len(request.data) > LARGEST_VALUE_BYTES:
            raise OraError(21560, 2)
        lobs.replace(locator, overwrite(lobs.content(locator), request.source_offset, request.data))
    elif request.operation == Operation.TRIM:
        content = lobs.content(locator)
        kept = slice_of(content, 1, request.amount)
        lobs.replace(locator, kept if isinstance(content, bytes) else kept.decode("utf-16-be", "replace"))
    elif request.operation == Operation.OPEN:
        lobs.open(locator)
    elif request.operation == Operation.CLOSE:
        lobs.close(locator)
    elif request.operation == Operation.IS_OPEN:
        flag = int(lobs.is_open(locator))
    else:
        raise NotEmulated(f"LOB operation {request.operation:#x}")
    answer.u8(Message.PARAMETER)
    answer.raw(locator)
    if request.operation == Operation.CREATE_TEMPORARY:
        answer.ub(_CHARSET_UTF8)
        answer.u8(0)
    if request.sends_amount:
        answer.ub(amount)
    if flag is not None:
        answer.u8(flag)
    return bytes(answer)
