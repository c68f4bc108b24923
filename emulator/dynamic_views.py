"""Rows of the V$ views: what an instance says of itself.

Only what clients of a Data Guard configuration read; a statistic of the emulator's own says so in its name.
"""

from __future__ import annotations

import datetime
import os
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from emulator.datatypes import Row, Value
from emulator.engine.dictionary import declared_views
from emulator.errors import NotEmulated

if TYPE_CHECKING:
    from emulator.instance import Instance
    from emulator.session import SessionStatistics

#: V$SYSSTAT's name of the count of VECTOR_EMBEDDING calls; no Oracle has it.
INFERENCES_STATISTIC = "emulator: inferences"
#: V$SYSSTAT's name of the count of those begun while the database was the primary; no Oracle has it.
AS_PRIMARY_STATISTIC = "emulator: inferences as primary"
#: V$SYSSTAT's name of the count of DML executions that this standby sent to its primary; no Oracle has it.
REDIRECTED_STATISTIC = "emulator: redirected DML executions"
#: V$SYSSTAT's name of the count of statements that carried them, an array being one; no Oracle has it.
REDIRECTED_STATEMENTS_STATISTIC = "emulator: redirected DML statements"

_Record = dict[str, Value]


def dynamic_view_rows(instance: Instance, name: str) -> Sequence[Row]:
    """Return the rows of a V$ view in its declared columns; a column that the emulator has nothing for is NULL.

    Raises:
        NotEmulated: There is no such view.
    """
    maker = _VIEWS.get(name)
    if maker is None:
        raise NotEmulated(f"view {name}")
    columns = [column.name for column in declared_views()[name].columns]
    return [tuple(record.get(column) for column in columns) for record in maker(instance)]


def _database(instance: Instance) -> list[_Record]:
    config = instance.config
    return [
        {
            "DBID": 1,
            "NAME": config.db_name.upper(),
            "DB_UNIQUE_NAME": config.name,
            "DATABASE_ROLE": instance.role_name,
            "OPEN_MODE": instance.open_mode,
            "CURRENT_SCN": instance.store.scn,
            "PROTECTION_MODE": "MAXIMUM PERFORMANCE",
            "LOG_MODE": "ARCHIVELOG",
            "SWITCHOVER_STATUS": "NOT ALLOWED",
        }
    ]


def _instance(instance: Instance) -> list[_Record]:
    return [
        {
            "INSTANCE_NUMBER": 1,
            "INSTANCE_NAME": instance.config.name,
            "HOST_NAME": instance.host_name,
            "VERSION": "23.0.0.0.0",
            "VERSION_FULL": "23.26.0.0.0",
            "STATUS": "OPEN",
            "DATABASE_STATUS": "ACTIVE",
            "STARTUP_TIME": instance.started_at.replace(tzinfo=None, microsecond=0),
        }
    ]


def _interval(seconds: float) -> str:
    """Write seconds as V$DATAGUARD_STATS does: ``+00 00:00:05``."""
    whole = int(seconds)
    return f"+{whole // 86400:02d} {whole % 86400 // 3600:02d}:{whole % 3600 // 60:02d}:{whole % 60:02d}"


def _dataguard_stats(instance: Instance) -> list[_Record]:
    if instance.role_name == "PRIMARY":
        return []
    now = datetime.datetime.now().strftime("%m/%d/%Y %H:%M:%S")  # noqa: DTZ005 - the view's own local text
    unit = "day(2) to second(0) interval"
    lag = instance.dataguard.apply_lag_seconds()
    lags = {"transport lag": instance.dataguard.transport_lag_seconds(), "apply lag": lag}
    return [
        {
            "NAME": name,
            "VALUE": None if seconds is None else _interval(seconds),
            "UNIT": unit,
            "TIME_COMPUTED": now,
            "DATUM_TIME": now if seconds is not None else None,
        }
        for name, seconds in lags.items()
    ]


def _sessions(instance: Instance) -> list[_Record]:
    blockers = {session.session_id: session.blocking_session_id() for session in instance.sessions()}
    return [
        {
            "SID": session.session_id,
            "SERIAL#": session.serial,
            "USERNAME": session.user,
            "STATUS": "ACTIVE" if session.is_active else "INACTIVE",
            "SCHEMANAME": session.current_schema,
            "MODULE": session.identity.get("MODULE"),
            "ACTION": session.identity.get("ACTION"),
            "CLIENT_IDENTIFIER": session.identity.get("CLIENT_IDENTIFIER"),
            "CLIENT_INFO": session.identity.get("CLIENT_INFO"),
            "PROGRAM": session.logon.program,
            "MACHINE": session.logon.machine,
            "TERMINAL": session.logon.terminal,
            "PROCESS": session.logon.process,
            "OSUSER": session.logon.os_user,
            "SERVICE_NAME": session.logon.service_name,
            "TYPE": "USER",
            "LOGON_TIME": session.logon_time.replace(tzinfo=None, microsecond=0),
            "BLOCKING_SESSION_STATUS": "VALID" if blockers.get(session.session_id) else "NO HOLDER",
            "BLOCKING_SESSION": blockers.get(session.session_id),
        }
        for session in instance.sessions()
    ]


def _session_connect_info(instance: Instance) -> list[_Record]:
    return [
        {
            "SID": session.session_id,
            "SERIAL#": session.serial,
            "AUTHENTICATION_TYPE": "DATABASE" if session.proxy_user is None else "PROXY",
            "OSUSER": session.logon.os_user,
            "CLIENT_CHARSET": "AL32UTF8",
            "CLIENT_DRIVER": session.logon.driver,
        }
        for session in instance.sessions()
    ]


