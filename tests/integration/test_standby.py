"""A primary and two standbys in processes of their own: redo, roles, redirection, faults."""

from __future__ import annotations

import array
import time
from collections.abc import Callable

import oracledb
import pytest

from emulator.cluster import Cluster
from tests.fix_emulator import DBA_PASSWORD, OWNER_PASSWORD, code_of, fetch, run

_DEADLINE = 20.0


@pytest.fixture(scope="module")
def schema(cluster: Cluster) -> Cluster:
    with dba(cluster) as connected:
        run(
            connected,
            f'create user adgvec identified by "{OWNER_PASSWORD}" quota unlimited on users',
            "grant create session, create table, create procedure to adgvec",
        )
    with primary(cluster) as connected:
        run(
            connected,
            "create table pictures (id number primary key, img_size number, img blob)",
            "create table vectors (id number primary key references pictures (id), v vector(2, float32))",
        )
    wait_until(cluster, "sby1", "select count(*) from user_tables", 2)
    wait_until(cluster, "sby2", "select count(*) from user_tables", 2)
    return cluster


@pytest.fixture
def empty(schema: Cluster) -> Cluster:
    with primary(schema) as connected:
        run(connected, "delete from vectors", "delete from pictures", "commit")
    for name in ("sby1", "sby2"):
        wait_until(schema, name, "select count(*) from pictures", 0)
    return schema


def dba(cluster: Cluster) -> oracledb.Connection:
    dsn = cluster.instances["prim"].dsn("mypdb_rw")
    return oracledb.connect(user="system", password=DBA_PASSWORD, dsn=dsn)


def primary(cluster: Cluster) -> oracledb.Connection:
    dsn = cluster.instances["prim"].dsn("mypdb_rw")
    return oracledb.connect(user="adgvec", password=OWNER_PASSWORD, dsn=dsn)


def standby(cluster: Cluster, name: str = "sby1", *, redirect: bool = True) -> oracledb.Connection:
    dsn = cluster.instances[name].dsn("mypdb_ro")
    connected = oracledb.connect(user="adgvec", password=OWNER_PASSWORD, dsn=dsn)
    if redirect:
        run(connected, "alter session enable adg_redirect_dml")
    return connected


def wait_until(cluster: Cluster, name: str, query: str, wanted: object) -> None:
    end = time.monotonic() + _DEADLINE
    while True:
        try:
            with standby(cluster, name, redirect=False) as connected:
                found = fetch(connected, query)[0][0]
        except oracledb.DatabaseError as error:
            found = error
        if found == wanted:
            return
        assert time.monotonic() < end, f"{name}: {query} is {found}, not {wanted}"
        time.sleep(0.02)


def code_raised(action: Callable[[], object]) -> int:
    with pytest.raises(oracledb.DatabaseError) as caught:
        action()
    return code_of(caught.value)


def test_each_database_knows_its_role(schema: Cluster) -> None:
    query = (
        "select sys_context('userenv', 'database_role'), sys_context('userenv', 'db_unique_name'), open_mode "
        "from v$database"
    )
    with dba(schema) as connected:
        assert fetch(connected, query) == [("PRIMARY", "prim", "READ WRITE")]
    with standby(schema, "sby2") as connected:
        assert fetch(connected, query) == [("PHYSICAL STANDBY", "sby2", "READ ONLY WITH APPLY")]


@pytest.mark.parametrize(("name", "service"), [("prim", "mypdb_ro"), ("sby1", "mypdb_rw")])
def test_a_service_belongs_to_a_role(schema: Cluster, name: str, service: str) -> None:
    with pytest.raises(oracledb.DatabaseError, match="ORA-12514"):
        oracledb.connect(user="adgvec", password=OWNER_PASSWORD, dsn=schema.instances[name].dsn(service))


def test_a_standby_is_read_only_until_dml_is_redirected(empty: Cluster) -> None:
    with standby(empty, redirect=False) as connected:
        assert code_raised(lambda: run(connected, "insert into pictures (id) values (1)")) == 16000
        assert code_raised(lambda: run(connected, "create table t (a number)")) == 16000
        run(connected, "alter session enable adg_redirect_dml")
        run(connected, "insert into pictures (id) values (1)")
        assert code_raised(lambda: run(connected, "create table t (a number)")) == 16000
        connected.commit()
        assert fetch(connected, "select id from pictures") == [(1,)]
    with primary(empty) as connected:
        assert fetch(connected, "select id from pictures") == [(1,)]


def test_after_commit_the_session_sees_its_own_rows_at_once(empty: Cluster) -> None:
    with standby(empty) as connected:
        for number in range(20):
            run(connected, f"insert into pictures (id) values ({number})")
            connected.commit()
            assert fetch(connected, "select count(*) from pictures") == [(number + 1,)]


def test_uncommitted_redirected_rows_are_nobodys(empty: Cluster) -> None:
    connected = standby(empty)
    run(connected, "insert into pictures (id) values (1)")
    with primary(empty) as other:
        assert fetch(other, "select count(*) from pictures") == [(0,)]
    connected.close()
    with standby(empty, "sby2") as other:
        run(other, "insert into pictures (id) values (1)")
        other.commit()


