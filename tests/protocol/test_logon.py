"""Who gets in: with the unmodified driver, against a real listener."""

from __future__ import annotations

import oracledb
import pytest

from emulator.server import Server
from tests.fix_emulator import DBA_PASSWORD, OWNER_PASSWORD, Owner, Primary, code_of, fetch, run


@pytest.mark.parametrize(("user", "password"), [("system", "wrong"), ("nobody", "wrong"), ("system", "x" * 1000)])
def test_a_wrong_password_and_an_unknown_user_look_the_same(primary: Primary, user: str, password: str) -> None:
    with pytest.raises(oracledb.DatabaseError) as caught:
        oracledb.connect(user=user, password=password, dsn=primary.dsn)
    assert code_of(caught.value) == 1017


@pytest.mark.parametrize("service", ["nosuch", "mypdb_ro"])
def test_an_unknown_service_and_one_of_another_role_are_refused(primary: Primary, service: str) -> None:
    dsn = f"127.0.0.1:{primary.port}/{service}"
    with pytest.raises(oracledb.DatabaseError, match="DPY-6001") as caught:
        oracledb.connect(user="system", password=DBA_PASSWORD, dsn=dsn)
    assert "ORA-12514" in str(caught.value)


def test_a_user_without_create_session_is_told_so(primary: Primary) -> None:
    with primary.dba() as dba:
        run(dba, 'create user lonely identified by "pw1234"')
    with pytest.raises(oracledb.DatabaseError) as caught:
        oracledb.connect(user="lonely", password="pw1234", dsn=primary.dsn)
    assert code_of(caught.value) == 1045


def test_a_user_can_change_the_password(owner: Owner) -> None:
    with owner.connect() as connected:
        connected.changepassword(OWNER_PASSWORD, "another-one")
    with pytest.raises(oracledb.DatabaseError):
        owner.connect()
    with oracledb.connect(user=owner.name, password="another-one", dsn=owner.dsn) as connected:
        assert fetch(connected, "select user from dual") == [(owner.name,)]


@pytest.mark.parametrize("sdu", [512, 8192, 65535])
def test_any_packet_size_carries_long_values(owner: Owner, sdu: int) -> None:
    text = "é" * 2000
    with oracledb.connect(user=owner.name, password=OWNER_PASSWORD, dsn=f"{owner.dsn}?sdu={sdu}") as connected:
        assert fetch(connected, "select :1 from dual", text) == [(text,)]


@pytest.mark.parametrize(
    ("field_version", "fast_auth", "end_of_response"),
    [(13, False, False), (24, False, False), (24, True, False), (24, True, True)],
)
def test_older_and_newer_layouts_work_alike(
    primary: Primary, field_version: int, fast_auth: bool, end_of_response: bool
) -> None:
    server = Server(primary.instance, field_version=field_version, fast_auth=fast_auth, end_of_response=end_of_response)
    server.start()
    dsn = f"127.0.0.1:{server.port}/mypdb"
    try:
        with oracledb.connect(user="system", password=DBA_PASSWORD, dsn=dsn) as connected:
            connected.ping()
            assert fetch(connected, "select 1, 'a' from dual") == [(1, "a")]
            with pytest.raises(oracledb.DatabaseError, match="ORA-00942"):
                fetch(connected, "select * from nosuch")
    finally:
        server.stop()


def test_a_session_is_seen_with_its_module(primary: Primary, owner: Owner) -> None:
    with owner.connect() as connected, primary.dba() as dba:
        connected.module = "adgfleet test"
        connected.ping()
        rows = fetch(dba, "select module, status from v$session where username = :1", owner.name)
    assert rows == [("adgfleet test", "INACTIVE")]
