"""Rows that exchange the values of their keys: in a transaction that another pushes aside, and in its redo."""

from __future__ import annotations

from pathlib import Path

from emulator.instance import prepare_connection
from emulator.store import Store
from tests.fix_emulator import OWNER_PASSWORD, Owner, fetch, primary_below, run

_EXCHANGES = (
    # in three statements, none of which meets a key: only together they are an exchange
    ("update t set u = 99 where u = 10", "update t set u = 10 where u = 20", "update t set u = 20 where u = 99"),
    ("update t set u = case u when 10 then 20 when 20 then 30 else 10 end",),
    ("update t set id = 4 - id, u = u + 10",),
    ("update t set id = id + 1", "delete from t where id = 4", "insert into t values (1, 40)"),
)


def test_a_standby_applies_keys_that_rows_exchange(tmp_path: Path) -> None:
    with primary_below(tmp_path, "sby.db") as primary, primary.dba() as dba:
        run(
            dba,
            f'create user keys identified by "{OWNER_PASSWORD}" quota unlimited on users',
            "grant create session, create table to keys",
            "alter session set current_schema = keys",
            "create table keys.t (id number primary key, u number unique)",
            "insert into t select level, level * 10 from dual connect by level <= 3",
            "commit",
        )
        standby = Store(tmp_path / "sby.db", on_connect=prepare_connection, writable=False)
        try:
            for statements in _EXCHANGES:
                run(dba, *statements, "commit")
                for record in primary.instance.store.redo_after(standby.scn):
                    standby.apply(record, standby.epoch)
                rows = standby.writer.execute('SELECT * FROM "KEYS.T" ORDER BY 1').fetchall()
                assert rows == primary.instance.store.writer.execute('SELECT * FROM "KEYS.T" ORDER BY 1').fetchall()
                assert standby.scn == primary.instance.store.scn
        finally:
            standby.close()


def test_an_exchange_survives_another_transaction_that_takes_the_writer(owner: Owner) -> None:
    with owner.connect() as connected, owner.connect() as other:
        run(connected, "create table t (id number primary key, u number unique)", "create table s (id number)")
        run(connected, "insert into t select level, level * 10 from dual connect by level <= 3", "commit")
        run(connected, *_EXCHANGES[0])
        run(other, "insert into s values (1)")
        run(connected, "update t set id = id + 10")
        assert fetch(connected, "select id, u from t order by id") == [(11, 20), (12, 10), (13, 30)]
        run(connected, "commit")
        assert fetch(other, "select id, u from t order by id") == [(11, 20), (12, 10), (13, 30)]