#: Statistics of one session; V$SYSSTAT has the sums over all sessions, those that have ended included.
_SESSION_STATISTICS: dict[str, Callable[[SessionStatistics], int]] = {
    "SQL*Net roundtrips to/from client": lambda statistics: statistics.roundtrips,
    "parse count (total)": lambda statistics: statistics.parses,
    "execute count": lambda statistics: statistics.executions,
    "bytes received via SQL*Net from client": lambda statistics: statistics.bytes_received,
    "bytes sent via SQL*Net to client": lambda statistics: statistics.bytes_sent,
}
#: V$SYSSTAT's own come before them.
_FIRST_SESSION_STATISTIC = 100


def _sysstat(instance: Instance) -> list[_Record]:
    values = {
        INFERENCES_STATISTIC: instance.inference.inferences,
        AS_PRIMARY_STATISTIC: instance.inferences_as_primary,
        REDIRECTED_STATISTIC: instance.redirected,
        REDIRECTED_STATEMENTS_STATISTIC: instance.redirected_statements,
        "logons cumulative": instance.logons,
        "logons current": len(instance.sessions()),
        "CPU used by this session": int(instance.cpu_seconds() * 100),  # centiseconds, as Oracle counts
    }
    statistics = instance.session_statistics()
    sums = {name: sum(map(read, statistics)) for name, read in _SESSION_STATISTICS.items()}
    numbered = [*enumerate(values.items()), *enumerate(sums.items(), _FIRST_SESSION_STATISTIC)]
    return [{"STATISTIC#": number, "NAME": name, "CLASS": 1, "VALUE": value} for number, (name, value) in numbered]


def _statname(instance: Instance) -> list[_Record]:
    return [{name: each[name] for name in ("STATISTIC#", "NAME", "CLASS")} for each in _sysstat(instance)]


def _sesstat(instance: Instance) -> list[_Record]:
    return [
        {"SID": session.session_id, "STATISTIC#": number, "VALUE": read(session.statistics), "CON_ID": 3}
        for session in instance.sessions()
        for number, read in enumerate(_SESSION_STATISTICS.values(), _FIRST_SESSION_STATISTIC)
    ]


def _osstat(instance: Instance) -> list[_Record]:
    """The machine's processors and load; busy and idle time as if the instance had the machine for itself."""
    load, cpus = os.getloadavg()[0], os.cpu_count() or 1
    busy = int(instance.cpu_seconds() * 100)
    idle = max(int((time.monotonic() - instance.started_monotonic) * 100 * cpus) - busy, 0)
    return [
        {"STAT_NAME": "NUM_CPUS", "VALUE": cpus, "OSSTAT_ID": 0},
        {"STAT_NAME": "IDLE_TIME", "VALUE": idle, "OSSTAT_ID": 1},
        {"STAT_NAME": "BUSY_TIME", "VALUE": busy, "OSSTAT_ID": 2},
        {"STAT_NAME": "LOAD", "VALUE": round(load, 2), "OSSTAT_ID": 15},
    ]


def _sysmetric(instance: Instance) -> list[_Record]:
    """Only the instance's CPU: busy centiseconds per second since it started."""
    elapsed = max(time.monotonic() - instance.started_monotonic, 0.001)
    return [
        {
            "METRIC_NAME": "CPU Usage Per Sec",
            "METRIC_UNIT": "CentiSeconds Per Second",
            "VALUE": round(100 * instance.cpu_seconds() / elapsed, 3),
            "GROUP_ID": 2,
        }
    ]


def _parameter(instance: Instance) -> list[_Record]:
    return [{"NUM": number, "NAME": name, "VALUE": value} for number, (name, value) in enumerate(instance.parameters())]


def _active_services(instance: Instance) -> list[_Record]:
    return [
        _service(number, name, instance.service_control.parameters(name))
        for number, name in enumerate(instance.services())
    ]


def _service(number: int, name: str, parameters: Mapping[str, str]) -> _Record:
    """A service with the parameters that DBMS_SERVICE has given it; the defaults are those of its manual."""

    def yes(parameter: str) -> str:
        return "YES" if parameters.get(parameter, "").upper() in {"TRUE", "YES", "1"} else "NO"

    return {
        "SERVICE_ID": number,
        "NAME": name,
        "NETWORK_NAME": name,
        "AQ_HA_NOTIFICATION": yes("AQ_HA_NOTIFICATIONS"),
        "COMMIT_OUTCOME": yes("COMMIT_OUTCOME"),
        "SESSION_STATE_CONSISTENCY": parameters.get("SESSION_STATE_CONSISTENCY", "AUTO"),
        "FAILOVER_RESTORE": parameters.get("FAILOVER_RESTORE", "NONE"),
    }


_VIEWS: dict[str, Callable[[Instance], list[_Record]]] = {
    "V$DATABASE": _database,
    "V$INSTANCE": _instance,
    "V$DATAGUARD_STATS": _dataguard_stats,
    "V$SESSION": _sessions,
    "V$SYSSTAT": _sysstat,
    "V$SESSION_CONNECT_INFO": _session_connect_info,
    "V$STATNAME": _statname,
    "V$SESSTAT": _sesstat,
    "V$OSSTAT": _osstat,
    "V$SYSMETRIC": _sysmetric,
    "V$PARAMETER": _parameter,
    "V$ACTIVE_SERVICES": _active_services,
}
