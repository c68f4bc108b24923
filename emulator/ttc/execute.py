"""EXECUTE, REEXECUTE, FETCH and LOB_OP: what a client asks for, and the rows it gets back."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from emulator.datatypes import SqlType, TypeName, Value
from emulator.errors import NotEmulated, RemoteProtocolError
from emulator.number import decode_number
from emulator.session import Column, Direction, RowSource
from emulator.ttc.buffer import Reader, Writer
from emulator.ttc.messages import Message
from emulator.ttc.values import (
    CHARACTER_TYPES,
    DEFINED_LATER,
    LATE_TYPES,
    VECTOR_FORMAT_CODES,
    WireType,
    decode_value,
    encode_value,
    make_vector_image,
    parse_vector_image,
    sql_type_of_bind,
    wire_type,
)

OPTION_PARSE = 0x01
OPTION_BIND = 0x08
OPTION_DEFINE = 0x10
OPTION_EXECUTE = 0x20
OPTION_FETCH = 0x40
OPTION_COMMIT = 0x100
OPTION_DESCRIBE = 0x20000
OPTION_BATCH_ERRORS = 0x80000
_FLAG_ARRAY = 0x40
_MOST_BINDS = 65_535
#: Security limit for the elements of one array.
_MOST_ELEMENTS = 16_777_216
_LOCATOR_BYTES = 40
_LONG_STRING_BYTES = 32_767


@dataclass(frozen=True, slots=True)
class Variable:
    """Metadata of a bind or a define."""

    kind: WireType
    size: int
    national: bool
    sql_type: SqlType


@dataclass(frozen=True, slots=True)
class Execute:
    """An EXECUTE request up to its binds."""

    options: int
    cursor_id: int
    rows: int
    executions: int
    sql: str | None
    wants_row_counts: bool
    variable_count: int
    defines_count: int

    def has(self, option: int) -> bool:
        """Tell whether an option is set."""
        return bool(self.options & option)


def parse_execute(reader: Reader, field_version: int) -> Execute:
    """Read an EXECUTE request up to the metadata of its variables."""
    options = reader.ub()
    cursor_id = reader.ub()
    has_sql = reader.u8()
    reader.ub()
    reader.skip("1u11u")
    rows = reader.ub()
    reader.ub()
    reader.u8()
    binds = reader.ub()
    reader.raw(5)
    reader.u8()
    defines = reader.ub()
    reader.skip("u111u1uu")
    wants_row_counts = bool(reader.u8())
    reader.skip("u1")
    if field_version >= 8:
        reader.skip("1u1u1")
    if field_version >= 9:
        reader.skip("1u")
    sql = (reader.value() or b"").decode("utf-8", "replace") if has_sql else None
    controls = [reader.ub() for _ in range(13)]
    if binds > _MOST_BINDS or defines > _MOST_BINDS:
        raise RemoteProtocolError(f"{max(binds, defines)} variables")
    if controls[9] & 0x02:
        raise NotEmulated("scrollable cursors")
    return Execute(options, cursor_id, rows, controls[1], sql, wants_row_counts, binds, defines)


def parse_variable(reader: Reader, field_version: int) -> Variable:
    """Read the metadata of one bind or define."""
    number = reader.u8()
    flags = reader.u8()
    reader.raw(2)
    size = reader.ub()
    elements = reader.ub()
    reader.ub()
    reader.value2()
    reader.skip("uu")
    national = reader.u8() == 2
    reader.ub()
    if field_version >= 8:
        reader.ub()
    sql_type = sql_type_of_bind(number, size, national=national)
    if flags & _FLAG_ARRAY:
        sql_type = replace(sql_type, elements=max(elements, 1))
    return Variable(WireType(number), size, national, sql_type)


class Handles(Protocol):
    """What the locators and cursor numbers stand for that a client binds."""

    def lob(self, locator: bytes) -> Value:
        """Return a LOB's content."""

    def cursor_rows(self, cursor_id: int) -> RowSource | None:
        """Return the rows of an open cursor, None if it has none."""


