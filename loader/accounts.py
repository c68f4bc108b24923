"""Creates the accounts of least privilege: one that embeds and nothing else, one that only reads."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fleet.errors import DatabaseError, InputError
from fleet.scripts import read_script, run_script
from fleet.sessions import Connection, Database, session
from fleet.settings import Settings

#: Oracle's rule for nonquoted identifiers: the name goes into DDL, which has no binds.
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_$#]{0,127}")
_VIEWS_SCRIPT = "09_grant_views.sql"
_SCRIPTS = {"worker": "10_create_worker_account.sql", "search": "11_create_search_account.sql"}
#: A DBA who is not SYS may be refused to grant on SYS's views.
_REFUSED = frozenset({"ORA-01031", "ORA-00942", "ORA-01720"})


@dataclass(frozen=True, slots=True)
class Account:
    """An account to create: what for, its name, its password."""

    #: ``worker`` or ``search``.
    role: str
    name: str
    #: Quoted, as DDL takes it.
    password: str = field(repr=False)

    @classmethod
    def checked(cls, settings: Settings, role: str, name: str) -> Account:
        """Make sure that an account can be created, before anything is done.

        Raises:
            InputError: The name or the password cannot be used.
            ConfigurationError: WORKER_PASSWORD or SEARCH_PASSWORD is not set.
        """
        account_name(role, name)
        if name.upper() == str(settings.require("db_user")).upper():
            raise InputError(f"--{role}-account must not be {name}, which owns the pictures")
        settings.require("dba_password")
        setting = f"{role}_password"
        return cls(role, name, quoted_password(setting.upper(), settings.require(setting)))


def account_name(role: str, name: str) -> str:
    """Return the name of an account as it was given.

    Raises:
        InputError: It is no name that Oracle takes unquoted.
    """
    if not _NAME.fullmatch(name):
        raise InputError(f"--{role}-account must be an unquoted Oracle name such as adg{role}, not {name!r}")
    return name


def create_account(settings: Settings, directory: Path, account: Account, say: Callable[[str], None]) -> None:
    """Create an account, or grant an existing one what it lacks; the password of an existing one stays as it is.

    Args:
        settings: DBA_USER and DBA_PASSWORD, DB_USER (the owner).
        directory: Where the scripts are.
        account: The account.
        say: Told what is being done.

    Raises:
        DatabaseError: The database refused; ORA-40284 when the model is not loaded yet.
    """
    script = directory / _SCRIPTS[account.role]
    say(f"running {script.name} for {account.name} as {settings.dba_user}")
    variables = {
        "owner": str(settings.require("db_user")),
        account.role: account.name,
        f"{account.role}pass": account.password,
    }
    with _dba_session(settings) as connection:
        run_script(connection, read_script(script), variables=variables)
    grant_views(settings, directory, account.name, say)


def grant_views(settings: Settings, directory: Path, grantee: str, say: Callable[[str], None]) -> None:
    """Grant the V$ views that the fleet reads; where the DBA may not, say who has to run the script."""
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


def _dba_session(settings: Settings) -> contextlib.AbstractContextManager[Connection]:
    return session(Database.primary_as_dba(settings), module="install")
