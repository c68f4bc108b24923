"""What the fleet needs of DML redirection: where it goes, what a session sees of it, what is refused."""

from __future__ import annotations

import array
from collections.abc import Callable

import oracledb
import pytest

from fleet.dataguard import APPLYING, EMBEDDING_ROLES, age_of, seconds_of
from fleet.statements import statement
from tests.contract.servers import Pair, said
from tests.fix_emulator import code_of, fetch, run

_IDS = "select id from pictures order by id"
_STORE = "insert into picture_embeddings (id, embedding) values (:1, :2)"


def vector() -> array.array[float]:
    return array.array("f", [0.5] * 4)


def refusal(action: Callable[[], object]) -> oracledb.DatabaseError:
    with pytest.raises(oracledb.DatabaseError) as caught:
        action()
    return caught.value


def ids(connected: oracledb.Connection) -> list[int]:
    return [number for (number,) in fetch(connected, _IDS)]


# ---------------------------------------------------------------------- where it goes


def test_a_standby_is_read_only_until_dml_is_redirected(tables: Pair, prim: oracledb.Connection) -> None:
    with tables.standby(redirect=False) as connected:
        run(connected, "alter session disable adg_redirect_dml")
        assert code_of(refusal(lambda: run(connected, "insert into pictures (id) values (1)"))) == 16000
        assert code_of(refusal(lambda: run(connected, "create table adgfleet_t (a number)"))) == 16000
        run(connected, "alter session enable adg_redirect_dml")
        run(connected, "insert into pictures (id) values (1)")
        connected.commit()
        assert ids(connected) == [1]
    assert ids(prim) == [1]


def test_after_commit_the_session_sees_its_own_rows_at_once(standby: oracledb.Connection) -> None:
    for number in range(10):
        run(standby, f"insert into pictures (id) values ({number})")
        standby.commit()
        assert fetch(standby, "select count(*) from pictures") == [(number + 1,)]


@pytest.mark.unverified("own-read")
def test_own_read_a_transaction_sees_its_changes_and_nobody_else_does(
    tables: Pair, prim: oracledb.Connection, standby: oracledb.Connection
) -> None:
    run(prim, "insert into pictures (id) values (1)", "insert into pictures (id) values (2)", "commit")
    tables.settle()
    with tables.standby() as other:
        run(standby, "insert into pictures (id) values (3)")
        assert ids(standby) == [1, 2, 3]
        run(standby, "update pictures set img_size = 9 where id = 3", "delete from pictures where id = 1")
        assert fetch(standby, "select id, img_size from pictures order by id") == [(2, None), (3, 9)]
        query = "select p.id from pictures p left join picture_embeddings e on e.id = p.id where e.id is null"
        assert sorted(fetch(standby, query)) == [(2,), (3,)]
        assert ids(other) == [1, 2]
        assert ids(prim) == [1, 2]
        standby.rollback()
        assert ids(standby) == [1, 2]


@pytest.mark.unverified("own-read")
def test_own_read_in_plsql(standby: oracledb.Connection) -> None:
    block = """
        declare n number;
        begin
          insert into pictures (id) values (1);
          select count(*) into n from pictures;
          :result := n;
        end;"""
    with standby.cursor() as cursor:
        result = cursor.var(int)
        cursor.execute(block, result=result)
        assert result.getvalue() == 1
    standby.rollback()


def test_uncommitted_rows_of_a_session_that_ends_are_nobodys(tables: Pair, prim: oracledb.Connection) -> None:
    connected = tables.standby()
    run(connected, "insert into pictures (id) values (1)")
    assert ids(prim) == []
    connected.close()
    with tables.standby() as other:
        run(other, "insert into pictures (id) values (1)")
        other.commit()


@pytest.mark.unverified("savepoint")
def test_savepoint_and_rollback_reach_the_primary(standby: oracledb.Connection) -> None:
    run(standby, "insert into pictures (id) values (1)", "savepoint a", "insert into pictures (id) values (2)")
    run(standby, "rollback to a", "insert into pictures (id) values (3)")
    standby.commit()
    run(standby, "insert into pictures (id) values (4)")
    standby.rollback()
    assert ids(standby) == [1, 3]


# ---------------------------------------------------------------------- what is refused


@pytest.mark.unverified("duplicate-code")
def test_duplicate_code_arrives(standby: oracledb.Connection, observe: Callable[[str], None]) -> None:
    run(standby, "insert into pictures (id) values (1)", "insert into picture_embeddings (id) values (1)")
    standby.commit()
    error = refusal(lambda: run(standby, "insert into picture_embeddings (id) values (1)"))
    observe(said(error))
    assert "ORA-00001" in str(error)


@pytest.mark.unverified("parent-code")
def test_parent_code_arrives(standby: oracledb.Connection, observe: Callable[[str], None]) -> None:
    error = refusal(lambda: run(standby, "insert into picture_embeddings (id) values (1)"))
    observe(said(error))
    assert "ORA-02291" in str(error)


