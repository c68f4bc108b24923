"""The supplied packages: DBMS_OUTPUT, DBMS_VECTOR, DBMS_SESSION, DBMS_APPLICATION_INFO.

DBMS_LOB's functions are SQL functions too, so they are in the engine's registry.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import cast

from emulator.datatypes import BLOB, CLOB, SqlType, TypeName, Value
from emulator.engine.definitions import model_fingerprint
from emulator.engine.objects import Model
from emulator.errors import NotEmulated, OraError
from emulator.inference import DEFAULT_METADATA
from emulator.plsql.exceptions import application_error
from emulator.plsql.runtime import Frame
from emulator.plsql.scopes import NativeSubprogram, ParameterSymbol
from emulator.plsql.values import PLS_INTEGER, SCALARS, CollectionType, PlsqlType, ScalarType

_TEXT = ScalarType(SqlType(TypeName.VARCHAR2, size=32_767))
_NUMBER = SCALARS["NUMBER"]
_LINES = CollectionType("CHARARR", _TEXT, index=PLS_INTEGER)
_LONGEST_LINE_BYTES = 32_767
_MODULE_BYTES = 48
_ACTION_BYTES = 32
_CLIENT_INFO_BYTES = 64
_LONGEST_SLEEP_SECONDS = 3600
#: How late a cancel can be noticed.
_SLEEP_SLICE_SECONDS = 0.02

_TYPES: dict[str, PlsqlType] = {"DBMS_OUTPUT.CHARARR": _LINES, "SYS.DBMS_OUTPUT.CHARARR": _LINES}
_PACKAGES: dict[str, dict[str, NativeSubprogram]] = {}
#: Supplied packages that exist, but nothing of them here besides functions of the registry.
_KNOWN_ONLY = frozenset(
    {"DBMS_SCHEDULER", "DBMS_PARALLEL_EXECUTE", "DBMS_LOCK", "DBMS_SESSION", "DBMS_SQL", "UTL_HTTP"}
)


def package_type(name: str) -> PlsqlType | None:
    """Return a type of a supplied package."""
    return _TYPES.get(name)


def is_package(name: str) -> bool:
    """Tell whether a name is a supplied package's."""
    return name in _PACKAGES or name in _KNOWN_ONLY


def supplied_subprograms() -> list[str]:
    """Return what there is of the supplied packages, as ``PACKAGE.SUBPROGRAM``, sorted."""
    return sorted(f"{package}.{name}" for package, entries in _PACKAGES.items() for name in entries)


def find_native(package: str, name: str) -> NativeSubprogram | None:
    """Return a package's subprogram.

    Raises:
        NotEmulated: The package, or this part of it.
    """
    found = _PACKAGES.get(package, {}).get(name)
    if found is None:
        raise NotEmulated(f"{package}.{name}")
    return found


def _parameter(name: str, declared: PlsqlType, mode: str = "IN", *default: Value) -> ParameterSymbol:
    value = default[0] if default else None
    return ParameterSymbol(name, mode, declared, (lambda _frame: value) if default else None)


def _enter(
    package: str, name: str, *parameters: ParameterSymbol
) -> Callable[[Callable[[Frame, list[Value]], None]], Callable[[Frame, list[Value]], None]]:
    def enter(call: Callable[[Frame, list[Value]], None]) -> Callable[[Frame, list[Value]], None]:
        _PACKAGES.setdefault(package, {})[name] = NativeSubprogram(name, list(parameters), None, call)
        return call

    return enter


# ---------------------------------------------------------------------- DBMS_OUTPUT


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


@_enter("DBMS_OUTPUT", "ENABLE", _parameter("BUFFER_SIZE", PLS_INTEGER, "IN", 20_000))
def _enable(frame: Frame, values: list[Value]) -> None:
    buffer = _buffer(frame)
    buffer.enabled = True
    buffer.limit_bytes = None if values[0] is None else min(max(values[0], 2_000), 1_000_000)


@_enter("DBMS_OUTPUT", "DISABLE")
def _disable(frame: Frame, _values: list[Value]) -> None:
    frame.run.port.package_state["DBMS_OUTPUT"] = OutputBuffer()


@_enter("DBMS_OUTPUT", "PUT", _parameter("A", _TEXT))
def _put_text(frame: Frame, values: list[Value]) -> None:
    _put(_buffer(frame), values[0] or "", ends_line=False)


@_enter("DBMS_OUTPUT", "PUT_LINE", _parameter("A", _TEXT))
def _put_line(frame: Frame, values: list[Value]) -> None:
    _put(_buffer(frame), values[0] or "", ends_line=True)


@_enter("DBMS_OUTPUT", "NEW_LINE")
def _new_line(frame: Frame, _values: list[Value]) -> None:
    _put(_buffer(frame), "", ends_line=True)


@_enter("DBMS_OUTPUT", "GET_LINE", _parameter("LINE", _TEXT, "OUT"), _parameter("STATUS", PLS_INTEGER, "OUT"))
def _get_line(frame: Frame, values: list[Value]) -> None:
    buffer = _buffer(frame)
    buffer.was_read = True
    values[:] = [buffer.lines.popleft() or None, 0] if buffer.lines else [None, 1]


@_enter("DBMS_OUTPUT", "GET_LINES", _parameter("LINES", _LINES, "OUT"), _parameter("NUMLINES", PLS_INTEGER, "IN OUT"))
def _get_lines(frame: Frame, values: list[Value]) -> None:
    buffer = _buffer(frame)
    buffer.was_read = True
    count = min(values[1] or 0, len(buffer.lines))
    values[:] = [_LINES.of_values([buffer.lines.popleft() or None for _ in range(count)]), count]


