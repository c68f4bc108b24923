from __future__ import annotations

import time
from collections.abc import Iterator

import oracledb
import pytest

from tests.fix_emulator import OWNER_PASSWORD, Owner, Primary, code_of, fetch, run


@pytest.fixture
def dba(primary: Primary) -> Iterator[oracledb.Connection]:
    with primary.dba() as connected:
        yield connected


def _statistic(dba: oracledb.Connection, connected: oracledb.Connection, name: str) -> int:
    query = (
        "select s.value from v$sesstat s, v$statname n where s.sid = :1 and s.statistic# = n.statistic# and n.name = :2"
    )
    value: int = fetch(dba, query, connected.session_id, name)[0][0]
    return value


def test_an_idle_session_that_is_killed_is_dead_for_its_client(
    dba: oracledb.Connection, connection: oracledb.Connection
) -> None:
    run(connection, "create table held (id number primary key)", "insert into held values (1)")
    run(dba, f"alter system kill session '{connection.session_id},{connection.serial_num}'")
    with pytest.raises(oracledb.DatabaseError) as caught:
        fetch(connection, "select 1 from dual")
    assert caught.value.args[0].full_code == "DPY-4011"
    assert caught.value.args[0].isrecoverable


def test_a_killed_sessions_changes_and_locks_are_gone(owner: Owner, dba: oracledb.Connection) -> None:
    with owner.connect() as other:
        run(other, "create table held (id number primary key)")
        with owner.connect() as killed:
            run(killed, "insert into held values (1)")
            run(dba, f"alter system kill session '{killed.session_id},{killed.serial_num}' immediate")
            other.call_timeout = 10_000
            run(other, "insert into held values (1)")  # would wait for the killed session's key
            assert fetch(other, "select count(*) from held") == [(1,)]
            with pytest.raises(oracledb.DatabaseError):
                killed.commit()


def test_a_session_that_does_not_exist_cannot_be_killed(
    dba: oracledb.Connection, connection: oracledb.Connection
) -> None:
    with pytest.raises(oracledb.DatabaseError, match="ORA-00030"):
        run(dba, f"alter system kill session '{connection.session_id},70000'")
    with pytest.raises(oracledb.DatabaseError, match="ORA-00027"):
        run(dba, f"alter system kill session '{dba.session_id},{dba.serial_num}'")
    with pytest.raises(oracledb.DatabaseError, match="ORA-01031"):
        run(connection, f"alter system kill session '{dba.session_id},{dba.serial_num}'")


def test_a_session_counts_its_round_trips_and_parses(dba: oracledb.Connection, connection: oracledb.Connection) -> None:
    trips, parses = "SQL*Net roundtrips to/from client", "parse count (total)"
    before = _statistic(dba, connection, trips), _statistic(dba, connection, parses)
    for _ in range(3):
        fetch(connection, "select 'counted' from dual")
    assert _statistic(dba, connection, trips) - before[0] == 3
    assert _statistic(dba, connection, parses) - before[1] == 1  # the driver keeps the statement


def test_sleep_ends_with_the_calls_time_limit(connection: oracledb.Connection) -> None:
    connection.call_timeout = 200
    begun = time.monotonic()
    with connection.cursor() as cursor, pytest.raises(oracledb.DatabaseError, match="DPY-4024"):
        cursor.callproc("dbms_session.sleep", [30])
    assert time.monotonic() - begun < 10
    connection.call_timeout = 0
    assert fetch(connection, "select 1 from dual") == [(1,)]


def test_a_session_that_is_killed_while_idle_learns_it_from_its_next_call(
    owner: Owner, dba: oracledb.Connection
) -> None:
    pool = oracledb.create_pool(user=owner.name, password=OWNER_PASSWORD, dsn=owner.dsn, min=1, max=1)
    with pool.acquire() as connected:
        run(dba, f"alter system kill session '{connected.session_id},{connected.serial_num}'")
    with pool.acquire() as connected, pytest.raises(oracledb.DatabaseError, match="DPY-4011") as caught:
        fetch(connected, "select 1 from dual")
    assert code_of(caught.value) == 28
    with pool.acquire() as connected:
        assert fetch(connected, "select 1 from dual") == [(1,)]
    pool.close(force=True)


