"""Every `.sql` pair beside this file, through the real driver; see ``tests.sql.pairs``."""

from __future__ import annotations

import datetime
import decimal
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import oracledb
import pytest

from tests.fix_emulator import OWNER_PASSWORD, Primary
from tests.sql.pairs import Case, Pair, read_pairs

_FILES = sorted(Path(__file__).parent.glob("*.sql"))
_CASES = [(path, case) for path in _FILES for case in read_pairs(path)[1]]
_PRIVILEGES = (
    "create session, create table, create view, create procedure, create sequence, create synonym, create type"
)


@pytest.fixture(scope="module")
def schemas(primary: Primary) -> Iterator[dict[Path, oracledb.Connection]]:
    """Sessions by file, each of a user with the file's setup."""
    opened: dict[Path, oracledb.Connection] = {}
    with primary.dba() as dba, dba.cursor() as cursor:
        for path in _FILES:
            cursor.execute(f'create user pairs_{path.stem} identified by "{OWNER_PASSWORD}" quota unlimited on users')
            cursor.execute(f"grant {_PRIVILEGES} to pairs_{path.stem}")
            opened[path] = oracledb.connect(user=f"pairs_{path.stem}", password=OWNER_PASSWORD, dsn=primary.dsn)
            opened[path].outputtypehandler = _exact_numbers
            for pair in read_pairs(path)[0]:
                with opened[path].cursor() as setup:
                    setup.execute(pair.statement)
            opened[path].commit()
        yield opened
        for path, connected in opened.items():
            connected.close()
            cursor.execute(f"drop user pairs_{path.stem} cascade")


def _exact_numbers(cursor: oracledb.Cursor, column: oracledb.FetchInfo) -> Any:
    if column.type_code is oracledb.DB_TYPE_NUMBER:
        return cursor.var(decimal.Decimal, arraysize=cursor.arraysize)
    return None


@pytest.mark.parametrize(("path", "case"), _CASES, ids=[f"{path.stem}: {case.title}" for path, case in _CASES])
def test_a_pair_holds(schemas: dict[Path, oracledb.Connection], path: Path, case: Case) -> None:
    connected = schemas[path]
    try:
        for pair in case.pairs:
            answer = list(_answer(connected, pair))
            if pair.answer or (answer and answer[0].startswith("ORA-")):
                assert answer == list(pair.answer), f"{path.name} line {pair.line}: {pair.statement}"
    finally:
        connected.rollback()


def _answer(connected: oracledb.Connection, pair: Pair) -> Iterator[str]:
    with connected.cursor() as cursor:
        cursor.callproc("dbms_output.enable")
        try:
            cursor.execute(pair.statement, json.loads(pair.keys.get("binds", "[]")))
            yield from _result(cursor, pair)
        except oracledb.DatabaseError as error:
            yield from _output(cursor)
            detail = error.args[0]
            yield from [line for line in detail.message.splitlines() if line.strip() and not line.startswith("Help: ")]
            if "offset" in pair.keys:
                yield f"offset {detail.offset}"


def _result(cursor: oracledb.Cursor, pair: Pair) -> Iterator[str]:
    if cursor.description:
        if "columns" in pair.keys:
            yield ", ".join(column[0] for column in cursor.description)
        rows = cursor.fetchall()
        yield from (" | ".join(_text(value) for value in row) for row in rows)
        if not rows:
            yield "no rows"
    elif cursor.warning:
        yield cursor.warning.full_code
    elif cursor.rowcount > 0 or pair.statement.lower().startswith(("insert", "update", "delete", "merge")):
        yield f"{cursor.rowcount} rows"
    else:
        yield from list(_output(cursor)) or ["ok"]


def _output(cursor: oracledb.Cursor) -> Iterator[str]:
    line, status = cursor.var(str), cursor.var(int)
    while True:
        cursor.callproc("dbms_output.get_line", (line, status))
        if status.getvalue() != 0:
            return
        yield line.getvalue() or ""


def _text(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, oracledb.LOB):
        return _text(value.read())
    if isinstance(value, decimal.Decimal):
        return f"{value:f}"
    if isinstance(value, bytes):
        return value.hex().upper()
    if isinstance(value, datetime.datetime):
        return value.isoformat(sep=" ")
    return str(value)