def parse_bind_row(
    reader: Reader, variables: Sequence[Variable], *, absent: frozenset[int], is_plsql: bool, handles: Handles
) -> list[Value]:
    """Read one execution's values.

    Args:
        reader: At the row's type byte.
        variables: The binds.
        absent: Positions of binds that send no value (RETURNING, OUT only in a re-execution).
        is_plsql: In PL/SQL no value travels late.
        handles: What locators and cursor numbers stand for.
    """
    if reader.u8() != Message.ROW_DATA:
        raise RemoteProtocolError("a row of binds was expected")
    values: list[Value] = [None] * len(variables)
    present = [number for number in range(len(variables)) if number not in absent]
    late = [] if is_plsql else [number for number in present if _is_late(variables[number])]
    for number in [*(number for number in present if number not in late), *late]:
        variable = variables[number]
        if variable.sql_type.elements:
            values[number] = [_parse_value(reader, variable, handles) for _ in range(_element_count(reader))]
        else:
            values[number] = _parse_value(reader, variable, handles)
    return values


def _element_count(reader: Reader) -> int:
    count = reader.ub()
    if count > _MOST_ELEMENTS:
        raise RemoteProtocolError(f"an array of {count} elements")
    return count


def _is_late(variable: Variable) -> bool:
    return variable.kind in LATE_TYPES and variable.size > _LONG_STRING_BYTES


def _parse_value(reader: Reader, variable: Variable, handles: Handles) -> Value:
    kind = variable.kind
    if kind in {WireType.CLOB, WireType.BLOB}:
        locator = reader.value2()
        return None if locator is None else handles.lob(locator)
    if kind is WireType.VECTOR:
        if reader.ub() == 0:
            return None
        reader.u8()
        reader.raw(_LOCATOR_BYTES)
        image = reader.value()
        return None if image is None else parse_vector_image(image)
    if kind is WireType.CURSOR:
        cursor_id = reader.ub() if reader.ub() else 0
        return handles.cursor_rows(cursor_id) if cursor_id else None
    if kind is WireType.BOOLEAN:
        return _parse_boolean(reader)
    return decode_value(reader.value(), kind, national=variable.national)


def _parse_boolean(reader: Reader) -> Value:
    length = reader.u8()
    if length == 0xFD:
        reader.u8()
        return None
    if length == 0:
        return None
    return bool(reader.raw(length)[-1])


def make_describe(columns: Sequence[Column], field_version: int, *, embedded: bool = False) -> bytes:
    """Return DESCRIBE_INFO; ``embedded``: only its body, for a REF CURSOR."""
    writer = Writer()
    if not embedded:
        writer.u8(Message.DESCRIBE_INFO)
        writer.value(bytes(16))
    writer.ub(8192, len(columns))
    if columns:
        writer.u8(0)
    for column in columns:
        _describe_column(writer, column, field_version)
    writer.value2(None)
    writer.ub(0, 0, 0, 0)
    writer.value2(None)
    return bytes(writer)


def _describe_column(writer: Writer, column: Column, field_version: int) -> None:
    sql_type = column.type
    kind = wire_type(sql_type)
    precision, scale, buffer_size, size = _sizes(sql_type, kind)
    is_text = kind in CHARACTER_TYPES
    writer.u8(kind, 0, precision, scale & 0xFF)
    writer.ub(buffer_size, 0, 0)
    writer.value2(None)
    writer.ub(0, 873 if is_text else 0)
    writer.u8((2 if sql_type.national else 1) if is_text else 0)
    writer.ub(size)
    if field_version >= 8:
        writer.ub(0)
    name = column.name.encode()
    writer.u8(int(column.nullable), min(len(name), 255))
    writer.value2(name)
    writer.value2(None)
    writer.value2(None)
    writer.ub(0, 0)
    if field_version >= 17:
        writer.value2(None)
        writer.value2(None)
    if field_version >= 20:
        writer.ub(0)
    if field_version >= 24:
        writer.ub(sql_type.dimensions)
        code = VECTOR_FORMAT_CODES[sql_type.vector_format] if kind is WireType.VECTOR else 0
        writer.u8(code, int(kind is WireType.VECTOR and sql_type.dimensions == 0))


