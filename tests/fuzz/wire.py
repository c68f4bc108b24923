"""Bytes for the wire's fuzzer: recorded requests, mutated, and requests made field by field."""

from __future__ import annotations

import struct
from random import Random

from emulator.tns.packets import PacketType
from emulator.ttc.buffer import Writer
from emulator.ttc.messages import Function, Message, Piggyback
from emulator.ttc.values import WireType

_NUMBERS = (
    0,
    1,
    2,
    7,
    40,
    127,
    128,
    255,
    256,
    1_000,
    32_767,
    65_535,
    65_536,
    1 << 24,
    (1 << 31) - 1,
    1 << 32,
    (1 << 64) - 1,
)
_TEXTS = (
    *("select 1 from dual", "select :1 from dual", "begin :1 := 1; end;", "commit", "", "select", "\0", "x" * 300),
    *("select * from fuzzed", "insert into other values (:1, :2, :3)", "update fuzzed set t = :1 returning id into :2"),
)


def mutate(data: bytes, rng: Random) -> bytes:
    """Return bytes with a few changes: bits, lengths, pieces cut, doubled or moved."""
    changed = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 3, 8))):
        at = rng.randrange(len(changed) + 1)
        what = rng.randrange(7)
        if what == 0 and at < len(changed):
            changed[at] ^= 1 << rng.randrange(8)
        elif what == 1 and at < len(changed):
            changed[at] = rng.choice((0, 1, 8, 0x7F, 0x80, 0xFE, 0xFF, rng.randrange(256)))
        elif what == 2:
            del changed[at : at + rng.choice((1, 2, 4, 16))]
        elif what == 3:
            changed[at:at] = rng.randbytes(rng.choice((1, 2, 4, 16)))
        elif what == 4:
            changed[at:at] = changed[at : at + rng.randrange(1, 40)] * rng.choice((1, 1, 30))
        elif what == 5:
            del changed[at:]
        else:
            start = rng.randrange(len(changed) + 1)
            changed[at:at] = changed[start : start + 16]
    return bytes(changed)


def make_request(rng: Random) -> bytes:
    """Return the payload of a request made field by field, most fields plausible, some not."""
    writer = Writer()
    while rng.random() < 0.25:
        _piggyback(writer, rng)
    function = rng.choice([*Function, rng.randrange(256)])
    writer.u8(Message.FUNCTION, function & 0xFF, rng.randrange(256))
    writer.ub(0 if rng.random() < 0.9 else _number(rng))
    if function == Function.EXECUTE:
        _execute(writer, rng)
    elif function == Function.LOB_OPERATION:
        _lob_operation(writer, rng)
    else:
        writer.ub(*(_number(rng) for _ in range(rng.choice((0, 2, 2, 4, 4, 9)))))
    if rng.random() < 0.1:
        writer.raw(rng.randbytes(rng.choice((1, 20, 500))))
    return bytes(writer)


def make_packets(payload: bytes, rng: Random, *, large: bool = True) -> bytes:
    """Return a payload as packets, now and then with a header that lies."""
    packets = b""
    size = rng.choice((len(payload) or 1, 8_000, 8_000, 100, 3))
    for at in range(0, len(payload) or 1, size):
        part = payload[at : at + size]
        kind = PacketType.DATA if rng.random() < 0.97 else rng.randrange(256)
        flags = 0 if rng.random() < 0.97 else rng.randrange(0x10000)
        length = 10 + len(part) if rng.random() < 0.97 else rng.choice((0, 8, 9, 11, 70_000, 1 << 20, 1 << 31))
        head = struct.pack(">I", length) if large else struct.pack(">HH", length & 0xFFFF, 0)
        packets += head + bytes((kind, 0, 0, 0)) + struct.pack(">H", flags) + part
    return packets


def _number(rng: Random) -> int:
    return rng.choice(_NUMBERS) if rng.random() < 0.5 else rng.randrange(12)


def _piggyback(writer: Writer, rng: Random) -> None:
    kind = rng.choice([*Piggyback, rng.randrange(256)])
    writer.u8(Message.PIGGYBACK, kind & 0xFF, rng.randrange(256))
    writer.ub(0)
    if kind == Piggyback.CLOSE_CURSORS:
        writer.u8(1)
        count = rng.choice((0, 1, 3, 100_000))
        writer.ub(count, *(_number(rng) for _ in range(min(count, 3))))
    elif kind == Piggyback.SET_SCHEMA:
        writer.u8(1)
        writer.text2(rng.choice(("FUZZ", "NOSUCH", 'a"b', "")))
    elif kind == Piggyback.APPLICATION_CONTEXT:
        writer.u8(1)
        writer.ub(3)
        writer.u8(1)
        count = rng.choice((0, 1, 2, 1 << 20))
        writer.ub(count, 0)
        writer.u8(0)
        writer.value(rng.choice((b"CLIENTCONTEXT", b"OTHER", None)))
        for _ in range(min(count, 2)):
            writer.text2("name")
            writer.text2("value")
            writer.ub(0)
    else:
        writer.raw(rng.randbytes(rng.choice((0, 3, 12, 40))))


