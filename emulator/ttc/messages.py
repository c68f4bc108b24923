"""TTC messages of a session's set-up and its simple calls: constants, parsers, makers.

Source: python-oracledb 26.1.0 and node-oracledb 26.0.0, thin modes, read as specification.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from emulator.errors import NotEmulated, OraError, RemoteProtocolError
from emulator.session import BatchError
from emulator.ttc.buffer import Reader, Writer

#: The fields of ERROR between the error's place and the batch errors; all but the flags are empty.
_NO_WARNING = bytes(17)
_WARNING = bytes(5) + b"\x20" + bytes(11)
_BANNER = b"adgfleet emulator of Oracle AI Database\x00"
_CHARSET_UTF8 = 873
_CHARSET_UTF16 = 2000
#: Index of the field version in the compile capabilities.
_FIELD_VERSION_INDEX = 7
#: Security limit on the number of things that a request lists.
_MOST_ITEMS = 65_536
#: Keys of a logon that repeat, once for each attribute of the application context.
_CONTEXT_KEYS = ("AUTH_APPCTX_NSPACE", "AUTH_APPCTX_ATTR", "AUTH_APPCTX_VALUE")


class Message(enum.IntEnum):
    """Message types."""

    PROTOCOL = 1
    DATA_TYPES = 2
    FUNCTION = 3
    ERROR = 4
    ROW_HEADER = 6
    ROW_DATA = 7
    PARAMETER = 8
    STATUS = 9
    IO_VECTOR = 11
    LOB_DATA = 14
    DESCRIBE_INFO = 16
    PIGGYBACK = 17
    ONE_WAY = 26
    END_OF_RESPONSE = 29
    TOKEN = 33
    FAST_AUTH = 34


class Function(enum.IntEnum):
    """Function codes."""

    REEXECUTE = 4
    FETCH = 5
    LOGOFF = 9
    COMMIT = 14
    ROLLBACK = 15
    REEXECUTE_AND_FETCH = 78
    EXECUTE = 94
    LOB_OPERATION = 96
    AUTH_PHASE_TWO = 115
    AUTH_PHASE_ONE = 118
    PING = 147
    SESSION_RELEASE = 163
    PIPELINE_END = 200


class Piggyback(enum.IntEnum):
    """Function codes of piggybacks."""

    FREE_TEMP_LOBS = 96
    CLOSE_CURSORS = 105
    END_TO_END = 135
    SET_SCHEMA = 152
    APPLICATION_CONTEXT = 154
    SESSION_STATE = 176
    PIPELINE_BEGIN = 199


@dataclass(frozen=True, slots=True)
class AuthRequest:
    """A logon request: user and pairs."""

    user: str
    mode: int
    pairs: dict[str, str]
    #: Application context of the session to be: (namespace, attribute, value).
    contexts: tuple[tuple[str, str, str], ...] = ()


def parse_protocol(reader: Reader) -> None:
    """Read a PROTOCOL request after its type."""
    reader.raw(2)
    while reader.u8():  # the driver's name, up to a zero
        pass


def make_protocol(field_version: int) -> bytes:
    """Return the answer to PROTOCOL, with what this server can do."""
    compile_caps = bytearray(55)
    compile_caps[4] = 0xEA
    compile_caps[_FIELD_VERSION_INDEX] = field_version
    compile_caps[44] = 0x08
    compile_caps[52] = 1
    runtime_caps = bytearray(13)
    runtime_caps[0] = 2
    runtime_caps[6] = 0x01 | 0x04
    writer = Writer()
    writer.u8(Message.PROTOCOL, 6, 0)
    writer.raw(_BANNER)
    writer.raw(struct.pack("<HBH", _CHARSET_UTF8, 1, 0))
    fdo = bytearray(11)
    fdo[9:11] = struct.pack(">H", _CHARSET_UTF16)
    writer.raw(struct.pack(">H", len(fdo)) + bytes(fdo))
    writer.value(bytes(compile_caps))
    writer.value(bytes(runtime_caps))
    return bytes(writer)


def parse_data_types(reader: Reader) -> int:
    """Read a DATA_TYPES request after its type; return the client's field version."""
    reader.raw(5)
    compile_caps = reader.value() or b""
    runtime_caps = reader.value() or b""
    if len(runtime_caps) > 1 and runtime_caps[1] & 1:
        reader.raw(11)
    for _ in range(_MOST_ITEMS):
        if reader.u16be() == 0:
            break
        if reader.u16be() != 0:
            reader.raw(4)
    else:
        raise RemoteProtocolError("an endless list of data types")
    if len(compile_caps) <= _FIELD_VERSION_INDEX:
        raise RemoteProtocolError("compile capabilities are too short")
    return compile_caps[_FIELD_VERSION_INDEX]


def make_data_types() -> bytes:
    """Return the answer to DATA_TYPES: an empty list."""
    return bytes((Message.DATA_TYPES, 0, 0))


def parse_auth(reader: Reader) -> AuthRequest:
    """Read the body of a logon function."""
    has_user = reader.u8()
    reader.ub()
    mode = reader.ub()
    reader.u8()
    count = reader.ub()
    reader.raw(2)
    user = (reader.value() or b"").decode("utf-8", "replace") if has_user else ""
    if count > 1000:
        raise RemoteProtocolError(f"a logon with {count} pairs")
    pairs: dict[str, str] = {}
    contexts: dict[str, list[str]] = {name: [] for name in _CONTEXT_KEYS}
    for _ in range(count):
        key = reader.text2().rstrip("\0")
        pairs[key] = reader.text2()
        if key in contexts:
            contexts[key].append(pairs[key].rstrip("\0"))
        reader.ub()
    return AuthRequest(user, mode, pairs, tuple(zip(*contexts.values(), strict=False)))


