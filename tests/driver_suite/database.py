"""The emulated primary that the suite runs against, with the users and objects that its tests expect.

The objects are written here anew: the driver's source distribution holds its tests, not the scripts of their schema.
"""

from __future__ import annotations

import contextlib
import datetime
import tempfile
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import oracledb

from emulator.cluster import Cluster
from fleet.scripts import split_script, substitute
from tests.driver_suite.source import HOME

_SCHEMA = Path(__file__).parent / "schema"
_DBA_PASSWORD = "dba-of-the-suite"
_USERS = {"main_user": "pythontest", "main_password": "main-secret", "proxy_user": "pythontestproxy"}
_USERS |= {"proxy_password": "proxy-secret"}
_DAY = datetime.timedelta(days=1)
_ROWS = range(1, 11)


@contextlib.contextmanager
def suite_database(**options: Any) -> Iterator[tuple[Mapping[str, str], list[str]]]:
    """Start a primary and make the suite's objects.

    Args:
        **options: Fields of ``InstanceConfig``: what the listener offers.

    Yields:
        The suite's settings (``PYO_TEST_…``), and a line for each object that the emulator refused.
    """
    with tempfile.TemporaryDirectory(prefix="database-", dir=HOME) as folder:
        yield from _started(Path(folder), options)


def _started(folder: Path, options: Mapping[str, Any]) -> Iterator[tuple[Mapping[str, str], list[str]]]:
    cluster = Cluster.create(folder, standbys=(), dba_password=_DBA_PASSWORD, **options)
    cluster.start()
    try:
        dsn = cluster.config.primary.dsn("mypdb_rw")
        refused = _make_objects(dsn)
        names = {
            "MAIN_USER": "main_user",
            "MAIN_PASSWORD": "main_password",
            "PROXY_USER": "proxy_user",
            "PROXY_PASSWORD": "proxy_password",
        }
        settings = {f"PYO_TEST_{name}": _USERS[key] for name, key in names.items()}
        settings |= {"PYO_TEST_CONNECT_STRING": dsn, "PYO_TEST_ADMIN_USER": "system"}
        settings |= {"PYO_TEST_ADMIN_PASSWORD": _DBA_PASSWORD}
        yield settings, refused
    finally:
        cluster.stop()


def restore_password(settings: Mapping[str, str]) -> None:
    """Give the main user its password again: a test that failed between two changes of it must not spoil the rest."""
    dsn = settings["PYO_TEST_CONNECT_STRING"]
    with oracledb.connect(user="system", password=_DBA_PASSWORD, dsn=dsn) as dba, dba.cursor() as cursor:
        cursor.execute(f'alter user {_USERS["main_user"]} identified by "{_USERS["main_password"]}"')


def _make_objects(dsn: str) -> list[str]:
    refused: list[str] = []
    with oracledb.connect(user="system", password=_DBA_PASSWORD, dsn=dsn) as dba:
        _run_script(dba, "users.sql", refused)
    with oracledb.connect(user=_USERS["main_user"], password=_USERS["main_password"], dsn=dsn) as main:
        _run_script(main, "tables.sql", refused)
        _run_script(main, "units.sql", refused)
        for table, rows in _sample_rows().items():
            _insert(main, table, rows, refused)
        main.commit()
    return refused


def _run_script(connection: oracledb.Connection, name: str, refused: list[str]) -> None:
    text = substitute((_SCHEMA / name).read_text(encoding="utf-8"), _USERS)
    for statement in split_script(text):
        with connection.cursor() as cursor:
            try:
                cursor.execute(statement.text)
            except oracledb.Error as error:
                first = " ".join(statement.text.split()[:4])
                refused.append(f"{first}: {str(error).splitlines()[0]}")
            else:
                if cursor.warning is not None:
                    refused.append(f"{name}, line {statement.line}: {cursor.warning}{_unit_errors(connection)}")


def _unit_errors(connection: oracledb.Connection) -> str:
    with connection.cursor() as cursor:
        cursor.execute("select name, line, text from user_errors order by name, sequence")
        return "".join(f"; {name} line {line}: {text.strip()}" for name, line, text in cursor)


def _insert(connection: oracledb.Connection, table: str, rows: list[tuple[Any, ...]], refused: list[str]) -> None:
    with connection.cursor() as cursor:
        for row in rows:
            try:
                places = ", ".join(_place(number, value) for number, value in enumerate(row, 1))
                cursor.setinputsizes(*(_bind_type(value) for value in row))
                cursor.execute(f"insert into {table} values ({places})", [_bind_value(value) for value in row])
            except oracledb.Error as error:
                refused.append(f"rows of {table}: {str(error).splitlines()[0]}")
                return


