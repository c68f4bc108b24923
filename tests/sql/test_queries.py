"""What queries answer: a table of statements and rows."""

from __future__ import annotations

import array
from typing import Any

import oracledb
import pytest

from tests.fix_emulator import code_of, fetch, run


@pytest.fixture
def pictures(connection: oracledb.Connection) -> oracledb.Connection:
    run(
        connection,
        "create table pictures (id number primary key, img_size number, img blob)",
        (
            "create table picture_embeddings "
            "(id number primary key references pictures (id), embedding vector(2, float32))"
        ),
    )
    with connection.cursor() as cursor:
        cursor.executemany("insert into pictures values (:1, :2, :3)", [(n * 10, n, b"x" * n) for n in range(1, 8)])
        cursor.executemany(
            "insert into picture_embeddings values (:1, :2)",
            [(10, array.array("f", [1, 0])), (20, array.array("f", [0, 1])), (30, array.array("f", [1, 1]))],
        )
    connection.commit()
    return connection


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("select 1 + 2 * 3, 7 / 2, 'a' || null || 'b' from dual", [(7, 3.5, "ab")]),
        ("select count(*), sum(id), avg(img_size), min(id), max(id) from pictures", [(7, 280, 4, 10, 70)]),
        ("select id from pictures where id between 20 and 30 order by id desc", [(30,), (20,)]),
        ("select id from pictures where rownum <= 2", [(10,), (20,)]),
        ("select id from pictures order by id offset 2 rows fetch next 2 rows only", [(30,), (40,)]),
        (
            (
                "select p.id from pictures p left outer join picture_embeddings e on e.id = p.id "
                "where e.id is null order by p.id"
            ),
            [(40,), (50,), (60,), (70,)],
        ),
        ("select count(*), max(e.id) from pictures p join picture_embeddings e on e.id = p.id", [(3, 30)]),
        ("select count(*) from pictures where id not in (select id from picture_embeddings)", [(4,)]),
        ("select mod(id, 20), count(*) from pictures group by mod(id, 20) having count(*) > 3", [(10, 4)]),
        ("select case when 1 = 2 then 'x' else 'y' end, nvl(null, 'z') from dual", [("y", "z")]),
        ("select decode(2, 1, 'a', 2, 'b'), coalesce(null, 'c') from dual", [("b", "c")]),
        ("with a as (select 1 n from dual) select n from a union all select 2 from dual order by 1", [(1,), (2,)]),
        ("select to_char(1.5) || dbms_lob.getlength(img) from pictures where id = 30", [("1.53",)]),
        (
            (
                "select id, vector_distance(embedding, to_vector('[1,0]'), euclidean) d from picture_embeddings "
                "order by d, id fetch first 2 rows only"
            ),
            [(10, 0.0), (30, 1.0)],
        ),
        ("select vector_distance(embedding, to_vector('[1,0]'), dot) from picture_embeddings where id = 30", [(-1.0,)]),
        ("select vector_distance(embedding, to_vector('[0,1]')) from picture_embeddings where id = 10", [(1.0,)]),
        ("select '' from dual where '' is null", [(None,)]),
        ("select max(p2.id) from pictures p2 where p2.id < (select max(id) from pictures)", [(60,)]),
    ],
)
def test_a_query_answers(pictures: oracledb.Connection, query: str, rows: list[tuple[Any, ...]]) -> None:
    assert fetch(pictures, query) == rows


@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("select nosuch from pictures", 904),
        ("select * from nosuch", 942),
        ("select id, count(*) from pictures", 937),
        ("select id from pictures a, pictures b", 918),
        ("select foo(1) from dual", 904),
        ("select 1 from dual;", 933),
        ("select count(*) from pictures where count(*) > 1", 934),
        ("select 1 / 0 from dual", 1476),
        ("select to_number('x') from dual", 1722),
        ("select 'a' || (select id from pictures) from dual", 1427),
        ("insert into pictures values (1)", 947),
        ("insert into pictures (id, nosuch) values (1, 2)", 904),
        ("insert into pictures (id) values (10)", 1),
        ("insert into picture_embeddings (id) values (11)", 2291),
        ("insert into picture_embeddings values (40, to_vector('[1,2,3]'))", 51803),
        ("insert into pictures (id) values (null)", 1400),
        ("update pictures set id = null where id = 70", 1407),
        ("delete from pictures where id = 10", 2292),
        ("drop table pictures", 2449),
        ("create table pictures (id number)", 955),
        ("create user somebody identified by x", 1031),
        ("select vector_embedding(nosuch using 'a' as data) from dual", 40284),
    ],
)
def test_a_wrong_statement_has_oracles_code(pictures: oracledb.Connection, statement: str, code: int) -> None:
    with pytest.raises(oracledb.DatabaseError) as caught:
        run(pictures, statement)
    assert code_of(caught.value) == code


@pytest.mark.parametrize(
    ("statement", "feature"),
    [
        ("select id from pictures connect by prior id = img_size", "connect"),
        ("select * from pictures sample (10)", "sample"),
        ("alter session set nls_sort = 'GERMAN'", "NLS_SORT"),
        ("explain plan for select 1 from dual", "EXPLAIN"),
        ("select json_value('{}', '$.a') from dual", "JSON_VALUE"),
        ("select nosuch(1) from dual", None),
    ],
)
def test_what_is_not_emulated_is_refused_by_name(
    pictures: oracledb.Connection, statement: str, feature: str | None
) -> None:
    with pytest.raises(oracledb.DatabaseError) as caught:
        run(pictures, statement)
    assert code_of(caught.value) == (3001 if feature else 904)
    if feature:
        assert feature.lower() in str(caught.value).lower()


def test_a_statement_that_fails_changes_nothing(pictures: oracledb.Connection) -> None:
    with pytest.raises(oracledb.DatabaseError):
        run(pictures, "update pictures set id = 10 where id >= 60")
    assert fetch(pictures, "select count(*) from pictures where id >= 60") == [(2,)]


@pytest.mark.parametrize("text", ["x' or '1'='1", '"; drop table pictures --', "\x01", "ß" * 1000])
def test_malicious_values_are_only_values(pictures: oracledb.Connection, text: str) -> None:
    assert fetch(pictures, "select count(*) from pictures where to_char(id) = :1", text) == [(0,)]
    assert fetch(pictures, "select count(*) from pictures") == [(7,)]
