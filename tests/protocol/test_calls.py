"""Calls of the driver: array DML, RETURNING, cancelling, errors with their place, transactions."""

from __future__ import annotations

import array
import time

import oracledb
import pytest

from tests.fix_emulator import Owner, code_of, fetch, run


@pytest.fixture
def table(connection: oracledb.Connection) -> str:
    run(connection, "create table kept (id number constraint kept_pk primary key, t varchar2(10) not null)")
    return "kept"


def test_array_dml_reports_each_bad_row_and_keeps_the_good(connection: oracledb.Connection, table: str) -> None:
    rows = [(1, "a"), (2, None), (1, "b"), (3, "much too long for it"), (4, "d")]
    with connection.cursor() as cursor:
        cursor.executemany(f"insert into {table} values (:1, :2)", rows, batcherrors=True, arraydmlrowcounts=True)
        errors = [(error.offset, error.code) for error in cursor.getbatcherrors()]
        assert errors == [(1, 1400), (2, 1), (3, 12899)]
        assert cursor.getarraydmlrowcounts() == [1, 0, 0, 0, 1]
        assert cursor.rowcount == 2
    assert fetch(connection, f"select id from {table} order by id") == [(1,), (4,)]


def test_array_dml_without_batch_errors_stops_at_the_first_bad_row(connection: oracledb.Connection, table: str) -> None:
    with connection.cursor() as cursor:
        with pytest.raises(oracledb.IntegrityError) as caught:
            cursor.executemany(f"insert into {table} values (:1, :2)", [(1, "a"), (2, "b"), (1, "c"), (3, "d")])
        assert cursor.rowcount == 2
    assert code_of(caught.value) == 1
    assert "KEPT_PK" in str(caught.value)
    assert fetch(connection, f"select id from {table} order by id") == [(1,), (2,)]


def test_returning_gives_the_new_values(connection: oracledb.Connection, table: str) -> None:
    run(connection, f"insert into {table} values (1, 'a')", f"insert into {table} values (2, 'b')")
    with connection.cursor() as cursor:
        ids, texts = cursor.var(int), cursor.var(str)
        cursor.execute(f"update {table} set t = upper(t) returning id, t into :ids, :texts", [ids, texts])
        assert sorted(zip(ids.getvalue(), texts.getvalue(), strict=True)) == [(1, "A"), (2, "B")]


def test_an_error_says_where_it_is(connection: oracledb.Connection) -> None:
    with pytest.raises(oracledb.DatabaseError) as caught:
        fetch(connection, "select 1, nosuch from dual")
    assert code_of(caught.value) == 904
    assert caught.value.args[0].offset == 10


def test_a_waiting_call_ends_at_its_time_limit_and_the_session_lives(owner: Owner, table: str) -> None:
    with owner.connect() as first, owner.connect() as second:
        run(first, f"insert into {table} values (1, 'a')")
        second.call_timeout = 300
        start = time.monotonic()
        with pytest.raises(oracledb.DatabaseError, match="DPY-4024"):
            run(second, f"insert into {table} values (1, 'b')")
        assert time.monotonic() - start < 5
        second.call_timeout = 0
        first.rollback()
        run(second, f"insert into {table} values (1, 'b')")
        second.commit()
        assert fetch(first, f"select t from {table}") == [("b",)]


def test_cancel_ends_a_running_query(connection: oracledb.Connection) -> None:
    run(connection, "create table numbers (n number primary key)")
    with connection.cursor() as cursor:
        cursor.executemany("insert into numbers values (:1)", [(number,) for number in range(400)])
    connection.commit()
    connection.call_timeout = 300
    with pytest.raises(oracledb.DatabaseError, match="DPY-4024"):
        fetch(connection, "select count(*) from numbers a, numbers b, numbers c where a.n + b.n = c.n + 0.5")
    connection.call_timeout = 0
    assert fetch(connection, "select count(*) from numbers") == [(400,)]


def test_what_is_not_committed_is_gone_with_the_session(owner: Owner, connection: oracledb.Connection) -> None:
    run(connection, "create table kept (id number primary key)")
    other = owner.connect()
    run(other, "insert into kept values (1)")
    assert fetch(connection, "select count(*) from kept") == [(0,)]
    other.close()
    run(connection, "insert into kept values (1)")
    assert fetch(connection, "select count(*) from kept") == [(1,)]