def test_redirected_arrays_report_each_bad_row_of_the_primary(empty: Cluster) -> None:
    with primary(empty) as connected, connected.cursor() as cursor:
        cursor.executemany("insert into pictures (id) values (:1)", [(1,), (2,), (3,)])
        connected.commit()
    with standby(empty) as connected, connected.cursor() as cursor:
        rows = [(number, array.array("f", [number, 1])) for number in (1, 99, 2, 1)]
        cursor.executemany("insert into vectors values (:1, :2)", rows, batcherrors=True)
        assert [(error.offset, error.code) for error in cursor.getbatcherrors()] == [(1, 2291), (3, 1)]
        connected.commit()
        assert fetch(connected, "select id, v from vectors order by id") == [
            (1, array.array("f", [1, 1])),
            (2, array.array("f", [2, 1])),
        ]


def test_rollback_and_savepoints_reach_the_primary(empty: Cluster) -> None:
    with standby(empty) as connected:
        run(connected, "insert into pictures (id) values (1)", "savepoint a", "insert into pictures (id) values (2)")
        run(connected, "rollback to a", "insert into pictures (id) values (3)")
        connected.commit()
        run(connected, "insert into pictures (id) values (4)")
        connected.rollback()
        assert fetch(connected, "select id from pictures order by id") == [(1,), (3,)]


def test_a_redirected_call_that_waits_ends_at_its_time_limit(empty: Cluster) -> None:
    with primary(empty) as holder, standby(empty) as connected:
        run(holder, "insert into pictures (id) values (1)")
        connected.call_timeout = 400
        with pytest.raises(oracledb.DatabaseError, match="DPY-4024"):
            run(connected, "insert into pictures (id) values (1)")
        connected.call_timeout = 0
        holder.rollback()
        run(connected, "insert into pictures (id) values (1)")
        connected.commit()


def test_a_lag_holds_redo_back_and_shows_in_the_view(empty: Cluster) -> None:
    empty.levers("sby2").lag(3)
    try:
        with primary(empty) as connected:
            run(connected, "insert into pictures (id) values (5)", "commit")
        wait_until(empty, "sby1", "select count(*) from pictures", 1)
        with standby(empty, "sby2") as connected:
            assert fetch(connected, "select count(*) from pictures") == [(0,)]
            end = time.monotonic() + _DEADLINE
            query = "select value from v$dataguard_stats where name = 'apply lag'"
            while fetch(connected, query) == [("+00 00:00:00",)]:
                assert time.monotonic() < end, "the view shows no lag"
        wait_until(empty, "sby2", "select count(*) from pictures", 1)
    finally:
        empty.levers("sby2").lag(0)


def test_a_stopped_apply_keeps_the_old_data_readable(empty: Cluster) -> None:
    empty.levers("sby2").apply(on=False)
    with standby(empty, "sby2") as reader:
        assert fetch(reader, "select open_mode from v$database") == [("READ ONLY",)]
        with primary(empty) as connected:
            run(connected, "insert into pictures (id) values (5)", "commit")
        wait_until(empty, "sby1", "select count(*) from pictures", 1)
        assert fetch(reader, "select count(*) from pictures") == [(0,)]
    empty.levers("sby2").apply(on=True)
    wait_until(empty, "sby2", "select count(*) from pictures", 1)


def test_a_standby_that_was_killed_catches_up(empty: Cluster) -> None:
    empty.kill("sby2")
    with primary(empty) as connected:
        for number in range(30):
            run(connected, f"insert into pictures (id) values ({number})", "commit")
    empty.start(["sby2"])
    wait_until(empty, "sby2", "select count(*) from pictures", 30)


def test_a_lost_primary_is_an_error_and_what_was_committed_stays(empty: Cluster) -> None:
    with standby(empty) as connected:
        run(connected, "insert into pictures (id) values (1)")
        connected.commit()
        run(connected, "insert into pictures (id) values (2)")
        empty.kill("prim")
        assert code_raised(connected.commit) == 16397
        assert code_raised(lambda: run(connected, "insert into pictures (id) values (3)")) == 16397
        assert fetch(connected, "select id from pictures") == [(1,)]
        empty.start(["prim"])
        run(connected, "insert into pictures (id) values (4)")
        connected.commit()
        assert fetch(connected, "select id from pictures order by id") == [(1,), (4,)]


def test_writers_on_all_databases_lose_nothing(empty: Cluster) -> None:
    """Acknowledged commits are all there, everywhere, and only those."""
    connections = [primary(empty), standby(empty, "sby1"), standby(empty, "sby2")]
    for number in range(60):
        connected = connections[number % 3]
        run(connected, f"insert into pictures (id) values ({number})")
        if number % 7 == 0:
            connected.rollback()
        else:
            connected.commit()
    for connected in connections:
        connected.close()
    wanted = sum(number for number in range(60) if number % 7)
    for name in ("sby1", "sby2"):
        wait_until(empty, name, "select sum(id) from pictures", wanted)
