"""IVF vector indexes: built from the rows, kept by changes, used by approximate searches."""

from __future__ import annotations

import array
from random import Random

import numpy as np
import oracledb
import pytest

from emulator.engine.stored_values import pack_vector
from emulator.engine.vector_index import build_partitions
from emulator.errors import OraError
from tests.fix_emulator import code_of, fetch, run

_CREATE = "create vector index iv on vecs (v) organization neighbor partitions distance cosine"
_EXACT = "select id, vector_distance(v, :1, cosine) d from vecs order by d fetch first 10 rows only"
_APPROX = (
    "select id, vector_distance(v, :1, cosine) d from vecs order by d "
    "fetch approx first 10 rows only with target accuracy {}"
)


def _vector(rng: Random, length: int = 8) -> array.array[float]:
    return array.array("f", [rng.gauss(0, 1) for _ in range(length)])


@pytest.fixture
def vecs(connection: oracledb.Connection) -> oracledb.Connection:
    rng = Random(7)
    run(connection, "create table vecs (id number primary key, v vector)")
    with connection.cursor() as cursor:
        cursor.executemany("insert into vecs values (:1, :2)", [(number, _vector(rng)) for number in range(400)])
    connection.commit()
    return connection


def _recall(connection: oracledb.Connection, approximate: str) -> float:
    rng = Random(8)
    right = 0
    for _ in range(20):
        query = _vector(rng)
        exact = {row[0] for row in fetch(connection, _EXACT, query)}
        right += len(exact & {row[0] for row in fetch(connection, approximate, query)})
    return right / 200


def test_approximate_search_is_exact_without_an_index_and_misses_some_with_one(vecs: oracledb.Connection) -> None:
    assert _recall(vecs, _APPROX.format(50)) == 1.0
    run(vecs, _CREATE)
    low, high = _recall(vecs, _APPROX.format(50)), _recall(vecs, _APPROX.format(99))
    assert 0.2 < low < high <= 1.0
    assert _recall(vecs, _APPROX.format(100)) == 1.0


def test_rows_changed_later_are_found(vecs: oracledb.Connection) -> None:
    run(vecs, _CREATE)
    new = _vector(Random(99))
    with vecs.cursor() as cursor:
        cursor.execute("insert into vecs values (1000, :1)", [new])
        cursor.execute("update vecs set v = :1 where id = 5", [new])
    found = fetch(vecs, _APPROX.format(50), new)
    assert {row[0] for row in found[:2]} == {1000, 5}
    vecs.rollback()
    assert {1000, 5}.isdisjoint(row[0] for row in fetch(vecs, _APPROX.format(50), new)[:2])
    run(vecs, "delete from vecs where id < 390")
    vecs.commit()
    assert len(fetch(vecs, _APPROX.format(100), new)) == 10


def test_the_dictionary_knows_it_and_it_goes_with_its_table(vecs: oracledb.Connection) -> None:
    run(vecs, _CREATE)
    query = "select index_name, index_type from user_indexes where index_type = 'VECTOR'"
    assert fetch(vecs, query) == [("IV", "VECTOR")]
    with pytest.raises(oracledb.DatabaseError) as caught:
        run(vecs, _CREATE)
    assert code_of(caught.value) == 955
    run(
        vecs,
        "drop index iv",
        _CREATE,
        "drop table vecs",
        "create table vecs (id number primary key, v vector)",
        _CREATE,
    )
    assert fetch(vecs, query) == [("IV", "VECTOR")]


def test_an_index_on_no_rows_finds_what_comes_later(connection: oracledb.Connection) -> None:
    run(connection, "create table vecs (id number primary key, v vector)", _CREATE)
    vector = _vector(Random(1))
    with connection.cursor() as cursor:
        cursor.execute("insert into vecs values (1, :1)", [vector])
    connection.commit()
    assert [row[0] for row in fetch(connection, _APPROX.format(90), vector)] == [1]


@pytest.mark.parametrize(
    "clauses",
    [
        "organization inmemory neighbor graph distance cosine",
        "organization neighbor partitions distance manhattan",
        "organization neighbor partitions parameters (type ivf, samples_per_partition 3)",
    ],
)
def test_other_vector_indexes_are_refused_by_name(vecs: oracledb.Connection, clauses: str) -> None:
    with pytest.raises(oracledb.DatabaseError) as caught:
        run(vecs, f"create vector index iv on vecs (v) {clauses}")
    assert code_of(caught.value) in {907, 3001}


def test_an_accuracy_of_the_index_counts_where_the_query_names_none(vecs: oracledb.Connection) -> None:
    approx = _APPROX.removesuffix(" with target accuracy {}")
    found = {}
    for accuracy in (20, 100):
        run(vecs, f"{_CREATE} with target accuracy {accuracy}")
        found[accuracy] = _recall(vecs, approx)
        run(vecs, "drop index iv")
    assert found[20] < found[100] == 1.0


def test_partitions_can_be_named(vecs: oracledb.Connection) -> None:
    run(vecs, f"{_CREATE} parameters (type ivf, neighbor partitions 3)")
    assert 0.3 < _recall(vecs, _APPROX.format(10)) < 1.0


def test_rows_have_the_partition_of_the_build_also_when_they_come_one_by_one() -> None:
    rng = Random(3)
    rows = [pack_vector(np.array(_vector(rng), dtype=np.float32)) for _ in range(500)]
    partitions = build_partitions(sorted(rows), 0, "COSINE")
    assert len(partitions.centroids) == 22
    assert partitions.partitions_of(rows) == [partitions.partition_of(row) for row in rows]
    odd = pack_vector(np.zeros(3, np.float32))
    for wrong in ([odd], [*rows, odd]):
        with pytest.raises(OraError, match="ORA-51808"):
            partitions.partitions_of(wrong)


def test_a_distance_is_null_where_there_is_none_and_refuses_other_lengths(vecs: oracledb.Connection) -> None:
    run(vecs, "insert into vecs values (1001, null)", "update vecs set v = to_vector('[0,0,0,0,0,0,0,0]') where id = 7")
    query = _vector(Random(5))
    distances = dict(fetch(vecs, "select id, vector_distance(v, :1, cosine) from vecs where id in (1, 7, 1001)", query))
    assert distances[7] is None
    assert distances[1001] is None
    ((stored,),) = fetch(vecs, "select v from vecs where id = 1")
    cosine = np.dot(stored, query) / np.linalg.norm(stored) / np.linalg.norm(query)
    assert distances[1] == pytest.approx(1 - cosine, abs=1e-6)
    with pytest.raises(oracledb.DatabaseError) as caught:
        fetch(vecs, "select vector_distance(v, :1, cosine) from vecs where id = 1", array.array("f", [1, 2]))
    assert code_of(caught.value) == 51808
