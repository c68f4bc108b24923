"""Rights inside stored units: the owner's own, without those that come by a role."""

from __future__ import annotations

import oracledb
import pytest

from tests.fix_emulator import OWNER_PASSWORD, Owner, Primary, code_of, fetch, run


def test_a_definers_unit_has_no_rights_by_roles(
    primary: Primary, owner: Owner, connection: oracledb.Connection
) -> None:
    run(connection, "create table kept (n number)")
    with primary.dba() as dba:
        run(
            dba,
            "create role readers",
            f'create user reader identified by "{OWNER_PASSWORD}"',
            "grant create session, create procedure, readers to reader",
            f"grant select on {owner.name}.kept to readers",
        )
    unit = f"as n number; begin select count(*) into n from {owner.name}.kept; end;"
    try:
        with oracledb.connect(user="reader", password=OWNER_PASSWORD, dsn=primary.dsn) as reader:
            assert fetch(reader, f"select count(*) from {owner.name}.kept") == [(0,)]
            run(reader, f"begin declare x number; begin select count(*) into x from {owner.name}.kept; end; end;")
            run(reader, f"create or replace procedure counts {unit}")
            assert fetch(reader, "select status from user_objects where object_name = 'COUNTS'") == [("INVALID",)]
            with pytest.raises(oracledb.DatabaseError) as caught:
                run(reader, "begin counts; end;")
            assert code_of(caught.value) == 6550
            with primary.dba() as dba:
                run(dba, f"grant select on {owner.name}.kept to reader")
            run(reader, f"create or replace procedure counts {unit}", "begin counts; end;")
    finally:
        with primary.dba() as dba:
            run(dba, "drop user reader cascade", "drop role readers")
