"""Installs `sql/`: the user, the tables and the procedures. Running it again changes nothing that is right already."""

from __future__ import annotations

import re
import sysconfig
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fleet.errors import DatabaseError, InputError, PermanentDatabaseError
from fleet.scripts import read_script, run_script, split_script, substitute
from fleet.sessions import Connection, Database, session, translated
from fleet.settings import Settings
from loader.accounts import grant_views, quoted_password
from loader.versions import VERSION_SCRIPT, check_forward

#: What the owner of the pictures runs, in order. 04, 07 and 08 only show and search.
_OWNER_SCRIPTS = (
    "02_create_schema.sql",
    "03_create_embedding_failures.sql",
    "05_process_embeddings.sql",
    "06_process_embedding_range.sql",
    VERSION_SCRIPT,
)
_PROCEDURES = ("PROCESS_EMBEDDINGS", "PROCESS_EMBEDDING_RANGE")
#: ORA-40284: the model does not exist; a procedure that names it waits for the model.
_MODEL_MISSING = "ORA-40284"
#: ORA-01920, ORA-01921: the user, the role exists already.
_EXISTS = frozenset({"ORA-01920", "ORA-01921"})


@dataclass(frozen=True, slots=True)
class InstallReport:
    """What an installation did."""

    user_created: bool
    scripts: tuple[str, ...]
    #: Procedures that wait for a model.
    waiting: tuple[str, ...]
    #: Of the database side; None before: there was none.
    version: int
    version_before: int | None


def scripts_directory() -> Path:
    """Return the directory of the scripts: beside the packages in a checkout, in share/ of an installation.

    Raises:
        InputError: Neither is there.
    """
    beside = Path(__file__).resolve().parent.parent / "sql"
    for directory in (beside, Path(sysconfig.get_path("data")) / "share" / "adgfleet" / "sql"):
        if (directory / "02_create_schema.sql").is_file():
            return directory
    raise InputError(f"the scripts are not in {beside}; name their directory with --scripts")


def install(settings: Settings, directory: Path, say: Callable[[str], None]) -> InstallReport:
    """Create what is missing: the user as a DBA, then tables and procedures as that user.

    Args:
        settings: DB_USER, DB_PASSWORD and DB_DSN; DBA_USER and DBA_PASSWORD only when the user does not exist yet.
        directory: Where the scripts are.
        say: Told what is being done.

    Raises:
        DatabaseError: The database refused.
        ConfigurationError: A setting is missing.
        InputError: A newer version is installed; nothing was changed.
    """
    created = False
    problem = _logon_problem(settings)
    if problem is not None:
        say(f"creating user {settings.require('db_user')} as {settings.dba_user}")
        _create_user(settings, directory, problem)
        created = True
    waiting: list[str] = []
    variables = {"owner": str(settings.require("db_user"))}
    with session(Database.primary(settings), module="install") as connection:
        before, version = check_forward(connection, directory)
        for name in _OWNER_SCRIPTS:
            say(f"running {name}")
            try:
                run_script(connection, read_script(directory / name), variables=variables)
            except PermanentDatabaseError as error:
                if _MODEL_MISSING not in str(error):
                    raise
                waiting.append(name)
    if settings.dba_password is not None:
        grant_views(settings, directory, variables["owner"], say)
    return InstallReport(created, _OWNER_SCRIPTS, tuple(waiting), version, before)


def recompile(connection: Connection, directory: Path) -> None:
    """Create the procedures again, now that the models are there; only those of the session's user that are invalid."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT user FROM dual")
        (owner,) = cursor.fetchone()
        cursor.execute("SELECT object_name FROM user_objects WHERE object_type = 'PROCEDURE' AND status = 'INVALID'")
        invalid = {name for (name,) in cursor}
    for script in _OWNER_SCRIPTS:
        procedure = re.sub(r"^\d+_|\.sql$", "", script).upper()
        if procedure in _PROCEDURES and procedure in invalid:
            try:
                run_script(connection, read_script(directory / script), variables={"owner": owner})
            except PermanentDatabaseError as error:
                if _MODEL_MISSING not in str(error):
                    raise


def _logon_problem(settings: Settings) -> str | None:
    """Return why the user cannot log on: ORA-01017 no such user or password, ORA-01045 created but not granted yet."""
    try:
        with session(Database.primary(settings), module="install"):
            return None
    except DatabaseError as error:
        problem = next((code for code in ("ORA-01017", "ORA-01045") if code in error.codes), None)
        if problem is None or settings.dba_password is None:
            raise
        return problem


def _create_user(settings: Settings, directory: Path, problem: str) -> None:
    """Run the DBA's script, or what an earlier run of it did not get to.

    Raises:
        PermanentDatabaseError: The user exists, so its password was wrong.
    """
    user = str(settings.require("db_user"))
    if user.lower() != "adgvec":
        raise InputError(
            f"01_create_user.sql creates adgvec, but DB_USER is {user}; create that user, then run db install again"
        )
    script = read_script(directory / "01_create_user.sql")
    # The password goes into the text: DDL has no binds.
    password = quoted_password("DB_PASSWORD", str(settings.require("db_password")))
    with session(Database.primary_as_dba(settings), module="install") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT username FROM all_users WHERE username = 'ADGVEC'")
        if problem == "ORA-01017" and cursor.fetchone() is not None:
            raise PermanentDatabaseError(
                f"primary: user {user} exists, but DB_PASSWORD is not its password; nothing was changed",
                codes=(problem,),
                database="primary",
            )
        for statement in split_script(substitute(script, {"adgvecpass": password})):
            try:
                with translated("primary"):
                    cursor.execute(statement.text)
            except DatabaseError as error:
                if not _EXISTS.intersection(error.codes):
                    raise
