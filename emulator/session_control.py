"""Statements that steer the session, its transaction or the instance: ALTER SESSION, COMMIT, ALTER SYSTEM and such.

Each form that is emulated is one pattern with its effect; any other is ORA-03001 with its text.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from emulator.engine.call_context import SESSION_NLS
from emulator.errors import NotEmulated, OraError

if TYPE_CHECKING:
    from emulator.user_session import UserSession

_NAME = r'(?P<name>"[^"]+"|[\w$#]+)'
#: One of the settings that ALTER SESSION takes several of.
_SETTING = r"(?P<parameter>NLS_\w+|TIME_ZONE)\s*=\s*(?P<value>'[^']*'|\w+)"
_Effect = Callable[["UserSession", "re.Match[str]"], None]


def run_control(session: UserSession, text: str) -> None:
    """Run a control statement.

    Raises:
        OraError: 3001 for a form that is not emulated, or the statement's own failure.
    """
    plain = _without_comments(text)
    for pattern, effect in _FORMS:
        match = pattern.fullmatch(plain)
        if match is not None:
            effect(session, match)
            return
    first = plain.split(None, 1)[0].upper() if plain else ""
    if first not in _KNOWN_VERBS:
        raise OraError(900)
    raise NotEmulated(f"statement {plain[:80]!r}")


def is_control(text: str) -> bool:
    """Tell whether a text that begins like DDL is steered here instead (ALTER SYSTEM)."""
    return re.match(r"ALTER\s+(SYSTEM|PLUGGABLE)\b", _without_comments(text), re.IGNORECASE) is not None


def identifier(written: str) -> str:
    """Return a name as the dictionary stores it: upper case unless quoted."""
    return written[1:-1] if written.startswith('"') else written.upper()


def _without_comments(text: str) -> str:
    return re.sub(r"/\*.*?\*/|--[^\n]*", " ", text, flags=re.DOTALL).strip()


def _commit(session: UserSession, _match: re.Match[str]) -> None:
    session.commit()


def _rollback(session: UserSession, _match: re.Match[str]) -> None:
    session.rollback()


def _savepoint(session: UserSession, match: re.Match[str]) -> None:
    session.savepoint(identifier(match["name"]))


def _rollback_to(session: UserSession, match: re.Match[str]) -> None:
    session.rollback_to(identifier(match["name"]))


def _redirection(session: UserSession, match: re.Match[str]) -> None:
    enabled = match["switch"].upper() == "ENABLE"
    if match["what"].upper() == "DML":
        session.standby.redirects_dml = enabled
    else:
        session.standby.redirects_plsql = enabled


def _current_schema(session: UserSession, match: re.Match[str]) -> None:
    session.set_current_schema(identifier(match["name"]))


def _container(session: UserSession, match: re.Match[str]) -> None:
    name = identifier(match["name"])
    if name != session.instance.config.pdb.upper():
        raise NotEmulated("the root container CDB$ROOT") if name == "CDB$ROOT" else OraError(65011, name)


def _pluggable_state(session: UserSession, match: re.Match[str]) -> None:
    """Accept it: the one pluggable database is opened with its instance, whatever state is saved."""
    if not session.catalogue.has_privilege(session.user, "ALTER SYSTEM"):
        raise OraError(1031)
    name = identifier(match["name"])
    if name != session.instance.config.pdb.upper():
        raise OraError(65011, name)


def _sync_with_primary(session: UserSession, _match: re.Match[str]) -> None:
    session.standby.sync()


def _most_delay(session: UserSession, match: re.Match[str]) -> None:
    value = match["delay"].upper()
    session.standby.most_delay_seconds = None if value == "NONE" else int(value)


def _settings(session: UserSession, match: re.Match[str]) -> None:
    for each in re.finditer(_SETTING, match["settings"], re.IGNORECASE):
        _set(session, each["parameter"].upper(), each["value"].strip("'"))


def _set(session: UserSession, parameter: str, text: str) -> None:
    if parameter == "TIME_ZONE":
        if text.upper() not in _UTC_NAMES:
            raise NotEmulated(f"ALTER SESSION SET TIME_ZONE = '{text}'")
        return
    if parameter in SESSION_NLS:
        session.nls[parameter] = text
        return
    value = text.upper()
    # The settings in force are fixed; asking for them is harmless, asking for others must not be ignored.
    if _FIXED_NLS.get(parameter) != value:
        raise NotEmulated(f"ALTER SESSION SET {parameter} = '{text}'")


def _instance_parameter(session: UserSession, match: re.Match[str]) -> None:
    if not session.catalogue.has_privilege(session.user, "ALTER SYSTEM"):
        raise OraError(1031)
    raise NotEmulated(f"ALTER SYSTEM SET {identifier(match['name']).lower()}")


def _kill_session(session: UserSession, match: re.Match[str]) -> None:
    if not session.catalogue.has_privilege(session.user, "ALTER SYSTEM"):
        raise OraError(1031)
    number, serial = int(match["sid"]), int(match["serial"])
    for other in session.instance.sessions():
        if (other.session_id, other.serial) == (number, serial):
            if other is session:
                raise OraError(27, text="ORA-00027: cannot kill current session")
            words = match[0].upper()
            other.kill(immediate="IMMEDIATE" in words or "DISCONNECT" in words)
            return
    raise OraError(30, text="ORA-00030: User session ID does not exist.")


def _nothing(_session: UserSession, _match: re.Match[str]) -> None:
    """Accept a statement whose effect the emulator always has, or that has none here."""


#: The one time zone of all sessions, by its names.
_UTC_NAMES = frozenset({"+00:00", "-00:00", "+0:00", "00:00", "0:00", "UTC", "GMT", "DBTIMEZONE", "ETC/UTC"})
_FIXED_NLS = {
    "NLS_LANGUAGE": "AMERICAN",
    "NLS_TERRITORY": "AMERICA",
    "NLS_NUMERIC_CHARACTERS": ".,",
    "NLS_SORT": "BINARY",
    "NLS_COMP": "BINARY",
    "NLS_LENGTH_SEMANTICS": "BYTE",
    "NLS_CALENDAR": "GREGORIAN",
}
_KNOWN_VERBS = frozenset({"ALTER", "COMMIT", "ROLLBACK", "SAVEPOINT", "SET", "LOCK", "EXPLAIN", "ADMINISTER"})
_FORMS: tuple[tuple[re.Pattern[str], _Effect], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), effect)
    for pattern, effect in (
        (r"COMMIT(\s+WORK)?(\s+WRITE(\s+(WAIT|NOWAIT|IMMEDIATE|BATCH))*)?", _commit),
        (r"ROLLBACK(\s+WORK)?", _rollback),
        (rf"ROLLBACK(\s+WORK)?\s+TO(\s+SAVEPOINT)?\s+{_NAME}", _rollback_to),
        (rf"SAVEPOINT\s+{_NAME}", _savepoint),
        (r"SET\s+TRANSACTION\s+(READ\s+WRITE|ISOLATION\s+LEVEL\s+READ\s+COMMITTED)", _nothing),
        (r"SET\s+ROLE\s+ALL", _nothing),
        (rf"ALTER\s+PLUGGABLE\s+DATABASE\s+{_NAME}\s+(SAVE|DISCARD)\s+STATE", _pluggable_state),
        (r"ALTER\s+SESSION\s+(?P<switch>ENABLE|DISABLE)\s+ADG_REDIRECT_(?P<what>DML|PLSQL)", _redirection),
        (rf"ALTER\s+SESSION\s+SET\s+CURRENT_SCHEMA\s*=\s*{_NAME}", _current_schema),
        (rf"ALTER\s+SESSION\s+SET\s+CONTAINER\s*=\s*{_NAME}", _container),
        (r"ALTER\s+SESSION\s+SET\s+STANDBY_MAX_DATA_DELAY\s*=\s*(?P<delay>\d{1,9}|NONE)", _most_delay),
        (r"ALTER\s+SESSION\s+SYNC\s+WITH\s+PRIMARY", _sync_with_primary),
        (r"ALTER\s+SESSION\s+SET\s+(?P<settings>((NLS_\w+|TIME_ZONE)\s*=\s*('[^']*'|\w+)\s*)+)\x00?", _settings),
        (
            (
                r"ALTER\s+SYSTEM\s+(KILL|DISCONNECT)\s+SESSION\s+'(?P<sid>\d+)\s*,\s*(?P<serial>\d+)(\s*,\s*@\d+)?'"
                r"(\s+(IMMEDIATE|NOREPLAY|FORCE))*"
            ),
            _kill_session,
        ),
        (
            (
                r"ALTER\s+SYSTEM\s+SET\s+(?P<name>\"[^\"]+\"|\w+)\s*=\s*(?P<value>'[^']*'|[\w.]+)"
                r"(\s+SCOPE\s*=\s*(MEMORY|BOTH|SPFILE))?"
            ),
            _instance_parameter,
        ),
    )
)
