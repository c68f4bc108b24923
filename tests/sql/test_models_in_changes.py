"""Models inside DML on a primary: whole statements, and never under the latch that all writers share."""

from __future__ import annotations

import dataclasses
import io
import threading
import time
from collections.abc import Iterator

import oracledb
import pytest
from PIL import Image

from demo.preparation import MODELS
from loader.models import load_model
from tests.fix_emulator import Owner, Primary, code_of, fetch, run

_DEADLINE = 10.0


def picture(colour: str) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32), colour).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture
def models(connection: oracledb.Connection) -> oracledb.Connection:
    for file, name in (("image.onnx", "clipimg"), ("text.onnx", "cliptxt")):
        load_model(connection, MODELS / file, name=name, input_name="data", replace=True)
    run(connection, "create table e (id number primary key, v vector)", "create table p (id number, img blob)")
    with connection.cursor() as cursor:
        cursor.executemany("insert into p values (:1, :2)", [(n, picture("red")) for n in (1, 2, 3, 4)])
    connection.commit()
    return connection


_BY_SELECT = "insert into e select id + :1, vector_embedding(clipimg using img as data) from p where id <= 2"


def test_each_row_of_binds_runs_the_whole_select(models: oracledb.Connection) -> None:
    with models.cursor() as cursor:
        cursor.executemany(_BY_SELECT, [(10,), (20,), (30,)], arraydmlrowcounts=True)
        assert cursor.getarraydmlrowcounts() == [2, 2, 2]
        assert cursor.rowcount == 6
    assert fetch(models, "select id from e order by id") == [(11,), (12,), (21,), (22,), (31,), (32,)]


def test_forall_runs_the_whole_select_too(models: oracledb.Connection) -> None:
    statement = _BY_SELECT.replace(":1", "t(i)")
    run(models, f"declare type n is table of number; t n := n(10, 20); begin forall i in 1 .. 2 {statement}; end;")
    assert fetch(models, "select id from e order by id") == [(11,), (12,), (21,), (22,)]


def test_an_insert_select_that_fails_on_its_last_row_leaves_none(models: oracledb.Connection) -> None:
    run(models, "insert into e (id) values (4)")
    with pytest.raises(oracledb.DatabaseError) as caught:
        run(models, "insert into e select id, vector_embedding(clipimg using img as data) from p order by id")
    assert code_of(caught.value) == 1
    assert fetch(models, "select id from e") == [(4,)]


def test_batch_errors_undo_one_execution_each(models: oracledb.Connection) -> None:
    run(models, "insert into e (id) values (22)")
    with models.cursor() as cursor:
        cursor.executemany(_BY_SELECT, [(10,), (20,), (30,)], batcherrors=True)
        assert [(error.offset, error.code) for error in cursor.getbatcherrors()] == [(1, 1)]
    assert fetch(models, "select id from e order by id") == [(11,), (12,), (22,), (31,), (32,)]


def test_a_model_on_constants_works_in_every_change(models: oracledb.Connection) -> None:
    near = "select id from e where vector_distance(v, vector_embedding(cliptxt using :1 as data)) < 0.001"
    run(
        models,
        "insert into e values (1, vector_embedding(cliptxt using 'a blue ' || 'bird' as data))",
        "insert into e (id) values (2)",
        "update e set v = vector_embedding(cliptxt using 'a red fish' as data) where id = 2",
    )
    assert fetch(models, near, "a blue bird") == [(1,)]
    assert fetch(models, near, "a red fish") == [(2,)]
    with models.cursor() as cursor:
        cursor.executemany(
            "insert into e values (:1, vector_embedding(clipimg using :2 as data))",
            [(n, picture("blue")) for n in (5, 6)],
        )
    assert fetch(models, "select count(*) from e where id > 4 and v is not null") == [(2,)]


def test_a_model_that_would_run_on_rows_under_the_latch_is_refused(models: oracledb.Connection) -> None:
    for statement in (
        "update e set v = (select vector_embedding(clipimg using img as data) from p where p.id = e.id)",
        "delete from p where vector_embedding(clipimg using img as data) is null",
    ):
        with pytest.raises(oracledb.DatabaseError, match="ORA-03001"):
            run(models, statement)


@pytest.fixture
def slow_models(primary: Primary) -> Iterator[None]:
    config = primary.instance.config
    primary.instance.config = dataclasses.replace(config, inference_ms=60_000)
    yield
    primary.instance.config = config


@pytest.mark.usefixtures("slow_models")
@pytest.mark.parametrize(
    "statement",
    [
        "insert into e values (9, vector_embedding(clipimg using :1 as data))",
        "update e set v = vector_embedding(clipimg using :1 as data)",
        "insert into e select id, vector_embedding(clipimg using :1 as data) from p",
        "select id from e order by vector_distance(v, vector_embedding(clipimg using :1 as data))",
    ],
)
def test_nobody_waits_while_a_model_runs(
    primary: Primary, owner: Owner, models: oracledb.Connection, statement: str
) -> None:
    run(models, "insert into e (id) values (1)")  # a transaction with changes of its own
    counted = primary.instance.inference.inferences
    ended: list[int] = []

    def change() -> None:
        with pytest.raises(oracledb.DatabaseError) as caught, models.cursor() as cursor:
            cursor.execute(statement, [picture("green")])
        ended.append(code_of(caught.value))

    thread = threading.Thread(target=change)
    thread.start()
    end = time.monotonic() + _DEADLINE
    while primary.instance.inference.inferences == counted:
        assert time.monotonic() < end, "no model runs"
    with owner.connect() as other:
        other.call_timeout = 5_000
        run(other, "insert into p (id) values (100)", "commit")
    assert not ended, "the model has ended too soon to prove anything"
    models.cancel()
    thread.join(_DEADLINE)
    assert ended == [1013]
