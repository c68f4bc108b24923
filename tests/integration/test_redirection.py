"""Redirected work while redo is late, stopped, or slow; what Oracle must do anyhow is in tests/contract."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import oracledb
import pytest

from emulator.cluster import Cluster
from fleet.settings import Settings
from tests.fix_emulator import DBA_PASSWORD, OWNER_PASSWORD, code_of, fetch, run

_DEADLINE = 20.0
_IDS = "select id from pictures order by id"


@pytest.fixture
def pictures(installed: Settings, cluster: Cluster) -> Iterator[Cluster]:
    yield cluster
    cluster.levers("sby1").lag(0)
    cluster.levers("sby1").apply(on=True)
    with at(cluster, "prim") as connected:
        run(connected, "delete from picture_embeddings", "delete from pictures", "commit")


def at(cluster: Cluster, name: str, user: str = "adgvec", password: str = OWNER_PASSWORD) -> oracledb.Connection:
    instance = cluster.instances[name]
    connected = oracledb.connect(user=user, password=password, dsn=instance.dsn(instance.role_service))
    run(connected, "alter session enable adg_redirect_dml")
    return connected


def code_raised(action: Callable[[], object]) -> int:
    with pytest.raises(oracledb.DatabaseError) as caught:
        action()
    return code_of(caught.value)


def test_own_changes_are_read_above_what_others_committed_meanwhile(pictures: Cluster) -> None:
    pictures.levers("sby1").lag(0.5)
    with at(pictures, "sby1") as connected, at(pictures, "prim") as other:
        run(connected, "insert into pictures (id) values (1)")
        run(other, "insert into pictures (id) values (2)", "commit")
        assert fetch(connected, _IDS) == [(1,), (2,)]
        connected.commit()
        assert fetch(connected, _IDS) == [(1,), (2,)]


def test_data_that_are_too_old_are_not_read(pictures: Cluster) -> None:
    with at(pictures, "sby1") as connected:
        run(connected, "alter session set standby_max_data_delay = 1")
        assert fetch(connected, _IDS) == []
        pictures.levers("sby1").lag(60)
        with at(pictures, "prim") as other:
            run(other, "insert into pictures (id) values (1)", "commit")

        def read_for_long() -> None:
            end = time.monotonic() + _DEADLINE
            while time.monotonic() < end:
                fetch(connected, _IDS)

        assert code_raised(read_for_long) == 3172
        run(connected, "alter session set standby_max_data_delay = none")
        assert fetch(connected, _IDS) == []


def test_where_a_standby_cannot_be_brought_up_to_date_it_says_so(pictures: Cluster) -> None:
    with at(pictures, "prim") as connected:
        assert code_raised(lambda: run(connected, "alter session sync with primary")) == 3176
    with at(pictures, "sby1") as connected:
        pictures.levers("sby1").apply(on=False)
        assert code_raised(lambda: run(connected, "alter session sync with primary")) == 3173
        assert code_raised(lambda: run(connected, "insert into pictures (id) values (1)")) == 16397
        pictures.levers("sby1").apply(on=True)
        run(connected, "alter session sync with primary")
        pictures.kill("prim")
        assert code_raised(lambda: run(connected, "alter session sync with primary")) == 3173
        pictures.start(["prim"])
        run(connected, "alter session sync with primary")


def test_databases_draw_different_numbers_of_a_sequence(pictures: Cluster) -> None:
    with at(pictures, "prim") as connected:
        run(connected, "create sequence shared", "create sequence single nocache")
        drawn = fetch(connected, "select shared.nextval from dual connect by level <= 3")
    for name in ("sby1", "sby2", "sby1"):
        with at(pictures, name) as connected:
            run(connected, "alter session sync with primary")
            drawn += fetch(connected, "select shared.nextval from dual connect by level <= 25")
            assert fetch(connected, "select shared.currval from dual") == drawn[-1:]
            assert code_raised(lambda c=connected: fetch(c, "select single.nextval from dual")) == 16000
            run(connected, "insert into pictures (id) values (shared.nextval)", "commit")
            drawn += fetch(connected, "select max(id) from pictures")
    assert len(set(drawn)) == len(drawn) == 81
    with at(pictures, "prim") as connected:
        run(connected, "drop sequence shared", "drop sequence single")


def test_the_views_count_the_cpu_time_of_inference_while_it_goes_on(pictures: Cluster) -> None:
    busy = "select value from v$osstat where stat_name = 'BUSY_TIME'"
    metric = "select value from v$sysmetric where metric_name = 'CPU Usage Per Sec'"
    with at(pictures, "sby2") as connected:
        before = fetch(connected, busy)[0][0]
        end = time.monotonic() + _DEADLINE
        while fetch(connected, busy)[0][0] < before + 100:  # a second, most of it in the model's process
            fetch(connected, "select vector_embedding(cliptxt using 'a blue bird' as data) from dual")
            assert time.monotonic() < end, "inference costs no CPU time"
        assert fetch(connected, metric)[0][0] > 0


def test_as_in_23ai_each_statement_waits_for_its_redo(tmp_path_factory: pytest.TempPathFactory) -> None:
    directory = tmp_path_factory.mktemp("dml") / "databases"
    made = Cluster.create(directory, standbys=["sby1"], dba_password=DBA_PASSWORD, redirect_wait="dml")
    try:
        made.start()
        with at(made, "prim", "system", DBA_PASSWORD) as connected:
            run(connected, "create table t (a number primary key)")
        made.levers("sby1").lag(0.7)
        with at(made, "sby1", "system", DBA_PASSWORD) as connected, at(made, "prim", "system", DBA_PASSWORD) as other:
            run(connected, "alter session sync with primary")
            run(other, "insert into t values (1)", "commit")
            start = time.monotonic()
            run(connected, "insert into t values (2)")
            assert time.monotonic() - start > 0.3
            connected.commit()
            assert fetch(connected, "select a from t order by a") == [(1,), (2,)]
    finally:
        made.stop()