def test_a_statement_runs_again_with_other_values(connection: oracledb.Connection) -> None:
    with connection.cursor() as cursor:
        for value in (1, 2, 3):
            cursor.execute("select :1 + 1 from dual", [value])
            assert cursor.fetchone() == (value + 1,)


def test_a_statement_can_be_parsed_before_anything_is_bound(connection: oracledb.Connection, table: str) -> None:
    with connection.cursor() as cursor:
        cursor.parse(f"select id from {table} where id = :id and t like :t")
        assert cursor.bindnames() == ["ID", "T"]
        assert [column[0] for column in cursor.description] == ["ID"]


def test_an_array_of_plsql_calls_says_which_one_failed(connection: oracledb.Connection) -> None:
    with connection.cursor() as cursor, pytest.raises(oracledb.DatabaseError, match="ORA-01476") as caught:
        cursor.executemany("declare n number; begin n := 10 / (4 - :1); end;", [(n,) for n in range(1, 9)])
    assert caught.value.args[0].offset == 3


def test_a_returned_value_that_does_not_fit_is_an_error_of_the_driver(
    connection: oracledb.Connection, table: str
) -> None:
    with connection.cursor() as cursor:
        short = cursor.var(str, 1)
        with pytest.raises(oracledb.DatabaseError, match="DPY-4002"):
            cursor.execute(f"insert into {table} values (1, 'too long') returning t into :t", t=short)
        fetch(connection, "select 1 from dual")


def test_a_lob_is_opened_once_and_closed_once(connection: oracledb.Connection) -> None:
    lob = connection.createlob(oracledb.DB_TYPE_BLOB, b"1234")
    assert not lob.isopen()
    lob.open()
    assert lob.isopen()
    with pytest.raises(oracledb.DatabaseError, match="ORA-22293"):
        lob.open()
    lob.close()
    assert not lob.isopen()
    with pytest.raises(oracledb.DatabaseError, match="ORA-22289"):
        lob.close()


def test_vectors_come_as_text_to_a_client_that_asks_for_it(connection: oracledb.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.outputtypehandler = lambda made, column: made.var(oracledb.DB_TYPE_LONG, arraysize=made.arraysize)
        cursor.execute("select to_vector('[1.5, -2]') from dual")
        assert cursor.fetchone() == ("[1.5E+000,-2.0E+000]",)


def test_a_vector_with_an_infinite_element_is_refused(connection: oracledb.Connection) -> None:
    with pytest.raises(oracledb.DatabaseError, match="ORA-51805"):
        fetch(connection, "select :1 from dual", array.array("d", [1.0, float("inf")]))


def test_a_bind_cannot_be_called_by_a_reserved_word(connection: oracledb.Connection, table: str) -> None:
    with connection.cursor() as cursor:
        with pytest.raises(oracledb.DatabaseError, match="ORA-01745") as caught:
            cursor.parse(f"select id from {table} where id = :rowid")
        assert caught.value.args[0].offset == len(f"select id from {table} where id = ")
        cursor.execute('select :"rowid" from dual', {'"rowid"': 1})


def test_what_is_parsed_alone_is_not_executed(connection: oracledb.Connection, table: str) -> None:
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.parse(f"insert into {table} values (:1, :2)")
        assert fetch(connection, f"select count(*) from {table}") == [(0,)]
        cursor.execute(None, [1, "a"])
        cursor.parse("begin :value := 5; end;")
        cursor.parse(f"delete from {table}")
        assert cursor.description is None
    assert fetch(connection, f"select id, t from {table}") == [(1, "a")]


def test_text_that_is_returned_as_raw_is_hexadecimal(connection: oracledb.Connection, table: str) -> None:
    with connection.cursor() as cursor:
        raw = cursor.var(oracledb.DB_TYPE_RAW)
        cursor.execute(f"insert into {table} values (1, 'beef') returning t into :1", [raw])
        assert raw.getvalue() == [b"\xbe\xef"]
        with pytest.raises(oracledb.DatabaseError, match="ORA-01465"):
            cursor.execute(f"insert into {table} values (2, 'text') returning t into :1", [raw])
