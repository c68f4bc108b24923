"""Redirected transactions in trouble: timed-out calls, lost sessions on the primary, savepoints, other schemas."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import oracledb
import pytest

from emulator.cluster import Cluster
from tests.fix_emulator import DBA_PASSWORD, OWNER_PASSWORD, code_of, fetch, run

_DEADLINE = 20.0
_ENDLESS = "begin insert into numbers values ({}); loop null; end loop; end;"


def at(
    cluster: Cluster, name: str = "sby1", user: str = "adgvec", password: str = OWNER_PASSWORD
) -> oracledb.Connection:
    connected = oracledb.connect(user=user, password=password, dsn=cluster.instances[name].dsn("mypdb"))
    run(connected, "alter session enable adg_redirect_dml")
    return connected


@pytest.fixture(scope="module")
def schemas(cluster: Cluster) -> Cluster:
    with at(cluster, "prim", "system", DBA_PASSWORD) as dba:
        for user in ("adgvec", "other"):
            run(
                dba,
                f'create user {user} identified by "{OWNER_PASSWORD}" quota unlimited on users',
                f"grant create session, create table to {user}",
                f"create table {user}.numbers (n number primary key)",
            )
        run(dba, "grant select, insert, delete on other.numbers to adgvec")
    wait_for_user(cluster, "sby1")
    return cluster


def wait_for_user(cluster: Cluster, name: str) -> None:
    """Wait until a standby has applied everything up to the last user's table."""
    end = time.monotonic() + _DEADLINE
    while True:
        try:
            with at(cluster, name) as connected:
                run(connected, "alter session sync with primary")
        except oracledb.DatabaseError:
            assert time.monotonic() < end
            time.sleep(0.02)
        else:
            return


@pytest.fixture
def empty(schemas: Cluster) -> Iterator[Cluster]:
    yield schemas
    schemas.levers("prim").cut_calls(0)
    with at(schemas, "prim") as connected:
        connected.call_timeout = 5000  # a lock that was left over
        run(connected, "delete from numbers", "delete from other.numbers", "commit")


def stored(cluster: Cluster) -> list[int]:
    with at(cluster, "prim") as connected:
        return [n for (n,) in fetch(connected, "select n from numbers order by n")]


def time_out(connected: oracledb.Connection, statement: str) -> None:
    connected.call_timeout = 300
    with pytest.raises(oracledb.DatabaseError, match="DPY-4024"):
        run(connected, statement)
    connected.call_timeout = 0


def code_raised(action: Callable[[], object]) -> int:
    with pytest.raises(oracledb.DatabaseError) as caught:
        action()
    return code_of(caught.value)


def kill_whoever_waits(cluster: Cluster) -> None:
    """End the session on the primary that waits for another one's lock."""
    end = time.monotonic() + _DEADLINE
    with at(cluster, "prim", "system", DBA_PASSWORD) as dba:
        while not (waiting := fetch(dba, "select sid, serial# from v$session where blocking_session is not null")):
            assert time.monotonic() < end, "nobody waits"
        run(dba, "alter system kill session '{},{}' immediate".format(*waiting[0]))


# ---------------------------------------------------------------------- calls that time out


def test_a_timed_out_call_leaves_nothing_for_the_next_commit(empty: Cluster) -> None:
    with at(empty) as connected:
        for first in (10, 20, 30):
            time_out(connected, _ENDLESS.format(first))
            connected.rollback()
            run(connected, f"insert into numbers values ({first + 1})")
            connected.commit()
    assert stored(empty) == [11, 21, 31]


@pytest.mark.parametrize(("end", "expected"), [("commit", [1]), ("rollback", [])])
def test_a_redirected_transaction_can_be_ended_after_a_call_that_timed_out(
    empty: Cluster, end: str, expected: list[int]
) -> None:
    with at(empty) as connected:
        run(connected, "insert into numbers values (1)")
        time_out(connected, _ENDLESS.format(2))
        getattr(connected, end)()
    assert stored(empty) == expected


def test_a_closed_session_frees_its_locks_on_the_primary_after_a_call_that_timed_out(empty: Cluster) -> None:
    connected = at(empty)
    run(connected, "insert into numbers values (1)")
    time_out(connected, "begin loop null; end loop; end;")
    connected.rollback()
    connected.close()
    with at(empty, "prim") as other:
        other.call_timeout = 3000
        run(other, "insert into numbers values (1)")
        other.rollback()


