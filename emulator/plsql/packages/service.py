"""DBMS_SERVICE: services are made on a primary, started and stopped in each database.

Source: PL/SQL Packages and Types Reference 23ai, DBMS_SERVICE, its constants and exceptions.
"""

from __future__ import annotations

from emulator.datatypes import SqlType, TypeName, Value
from emulator.engine.definitions import plan_drop_service, plan_service
from emulator.errors import NotEmulated, OraError
from emulator.plsql.packages.registry import (
    BOOLEAN,
    NUMBER,
    TEXT,
    enter,
    enter_constant,
    enter_exception,
    enter_type,
    parameter,
)
from emulator.plsql.port import SqlPort
from emulator.plsql.runtime import Frame
from emulator.plsql.values import PLS_INTEGER, Collection, CollectionType, ScalarType

_PACKAGE = "DBMS_SERVICE"
_PARAMETERS = CollectionType("SVC_PARAMETER_ARRAY", TEXT, index=ScalarType(SqlType(TypeName.VARCHAR2, size=100)))
_POST_TRANSACTION, _IMMEDIATE, _NOREPLAY = range(3)
_LONGEST_NAME = 64

enter_type(_PACKAGE, "SVC_PARAMETER_ARRAY", _PARAMETERS)
for _name, _value in (("POST_TRANSACTION", _POST_TRANSACTION), ("IMMEDIATE", _IMMEDIATE), ("NOREPLAY", _NOREPLAY)):
    enter_constant(_PACKAGE, _name, PLS_INTEGER, _value)
for _name, _code in (
    ("NULL_SERVICE_NAME", 44301),
    ("NULL_NETWORK_NAME", 44302),
    ("SERVICE_EXISTS", 44303),
    ("SERVICE_DOES_NOT_EXIST", 44304),
    ("SERVICE_IN_USE", 44305),
    ("SERVICE_NAME_TOO_LONG", 44306),
    ("SERVICE_NOT_RUNNING", 44311),
    ("DATABASE_READONLY", 44317),
):
    enter_exception(_PACKAGE, _name, _code)


def _allowed(frame: Frame) -> SqlPort:
    """Return the session; it has to be a DBA's, or have been granted the package."""
    port = frame.run.port
    catalogue, scope = port.catalogue, frame.scope
    if not (catalogue.has_privilege(scope.user, "ALTER SYSTEM") or catalogue.may_see(scope, "SYS", _PACKAGE)):
        raise OraError(1031)
    return port


def _name_of(value: Value) -> str:
    if not value:
        raise OraError(44301)
    name = str(value)
    if len(name) > _LONGEST_NAME:
        raise OraError(44306)
    return name


def _given(value: Value) -> dict[str, str]:
    """Return the parameters of an array by name in upper case."""
    if not isinstance(value, Collection):
        return {}
    return {str(key).upper(): str(found) for key, found in value.items.items() if found is not None}


def _changeable(frame: Frame) -> SqlPort:
    port = _allowed(frame)
    if port.is_read_only:
        raise OraError(44317)
    return port


@enter(
    _PACKAGE,
    "CREATE_SERVICE",
    parameter("SERVICE_NAME", TEXT),
    parameter("NETWORK_NAME", TEXT),
    parameter("PARAMETER_ARRAY", _PARAMETERS, "IN", None),
)
def _create_service(frame: Frame, values: list[Value]) -> None:
    port = _changeable(frame)
    name = _name_of(values[0])
    if not values[1]:
        raise OraError(44302)
    if str(values[1]).upper() != name.upper():
        raise NotEmulated("a service whose network name is not its own name")
    if port.services.exists(name):
        raise OraError(44303)
    parameters = _given(values[2])
    port.define(lambda _catalogue: plan_service(name, parameters))


@enter(_PACKAGE, "MODIFY_SERVICE", parameter("SERVICE_NAME", TEXT), parameter("PARAMETER_ARRAY", _PARAMETERS))
def _modify_service(frame: Frame, values: list[Value]) -> None:
    port = _changeable(frame)
    name = _name_of(values[0])
    if not port.services.exists(name):
        raise OraError(44304, name)
    parameters = {**port.services.parameters(name), **_given(values[1])}
    port.define(lambda _catalogue: plan_service(name, parameters))


@enter(_PACKAGE, "DELETE_SERVICE", parameter("SERVICE_NAME", TEXT))
def _delete_service(frame: Frame, values: list[Value]) -> None:
    port = _changeable(frame)
    name = _name_of(values[0])
    port.define(lambda catalogue: plan_drop_service(name, catalogue))


@enter(_PACKAGE, "START_SERVICE", parameter("SERVICE_NAME", TEXT), parameter("INSTANCE_NAME", TEXT, "IN", None))
def _start_service(frame: Frame, values: list[Value]) -> None:
    _allowed(frame).services.start(_name_of(values[0]))


@enter(
    _PACKAGE,
    "STOP_SERVICE",
    parameter("SERVICE_NAME", TEXT),
    parameter("INSTANCE_NAME", TEXT, "IN", None),
    parameter("STOP_OPTION", NUMBER, "IN", None),
    parameter("DRAIN_TIMEOUT", NUMBER, "IN", None),
    parameter("REPLAY", BOOLEAN, "IN", True),
)
def _stop_service(frame: Frame, values: list[Value]) -> None:
    if values[2] is not None or values[3] is not None:
        raise NotEmulated("DBMS_SERVICE.STOP_SERVICE that drains sessions")
    _allowed(frame).services.stop(_name_of(values[0]))


@enter(
    _PACKAGE,
    "DISCONNECT_SESSION",
    parameter("SERVICE_NAME", TEXT),
    parameter("DISCONNECT_OPTION", NUMBER, "IN", _POST_TRANSACTION),
)
def _disconnect_session(frame: Frame, values: list[Value]) -> None:
    port = _allowed(frame)
    if values[1] == _POST_TRANSACTION:
        raise NotEmulated("DBMS_SERVICE.DISCONNECT_SESSION after transactions")
    port.disconnect_service(_name_of(values[0]))
