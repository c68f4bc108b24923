"""Users whose names only stand in quotes."""

from __future__ import annotations

import oracledb

from tests.fix_emulator import OWNER_PASSWORD, Primary, fetch, run


def test_a_user_whose_name_begins_with_an_underscore_can_commit(primary: Primary) -> None:
    with primary.dba() as dba:
        run(
            dba,
            f'create user "_low" identified by "{OWNER_PASSWORD}" quota unlimited on users',
            'grant create session, create table to "_low"',
        )
        with oracledb.connect(user='"_low"', password=OWNER_PASSWORD, dsn=primary.dsn) as connected:
            run(connected, "create table items (id number)", "insert into items values (1)", "commit")
            assert fetch(connected, "select id from items") == [(1,)]
        run(dba, 'drop user "_low" cascade')
