"""DBMS_PARALLEL_EXECUTE on a primary: chunks, sessions side by side, and what is done again after an error."""

from __future__ import annotations

import oracledb
import pytest

from tests.fix_emulator import Owner, Primary, code_of, fetch, run

_CHUNKS = "select chunk_id, status, start_id, end_id from user_parallel_execute_chunks order by chunk_id"


@pytest.fixture
def numbers(primary: Primary, owner: Owner, connection: oracledb.Connection) -> oracledb.Connection:
    with primary.dba() as dba, dba.cursor() as cursor:
        cursor.execute(f"grant create job to {owner.name}")
    run(
        connection,
        "create table numbers (id number primary key, doubled number, session_id number)",
        "begin for i in 1..25 loop insert into numbers (id) values (i); end loop; commit; end;",
        "begin dbms_parallel_execute.create_task('doubling', 'an example'); end;",
    )
    return connection


def _chunk_by_column(connected: oracledb.Connection, owner: str, size: int) -> None:
    with connected.cursor() as cursor:
        cursor.execute(
            "begin dbms_parallel_execute.create_chunks_by_number_col("
            "'doubling', :owner, 'NUMBERS', 'ID', :chunk); end;",
            owner=owner,
            chunk=size,
        )


def _run_task(connected: oracledb.Connection, statement: str, level: int) -> None:
    with connected.cursor() as cursor:
        cursor.execute(
            "begin dbms_parallel_execute.run_task(task_name => 'doubling', sql_stmt => :text, "
            "language_flag => dbms_sql.native, parallel_level => :degree); end;",
            text=statement,
            degree=level,
        )


def _task_status(connected: oracledb.Connection) -> list[tuple[object, ...]]:
    return fetch(connected, "select status, chunk_type, number_column, task_comment from user_parallel_execute_tasks")


def test_sessions_of_their_own_work_on_the_chunks(numbers: oracledb.Connection, owner: Owner) -> None:
    _chunk_by_column(numbers, owner.name, 10)
    assert fetch(numbers, _CHUNKS) == [(1, "UNASSIGNED", 1, 10), (2, "UNASSIGNED", 11, 20), (3, "UNASSIGNED", 21, 25)]
    assert _task_status(numbers) == [("CHUNKED", "NUMBER_RANGE", "ID", "an example")]
    # Each chunk waits until the sessions of the two others have begun theirs: one session alone would never end.
    run(
        numbers,
        "create table begun (session_id number primary key)",
        """create or replace procedure double_chunk (p_first number, p_last number) as
             own number := to_number(sys_context('userenv', 'sid'));
             others number := 0;
           begin
             insert into begun values (own);
             commit;
             while others < 3 loop
               select count(*) into others from begun;
             end loop;
             update numbers set doubled = id * 2, session_id = own where id between p_first and p_last;
           end;""",
    )
    _run_task(numbers, "begin double_chunk(:start_id, :end_id); end;", 3)
    assert _task_status(numbers)[0][0] == "FINISHED"
    assert fetch(numbers, "select count(*), sum(doubled), count(distinct session_id) from numbers") == [(25, 650, 3)]
    jobs = fetch(numbers, "select count(distinct job_name), count(end_ts) from user_parallel_execute_chunks")
    assert jobs == [(3, 3)]


def test_a_failed_chunk_is_undone_and_can_be_resumed(numbers: oracledb.Connection, owner: Owner) -> None:
    _chunk_by_column(numbers, owner.name, 10)
    statement = (
        "begin update numbers set doubled = id * 2 where id between :start_id and :end_id; "
        "if :end_id = 20 and :start_id = 11 then raise_application_error(-20001, 'not this one'); end if; end;"
    )
    _run_task(numbers, statement, 2)
    assert _task_status(numbers)[0][0] == "FINISHED_WITH_ERROR"
    failed = (
        "select start_id, error_code, substr(error_message, 1, 23) from user_parallel_execute_chunks "
        "where status = 'PROCESSED_WITH_ERROR'"
    )
    assert fetch(numbers, failed) == [(11, -20001, "ORA-20001: not this one")]
    assert fetch(numbers, "select count(doubled) from numbers") == [(15,)]
    run(
        numbers,
        "begin dbms_parallel_execute.resume_task('doubling', 'update numbers set doubled = id * 2 "
        "where id between :start_id and :end_id', dbms_sql.native, parallel_level => 0); end;",
    )
    assert fetch(numbers, "select count(doubled) from numbers") == [(25,)]
    with numbers.cursor() as cursor:
        status = cursor.callfunc("dbms_parallel_execute.task_status", int, ["doubling"])
    assert status == 6


def test_chunks_come_from_a_query_too(numbers: oracledb.Connection) -> None:
    query = (
        "select min(id), max(id) from (select id, rownum r from (select id from numbers order by id)) "
        "group by trunc((r - 1) / 12) order by 1"
    )
    run(
        numbers,
        f"begin dbms_parallel_execute.create_chunks_by_sql('doubling', '{query}', by_rowid => false); end;",
    )
    assert [row[2:] for row in fetch(numbers, _CHUNKS)] == [(1, 12), (13, 24), (25, 25)]
    run(numbers, "begin dbms_parallel_execute.drop_task('doubling'); end;")
    assert fetch(numbers, _CHUNKS) == []
    assert _task_status(numbers) == []


def test_chunks_can_be_ranges_of_rowids(numbers: oracledb.Connection, owner: Owner) -> None:
    run(
        numbers,
        f"begin dbms_parallel_execute.create_chunks_by_rowid('doubling', '{owner.name}', 'NUMBERS', true, 10); end;",
    )
    assert fetch(numbers, "select count(start_rowid), count(start_id) from user_parallel_execute_chunks") == [(3, 0)]
    _run_task(numbers, "update numbers set doubled = nvl(doubled, id) * 2 where rowid between :start_id and :end_id", 2)
    assert fetch(numbers, "select count(*), sum(doubled) from numbers") == [(25, 650)]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("dbms_parallel_execute.create_task('doubling')", 29497),
        ("dbms_parallel_execute.drop_task('nothing')", 29498),
        ("dbms_parallel_execute.run_task('doubling', 'begin null; end;', dbms_sql.native)", 29494),
        ("dbms_parallel_execute.resume_task('doubling')", 29495),
        ("dbms_parallel_execute.create_chunks_by_number_col('doubling', user, 'NOTHING', 'ID', 5)", 29491),
        ("dbms_parallel_execute.create_chunks_by_rowid('doubling', user, 'NUMBERS', false, 5)", 3001),
    ],
)
def test_what_is_wrong_has_oracles_code(numbers: oracledb.Connection, call: str, code: int) -> None:
    with pytest.raises(oracledb.DatabaseError) as caught:
        run(numbers, f"begin {call}; end;")
    assert code_of(caught.value) == code


def test_its_exceptions_have_names(numbers: oracledb.Connection) -> None:
    run(
        numbers,
        "begin dbms_parallel_execute.create_task('doubling'); "
        "exception when dbms_parallel_execute.duplicate_task_name then null; end;",
    )


def test_jobs_need_a_privilege(connection: oracledb.Connection) -> None:
    run(
        connection,
        "begin dbms_parallel_execute.create_task('t'); "
        "dbms_parallel_execute.create_chunks_by_sql('t', 'select 1, 2 from dual', false); end;",
    )
    with pytest.raises(oracledb.DatabaseError) as caught:
        run(
            connection,
            "begin dbms_parallel_execute.run_task('t', 'begin null; end;', dbms_sql.native, parallel_level => 2); end;",
        )
    assert code_of(caught.value) == 27486
