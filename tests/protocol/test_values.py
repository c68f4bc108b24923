"""Values of every type on their way in and out, through the unmodified driver."""

from __future__ import annotations

import array
import datetime
from decimal import Decimal
from typing import Any

import oracledb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fix_emulator import fetch, run

_NUMBERS = [
    0,
    1,
    -1,
    10**37,
    -(10**37) + 1,
    Decimal("0.1"),
    Decimal("-123456789.987654321"),
    Decimal("1E-120"),
    Decimal("9.99E+125"),
]


@pytest.mark.parametrize("number", _NUMBERS)
def test_a_number_comes_back_exactly(connection: oracledb.Connection, number: Decimal) -> None:
    with connection.cursor() as cursor:
        cursor.outputtypehandler = lambda cursor, metadata: cursor.var(Decimal, arraysize=cursor.arraysize)
        cursor.execute("select :1 from dual", [number])
        assert cursor.fetchone() == (Decimal(number),)


@given(text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=400))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_comes_back(connection: oracledb.Connection, text: str) -> None:
    assert fetch(connection, "select :1 from dual", text) == [(text or None,)]


@pytest.mark.parametrize(
    ("declaration", "value"),
    [
        ("varchar2(20)", "grün"),
        ("char(5)", "ab   "),
        ("raw(10)", b"\x00\xff"),
        ("date", datetime.datetime(2026, 2, 28, 23, 59, 59)),
        ("timestamp(6)", datetime.datetime(1999, 12, 31, 1, 2, 3, 456789)),
        ("binary_double", 1.5e100),
        ("boolean", True),
        ("number(5,2)", 123.45),
    ],
)
def test_a_column_gives_back_what_was_stored(connection: oracledb.Connection, declaration: str, value: Any) -> None:
    run(connection, f"create table kept (id number primary key, value {declaration})")
    with connection.cursor() as cursor:
        if declaration.startswith("timestamp"):  # the driver's default for a datetime is DATE
            cursor.setinputsizes(oracledb.DB_TYPE_TIMESTAMP)
        cursor.execute("insert into kept values (1, :1)", [value])
        cursor.execute("insert into kept values (2, :1)", [None])
    assert fetch(connection, "select value from kept order by id") == [(value,), (None,)]


@pytest.mark.parametrize("size", [1, 32_768, 3_000_000])
def test_a_picture_comes_back_as_locator_and_inline(connection: oracledb.Connection, size: int) -> None:
    data = bytes(range(256)) * (size // 256 + 1)
    data = data[:size]
    run(connection, "create table kept (id number primary key, img blob)")
    with connection.cursor() as cursor:
        cursor.setinputsizes(oracledb.DB_TYPE_LONG_RAW)
        cursor.execute("insert into kept values (1, :1)", [data])
    connection.commit()
    ((locator,),) = fetch(connection, "select img from kept")
    assert locator.size() == size
    assert locator.read() == data
    assert locator.read(size, 1) == data[-1:]
    with connection.cursor() as cursor:
        cursor.outputtypehandler = lambda cursor, metadata: cursor.var(
            oracledb.DB_TYPE_LONG_RAW, arraysize=cursor.arraysize
        )
        # Another text: the driver keeps a cached statement's defines when only the output type handler has changed.
        cursor.execute("select img from kept where id = 1")
        assert cursor.fetchone() == (data,)


@pytest.mark.parametrize(("code", "declaration"), [("f", "float32"), ("d", "float64"), ("b", "int8")])
def test_a_vector_keeps_its_elements_and_format(connection: oracledb.Connection, code: str, declaration: str) -> None:
    vector = array.array(code, [1, -2, 3])
    run(connection, f"create table kept (id number primary key, v vector(3, {declaration}))")
    with connection.cursor() as cursor:
        cursor.execute("insert into kept values (1, :1)", [vector])
    ((found,),) = fetch(connection, "select v from kept")
    assert found == vector
    assert found.typecode == code


def test_thousands_of_rows_arrive_in_order(connection: oracledb.Connection) -> None:
    run(connection, "create table kept (id number primary key, t varchar2(100))")
    rows = [(number, f"row {number}") for number in range(3000)]
    with connection.cursor() as cursor:
        cursor.executemany("insert into kept values (:1, :2)", rows)
        cursor.arraysize = 7
        cursor.execute("select id, t from kept order by id")
        assert cursor.fetchall() == rows
