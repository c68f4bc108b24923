"""Database sessions: the only module of the fleet that imports the driver.

``Database`` is one database of the configuration as a client sees it; ``connect`` gives a session of it. Errors leave
here as ours, classified by their codes.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import oracledb

from fleet.errors import ConfigurationError, DatabaseError, TransientDatabaseError
from fleet.ora_codes import classify, codes_in
from fleet.settings import Settings

#: The driver's connection; named here so that nobody else needs the driver.
Connection: TypeAlias = oracledb.Connection
#: ORA-00001: the driver shows it as this class.
IntegrityError = oracledb.IntegrityError

#: A session that is closed has so long for its logoff, then it is left behind, seconds.
_LOGOFF_SECONDS = 5.0

_thick_lock = threading.Lock()
_thick_home: str | None = None


@dataclass(frozen=True, slots=True)
class Database:
    """Where and as whom to log on."""

    #: What the fleet calls it: ``primary`` or a standby's name.
    name: str
    dsn: str
    user: str
    password: str = field(repr=False)
    connect_timeout_seconds: float
    oracle_home: str | None = None
    tns_admin: str | None = None
    wallet_directory: str | None = None
    wallet_password: str | None = field(default=None, repr=False)

    @classmethod
    def primary(cls, settings: Settings) -> Database:
        """Return the primary, as the owner of the pictures."""
        return cls._as_owner(settings, "primary", settings.require("db_dsn"))

    @classmethod
    def primary_as_dba(cls, settings: Settings) -> Database:
        """Return the primary, as the DBA who installs."""
        return cls._of(
            settings, "primary", settings.require("db_dsn"), settings.dba_user, settings.require("dba_password")
        )

    @classmethod
    def standby(cls, settings: Settings, name: str) -> Database:
        """Return a standby by its name in STANDBYS."""
        return cls._as_owner(settings, name, settings.standby_dsn(name))

    @classmethod
    def named(cls, settings: Settings, name: str) -> Database:
        """Return the primary for ``primary``, else a standby."""
        return cls.primary(settings) if name == "primary" else cls.standby(settings, name)

    @classmethod
    def _as_owner(cls, settings: Settings, name: str, dsn: str) -> Database:
        return cls._of(settings, name, dsn, settings.require("db_user"), settings.require("db_password"))

    @classmethod
    def _of(cls, settings: Settings, name: str, dsn: str, user: str, password: str) -> Database:
        return cls(
            name,
            dsn,
            user,
            password,
            settings.connect_timeout,
            settings.oracle_home,
            settings.tns_admin,
            settings.wallet_directory,
            settings.wallet_password,
        )


def connect(database: Database, *, module: str) -> Connection:
    """Log on and return the session.

    A listener that accepts and never answers blocks the driver for ever, so the logon runs in a thread with a
    deadline; a thread that hangs is left behind (it ends with the process). Source: measured with python-oracledb
    26.1.0.

    Args:
        database: Where and as whom.
        module: Shown in V$SESSION.MODULE, so that a DBA sees whose session it is.

    Raises:
        DatabaseError: Logging on failed or took longer than CONNECT_TIMEOUT.
    """
    use_thick_mode(database.oracle_home, database.tns_admin)
    result: concurrent.futures.Future[Connection] = concurrent.futures.Future()

    def log_on() -> None:
        try:
            connection = oracledb.connect(
                user=database.user,
                password=database.password,
                dsn=database.dsn,
                tcp_connect_timeout=database.connect_timeout_seconds,
                config_dir=database.tns_admin,
                wallet_location=database.wallet_directory,
                wallet_password=database.wallet_password,
            )
        except Exception as error:  # noqa: BLE001 - handed to the caller, who sorts it
            with contextlib.suppress(concurrent.futures.InvalidStateError):  # nobody waits any more
                result.set_exception(error)
            return
        try:
            result.set_result(connection)
        except concurrent.futures.InvalidStateError:
            connection.close()

    threading.Thread(target=log_on, name=f"connect-{database.name}", daemon=True).start()
    try:
        with translated(database.name):
            connection = result.result(timeout=database.connect_timeout_seconds)
    except BaseException as error:
        # Also when Ctrl-C has come: a session that nobody closes is closed when it is collected, which waits for ever
        # if its database hangs.
        if not result.cancel() and result.exception() is None:
            close_aside(result.result())
        if isinstance(error, TimeoutError):
            raise classify(
                f"DPY-6005: no answer from {database.dsn} within {database.connect_timeout_seconds:g} s", database.name
            ) from None
        if isinstance(error, TypeError | AttributeError):
            # Source: python-oracledb issue 294, a logon to a database that is mounted and not open.
            raise TransientDatabaseError(
                f"{database.name}: {database.dsn} took the connection but no logon ({error}); is the database open?",
                database=database.name,
            ) from error
        raise
    connection.module = f"adgfleet {module}"
    return connection


def close_aside(connection: Connection) -> threading.Event:
    """Close a session in a thread of its own: one whose database hangs waits for the answer to its logoff for ever.

    Returns:
        Set when the session is closed, or left behind because that takes longer than five seconds.
    """
    is_over = threading.Event()

    def log_off() -> None:
        with contextlib.suppress(Exception):  # it is being thrown away, perhaps because it does not work
            connection.close()
        leaver.cancel()
        is_over.set()

    leaver = threading.Timer(_LOGOFF_SECONDS, is_over.set)
    leaver.daemon = True
    leaver.start()
    threading.Thread(target=log_off, name="close-session", daemon=True).start()
    return is_over


@contextlib.contextmanager
def session(database: Database, *, module: str) -> Iterator[Connection]:
    """Log on for a ``with`` block; driver errors inside it leave as ours, and leaving takes five seconds at most.

    Raises:
        DatabaseError: Logging on or a call inside the block failed.
    """
    connection = connect(database, module=module)
    try:
        with translated(database.name):
            yield connection
    finally:
        close_aside(connection).wait()


@contextlib.contextmanager
def translated(database_name: str) -> Iterator[None]:
    """Turn driver errors of the block into ours."""
    try:
        yield
    except oracledb.Error as error:
        raise as_database_error(error, database_name) from error


def as_database_error(error: oracledb.Error, database_name: str) -> DatabaseError:
    """Return our error for a driver's, with all codes of the message and of its causes."""
    codes: dict[str, None] = {}
    current: BaseException | None = error
    while current is not None:
        for code in codes_in(str(current)):
            codes[code] = None
        current = current.__cause__
    text = str(error)
    if error.__cause__ is not None and "DPY-6005" in codes:
        text = str(error.__cause__) or text
    return classify(_without_help(text), database_name, list(codes))