# ---------------------------------------------------------------------- the session on the primary is lost


def test_a_block_that_swallows_the_loss_does_not_commit_its_second_half(empty: Cluster) -> None:
    codes: list[int] = []
    block = """begin
        insert into numbers values (1);
        begin insert into numbers values (2); exception when others then null; end;
        begin insert into numbers values (3); exception when others then null; end;
        commit;
    end;"""
    with at(empty, "prim") as holder, at(empty) as connected:
        run(holder, "insert into numbers values (2)")
        victim = threading.Thread(target=lambda: codes.append(code_raised(lambda: run(connected, block))))
        victim.start()
        kill_whoever_waits(empty)
        victim.join(_DEADLINE)
        holder.rollback()
        assert codes == [16397]
        run(connected, "insert into numbers values (4)")
        connected.commit()
    assert stored(empty) == [4]


def test_a_link_lost_while_nothing_was_open_costs_nothing(empty: Cluster) -> None:
    with at(empty) as connected:
        run(connected, "insert into numbers values (1)")
        connected.commit()
        empty.levers("prim").cut_calls(1, "request")
        run(connected, "insert into numbers values (2)")
        connected.commit()
    assert stored(empty) == [1, 2]


# ---------------------------------------------------------------------- savepoints and calls


def test_a_savepoint_before_the_first_change_undoes_all_of_it(empty: Cluster) -> None:
    with at(empty) as connected:
        run(connected, "savepoint a", "insert into numbers values (1)", "rollback to a")
        run(connected, "insert into numbers values (2)")
        connected.commit()
        assert code_raised(lambda: run(connected, "rollback to a")) == 1086
    assert stored(empty) == [2]


@pytest.mark.parametrize("name", ["prim", "sby1"])
@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("insert into numbers values (2); rollback; insert into numbers values (3);", []),
        ("insert into numbers values (2); commit; insert into numbers values (3);", [1, 2]),
        ("insert into numbers values (2); execute immediate 'begin null; end;';", [1]),
        ("rollback to a; insert into numbers values (2);", [1]),
    ],
    ids=["rollback", "commit", "dynamic block", "rollback to"],
)
def test_a_failing_block_undoes_what_it_did_and_no_more(
    empty: Cluster, name: str, body: str, expected: list[int]
) -> None:
    block = f"begin {body} raise_application_error(-20001, 'mine'); end;"
    with at(empty, name) as connected:
        run(connected, "insert into numbers values (1)", "savepoint a", "insert into numbers values (9)")
        if "rollback to a" not in body:
            run(connected, "rollback to a")
        assert code_raised(lambda: run(connected, block)) == 20001
        connected.commit()
    assert stored(empty) == expected


def test_a_failing_dynamic_block_that_is_caught_undoes_itself_alone(empty: Cluster) -> None:
    inner = "begin insert into numbers values (2); raise_application_error(-20001, ''mine''); end;"
    with at(empty) as connected:
        run(
            connected,
            f"begin insert into numbers values (1); begin execute immediate '{inner}';"
            " exception when others then null; end; end;",
        )
        connected.commit()
    assert stored(empty) == [1]


# ---------------------------------------------------------------------- the rest of a session's state


def test_redirected_dml_means_the_current_schema_of_its_moment(empty: Cluster) -> None:
    with at(empty) as connected:
        run(connected, "insert into numbers values (1)")
        run(connected, "alter session set current_schema = other", "insert into numbers values (2)")
        run(connected, "alter session set current_schema = adgvec", "insert into numbers values (3)")
        connected.commit()
        assert fetch(connected, "select n from other.numbers") == [(2,)]
    assert stored(empty) == [1, 3]


def test_an_array_that_fails_midway_says_how_many_rows_stand(empty: Cluster) -> None:
    with at(empty) as connected, connected.cursor() as cursor:
        with pytest.raises(oracledb.IntegrityError, match="ORA-00001"):
            cursor.executemany("insert into numbers values (:1)", [[1], [2], [1], [3]])
        assert cursor.rowcount == 2
        assert fetch(connected, "select n from numbers order by n") == [(1,), (2,)]
        connected.commit()
    assert stored(empty) == [1, 2]
