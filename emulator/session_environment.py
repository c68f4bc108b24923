"""What a session may ask about itself and its instance: SYS_CONTEXT('USERENV', …), and the answer to its logon.

Source: Oracle SQL Language Reference 23ai, SYS_CONTEXT, table of USERENV parameters.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.errors import OraError

if TYPE_CHECKING:
    from emulator.user_session import UserSession


def read_user_environment(session: UserSession, parameter: str) -> str | None:
    """Return the value of a USERENV parameter.

    Raises:
        OraError: 2003 for a name that is no USERENV parameter (or not emulated).
    """
    instance, logon = session.instance, session.logon
    config = instance.config
    identity = session.identity
    values: dict[str, str | None] = {
        "ACTION": identity.get("ACTION"),
        "AUTHENTICATED_IDENTITY": session.user,
        "AUTHENTICATION_METHOD": "PASSWORD",
        "CDB_NAME": config.db_name,
        "CLIENT_IDENTIFIER": identity.get("CLIENT_IDENTIFIER"),
        "CLIENT_INFO": identity.get("CLIENT_INFO"),
        "CLIENT_PROGRAM_NAME": logon.program,
        "CLOUD_SERVICE": None,
        "CON_ID": "3",
        "CON_NAME": config.pdb.upper(),
        "CURRENT_SCHEMA": session.scope.schema,
        "CURRENT_USER": session.scope.user,
        "DATABASE_ROLE": instance.role_name,
        "DB_DOMAIN": None,
        "DB_NAME": config.pdb.upper(),
        "DB_UNIQUE_NAME": config.name,
        "HOST": logon.machine,
        "INSTANCE": "1",
        "INSTANCE_NAME": config.name,
        "IP_ADDRESS": "127.0.0.1",
        "ISDBA": "FALSE",
        "LANG": "US",
        "LANGUAGE": "AMERICAN_AMERICA.AL32UTF8",
        "MODULE": identity.get("MODULE"),
        "NETWORK_PROTOCOL": "tcp",
        "NLS_CALENDAR": "GREGORIAN",
        "NLS_CURRENCY": "$",
        "NLS_DATE_FORMAT": "DD-MON-RR",
        "NLS_DATE_LANGUAGE": "AMERICAN",
        "NLS_SORT": "BINARY",
        "NLS_TERRITORY": "AMERICA",
        "ORACLE_HOME": None,
        "OS_USER": logon.os_user,
        "PLATFORM_SLASH": "/",
        "PROXY_USER": session.proxy_user,
        "SERVER_HOST": instance.host_name,
        "SERVICE_NAME": logon.service_name,
        "SESSIONID": str(session.session_id),
        "SESSION_USER": session.user,
        "SID": str(session.session_id),
        "TERMINAL": logon.terminal,
    }
    key = parameter.upper()
    if key not in values:
        raise OraError(2003, text="ORA-02003: invalid USERENV parameter")
    return values[key] or None


def logon_attributes(session: UserSession) -> dict[str, str]:
    """Return the AUTH_* pairs of a successful logon."""
    config = session.instance.config
    return {
        "AUTH_VERSION_NO": str((23 << 24) | (26 << 16) | (0 << 12) | (0 << 4) | 0),
        "AUTH_SESSION_ID": str(session.session_id),
        "AUTH_SERIAL_NUM": str(session.serial),
        "AUTH_MAX_OPEN_CURSORS": "300",
        "AUTH_MAX_IDEN_LENGTH": "128",
        "AUTH_SC_SERVICE_NAME": session.logon.service_name,
        "AUTH_INSTANCENAME": config.name,
        "AUTH_SC_DBUNIQUE_NAME": config.db_name.upper(),
        "AUTH_SC_REAL_DBUNIQUE_NAME": config.name,
        "AUTH_SC_DB_DOMAIN": "",
    }