@pytest.mark.unverified("client-array")
def test_client_array_reports_each_refused_row(prim: oracledb.Connection, standby: oracledb.Connection) -> None:
    with prim.cursor() as cursor:
        cursor.executemany("insert into pictures (id) values (:1)", [(1,), (2,), (3,)])
    prim.commit()
    with standby.cursor() as cursor:
        rows = [(number, vector()) for number in (1, 99, 2, 1)]
        cursor.executemany(_STORE, rows, batcherrors=True)
        errors = [(error.offset, error.code) for error in cursor.getbatcherrors() or []]
        standby.commit()
    assert errors == [(1, 2291), (3, 1)]
    assert fetch(standby, "select id, embedding from picture_embeddings order by id") == [(1, vector()), (2, vector())]


@pytest.mark.unverified("call-timeout")
def test_call_timeout_of_a_redirected_call_that_waits(prim: oracledb.Connection, standby: oracledb.Connection) -> None:
    run(prim, "insert into pictures (id) values (1)")
    standby.call_timeout = 400
    assert "DPY-4024" in str(refusal(lambda: run(standby, "insert into pictures (id) values (1)")))
    standby.call_timeout = 0
    prim.rollback()
    run(standby, "insert into pictures (id) values (1)")
    standby.commit()


@pytest.mark.unverified("definer")
def test_definer_another_users_procedure_cannot_redirect_its_dml(
    tables: Pair, prim: oracledb.Connection, observe: Callable[[str], None]
) -> None:
    if tables.dba_password is None:
        pytest.skip("needs ADG_TEST_ORACLE_DBA_USER and ADG_TEST_ORACLE_DBA_PASSWORD")
    caller, password = "ADGFLEET_CALLER", "Caller_1_secret"
    run(prim, "create or replace procedure adgfleet_put is begin insert into pictures (id) values (1); end;")
    with tables.dba() as dba:
        run(dba, f'create user {caller} identified by "{password}"', f"grant create session to {caller}")
        try:
            run(dba, f"grant execute on {tables.user}.adgfleet_put to {caller}")
            tables.settle()
            with tables.standby() as owner:
                run(owner, "begin adgfleet_put; end;")
                owner.rollback()
            with tables.standby(user=caller, password=password) as connected:
                error = refusal(lambda: run(connected, f"begin {tables.user}.adgfleet_put; end;"))
            observe(said(error))
            assert "ORA-16397" in str(error)
        finally:
            run(dba, f"drop user {caller} cascade")
            run(prim, "drop procedure adgfleet_put")


@pytest.mark.unverified("redirected-block")
def test_redirected_block_runs_on_the_primary_and_takes_no_binds(
    prim: oracledb.Connection, standby: oracledb.Connection
) -> None:
    run(standby, "alter session enable adg_redirect_plsql")
    with standby.cursor() as cursor:
        block = "begin insert into pictures (id) values (:1); end;"
        assert "ORA-16397" in str(refusal(lambda: cursor.execute(block, [1])))
    run(standby, "begin insert into pictures (id) values (1); end;")
    assert ids(standby) == [1]
    assert ids(prim) == []
    standby.commit()
    assert ids(standby) == [1]


@pytest.mark.unverified("packages")
@pytest.mark.parametrize("package", ["dbms_scheduler.create_job('j')", "dbms_parallel_execute.create_task('t')"])
def test_packages_for_parallel_work_are_refused(
    standby: oracledb.Connection, observe: Callable[[str], None], package: str
) -> None:
    error = refusal(lambda: run(standby, f"begin {package}; end;"))
    observe(f"{package}: {said(error)}")
    assert "ORA-16000" in str(error)


# ---------------------------------------------------------------------- what it says of itself


@pytest.mark.unverified("role-context")
def test_role_context_names_role_and_database(
    prim: oracledb.Connection, standby: oracledb.Connection, observe: Callable[[str], None]
) -> None:
    query = "select sys_context('userenv', 'database_role'), sys_context('userenv', 'db_unique_name') from dual"
    (primary_role, primary_name), (standby_role, standby_name) = fetch(prim, query)[0], fetch(standby, query)[0]
    observe(f"{primary_role} {primary_name}, {standby_role} {standby_name}")
    assert primary_role == "PRIMARY"
    assert standby_role in EMBEDDING_ROLES
    assert primary_name
    assert standby_name not in {None, primary_name}


def test_views_say_role_and_open_mode(prim: oracledb.Connection, standby: oracledb.Connection) -> None:
    query = "select database_role, open_mode from v$database"
    assert fetch(prim, query) == [("PRIMARY", "READ WRITE")]
    role, mode = fetch(standby, query)[0]
    assert (role in EMBEDDING_ROLES, mode) == (True, APPLYING)


@pytest.mark.unverified("lag-view")
def test_lag_view_is_written_as_the_guard_reads_it(
    standby: oracledb.Connection, observe: Callable[[str], None]
) -> None:
    found = fetch(standby, statement("apply_lag"))
    observe(str(found))
    value, computed, datum = found[0]
    assert 0 <= (seconds_of(value) or 0.0) < 60
    assert seconds_of(value) is not None
    assert 0 <= age_of(computed, datum) < 30
