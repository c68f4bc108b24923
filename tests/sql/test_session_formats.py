from __future__ import annotations

import datetime

import oracledb
import pytest

from tests.fix_emulator import code_of, fetch, run


def test_dates_become_text_in_the_sessions_format(connection: oracledb.Connection) -> None:
    query = "select to_char(date '2026-02-03'), 'on ' || date '2026-02-03' from dual"
    assert fetch(connection, query) == [("03-FEB-26", "on 03-FEB-26")]
    run(connection, "alter session set nls_date_format = 'YYYY-MM-DD HH24:MI:SS'")
    assert fetch(connection, query) == [("2026-02-03 00:00:00", "on 2026-02-03 00:00:00")]
    with connection.cursor() as cursor:
        text = cursor.var(str)
        cursor.execute("begin :text := date '2026-02-03'; end;", text=text)
        assert text.getvalue() == "2026-02-03 00:00:00"


def test_text_becomes_a_date_in_the_sessions_format(connection: oracledb.Connection) -> None:
    run(connection, "create table days (d date)", "alter session set nls_date_format = 'DD.MM.YYYY'")
    run(connection, "insert into days values ('03.02.2026')")
    assert fetch(connection, "select d from days where d = '03.02.2026'") == [(datetime.datetime(2026, 2, 3),)]


def test_connect_by_level_makes_rows(connection: oracledb.Connection) -> None:
    assert fetch(connection, "select level, level * 2 from dual connect by level <= 3") == [(1, 2), (2, 4), (3, 6)]
    assert fetch(connection, "select count(*) from dual connect by level <= :n", 1000) == [(1000,)]
    assert fetch(connection, "select level from dual connect by level <= 0") == [(1,)]
    assert fetch(connection, "select * from dual connect by rownum < 3") == [("X",), ("X",)]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("unistr('a\\3042b\\\\')", "a\u3042b\\"),
        ("unistr('\\D83D\\DE00')", "\U0001f600"),
        ("utl_raw.cast_to_varchar2(utl_raw.cast_to_raw('text'))", "text"),
        ("trunc(timestamp '2026-02-03 04:05:06')", datetime.datetime(2026, 2, 3)),
    ],
)
def test_functions(connection: oracledb.Connection, expression: str, expected: object) -> None:
    assert fetch(connection, f"select {expression} from dual") == [(expected,)]


def test_vectors_are_made_in_the_format_that_is_asked_for(connection: oracledb.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select to_vector('[1.5, 2]', 2, float64), to_vector('[1, -2]', 2, int8) from dual")
        wide, narrow = cursor.fetchone()
        assert (wide.typecode, list(wide)) == ("d", [1.5, 2])
        assert (narrow.typecode, list(narrow)) == ("b", [1, -2])
        cursor.execute("select to_vector('[1.5, 2]') from dual")
        assert cursor.fetchone()[0].typecode == "f"
    for call, code in (("to_vector('[1]', 2, int8)", 51803), ("to_vector('[300]', 1, int8)", 51806)):
        with pytest.raises(oracledb.DatabaseError) as caught:
            fetch(connection, f"select {call} from dual")
        assert code_of(caught.value) == code


def test_booleans_are_read_from_oracles_words(connection: oracledb.Connection) -> None:
    run(connection, "create table flags (n number, yes boolean)")
    words = ["true", "YES", "on", "1", "t", "Y", "false", "no", "OFF", "0", "f", "n"]
    with connection.cursor() as cursor:
        cursor.executemany("insert into flags values (:1, :2)", list(enumerate(words)))
    found = [yes for (yes,) in fetch(connection, "select yes from flags order by n")]
    assert found == [True] * 6 + [False] * 6


def test_local_time_stamps_are_kept_in_one_time_zone(connection: oracledb.Connection) -> None:
    run(
        connection,
        "create table moments (m timestamp with local time zone)",
        "insert into moments values (to_timestamp_tz('2026-02-03 04:05:06 +05:30', 'YYYY-MM-DD HH24:MI:SS TZH:TZM'))",
    )
    assert fetch(connection, "select m from moments") == [(datetime.datetime(2026, 2, 2, 22, 35, 6),)]


def test_float_is_a_number_whose_point_floats(connection: oracledb.Connection) -> None:
    run(
        connection,
        "create table measures (f float, d double precision)",
        "insert into measures values (1.23456789, 2e40)",
    )
    with connection.cursor() as cursor:
        cursor.execute("select f, d from measures")
        assert [(column.precision, column.scale) for column in cursor.description] == [(126, -127)] * 2
        assert cursor.fetchone() == (1.23456789, 2e40)
    query = "select data_type from user_tab_columns where table_name = 'MEASURES'"
    assert fetch(connection, query) == [("FLOAT",), ("FLOAT",)]


def test_one_statement_changes_several_settings(connection: oracledb.Connection) -> None:
    run(
        connection,
        "alter session set nls_date_format = 'YYYY' nls_timestamp_format = 'YYYY-MM-DD HH24:MI:SS.FF3' "
        "time_zone = '+00:00'",
    )
    query = "select to_char(date '2026-02-03'), to_char(timestamp '2026-02-03 04:05:06.789') from dual"
    assert fetch(connection, query) == [("2026", "2026-02-03 04:05:06.789")]
    with pytest.raises(oracledb.DatabaseError, match="ORA-03001"):
        run(connection, "alter session set nls_date_format = 'YYYY' nls_language = 'GERMAN'")
