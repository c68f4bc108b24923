"""Functions that look at the session, the clock or a source of randomness."""

from __future__ import annotations

import datetime
import uuid

from emulator.datatypes import DATE, TIMESTAMP, SqlType, TypeName, varchar2
from emulator.engine.call_context import current_context
from emulator.engine.functions.registry import register

_TIMESTAMP_TZ = SqlType(TypeName.TIMESTAMP_TZ, scale=6)


@register("USER", result=varchar2(128), arguments=(0, 0), deterministic=False)
def _user() -> str | None:
    return current_context().user_environment("SESSION_USER")


@register("SYS_CONTEXT", result=varchar2(4000), arguments=(2, 3), deterministic=False, accepts="S")
def _sys_context(namespace: str, parameter: str) -> str | None:
    if namespace.upper() != "USERENV":
        return current_context().application_context(namespace, parameter)
    return current_context().user_environment(parameter)


@register("SYSDATE", "CURRENT_DATE", result=DATE, arguments=(0, 0), deterministic=False)
def _sysdate() -> datetime.datetime:
    return current_context().statement_time().replace(tzinfo=None, microsecond=0)


@register("SYSTIMESTAMP", "CURRENT_TIMESTAMP", result=_TIMESTAMP_TZ, arguments=(0, 0), deterministic=False)
def _systimestamp() -> datetime.datetime:
    return current_context().statement_time()


@register("LOCALTIMESTAMP", result=TIMESTAMP, arguments=(0, 0), deterministic=False)
def _localtimestamp() -> datetime.datetime:
    return current_context().statement_time().replace(tzinfo=None)


@register("DBTIMEZONE", "SESSIONTIMEZONE", result=varchar2(6), arguments=(0, 0))
def _time_zone() -> str:
    return "+00:00"


@register("SYS_GUID", result=SqlType(TypeName.RAW, size=16), arguments=(0, 0), deterministic=False)
def _guid() -> bytes:
    return uuid.uuid4().bytes