def _sizes(sql_type: SqlType, kind: WireType) -> tuple[int, int, int, int]:
    """Return precision, scale, buffer size and characters; a buffer size of 0 would mean that all values are NULL."""
    if kind is WireType.NUMBER:
        return sql_type.precision, sql_type.scale, 22, 0
    if kind in {WireType.VARCHAR, WireType.CHAR}:
        size = max(sql_type.size, 1)
        return 0, 0, size * 4, size
    if kind is WireType.RAW:
        return 0, 0, max(sql_type.size, 1), 0
    if kind in {WireType.TIMESTAMP, WireType.TIMESTAMP_TZ, WireType.TIMESTAMP_LTZ}:
        return 0, max(sql_type.scale, 0), 13 if kind is WireType.TIMESTAMP_TZ else 11, 0
    fixed = {
        WireType.DATE: 7,
        WireType.BINARY_DOUBLE: 8,
        WireType.BINARY_FLOAT: 4,
        WireType.BOOLEAN: 4,
        WireType.VECTOR: 8200,
        WireType.CURSOR: 4,
        WireType.LONG: 0,
        WireType.LONG_RAW: 0,
    }
    return 0, 0, fixed.get(kind, 4000), 0


class ValueWriter:
    """Writes fetched and OUT values; LOBs become locators of the connection."""

    def __init__(self, writer: Writer, keep_lob: object) -> None:
        """Write into ``writer``; ``keep_lob`` gives a locator for a LOB's content."""
        self._writer = writer
        self._keep_lob = keep_lob

    def column(self, define: Variable, *, of_numbers: bool) -> Callable[[Value], None]:
        """Return what writes the values of a fetched column.

        Args:
            define: How they travel.
            of_numbers: They are NUMBERs, given as their byte form.
        """
        kind, national, write = define.kind, define.national, self._writer.value
        if of_numbers:
            if kind is WireType.NUMBER:
                return write
            return lambda value: self.fetched(None if value is None else decode_number(value), kind, national=national)
        if kind in {WireType.VARCHAR, WireType.CHAR} and not national:
            return lambda value: write(value.encode() if value.__class__ is str else encode_value(value, kind))
        return lambda value: self.fetched(value, kind, national=national)

    def fetched(self, value: Value, kind: WireType, *, national: bool = False) -> None:
        """Write a column's value in the type that the client defined."""
        writer = self._writer
        if kind in {WireType.LONG, WireType.LONG_RAW}:
            writer.value(encode_value(value, kind, national=national))
            writer.ub(0, 0)
        elif kind in {WireType.CLOB, WireType.BLOB}:
            self._lob(value, kind)
        elif kind is WireType.VECTOR:
            self._vector(value)
        elif kind is WireType.BOOLEAN:
            writer.raw(b"\x00" if value is None else b"\x02\x01\x01" if value else b"\x01\x00")
        else:
            writer.value(encode_value(value, kind, national=national))

    def _lob(self, value: Value, kind: WireType) -> None:
        if value is None:
            self._writer.u8(0)
            return
        locator, size = self._keep_lob(value, kind)  # type: ignore[operator]
        self._writer.ub(len(locator), size, 8060)
        self._writer.value(locator)

    def _vector(self, value: Value) -> None:
        if value is None:
            self._writer.u8(0)
            return
        image = make_vector_image(value)
        self._writer.ub(_LOCATOR_BYTES, len(image), 8060)
        self._writer.value(image)
        self._writer.value(bytes(_LOCATOR_BYTES))

    def out(self, value: Value, variable: Variable) -> None:
        """Write the value of an OUT bind in the bind's own type; of an array, its elements."""
        if variable.sql_type.elements:
            items: Sequence[Value] = value or ()
            self._writer.ub(len(items))
            for item in items:
                self._out(item, variable)
        else:
            self._out(value, variable)

    def _out(self, value: Value, variable: Variable) -> None:
        if variable.kind is WireType.BOOLEAN and value is None:
            self._writer.raw(b"\x00")
            self._writer.sb(-1)
            return
        if variable.kind in {WireType.VARCHAR, WireType.CHAR, WireType.RAW}:
            self._limited(value, variable)
            return
        if variable.kind in {WireType.LONG, WireType.LONG_RAW}:
            self._writer.value(encode_value(value, variable.kind, national=variable.national))
        else:
            self.fetched(value, variable.kind, national=variable.national)
        self._writer.sb(0)

    def _limited(self, value: Value, variable: Variable) -> None:
        """Write a string in a variable of limited size; of a longer one what fits, and how long it is."""
        data = encode_value(value, variable.kind, national=variable.national)
        if data is None or len(data) <= variable.size:
            self._writer.value(data)
            self._writer.sb(0)
        else:
            self._writer.value(data[: variable.size])
            self._writer.sb(len(data))


