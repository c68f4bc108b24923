"""Calls that their client breaks off: only the call is undone, and nobody else notices."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

import oracledb
import pytest

from tests.fix_emulator import Owner, Primary, fetch

_ENDLESS = "declare n number := 0; begin loop n := n + 1; end loop; end;"
#: Long enough for a call to begin, short enough for a test, milliseconds.
_TIMEOUT_MS = 200


@contextlib.contextmanager
def timed_out(connected: oracledb.Connection, timeout_ms: int = _TIMEOUT_MS) -> Iterator[None]:
    """Expect a call to run into the client's timeout."""
    connected.call_timeout = timeout_ms
    with pytest.raises(oracledb.DatabaseError, match="DPY-4024"):
        yield
    connected.call_timeout = 0


def run(connected: oracledb.Connection, statement: str, *binds: object) -> None:
    with connected.cursor() as cursor:
        cursor.execute(statement, binds)


@pytest.fixture
def numbers(connection: oracledb.Connection) -> oracledb.Connection:
    with connection.cursor() as cursor:
        cursor.execute("create table numbers (n number primary key, v varchar2(200))")
        cursor.executemany("insert into numbers values (:1, 'x')", [[n] for n in range(3000)])
    connection.commit()
    return connection


@pytest.mark.parametrize("end", ["commit", "rollback"])
def test_the_transaction_can_be_ended_after_a_call_that_timed_out(numbers: oracledb.Connection, end: str) -> None:
    run(numbers, "insert into numbers values (-1, 'before')")
    with timed_out(numbers):
        run(numbers, _ENDLESS)
    getattr(numbers, end)()
    expected = [("before",)] if end == "commit" else []
    assert fetch(numbers, "select v from numbers where n = -1") == expected


def test_an_open_cursor_can_be_fetched_on_after_another_call_timed_out(numbers: oracledb.Connection) -> None:
    with numbers.cursor() as cursor:
        cursor.prefetchrows, cursor.arraysize = 1, 3000
        cursor.execute("select a.n from numbers a, numbers b where mod(a.n + b.n, 50) = 0")
        cursor.fetchone()
        with timed_out(numbers):
            run(numbers, _ENDLESS)
        assert len(cursor.fetchmany(9000)) == 9000


def test_a_timed_out_update_is_undone_alone(numbers: oracledb.Connection, owner: Owner) -> None:
    run(numbers, "insert into numbers values (-1, 'before')")
    with timed_out(numbers):
        run(numbers, "update numbers set v = (select count(*) from numbers a, numbers b where a.v || b.v = numbers.v)")
    run(numbers, "insert into numbers values (-2, 'after')")
    numbers.commit()
    with owner.connect() as other:
        assert fetch(other, "select n, v from numbers where v <> 'x' order by n") == [(-2, "after"), (-1, "before")]


def test_a_timed_out_update_in_a_block_undoes_the_block(numbers: oracledb.Connection) -> None:
    run(numbers, "insert into numbers values (-1, 'before')")
    with timed_out(numbers):
        run(
            numbers,
            "begin insert into numbers values (-2, 'inside');"
            " update numbers set v = (select count(*) from numbers a, numbers b where a.v || b.v = numbers.v); end;",
        )
    assert fetch(numbers, "select n from numbers where v <> 'x'") == [(-1,)]


def test_a_call_broken_off_while_its_changes_are_brought_back_stops_nobody(primary: Primary, owner: Owner) -> None:
    writer = primary.instance.store.writer
    with owner.connect() as large, owner.connect() as small:
        run(large, "create table large (id number primary key)")
        run(large, "create table small (id number primary key)")
        with large.cursor() as cursor:
            cursor.executemany("insert into large values (:1)", [[n] for n in range(1000)])
        run(small, "insert into small values (1)")  # takes the large transaction out of the writer
        writer.set_progress_handler(lambda: True, 100, id="test")
        with pytest.raises(oracledb.DatabaseError, match="ORA-01013"):
            fetch(large, "select count(*) from large")
        writer.set_progress_handler(None, id="test")
        small.call_timeout = 10_000
        run(small, "insert into small values (2)")
        small.commit()
        assert fetch(large, "select count(*) from large") == [(1000,)]
        large.commit()
        assert fetch(small, "select count(*) from large") == [(1000,)]