def _execute(writer: Writer, rng: Random) -> None:
    options = rng.choice((0x8061, 0x8029, 0x8021, 0x61, 0x20001, 0x10, 0x40, 0x80121, rng.randrange(1 << 20)))
    sql = rng.choice(_TEXTS).encode()
    has_sql = rng.random() < 0.8
    binds = rng.choice((0, 0, 1, 2, 3, 70_000)) if rng.random() < 0.9 else _number(rng)
    defines = rng.choice((0, 0, 0, 1, 2)) if rng.random() < 0.95 else _number(rng)
    writer.ub(options, 0 if rng.random() < 0.5 else _number(rng))
    writer.u8(int(has_sql))
    writer.ub(len(sql))
    writer.u8(1)
    writer.ub(13)
    writer.u8(0, 0)
    writer.ub(0, _number(rng), 0x7FFFFFFF)
    writer.u8(int(bool(binds)))
    writer.ub(binds)
    writer.u8(0, 0, 0, 0, 0)
    writer.u8(int(bool(defines)))
    writer.ub(defines, 0)
    writer.u8(0, 0, 1)
    writer.ub(0)
    writer.u8(0)
    writer.ub(0, 0)
    writer.u8(rng.randrange(2))
    writer.ub(0)
    writer.u8(0, 0)
    writer.ub(0)
    writer.u8(0)
    writer.ub(0)
    writer.u8(0, 0)
    writer.ub(0)
    if has_sql:
        writer.value(sql)
    executions = rng.choice((0, 1, 1, 1, 3)) if rng.random() < 0.9 else _number(rng)
    controls = [1, executions, *(0 for _ in range(11))]
    if rng.random() < 0.1:
        controls[rng.randrange(13)] = _number(rng)
    writer.ub(*controls)
    kinds = [rng.choice([*WireType, rng.randrange(256)]) for _ in range(min(defines or binds, 3))]
    for kind in kinds:
        _variable(writer, kind, rng)
    for _ in range(min(executions, 3)):
        writer.u8(Message.ROW_DATA)
        for kind in kinds:
            _value(writer, kind, rng)


def _variable(writer: Writer, kind: int, rng: Random) -> None:
    writer.u8(kind & 0xFF, rng.choice((1, 1, 0x40, 0xFF)), 0, 0)
    writer.ub(rng.choice((22, 100, 4_000, 40_000)) if rng.random() < 0.9 else _number(rng))
    writer.ub(rng.choice((0, 1, 5)) if rng.random() < 0.9 else _number(rng))
    writer.ub(0)
    writer.value2(None)
    writer.ub(0, 873)
    writer.u8(rng.choice((1, 1, 2)))
    writer.ub(_number(rng), 0)


def _value(writer: Writer, kind: int, rng: Random) -> None:
    choice = rng.random()
    if choice < 0.1:
        writer.value(None)
    elif kind == WireType.VECTOR:
        writer.ub(40)
        writer.u8(40)
        writer.raw(bytes(40))
        image = bytes((0xDB, 1, 0, rng.choice((0x12, 0x10, 0x32)), rng.choice((2, 3, 4, 5, 9)))) + struct.pack(
            ">I", rng.choice((0, 1, 2, 0xFFFFFFFF))
        )
        writer.value(image + rng.randbytes(rng.choice((8, 12, 16, 24))))
    elif kind in {WireType.CLOB, WireType.BLOB}:
        writer.value2(rng.randbytes(rng.choice((4, 18, 40))))
    elif kind == WireType.CURSOR:
        writer.ub(1, _number(rng))
    else:
        writer.value(rng.randbytes(rng.choice((1, 2, 7, 8, 11, 13, 22, 300))))


def _lob_operation(writer: Writer, rng: Random) -> None:
    operation = rng.choice((0x1, 0x2, 0x20, 0x40, 0x110, 0x111, 0x4000, 0x8000, 0x10000, 0x11000, _number(rng)))
    locator = bytes(10) + struct.pack(">Q", rng.choice((1, 2, 3, 1 << 60))) + bytes(22)
    writer.u8(1)
    writer.ub(len(locator) if rng.random() < 0.95 else _number(rng))
    writer.u8(0)
    writer.ub(0, rng.choice((0, 112, 113)), 0)
    writer.u8(0, 0, 0)
    writer.ub(operation)
    writer.u8(0, 0)
    writer.ub(_number(rng), rng.choice((0, 112, 113)))
    sends_amount = rng.randrange(2)
    writer.u8(sends_amount)
    writer.raw(bytes(6))
    writer.raw(locator)
    if operation == 0x0110:
        writer.ub(873)
    if operation == 0x0040:
        writer.u8(Message.LOB_DATA)
        writer.value(rng.randbytes(rng.choice((1, 100, 40_000))))
    if sends_amount:
        writer.ub(_number(rng))
