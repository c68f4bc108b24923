"""What the SQL writer calls for operators, conversions and aggregates on stored NUMBERs; not callable by users."""

from __future__ import annotations

import base64
import functools
import json
import math
import threading
import time
import zlib
from typing import Any

from emulator import number
from emulator.datatypes import TypeName
from emulator.engine.call_context import current_context
from emulator.engine.functions.conversions import to_datetime, to_number, to_text
from emulator.engine.functions.type_rules import LONGEST
from emulator.engine.stored_values import load_by_letter, store_by_letter
from emulator.errors import NotEmulated, OraError
from emulator.number import Number, decode_number, encode_number
from emulator.vector_text import parse_vector

#: The types of dates and times that letters stand for.
_KINDS = {"D": TypeName.DATE, "T": TypeName.TIMESTAMP, "Z": TypeName.TIMESTAMP_TZ}


def _binary(operation: Any) -> Any:  # noqa: ANN401 - functions of stored values
    def call(left: bytes | None, right: bytes | None) -> bytes | None:
        if left is None or right is None:
            return None
        return encode_number(operation(decode_number(left), decode_number(right)))

    return call


def _negate(value: bytes | None) -> bytes | None:
    return None if value is None else encode_number(number.negate(decode_number(value)))


def _num(value: int | None) -> bytes | None:
    return None if value is None else encode_number(value)


#: SQLite's integers have 64 bits; one is left for adding.
_LARGEST_INTEGER = 2**62


def _int_of(value: bytes | None) -> int | None:
    """Return the whole part of a NUMBER, or the largest integer of SQLite's where it is larger."""
    return None if value is None else max(-_LARGEST_INTEGER, min(number.floor(decode_number(value)), _LARGEST_INTEGER))


class _RowNumbers:
    """Numbers of new rows in tables without a primary key: they grow with time, also from one start to the next.

    Transactions that insert side by side must not be given the same one: they would wait for each other.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        with self._lock:
            self._last = max(self._last + 1, time.time_ns())
            return self._last


_row_numbers = _RowNumbers()


class _Sum:
    """SUM over NUMBERs, also as a window function."""

    def __init__(self) -> None:
        self.total: Number = 0
        self.count = 0

    def step(self, value: bytes | None) -> None:
        if value is not None:
            self.total = number.add(self.total, decode_number(value))
            self.count += 1

    def inverse(self, value: bytes | None) -> None:
        if value is not None:
            self.total = number.subtract(self.total, decode_number(value))
            self.count -= 1

    def value(self) -> bytes | None:
        return encode_number(self.total) if self.count else None

    def final(self) -> bytes | None:
        return self.value()


class _Average(_Sum):
    """AVG over NUMBERs, also as a window function."""

    def value(self) -> bytes | None:
        return encode_number(number.divide(self.total, self.count)) if self.count else None


def register_operators(connection: Any) -> None:  # noqa: ANN401 - apsw's types know no callback of fewer arguments
    """Install them on an apsw connection."""
    for name, operation in (
        ("num_add", number.add),
        ("num_subtract", number.subtract),
        ("num_multiply", number.multiply),
        ("num_divide", number.divide),
    ):
        connection.create_scalar_function(name, _binary(operation), 2, deterministic=True)
    connection.create_scalar_function("num_negate", _negate, 1, deterministic=True)
    connection.create_scalar_function("float_divide", _float_divide, 2, deterministic=True)
    connection.create_scalar_function("checked_text", _checked_text, 1, deterministic=True)
    connection.create_scalar_function("num", _num, 1, deterministic=True)
    connection.create_scalar_function("int_of", _int_of, 1, deterministic=True)
    connection.create_scalar_function("new_row_number", _row_numbers.next, 0)
    connection.create_scalar_function("cast_value", _cast, 2, deterministic=True)
    connection.create_scalar_function("row_identifier", _row_identifier, -1, deterministic=True)
    connection.create_scalar_function("stored_function", _stored_function, -1)
    connection.create_aggregate_function("single_row", _SingleRow, 1)
    connection.create_window_function("num_sum", _Sum, 1)
    connection.create_window_function("num_avg", _Average, 1)


def _checked_text(text: str | None) -> str | None:
    """Refuse a VARCHAR2 of SQL that is too long, in bytes."""
    if text is not None and len(text) > LONGEST // 4 and len(text.encode()) > LONGEST:
        raise OraError(1489)
    return text


def _float_divide(left: float | None, right: float | None) -> float | None:
    """Divide BINARY_DOUBLEs: by zero it is infinite, where SQLite has NULL."""
    if left is None or right is None:
        return None
    if right == 0:
        if left == 0 or math.isnan(left):
            raise NotEmulated("NaN")  # SQLite cannot keep it
        return math.copysign(math.inf, left) * math.copysign(1, right)
    return left / right


def _stored_function(known: str, *stored: Any) -> Any:  # noqa: ANN401 - stored values
    """Call a stored PL/SQL function; ``known`` says which, and the types."""
    key, order, letters = _parse_call(known)
    values = [load_by_letter(value, letter) for value, letter in zip(stored, letters, strict=False)]
    found = current_context().call_function(key, order, values)
    return None if found is None else store_by_letter(found, letters[-1])


@functools.lru_cache(maxsize=256)
def _parse_call(known: str) -> tuple[list[str], list[int], str]:
    key, order, letters = json.loads(known)
    return key, order, letters


def _row_identifier(table: str, *keys: Any) -> str | None:  # noqa: ANN401 - stored values
    """Return a row's ROWID: like a logical one of Oracle's it is a text that begins with ``*`` and holds the key."""
    if any(key is None for key in keys):  # of an outer join
        return None
    parts = [zlib.crc32(table.encode()).to_bytes(4)]
    for key in keys:
        data = key if isinstance(key, bytes) else str(key).encode()
        parts += [len(data).to_bytes(2), data]
    return "*B" + base64.b64encode(b"".join(parts)).decode().rstrip("=")


class _SingleRow:
    """The value of a scalar subquery; ORA-01427 for a second row."""

    def __init__(self) -> None:
        self.rows = 0
        self.found: Any = None

    def step(self, value: Any) -> None:  # noqa: ANN401 - a stored value
        self.rows += 1
        if self.rows > 1:
            raise OraError(1427)
        self.found = value

    def final(self) -> Any:  # noqa: ANN401 - a stored value
        return self.found


def _cast(letters: str, stored: Any) -> Any:  # noqa: ANN401 - stored values
    """Convert a stored value between two kinds of type; the letters name both."""
    if stored is None:
        return None
    value = load_by_letter(stored, letters[0])
    wanted = letters[1]
    if wanted == "N":
        value = to_number(value)
    elif wanted == "S":
        value = to_text(value, _KINDS.get(letters[0]))
    elif wanted == "F":
        value = float(to_number(value) or 0)
    elif wanted == "V":
        value = parse_vector(value)
    elif wanted == "R":
        try:
            value = bytes.fromhex(value)
        except ValueError:
            raise OraError(1465) from None
    elif wanted == "B":
        value = str(value).upper() == "TRUE"
    else:
        value = to_datetime(value, _KINDS[wanted])
    return store_by_letter(value, wanted)