def make_io_vector(directions: Sequence[Direction]) -> bytes:
    """Return IO_VECTOR: what a PL/SQL block does with each bind."""
    writer = Writer()
    writer.u8(Message.IO_VECTOR, 0)
    writer.ub(len(directions) & 0xFF, len(directions) >> 8, 0, 0, 0, 0)
    writer.u8(*(direction.value for direction in directions))
    return bytes(writer)


def make_row_header() -> bytes:
    """Return ROW_HEADER."""
    return bytes((Message.ROW_HEADER, 0)) + bytes(6)


def make_execute_parameters(row_counts: Sequence[int] | None, schema: str | None = None) -> bytes:
    """Return PARAMETER after an execute.

    Args:
        row_counts: Rows of each execution, None when they were not asked for.
        schema: The new current schema, if the call changed it.
    """
    writer = Writer()
    writer.u8(Message.PARAMETER)
    writer.ub(0, 0)
    if schema is None:
        writer.ub(0)
    else:
        writer.ub(1)
        writer.text2(schema)
        writer.value2(None)
        writer.ub(168)
    writer.ub(0)
    if row_counts is not None:
        writer.ub(len(row_counts))
        writer.ub(*row_counts)
    return bytes(writer)


def default_define(column: Column) -> Variable:
    """Return how a column's values travel when the client defined nothing."""
    kind = wire_type(column.type)
    return Variable(kind, 0, column.type.national, column.type)


def changed_defines(before: Sequence[Column], now: Sequence[Column]) -> list[Variable]:
    """Return how columns travel whose types have changed since the client last executed the cursor.

    A column that has become a LOB travels as LONG or LONG RAW, because the client still expects a string.
    Source: python-oracledb 26.1.0, thin mode, read as specification.

    Returns:
        A define for each column; [] where the client has to define anew.
    """
    defines = [default_define(column) for column in now]
    for number, (old, new) in enumerate(zip(before, defines, strict=False)):
        instead = _LONG_FORMS.get((wire_type(old.type), new.kind))
        if instead is not None:
            defines[number] = Variable(instead, 0, old.type.national, new.sql_type)
    return [] if any(define.kind in DEFINED_LATER for define in defines) else defines


_LONG_FORMS = {
    **{(kind, WireType.CLOB): WireType.LONG for kind in (WireType.CHAR, WireType.VARCHAR, WireType.LONG)},
    **{(kind, WireType.BLOB): WireType.LONG_RAW for kind in (WireType.RAW, WireType.LONG_RAW)},
}


def is_lob(sql_type: SqlType) -> bool:
    """Tell whether a type's values travel as locators."""
    return sql_type.name in {TypeName.CLOB, TypeName.BLOB}


@dataclass(frozen=True, slots=True)
class LobOperation:
    """A LOB_OP request."""

    operation: int
    locator: bytes
    source_offset: int
    destination_offset: int
    sends_amount: bool
    amount: int
    data: bytes


def parse_lob_operation(reader: Reader) -> LobOperation:
    """Read a LOB_OP request."""
    has_source = reader.u8()
    length = reader.ub()
    reader.skip("1uuu11")
    reader.u8()
    operation = reader.ub()
    reader.raw(2)
    source_offset = reader.ub()
    destination_offset = reader.ub()
    sends_amount = bool(reader.u8())
    reader.raw(6)
    if length > 4096:
        raise RemoteProtocolError(f"a locator of {length} bytes")
    locator = reader.raw(length) if has_source else b""
    if operation == 0x0110:
        reader.ub()
    data = b""
    if operation == 0x0040:
        reader.u8()
        data = reader.value() or b""
    amount = reader.ub() if sends_amount else 0
    return LobOperation(operation, locator, source_offset, destination_offset, sends_amount, amount, data)