# ---------------------------------------------------------------------- DBMS_VECTOR


def _model_name(frame: Frame, text: str | None) -> tuple[str, str]:
    """Return owner and name of a model as its name is written."""
    parts = (text or "").split(".")
    names = [part[1:-1] if part.startswith('"') and part.endswith('"') else part.strip().upper() for part in parts]
    if len(names) > 2 or not all(names):
        raise OraError(40281, text="ORA-40281: invalid model name")
    return (names[0], names[1]) if len(names) == 2 else (frame.scope.schema, names[0])


@_enter(
    "DBMS_VECTOR",
    "LOAD_ONNX_MODEL",
    _parameter("MODEL_NAME", _TEXT),
    _parameter("MODEL_DATA", ScalarType(BLOB)),
    _parameter("METADATA", ScalarType(CLOB), "IN", None),
)
def _load_onnx_model(frame: Frame, values: list[Value]) -> None:
    port = frame.run.port
    owner, name = _model_name(frame, values[0])
    privilege = "CREATE MINING MODEL" if owner == frame.scope.user else "CREATE ANY MINING MODEL"
    if not port.catalogue.has_privilege(frame.scope.user, privilege):
        raise OraError(1031)
    if (owner, name) in port.catalogue.models:
        raise OraError(955)
    data = values[1]
    if not data:
        raise OraError(54400)
    found = port.inspect_model(data, values[2])
    model = Model(
        owner=owner,
        name=name,
        size_bytes=len(data),
        metadata=values[2] or DEFAULT_METADATA,
        dimensions=found.dimensions,
        input_name=found.input_name,
        input_kind=found.kind,
        fingerprint=model_fingerprint(owner, name, data),
    )
    port.load_model(model, data)


@_enter(
    "DBMS_VECTOR",
    "DROP_ONNX_MODEL",
    _parameter("MODEL_NAME", _TEXT),
    _parameter("FORCE", SCALARS["BOOLEAN"], "IN", False),
)
def _drop_onnx_model(frame: Frame, values: list[Value]) -> None:
    port = frame.run.port
    owner, name = _model_name(frame, values[0])
    if (owner, name) not in port.catalogue.models and values[1]:
        return
    if owner != frame.scope.user and not port.catalogue.has_privilege(frame.scope.user, "DROP ANY MINING MODEL"):
        raise OraError(40284)
    port.drop_model(owner, name)


# ---------------------------------------------------------------------- DBMS_SESSION, DBMS_LOCK


@_enter("DBMS_SESSION", "SLEEP", _parameter("SECONDS", _NUMBER))
@_enter("DBMS_LOCK", "SLEEP", _parameter("SECONDS", _NUMBER))
def _sleep(frame: Frame, values: list[Value]) -> None:
    seconds = values[0]
    if seconds is None or not 0 <= seconds <= _LONGEST_SLEEP_SECONDS:
        raise OraError(38148, text="ORA-38148: invalid time limit specified")
    end = time.monotonic() + float(seconds)
    while (left := end - time.monotonic()) > 0:
        frame.run.port.check_cancelled()
        time.sleep(min(left, _SLEEP_SLICE_SECONDS))


@_enter("DBMS_SESSION", "SET_IDENTIFIER", _parameter("CLIENT_ID", _TEXT))
def _set_identifier(frame: Frame, values: list[Value]) -> None:
    frame.run.port.set_identity({"CLIENT_IDENTIFIER": _cut(values[0], _CLIENT_INFO_BYTES)})


@_enter("DBMS_SESSION", "CLEAR_IDENTIFIER")
def _clear_identifier(frame: Frame, _values: list[Value]) -> None:
    frame.run.port.set_identity({"CLIENT_IDENTIFIER": None})


# ---------------------------------------------------------------------- DBMS_APPLICATION_INFO


def _cut(text: str | None, limit: int) -> str | None:
    return None if text is None else text.encode()[:limit].decode(errors="ignore")


@_enter("DBMS_APPLICATION_INFO", "SET_MODULE", _parameter("MODULE_NAME", _TEXT), _parameter("ACTION_NAME", _TEXT))
def _set_module(frame: Frame, values: list[Value]) -> None:
    frame.run.port.set_identity({"MODULE": _cut(values[0], _MODULE_BYTES), "ACTION": _cut(values[1], _ACTION_BYTES)})


@_enter("DBMS_APPLICATION_INFO", "SET_ACTION", _parameter("ACTION_NAME", _TEXT))
def _set_action(frame: Frame, values: list[Value]) -> None:
    frame.run.port.set_identity({"ACTION": _cut(values[0], _ACTION_BYTES)})


@_enter(
    "DBMS_APPLICATION_INFO",
    "READ_MODULE",
    _parameter("MODULE_NAME", _TEXT, "OUT"),
    _parameter("ACTION_NAME", _TEXT, "OUT"),
)
def _read_module(frame: Frame, values: list[Value]) -> None:
    values[:] = [frame.run.port.identity.get("MODULE"), frame.run.port.identity.get("ACTION")]


@_enter("DBMS_APPLICATION_INFO", "READ_CLIENT_INFO", _parameter("CLIENT_INFO", _TEXT, "OUT"))
def _read_client_info(frame: Frame, values: list[Value]) -> None:
    values[:] = [frame.run.port.identity.get("CLIENT_INFO")]


@_enter("DBMS_APPLICATION_INFO", "SET_CLIENT_INFO", _parameter("CLIENT_INFO", _TEXT))
def _set_client_info(frame: Frame, values: list[Value]) -> None:
    frame.run.port.set_identity({"CLIENT_INFO": _cut(values[0], _CLIENT_INFO_BYTES)})