def make_parameters(pairs: Sequence[tuple[str, str, int]]) -> bytes:
    """Return a PARAMETER message of a logon."""
    writer = Writer()
    writer.u8(Message.PARAMETER)
    writer.ub(len(pairs))
    for key, value, flags in pairs:
        writer.text2(key)
        writer.text2(value)
        writer.ub(flags)
    return bytes(writer)


def make_status(*, in_transaction: bool) -> bytes:
    """Return a STATUS message."""
    return bytes((Message.STATUS,)) + (b"\x01\x02" if in_transaction else b"\x00") + b"\x00"


def make_error(  # noqa: PLR0913 - the fields of one message
    *,
    error: OraError | None = None,
    number: int = 0,
    cursor_id: int = 0,
    row_count: int = 0,
    in_transaction: bool = False,
    field_version: int = 24,
    batch_errors: Sequence[BatchError] = (),
    warning: bool = False,
) -> bytes:
    """Return an ERROR message, which also is the normal end of a call.

    Args:
        error: The failure, None for a normal end.
        number: The code without a failure: 1403 at the end of a query's rows.
        cursor_id: The server's number of the cursor, 0 for none.
        row_count: Rows affected, or fetched so far.
        in_transaction: Whether uncommitted changes are there.
        field_version: Layout agreed with the client.
        batch_errors: Failed executions of an array DML.
        warning: A unit was stored with compilation errors.
    """
    text = b""
    if error is not None:
        number, text = error.code, error.text.encode()
    elif batch_errors:
        number, text = 24381, b"ORA-24381: error(s) in array DML"
    elif number == 1403:
        text = b"ORA-01403: no data found"
    writer = Writer()
    writer.u8(Message.ERROR)
    writer.ub(2 if in_transaction else 0, 0, 0, number & 0xFFFF, 0, 0, cursor_id)
    writer.sb(error.offset if error is not None else 0)
    writer.raw(_WARNING if warning else _NO_WARNING)  # then operating system's error, statement and call numbers, rowid
    if batch_errors:
        _write_batch_errors(writer, batch_errors)
    else:
        writer.raw(bytes(3))
    writer.ub(number, row_count)
    if field_version >= 14:
        writer.ub(0, 0)
    if number:
        writer.value(text)
    return bytes(writer)


def _write_batch_errors(writer: Writer, batch_errors: Sequence[BatchError]) -> None:
    """Write three lists: codes, offsets, texts."""
    writer.ub(len(batch_errors))
    writer.u8(0)
    for failed in batch_errors:
        writer.ub(failed.code)
    writer.ub(len(batch_errors))
    writer.u8(0)
    for failed in batch_errors:
        writer.ub(failed.offset)
    writer.ub(len(batch_errors))
    writer.u8(0)
    for failed in batch_errors:
        message = failed.text.encode()
        writer.ub(len(message))
        writer.value(message)
        writer.u8(0, 0)


def parse_end_to_end(reader: Reader) -> dict[str, str | None]:
    """Read an end-to-end piggyback: client identifier, module, action, client info."""
    reader.raw(2)
    reader.ub()
    present: list[tuple[str, int, int]] = []
    for name in ("CLIENT_IDENTIFIER", "MODULE", "ACTION"):
        pointer = reader.u8()
        present.append((name, pointer, reader.ub()))
    reader.skip("1u1u")
    pointer = reader.u8()
    present.append(("CLIENT_INFO", pointer, reader.ub()))
    reader.skip("1u1u")
    pointer = reader.u8()
    present.append(("DBOP", pointer, reader.ub()))
    values: dict[str, str | None] = {}
    for name, given, length in present:
        if given:
            text = reader.value() if length else None
            if name != "DBOP":
                values[name] = text.decode("utf-8", "replace") if text is not None else None
    return values


def parse_application_context(reader: Reader) -> tuple[str, dict[str, str]]:
    """Read an application-context piggyback: namespace and attributes; no attributes clear the namespace."""
    reader.skip("1u1")
    count = reader.ub()
    if count > _MOST_ITEMS:
        raise RemoteProtocolError(f"{count} attributes")
    reader.skip("u1")
    namespace = (reader.value() or b"").decode("utf-8", "replace")
    attributes: dict[str, str] = {}
    for _ in range(count):
        name = reader.text2()
        attributes[name] = reader.text2()
        reader.ub()
    return namespace, attributes


def parse_free_temp_lobs(reader: Reader) -> bytes:
    """Read a free-LOBs piggyback; return the locators, one after the other."""
    reader.u8()
    total = reader.ub()
    reader.skip("1uuu111u1uuu11u1u1u")
    return reader.raw(total)


def parse_close_cursors(reader: Reader) -> list[int]:
    """Read a close-cursors piggyback; return the cursors' numbers."""
    reader.u8()
    count = reader.ub()
    if count > _MOST_ITEMS:
        raise RemoteProtocolError(f"{count} cursors to close")
    return [reader.ub() for _ in range(count)]


def unknown_piggyback(function: int) -> NotEmulated:
    """Return the error of a piggyback that cannot be skipped, because its length is not known."""
    return NotEmulated(f"piggyback {function}")
