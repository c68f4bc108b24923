"""The wire form of values, by wire type, and the wire types of Oracle's types."""

from __future__ import annotations

import datetime
import enum
import struct
from decimal import Decimal

import numpy as np

from emulator.datatypes import SqlType, TypeName, Value, VectorFormat
from emulator.errors import NotEmulated, OraError, RemoteProtocolError
from emulator.number import decode_number, encode_number, from_float, number_text
from emulator.vector_text import vector_text


class WireType(enum.IntEnum):
    """Type numbers of the wire."""

    VARCHAR = 1
    NUMBER = 2
    BINARY_INTEGER = 3
    LONG = 8
    ROWID = 11
    DATE = 12
    RAW = 23
    LONG_RAW = 24
    CHAR = 96
    BINARY_FLOAT = 100
    BINARY_DOUBLE = 101
    CURSOR = 102
    CLOB = 112
    BLOB = 113
    VECTOR = 127
    TIMESTAMP = 180
    TIMESTAMP_TZ = 181
    UROWID = 208
    TIMESTAMP_LTZ = 231
    BOOLEAN = 252


_WIRE_TYPES = {
    TypeName.NUMBER: WireType.NUMBER,
    TypeName.VARCHAR2: WireType.VARCHAR,
    TypeName.CHAR: WireType.CHAR,
    TypeName.LONG: WireType.LONG,
    TypeName.CLOB: WireType.CLOB,
    TypeName.RAW: WireType.RAW,
    TypeName.LONG_RAW: WireType.LONG_RAW,
    TypeName.BLOB: WireType.BLOB,
    TypeName.DATE: WireType.DATE,
    TypeName.TIMESTAMP: WireType.TIMESTAMP,
    TypeName.TIMESTAMP_TZ: WireType.TIMESTAMP_TZ,
    TypeName.TIMESTAMP_LTZ: WireType.TIMESTAMP_LTZ,
    TypeName.BINARY_FLOAT: WireType.BINARY_FLOAT,
    TypeName.BINARY_DOUBLE: WireType.BINARY_DOUBLE,
    TypeName.BOOLEAN: WireType.BOOLEAN,
    TypeName.VECTOR: WireType.VECTOR,
    TypeName.ROWID: WireType.VARCHAR,
    TypeName.CURSOR: WireType.CURSOR,
}
#: Types whose values come only after the client has defined how it wants them.
DEFINED_LATER = frozenset({WireType.CLOB, WireType.BLOB, WireType.VECTOR})
#: Character and binary types that travel late when they are long.
LATE_TYPES = frozenset({WireType.VARCHAR, WireType.LONG, WireType.RAW, WireType.LONG_RAW, WireType.CHAR})
CHARACTER_TYPES = frozenset({WireType.VARCHAR, WireType.LONG, WireType.CHAR, WireType.CLOB})
_FORMATS = {2: (">u4", "<f4"), 3: (">u8", "<f8")}
VECTOR_FORMAT_CODES = {
    VectorFormat.FLEX: 0,
    VectorFormat.FLOAT32: 2,
    VectorFormat.FLOAT64: 3,
    VectorFormat.INT8: 4,
    VectorFormat.BINARY: 5,
}


def wire_type(sql_type: SqlType) -> WireType:
    """Return the wire type that describes an Oracle type."""
    return _WIRE_TYPES[sql_type.name]


def sql_type_of_bind(number: int, size: int, *, national: bool) -> SqlType:
    """Return the Oracle type of a bind's metadata.

    Raises:
        NotEmulated: A type that is not known here.
    """
    try:
        kind = WireType(number)
    except ValueError:
        raise NotEmulated(f"binds of wire type {number}") from None
    for name, candidate in _WIRE_TYPES.items():
        if candidate is kind and name is not TypeName.ROWID:
            length = size if kind in {WireType.VARCHAR, WireType.CHAR, WireType.RAW} else 0
            return SqlType(name, size=length, national=national, scale=6 if kind >= WireType.TIMESTAMP else -127)
    if kind is WireType.BINARY_INTEGER:
        return SqlType(TypeName.NUMBER)
    return SqlType(TypeName.VARCHAR2, size=size)


