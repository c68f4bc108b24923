"""DBMS_SESSION, DBMS_APPLICATION_INFO and DBMS_LOCK: what a session says of itself, and waiting."""

from __future__ import annotations

import time

from emulator.datatypes import Value
from emulator.errors import OraError
from emulator.plsql.packages.registry import NUMBER, TEXT, enter, parameter
from emulator.plsql.runtime import Frame

_MODULE_BYTES = 48
_ACTION_BYTES = 32
_CLIENT_INFO_BYTES = 64
_LONGEST_SLEEP_SECONDS = 3600
#: How late a cancel can be noticed.
_SLEEP_SLICE_SECONDS = 0.02


@enter("DBMS_SESSION", "SLEEP", parameter("SECONDS", NUMBER))
@enter("DBMS_LOCK", "SLEEP", parameter("SECONDS", NUMBER))
def _sleep(frame: Frame, values: list[Value]) -> None:
    seconds = values[0]
    if seconds is None or not 0 <= seconds <= _LONGEST_SLEEP_SECONDS:
        raise OraError(38148, text="ORA-38148: invalid time limit specified")
    end = time.monotonic() + float(seconds)
    while (left := end - time.monotonic()) > 0:
        frame.run.port.check_cancelled()
        time.sleep(min(left, _SLEEP_SLICE_SECONDS))


@enter("DBMS_SESSION", "SET_IDENTIFIER", parameter("CLIENT_ID", TEXT))
def _set_identifier(frame: Frame, values: list[Value]) -> None:
    frame.run.port.set_identity({"CLIENT_IDENTIFIER": _cut(values[0], _CLIENT_INFO_BYTES)})


@enter("DBMS_SESSION", "CLEAR_IDENTIFIER")
def _clear_identifier(frame: Frame, _values: list[Value]) -> None:
    frame.run.port.set_identity({"CLIENT_IDENTIFIER": None})


def _cut(text: str | None, limit: int) -> str | None:
    return None if text is None else text.encode()[:limit].decode(errors="ignore")


@enter("DBMS_APPLICATION_INFO", "SET_MODULE", parameter("MODULE_NAME", TEXT), parameter("ACTION_NAME", TEXT))
def _set_module(frame: Frame, values: list[Value]) -> None:
    frame.run.port.set_identity({"MODULE": _cut(values[0], _MODULE_BYTES), "ACTION": _cut(values[1], _ACTION_BYTES)})


@enter("DBMS_APPLICATION_INFO", "SET_ACTION", parameter("ACTION_NAME", TEXT))
def _set_action(frame: Frame, values: list[Value]) -> None:
    frame.run.port.set_identity({"ACTION": _cut(values[0], _ACTION_BYTES)})


@enter(
    "DBMS_APPLICATION_INFO",
    "READ_MODULE",
    parameter("MODULE_NAME", TEXT, "OUT"),
    parameter("ACTION_NAME", TEXT, "OUT"),
)
def _read_module(frame: Frame, values: list[Value]) -> None:
    values[:] = [frame.run.port.identity.get("MODULE"), frame.run.port.identity.get("ACTION")]


@enter("DBMS_APPLICATION_INFO", "READ_CLIENT_INFO", parameter("CLIENT_INFO", TEXT, "OUT"))
def _read_client_info(frame: Frame, values: list[Value]) -> None:
    values[:] = [frame.run.port.identity.get("CLIENT_INFO")]


@enter("DBMS_APPLICATION_INFO", "SET_CLIENT_INFO", parameter("CLIENT_INFO", TEXT))
def _set_client_info(frame: Frame, values: list[Value]) -> None:
    frame.run.port.set_identity({"CLIENT_INFO": _cut(values[0], _CLIENT_INFO_BYTES)})