def test_what_the_client_says_of_itself_is_in_the_sessions_view(owner: Owner, dba: oracledb.Connection) -> None:
    with owner.connect(program="prog", machine="mach", terminal="term", osuser="somebody") as connected:
        query = "select program, machine, terminal, osuser from v$session where sid = :1"
        assert fetch(dba, query, connected.session_id) == [("prog", "mach", "term", "somebody")]
        query = "select client_driver from v$session_connect_info where sid = :1"
        assert "python-oracledb" in fetch(dba, query, connected.session_id)[0][0]


def test_the_application_context_can_be_changed_and_cleared(connection: oracledb.Connection) -> None:
    query = "select sys_context('CLIENTCONTEXT', 'A'), sys_context('CLIENTCONTEXT', 'B') from dual"
    connection.set_app_context("CLIENTCONTEXT", A="1")
    connection.set_app_context("CLIENTCONTEXT", B="2")
    assert fetch(connection, query) == [("1", "2")]
    connection.clear_app_context("CLIENTCONTEXT")
    assert fetch(connection, query) == [(None, None)]
    connection.set_app_context("SOMETHING_ELSE", A="1")
    with pytest.raises(oracledb.DatabaseError, match="ORA-28267"):
        connection.ping()
    connection.ping()


def test_a_password_can_be_changed_while_logging_on(owner: Owner) -> None:
    owner.connect(newpassword="the-next-one").close()
    with pytest.raises(oracledb.DatabaseError, match="ORA-01017"):
        owner.connect()
    oracledb.connect(user=owner.name, password="the-next-one", dsn=owner.dsn).close()


def test_the_application_context_of_the_logon_is_there_to_be_asked_for(owner: Owner) -> None:
    context = [("CLIENTCONTEXT", "COLOUR", "blue"), ("CLIENTCONTEXT", "SIZE", "12"), ("OTHER", "COLOUR", "red")]
    with owner.connect(appcontext=context) as connected:
        query = "select sys_context(:1, :2) from dual"
        assert fetch(connected, query, "clientcontext", "colour") == [("blue",)]
        assert fetch(connected, query, "CLIENTCONTEXT", "SIZE") == [("12",)]
        assert fetch(connected, query, "OTHER", "COLOUR") == [("red",)]
        assert fetch(connected, query, "CLIENTCONTEXT", "SHAPE") == [(None,)]


def test_a_proxy_acts_for_those_who_allow_it(owner: Owner, dba: oracledb.Connection, primary: Primary) -> None:
    proxy = f"{owner.name}_PROXY"
    run(dba, f'create user {proxy} identified by "{OWNER_PASSWORD}"', f"grant create session to {proxy}")
    for step in ("refused", "granted", "revoked"):
        if step == "granted":
            run(dba, f"alter user {owner.name} grant connect through {proxy}")
            with oracledb.connect(user=f"{proxy}[{owner.name}]", password=OWNER_PASSWORD, dsn=primary.dsn) as connected:
                query = "select user, sys_context('userenv', 'proxy_user') from dual"
                assert fetch(connected, query) == [(owner.name, proxy)]
            run(dba, f"alter user {owner.name} revoke connect through {proxy}")
        else:
            with pytest.raises(oracledb.DatabaseError) as caught:
                oracledb.connect(user=f"{proxy}[{owner.name}]", password=OWNER_PASSWORD, dsn=primary.dsn)
            assert code_of(caught.value) == 28150
    run(dba, f"drop user {proxy} cascade")


def test_a_password_that_is_too_long_is_refused_and_the_old_one_stays(owner: Owner) -> None:
    with owner.connect() as connected, pytest.raises(oracledb.DatabaseError, match="ORA-28218"):
        connected.changepassword(OWNER_PASSWORD, "1" * 1025)
    owner.connect().close()


def test_an_empty_lob_is_not_null(connection: oracledb.Connection) -> None:
    run(connection, "create table notes (id number(9), note clob not null)")
    with connection.cursor() as cursor:
        cursor.execute("insert into notes values (1, :note)", note=connection.createlob(oracledb.DB_TYPE_CLOB))
        cursor.execute("select note from notes where note is not null")
        (lob,) = cursor.fetchone()
        assert (lob.read(), lob.size()) == ("", 0)