def _encode_date(value: datetime.datetime) -> bytes:
    century, year = divmod(value.year, 100)
    return bytes(
        (century + 100, year + 100, value.month, value.day, value.hour + 1, value.minute + 1, value.second + 1)
    )


def _decode_date(data: bytes) -> datetime.datetime:
    if len(data) < 7:
        raise RemoteProtocolError("a date of fewer than 7 bytes")
    nanoseconds = struct.unpack(">I", data[7:11])[0] if len(data) >= 11 else 0
    try:
        return datetime.datetime(  # noqa: DTZ001 - Oracle's DATE has no zone
            (data[0] - 100) * 100 + data[1] - 100,
            data[2],
            data[3],
            data[4] - 1,
            data[5] - 1,
            data[6] - 1,
            nanoseconds // 1000,
        )
    except ValueError as error:
        raise OraError(1841) from error


def _encode_timestamp(value: datetime.datetime) -> bytes:
    return _encode_date(value) + struct.pack(">I", value.microsecond * 1000)


def _encode_zoned(value: datetime.datetime) -> bytes:
    offset = value.utcoffset() or datetime.timedelta()
    minutes = int(offset.total_seconds() // 60)
    hours = int(minutes / 60)
    return _encode_timestamp((value - offset).replace(tzinfo=None)) + bytes((hours + 20, minutes - hours * 60 + 60))


def _decode_zoned(data: bytes) -> datetime.datetime:
    utc = _decode_date(data)
    if len(data) < 13:
        return utc.replace(tzinfo=datetime.UTC)
    offset = datetime.timedelta(hours=data[11] - 20, minutes=data[12] - 60)
    return (utc + offset).replace(tzinfo=datetime.timezone(offset))


def _encode_double(value: float, layout: str) -> bytes:
    data = bytearray(struct.pack(layout, value))
    if data[0] & 0x80:
        return bytes(byte ^ 0xFF for byte in data)
    data[0] |= 0x80
    return bytes(data)


def _decode_double(data: bytes, layout: str) -> float:
    plain = bytearray(data)
    if plain[0] & 0x80:
        plain[0] &= 0x7F
    else:
        plain = bytearray(byte ^ 0xFF for byte in plain)
    return float(struct.unpack(layout, bytes(plain))[0])


def make_vector_image(vector: Value) -> bytes:
    """Return the image of a vector: header, then elements in an order-preserving form."""
    kind = vector.dtype.kind + str(vector.dtype.itemsize)
    code = {"f4": 2, "f8": 3, "i1": 4, "u1": 5}[kind]
    count = vector.size * 8 if code == 5 else vector.size
    head = struct.pack(">BBHBI8x", 0xDB, 1 if code == 5 else 0, 0x0012 if code != 5 else 0x0010, code, count)
    if code in _FORMATS:
        unsigned, floating = _FORMATS[code]
        bits = np.ascontiguousarray(vector, dtype=floating.replace("<", ">")).view(unsigned)
        top = np.array(1, bits.dtype) << np.array(bits.dtype.itemsize * 8 - 1, bits.dtype)
        ordered = np.where(bits & top, ~bits, bits | top).astype(unsigned)
        return head + ordered.tobytes()
    return head + np.ascontiguousarray(vector).tobytes()


def parse_vector_image(image: bytes) -> np.ndarray:
    """Read a vector's image.

    Returns:
        Shape (elements,); float32, float64, int8, or uint8 (eight bits each) for BINARY.

    Raises:
        RemoteProtocolError: No vector image.
        NotEmulated: A sparse vector.
        OraError: 51805, an element is infinite or no number.
    """
    if len(image) < 9 or image[0] != 0xDB:
        raise RemoteProtocolError("no vector image")
    flags, code, count = struct.unpack(">HBI", image[2:9])
    if flags & 0x0020:
        raise NotEmulated("sparse vectors")
    at = 17 if flags & 0x12 else 9
    if code in _FORMATS:
        unsigned, floating = _FORMATS[code]
        size = np.dtype(unsigned).itemsize
        if len(image) < at + count * size:
            raise RemoteProtocolError("a vector image that is cut")
        bits = np.frombuffer(image, dtype=unsigned, count=count, offset=at)
        top = np.array(1, bits.dtype) << np.array(size * 8 - 1, bits.dtype)
        plain = np.where(bits & top, bits ^ top, ~bits).astype(unsigned)
        vector: np.ndarray = plain.view(floating.replace("<", ">")).astype(floating)
        odd = vector[~np.isfinite(vector)]
        if odd.size:
            raise OraError(51805, odd[0])
        return vector
    if code == 4:
        return np.frombuffer(image, dtype=np.int8, count=count, offset=at).copy()
    if code == 5:
        return np.frombuffer(image, dtype=np.uint8, count=count // 8, offset=at).copy()
    raise RemoteProtocolError(f"vector format {code}")


def decode_value(data: bytes | None, kind: WireType, *, national: bool) -> Value:
    """Return the value of a scalar field (not a LOB, vector, cursor or BOOLEAN)."""
    if data is None:
        return None
    if kind in {WireType.VARCHAR, WireType.LONG, WireType.CHAR, WireType.ROWID, WireType.UROWID}:
        return data.decode("utf-16-be" if national else "utf-8", "replace")
    if kind in {WireType.NUMBER, WireType.BINARY_INTEGER}:
        try:
            return decode_number(data)
        except ValueError as error:
            raise RemoteProtocolError(str(error)) from error
    if kind in {WireType.RAW, WireType.LONG_RAW}:
        return data
    if kind in {WireType.DATE, WireType.TIMESTAMP, WireType.TIMESTAMP_LTZ}:
        return _decode_date(data)
    if kind is WireType.TIMESTAMP_TZ:
        return _decode_zoned(data)
    if kind is WireType.BINARY_DOUBLE:
        return _decode_double(data, ">d")
    if kind is WireType.BINARY_FLOAT:
        return _decode_double(data, ">f")
    raise NotEmulated(f"binds of wire type {kind.name}")


def encode_value(value: Value, kind: WireType, *, national: bool = False) -> bytes | None:
    """Return the field of a scalar value in the type that the client asked for; converts where Oracle does.

    Raises:
        OraError: 932, the value cannot be shown in that type.
    """
    if value is None:
        return None
    if kind in {WireType.VARCHAR, WireType.LONG, WireType.CHAR, WireType.ROWID, WireType.UROWID}:
        text = _as_text(value)
        return text.encode("utf-16-be" if national else "utf-8")
    if kind in {WireType.NUMBER, WireType.BINARY_INTEGER}:
        if isinstance(value, float):
            value = from_float(value)
        if isinstance(value, int | Decimal):
            return encode_number(value)
    elif kind in {WireType.RAW, WireType.LONG_RAW}:
        if isinstance(value, bytes):
            return value
        if isinstance(value, str):
            return _raw_of_text(value)
    elif kind in {WireType.DATE, WireType.TIMESTAMP, WireType.TIMESTAMP_LTZ, WireType.TIMESTAMP_TZ}:
        if isinstance(value, datetime.datetime):
            return _encode_time(value, kind)
    elif kind in {WireType.BINARY_DOUBLE, WireType.BINARY_FLOAT} and isinstance(value, int | float | Decimal):
        return _encode_double(float(value), ">d" if kind is WireType.BINARY_DOUBLE else ">f")
    raise OraError(932, type(value).__name__.upper(), kind.name)


def _raw_of_text(text: str) -> bytes:
    """Convert as HEXTORAW does; ORA-01465 for what is no hexadecimal text."""
    try:
        return bytes.fromhex(text.rjust(len(text) + len(text) % 2, "0"))
    except ValueError:
        raise OraError(1465) from None


def _encode_time(value: datetime.datetime, kind: WireType) -> bytes:
    if kind is WireType.TIMESTAMP_TZ:
        return _encode_zoned(value if value.tzinfo else value.replace(tzinfo=datetime.UTC))
    if value.tzinfo is not None:
        value = value.replace(tzinfo=None)
    return _encode_date(value) if kind is WireType.DATE else _encode_timestamp(value)


def _as_text(value: Value) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | Decimal):
        return number_text(value)
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(value, np.ndarray):
        return vector_text(value)
    raise OraError(932, type(value).__name__.upper(), "CHAR")
