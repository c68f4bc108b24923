"""What statements and requests cannot have of an instance, whatever they ask for; most of it a fuzzer found."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import oracledb
import pytest

from emulator.auth import Exchange, make_verifier
from emulator.memory_limit import MemoryLimit
from emulator.server import _is_call
from tests.fix_emulator import Owner, Primary, code_of, fetch, run

_MEBIBYTE = 1024 * 1024


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("select 1e999999 from dual", 1426),
        (f"select 1e{'9' * 30} from dual", 1426),
        ("select power(10, 1e9) from dual", 1426),
        (f"select {'9' * 5_000} from dual", 1426),
        ("select lpad('x', 10000000000) from dual", 1489),
        ("select replace(rpad('a', 4000, 'a'), 'a', rpad('b', 30000, 'b')) from dual", 1489),
        (f"select '{'x' * 40_000}' from dual", 1704),
        (f'select "{"x" * 129}" from dual', 972),
        ('create index "t" "a"', 969),
        ("select vector_serialize(hextoraw('ff')) from dual", 3001),
        (f"select {', '.join(['1'] * 2_001)} from dual", 3001),
        (f"select {'(' * 300}1{')' * 300} from dual", 3001),
        ("declare n number := 2; begin loop n := n * n; end loop; end;", 1426),
        ("declare c clob := 'x'; begin loop c := c || c; end loop; end;", 1489),
        ("declare procedure p is begin p; end; begin p; end;", 6500),
    ],
)
def test_a_statement_of_extreme_appetite_ends_with_an_error(
    connection: oracledb.Connection, statement: str, code: int
) -> None:
    connection.call_timeout = 60_000
    with pytest.raises(oracledb.DatabaseError) as caught:
        fetch(connection, statement)
    assert code_of(caught.value) == code
    assert fetch(connection, "select 1 from dual") == [(1,)]


def test_small_and_large_numbers_stay_what_they_are(connection: oracledb.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select 9.99e125, 1e-130, 1e-140, round(1.5, 1000000000), trunc(-7.25, -1000000000) from dual")
        large, *small = cursor.fetchone()
        assert large == 999 * 10**123
        assert [str(value) for value in small] == ["1e-130", "0", "1.5", "0"]


def test_like_does_not_backtrack(connection: oracledb.Connection) -> None:
    began = time.monotonic()
    query = "select count(*) from dual where rpad('a', 4000, 'a') like '%a%a%a%a%a%a%a%a%a%a%a%a%b'"
    assert fetch(connection, query) == [(0,)]
    assert time.monotonic() - began < 10


@pytest.mark.parametrize(
    ("text", "pattern", "matches"),
    [
        ("abcabc", "a%c", 1),
        ("abcab", "a%c", 0),
        ("ab", "%a%b%", 1),
        ("aab", "%ab", 1),
        ("a_b", r"a\_b", 1),
        ("", "%", 0),
    ],
)
def test_like_finds_what_it_should(connection: oracledb.Connection, text: str, pattern: str, matches: int) -> None:
    query = r"select count(*) from dual where :1 like :2 escape '\'"
    assert fetch(connection, query, text, pattern) == [(matches,)]


def test_recursive_sql_has_fifty_levels(connection: oracledb.Connection) -> None:
    run(connection, "create procedure again is begin execute immediate 'begin again; end;'; end;")
    with pytest.raises(oracledb.DatabaseError, match="ORA-00036"):
        run(connection, "begin again; end;")


def test_a_generator_without_end_can_be_cancelled(connection: oracledb.Connection) -> None:
    connection.call_timeout = 300
    with pytest.raises(oracledb.DatabaseError, match="DPY-4024"):
        fetch(connection, "select count(*) from dual connect by level <= 1e30")
    connection.call_timeout = 0
    assert fetch(connection, "select 1 from dual") == [(1,)]


def test_a_lob_cannot_be_written_far_behind_its_end(connection: oracledb.Connection) -> None:
    lob = connection.createlob(oracledb.DB_TYPE_BLOB)
    with pytest.raises(oracledb.DatabaseError, match="ORA-21560"):
        lob.write(b"x", 1 << 40)
    assert lob.size() == 0


def test_a_call_that_takes_all_memory_ends_alone(
    primary: Primary, owner: Owner, monkeypatch: pytest.MonkeyPatch
) -> None:
    statm = Path("/proc/self/statm").read_text(encoding="ascii")
    resident = int(statm.split()[1]) * 4096 // _MEBIBYTE
    block = """
        declare type l is table of varchar2(4000) index by pls_integer; v l;
        begin for i in 1 .. 1000000 loop v(i) := rpad('x', 3900) || i; end loop; end;"""
    with owner.connect() as other:
        monkeypatch.setattr(primary.instance, "memory", MemoryLimit(resident + 200))
        with owner.connect() as greedy:
            with pytest.raises(oracledb.DatabaseError, match="ORA-04036"):
                run(greedy, block)
            monkeypatch.undo()
            assert fetch(other, "select 1 from dual") == [(1,)]
            assert fetch(greedy, "select 1 from dual") == [(1,)]


def test_a_fetch_of_any_number_of_rows_comes_in_answers_of_limited_size(connection: oracledb.Connection) -> None:
    with connection.cursor() as cursor:
        cursor.arraysize = cursor.prefetchrows = 1_000_000
        cursor.execute("select level, rpad('x', 3000, 'y') from dual connect by level <= 12000")
        rows = cursor.fetchall()
    assert [row[0] for row in rows] == list(range(1, 12_001))


def test_a_request_of_one_byte_is_no_call() -> None:
    assert not _is_call(b"\x03")
    assert not _is_call(b"")


@pytest.mark.parametrize("password", ["", "00", "zz", "00" * 16, "00" * 48])
def test_a_password_that_is_no_cipher_text_is_a_wrong_password(password: str) -> None:
    exchange = Exchange(make_verifier("right"))
    assert not exchange.verify("00" * 32, password)
    with pytest.raises(ValueError, match=r"."):
        exchange.decrypt_password(password)


def test_every_code_that_is_raised_has_a_text() -> None:
    from emulator.ora_messages import MESSAGES  # noqa: PLC0415 - of this test alone

    raised: dict[int, Any] = {}
    for path in Path("emulator").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        for match in re.finditer(r"OraError\((\d+)(?![\d\w])(?!, text=)|code=(\d+)", text):
            if not text[match.end() :].lstrip(", \n").startswith("text="):
                raised[int(match[1] or match[2])] = path
    assert {code: str(path) for code, path in raised.items() if code not in MESSAGES} == {}
