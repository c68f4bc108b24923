"""DDL of one session beside the statements of others."""

from __future__ import annotations

import threading
from collections import Counter

import oracledb
import pytest

from emulator.engine.prepared import SchemaMovedError
from emulator.store import Store
from tests.fix_emulator import Owner, Primary, code_of, run

_ROUNDS = 60
#: A query or change that meets a table just dropped, just made, or with other columns now.
_HONEST_CODES = {0, 942, 947, 54, 8103}


def test_ddl_beside_queries_and_changes_ends_no_session(owner: Owner) -> None:
    codes: Counter[int] = Counter()
    stop = threading.Event()

    def use(statement: str) -> None:
        with owner.connect() as connected:
            while not stop.is_set():
                try:
                    run(connected, statement, "rollback")
                    codes[0] += 1
                except oracledb.DatabaseError as error:
                    codes[code_of(error)] += 1

    statements = (
        "select a from zz where a > 0",
        "insert into zz values (1)",
        "begin for r in (select a from zz) loop null; end loop; exception when others then raise; end;",
    )
    threads = [threading.Thread(target=use, args=(statement,)) for statement in statements]
    for thread in threads:
        thread.start()
    with owner.connect() as definer:
        for _ in range(_ROUNDS):
            for statement in ("create table zz (a number)", "alter table zz add (b number)", "drop table zz"):
                while True:
                    try:
                        run(definer, statement)
                        break
                    except oracledb.DatabaseError as error:
                        if code_of(error) != 54:
                            raise
    stop.set()
    for thread in threads:
        thread.join()
    assert set(codes) - {6550} <= _HONEST_CODES, codes


def test_a_statement_prepared_for_another_schema_is_not_run(primary: Primary, owner: Owner) -> None:
    store: Store = primary.instance.store
    with owner.connect() as connected:
        run(connected, "create table moved (a number)")
        before = store.catalogue
        run(connected, "drop table moved", "create table moved (b varchar2(10))")
    transaction = store.begin()
    with pytest.raises(SchemaMovedError):
        transaction.query(f'SELECT "A" FROM "{owner.name}.MOVED"', (), before.schema_version)
    snapshot = store.open_snapshot()
    assert snapshot.schema_version == store.catalogue.schema_version != before.schema_version
    snapshot.close()
