"""DBMS_OUTPUT: lines that a session's PL/SQL writes and its client reads."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import cast

from emulator.datatypes import Value
from emulator.plsql.exceptions import application_error
from emulator.plsql.packages.registry import TEXT, enter, enter_type, parameter
from emulator.plsql.runtime import Frame
from emulator.plsql.values import PLS_INTEGER, CollectionType

_LINES = CollectionType("CHARARR", TEXT, index=PLS_INTEGER)
_LONGEST_LINE_BYTES = 32_767

enter_type("DBMS_OUTPUT", "CHARARR", _LINES)


@dataclass(slots=True)
class OutputBuffer:
    """DBMS_OUTPUT's lines of a session."""

    enabled: bool = False
    #: Bytes it may hold, None without a limit.
    limit_bytes: int | None = 20_000
    lines: deque[str] = field(default_factory=deque)
    used_bytes: int = 0
    #: What PUT has begun.
    open_line: str = ""
    #: GET_LINE was called: the next PUT drops what is left.
    was_read: bool = False


def _buffer(frame: Frame) -> OutputBuffer:
    state = frame.run.port.package_state
    return cast("OutputBuffer", state.setdefault("DBMS_OUTPUT", OutputBuffer()))


def _put(buffer: OutputBuffer, text: str, *, ends_line: bool) -> None:
    if not buffer.enabled:
        return
    if buffer.was_read:
        buffer.lines.clear()
        buffer.used_bytes, buffer.open_line, buffer.was_read = 0, "", False
    size = len(text.encode())
    if len(buffer.open_line.encode()) + size > _LONGEST_LINE_BYTES:
        raise application_error(
            -20000, f"ORU-10028: line length overflow, limit of {_LONGEST_LINE_BYTES} bytes per line"
        )
    if buffer.limit_bytes is not None and buffer.used_bytes + size > buffer.limit_bytes:
        raise application_error(-20000, f"ORU-10027: buffer overflow, limit of {buffer.limit_bytes} bytes")
    buffer.used_bytes += size
    buffer.open_line += text
    if ends_line:
        buffer.lines.append(buffer.open_line)
        buffer.open_line = ""


@enter("DBMS_OUTPUT", "ENABLE", parameter("BUFFER_SIZE", PLS_INTEGER, "IN", 20_000))
def _enable(frame: Frame, values: list[Value]) -> None:
    buffer = _buffer(frame)
    buffer.enabled = True
    buffer.limit_bytes = None if values[0] is None else min(max(values[0], 2_000), 1_000_000)


@enter("DBMS_OUTPUT", "DISABLE")
def _disable(frame: Frame, _values: list[Value]) -> None:
    frame.run.port.package_state["DBMS_OUTPUT"] = OutputBuffer()


@enter("DBMS_OUTPUT", "PUT", parameter("A", TEXT))
def _put_text(frame: Frame, values: list[Value]) -> None:
    _put(_buffer(frame), values[0] or "", ends_line=False)


@enter("DBMS_OUTPUT", "PUT_LINE", parameter("A", TEXT))
def _put_line(frame: Frame, values: list[Value]) -> None:
    _put(_buffer(frame), values[0] or "", ends_line=True)


@enter("DBMS_OUTPUT", "NEW_LINE")
def _new_line(frame: Frame, _values: list[Value]) -> None:
    _put(_buffer(frame), "", ends_line=True)


@enter("DBMS_OUTPUT", "GET_LINE", parameter("LINE", TEXT, "OUT"), parameter("STATUS", PLS_INTEGER, "OUT"))
def _get_line(frame: Frame, values: list[Value]) -> None:
    buffer = _buffer(frame)
    buffer.was_read = True
    values[:] = [buffer.lines.popleft() or None, 0] if buffer.lines else [None, 1]


@enter("DBMS_OUTPUT", "GET_LINES", parameter("LINES", _LINES, "OUT"), parameter("NUMLINES", PLS_INTEGER, "IN OUT"))
def _get_lines(frame: Frame, values: list[Value]) -> None:
    buffer = _buffer(frame)
    buffer.was_read = True
    count = min(values[1] or 0, len(buffer.lines))
    values[:] = [_LINES.of_values([buffer.lines.popleft() or None for _ in range(count)]), count]