def output_number(cursor: Any) -> Any:  # noqa: ANN401 - the driver's own variable type
    """Return an OUT variable for a NUMBER."""
    return cursor.var(oracledb.DB_TYPE_NUMBER)


def as_blob(connection: Connection, data: bytes) -> Any:  # noqa: ANN401 - the driver's own LOB type
    """Return bytes as a temporary BLOB to bind: PL/SQL takes no more than 32,767 bytes inline."""
    return connection.createlob(oracledb.DB_TYPE_BLOB, data)


def declare_blob(cursor: Any, name: str) -> None:  # noqa: ANN401 - the driver's cursor
    """Declare a named bind as long binary, so that array inserts take pictures of any size."""
    cursor.setinputsizes(**{name: oracledb.DB_TYPE_LONG_RAW})


def _without_help(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("Help:"))


def use_thick_mode(oracle_home: str | None, tns_admin: str | None = None) -> None:
    """Switch the driver to thick mode once, when ORACLE_HOME asks for it.

    Raises:
        ConfigurationError: The client libraries cannot be loaded.
    """
    global _thick_home  # noqa: PLW0603 - the driver's mode is the process's, once and for all
    if oracle_home is None:
        return
    with _thick_lock:
        if _thick_home is None:
            try:
                oracledb.init_oracle_client(lib_dir=oracle_home, config_dir=tns_admin)
            except oracledb.Error as error:
                line = str(error).splitlines()[0]
                raise ConfigurationError(f"ORACLE_HOME={oracle_home}: no Oracle client there ({line})") from error
            _thick_home = oracle_home
