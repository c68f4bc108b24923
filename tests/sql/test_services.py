"""DBMS_SERVICE and triggers that run when the database opens."""

from __future__ import annotations

import time
from collections.abc import Iterator

import oracledb
import pytest

from tests.fix_emulator import DBA_PASSWORD, Primary, code_of, fetch, run

_DEADLINE = 10.0
_NAMES = "select name from v$active_services where name like 'rep%' order by name"


@pytest.fixture
def dba(primary: Primary) -> Iterator[oracledb.Connection]:
    with primary.dba() as connected:
        yield connected
        run(
            connected,
            "begin dbms_service.delete_service('reports'); exception when dbms_service.service_does_not_exist "
            "then null; end;",
        )


def test_a_service_is_offered_while_it_is_started(primary: Primary, dba: oracledb.Connection) -> None:
    run(
        dba,
        "declare p dbms_service.svc_parameter_array; begin p('COMMIT_OUTCOME') := 'true'; p('drain_timeout') := 30; "
        "dbms_service.create_service('reports', 'reports', p); end;",
    )
    assert fetch(dba, _NAMES) == []
    run(dba, "begin dbms_service.start_service('REPORTS'); end;")
    assert fetch(dba, _NAMES) == [("reports",)]
    assert fetch(dba, "select commit_outcome from v$active_services where name = 'reports'") == [("YES",)]
    dsn = f"127.0.0.1:{primary.port}/reports"
    user = oracledb.connect(user="system", password=DBA_PASSWORD, dsn=dsn)
    assert fetch(user, "select sys_context('userenv', 'service_name') from dual") == [("reports",)]
    run(dba, "begin dbms_service.stop_service('reports'); end;")
    with pytest.raises(oracledb.DatabaseError, match=r"DPY-6001|ORA-12514"):
        oracledb.connect(user="system", password=DBA_PASSWORD, dsn=dsn)
    fetch(user, "select 1 from dual")
    run(dba, "begin dbms_service.disconnect_session('reports', dbms_service.immediate); end;")
    with pytest.raises(oracledb.DatabaseError):
        fetch(user, "select 1 from dual")


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("create_service('mypdb_rw', 'mypdb_rw')", 44303),
        ("create_service(null, 'x')", 44301),
        ("start_service('nothing')", 44304),
        ("start_service('mypdb_rw')", 44305),
        ("stop_service('mypdb_ro')", 44311),
        ("modify_service('nothing', null)", 44304),
    ],
)
def test_what_is_wrong_has_oracles_code(dba: oracledb.Connection, call: str, code: int) -> None:
    with pytest.raises(oracledb.DatabaseError) as caught:
        run(dba, f"begin dbms_service.{call}; end;")
    assert code_of(caught.value) == code


def test_services_are_a_dbas(connection: oracledb.Connection) -> None:
    with pytest.raises(oracledb.DatabaseError) as caught:
        run(connection, "begin dbms_service.stop_service('mypdb_rw'); end;")
    assert code_of(caught.value) == 1031


def test_a_trigger_runs_when_the_database_opens(primary: Primary, dba: oracledb.Connection) -> None:
    run(
        dba,
        "create table openings (role varchar2(30))",
        "create or replace trigger note_opening after startup on database "
        "declare v_role varchar2(30) := sys_context('userenv', 'database_role'); "
        "begin insert into openings values (v_role); end;",
    )
    primary.instance.open()
    end = time.monotonic() + _DEADLINE
    while fetch(dba, "select role from openings") != [("PRIMARY",)]:
        assert time.monotonic() < end, "the trigger did not run"
    run(dba, "drop trigger note_opening", "drop table openings")


def test_other_triggers_are_refused_by_name(connection: oracledb.Connection) -> None:
    with pytest.raises(oracledb.DatabaseError, match="CREATE TRIGGER other than AFTER STARTUP"):
        run(connection, "create trigger t before insert on x begin null; end;")


def test_an_invalid_trigger_is_stored_with_its_errors(dba: oracledb.Connection) -> None:
    with dba.cursor() as cursor:
        cursor.execute("create or replace trigger wrong after startup on database begin nosuch; end;")
        assert cursor.warning is not None
    assert fetch(dba, "select type, text from user_errors where name = 'WRONG' and text like 'PLS%'") == [
        ("TRIGGER", "PLS-00201: identifier 'NOSUCH' must be declared")
    ]
    run(dba, "drop trigger wrong")