def _is_zoned(value: object) -> bool:
    """Tell a moment with a time zone: the driver would bind it without."""
    return isinstance(value, datetime.datetime) and value.tzinfo is not None


def _place(number: int, value: object) -> str:
    return f"to_timestamp_tz(:{number}, 'YYYY-MM-DD HH24:MI:SS.FFTZH:TZM')" if _is_zoned(value) else f":{number}"


def _bind_value(value: object) -> Any:
    if isinstance(value, datetime.datetime) and _is_zoned(value):
        return value.isoformat(sep=" ", timespec="microseconds")
    return value


def _bind_type(value: object) -> Any:
    is_moment = isinstance(value, datetime.datetime) and not _is_zoned(value)
    return oracledb.DB_TYPE_TIMESTAMP if is_moment else None


def _sample_rows() -> dict[str, list[tuple[Any, ...]]]:
    """Return the rows that the suite's tests expect to find, by table."""
    quarter, three_quarters, half = Decimal("0.25"), Decimal("0.75"), Decimal("0.5")
    first_day = datetime.datetime(2002, 12, 9)
    return {
        "TestNumbers": [
            (i, 38**i, i + i * quarter, i + i * three_quarters, i**3 + i * half, 143**i if i % 2 else None)
            for i in _ROWS
        ],
        "TestStrings": [
            (i, f"String {i}", f"Raw {i}".encode(), f"Fixed Char {i}", f"Nullable {i}" if i % 2 else None)
            for i in _ROWS
        ],
        "TestUnicodes": [
            (i, f"Unicode \u3042 {i}", f"Fixed Unicode {i}", f"Nullable {i}" if i % 2 else None) for i in _ROWS
        ],
        "TestDates": [
            (i, first_day + i * _DAY + i * _DAY / 10, first_day + i * _DAY * 2 + i * _DAY * 3 / 20 if i % 2 else None)
            for i in _ROWS
        ],
        "TestTimestamps": [(i, *_moments(i, first_day), datetime.datetime(2009, 12, 14)) for i in _ROWS],
        "TestTimestampLTZs": [(i, *_zoned_moments(i, datetime.datetime(2022, 6, 2))) for i in _ROWS],
        "TestTimestampTZs": [(i, *_zoned_moments(i, datetime.datetime(2022, 6, 3))) for i in _ROWS],
        "TestIntervals": [
            (
                i,
                datetime.timedelta(days=i, hours=i, minutes=i * 2, seconds=i * 3),
                datetime.timedelta(days=i + 5, hours=i + 2, minutes=i * 2 + 5, seconds=i * 3 + 5) if i % 2 else None,
                datetime.timedelta(days=8, hours=5, minutes=15),
                datetime.timedelta(days=10, hours=12, minutes=15, seconds=15),
            )
            for i in _ROWS
        ],
        "TestIntervalYMs": [
            (
                i,
                oracledb.IntervalYM(i - 5, i if i >= 5 else -i),
                oracledb.IntervalYM(i + 5, i + 2) if i % 2 else None,
                oracledb.IntervalYM(3, 8),
            )
            for i in _ROWS
        ],
    }


def _fraction(number: int) -> float:
    """Read digits after the point: 50 is half a second, 125 an eighth, as 1000 is a tenth."""
    return float(f"0.{number}")


def _moments(i: int, day: datetime.datetime) -> tuple[datetime.datetime, datetime.datetime | None]:
    first = day + datetime.timedelta(days=i, seconds=i * 2 + _fraction(i * 50))
    second = day + datetime.timedelta(days=i + 1, seconds=i * 3 + _fraction(i * 125))
    return first, second if i % 2 else None


def _zoned_moments(
    i: int, day: datetime.datetime
) -> tuple[datetime.datetime, datetime.datetime | None, datetime.datetime]:
    sign = 1 if i % 2 else -1
    offset = datetime.timezone(sign * datetime.timedelta(hours=i, minutes=30 if i % 4 else 0))
    first, second = _moments(i, day)
    utc = datetime.UTC
    return (
        first.replace(tzinfo=offset),
        second.replace(tzinfo=utc) if second is not None else None,
        datetime.datetime(2009, 12, 14, tzinfo=utc),
    )
