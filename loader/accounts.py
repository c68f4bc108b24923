"""Creates the accounts of least privilege: one that embeds and nothing else, one that only reads."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from pathlib import Path

from fleet.errors import DatabaseError, InputError
from fleet.scripts import read_script, run_script
from fleet.sessions import Connection, Database, session
from fleet.settings import Settings

#: Oracle's rule for nonquoted identifiers: the name goes into DDL, which has no binds.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_$#]{0,127}")
_VIEWS_SCRIPT = "09_grant_views.sql"
_WORKER_SCRIPT = "10_create_worker_account.sql"
_SEARCH_SCRIPT = "11_create_search_account.sql"
#: A DBA who is not SYS may be refused to grant on SYS's views.
_REFUSED = frozenset({"ORA-01031", "ORA-00942", "ORA-01720"})


def create_worker_account(settings: Settings, directory: Path, name: str, say: Callable[[str], None]) -> None:
    """Create the account for workers, or grant an existing one what it lacks; its password is WORKER_PASSWORD.

    Args:
        settings: DBA_USER and DBA_PASSWORD, DB_USER (the owner), WORKER_PASSWORD.
        directory: Where the scripts are.
        name: The account's name.
        say: Told what is being done.

    Raises:
        InputError: The name or the password cannot be used.
        DatabaseError: The database refused; ORA-40284 when the model is not loaded yet.
    """
    _run_as_dba(settings, directory / _WORKER_SCRIPT, "worker", name, settings.require("worker_password"), say)
    grant_views(settings, directory, name, say)


def create_search_account(settings: Settings, directory: Path, name: str, say: Callable[[str], None]) -> None:
    """Create the account for searching, or grant an existing one what it lacks; its password is SEARCH_PASSWORD.

    Raises:
        InputError: The name or the password cannot be used.
        DatabaseError: The database refused; ORA-40284 when the model is not loaded yet.
    """
    _run_as_dba(settings, directory / _SEARCH_SCRIPT, "search", name, settings.require("search_password"), say)


def grant_views(settings: Settings, directory: Path, grantee: str, say: Callable[[str], None]) -> None:
    """Grant the V$ views that guard and producer read; where the DBA may not, say who has to run the script."""
    try:
        with _dba_session(settings) as connection:
            run_script(connection, read_script(directory / _VIEWS_SCRIPT), variables={"grantee": grantee})
    except DatabaseError as error:
        if not _REFUSED.intersection(error.codes):
            raise
        say(f"{settings.dba_user} may not grant the V$ views ({error.codes[0]}); run {_VIEWS_SCRIPT} as SYS: {grantee}")


def quoted_password(setting: str, password: str) -> str:
    """Return a password as DDL takes it: a quoted identifier.

    Raises:
        InputError: It has a character that cannot be quoted.
    """
    if '"' in password or "\n" in password or "&" in password:
        raise InputError(f'{setting} must not contain ", & or a line break')
    return f'"{password}"'


def _run_as_dba(
    settings: Settings, script: Path, role: str, name: str, password: str, say: Callable[[str], None]
) -> None:
    owner = str(settings.require("db_user"))
    if not _NAME.fullmatch(name):
        raise InputError(f"--{role}-account must be an unquoted Oracle name such as adg{role}, not {name!r}")
    if name.upper() == owner.upper():
        raise InputError(f"--{role}-account must not be {name}, which owns the pictures")
    say(f"running {script.name} for {name} as {settings.dba_user}")
    variables = {
        "owner": owner,
        role: name,
        f"{role}pass": quoted_password(f"{role.upper()}_PASSWORD", password),
    }
    with _dba_session(settings) as connection:
        run_script(connection, read_script(script), variables=variables)


def _dba_session(settings: Settings) -> contextlib.AbstractContextManager[Connection]:
    return session(Database.primary_as_dba(settings), module="install")
