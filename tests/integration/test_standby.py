"""A primary and two standbys in processes of their own: redo, roles, redirection, faults."""

from __future__ import annotations

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


@pytest.mark.parametrize(("name", "service"), [("prim", "mypdb_ro"), ("sby1", "mypdb_rw")])
def test_a_service_belongs_to_a_role(schema: Cluster, name: str, service: str) -> None:
    with pytest.raises(oracledb.DatabaseError, match="ORA-12514"):
        oracledb.connect(user="adgvec", password=OWNER_PASSWORD, dsn=schema.instances[name].dsn(service))


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
