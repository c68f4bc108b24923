"""A disk that is full, here a limit of SQLite's: only what does not fit fails, and nothing stays locked."""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Iterator
from pathlib import Path

import apsw
import oracledb
import pytest

from emulator.auth import make_verifier
from emulator.dataguard.redo_apply import RedoApply
from emulator.dataguard.redo_transport import RedoTransport
from emulator.engine.definitions import bootstrap_statements
from emulator.instance import LINK_USER, prepare_connection
from emulator.ports import free_port
from emulator.store import Store
from tests.fix_emulator import Owner, Primary, fetch, run

_DEADLINE = 20.0
_LARGE = b"x" * 900_000


@contextlib.contextmanager
def full(writer: apsw.Connection) -> Iterator[None]:
    pages = next(writer.execute("pragma page_count"))[0]
    writer.execute(f"pragma max_page_count = {int(pages) + 10}").fetchall()
    try:
        yield
    finally:
        writer.execute("pragma max_page_count = 1073741823").fetchall()


def test_a_statement_that_does_not_fit_is_undone_alone(primary: Primary, owner: Owner) -> None:
    with owner.connect() as connected, owner.connect() as other, connected.cursor() as cursor:
        run(connected, "create table files (id number primary key, content blob)")
        run(connected, "insert into files (id) values (1)")
        with full(primary.instance.store.writer), pytest.raises(oracledb.DatabaseError, match="ORA-01653"):
            cursor.execute("insert into files values (2, :1)", [_LARGE])
        run(connected, "insert into files (id) values (3)")
        connected.commit()
        other.call_timeout = 5000
        run(other, "update files set content = null")
        assert fetch(other, "select id from files order by id") == [(1,), (3,)]
        other.rollback()


def test_a_commit_that_does_not_fit_can_be_rolled_back(primary: Primary, owner: Owner) -> None:
    with owner.connect() as connected, owner.connect() as other, connected.cursor() as cursor:
        run(connected, "create table files (id number primary key, content blob)")
        cursor.execute("insert into files values (1, :1)", [_LARGE])
        with full(primary.instance.store.writer), pytest.raises(oracledb.DatabaseError, match="ORA-30036"):
            connected.commit()
        connected.rollback()
        other.call_timeout = 5000
        run(other, "insert into files (id) values (1)")
        other.rollback()


def make_store(path: Path, *, writable: bool) -> Store:
    verifier = make_verifier("secret")
    Store.create(path, bootstrap_statements(dba=verifier, link=verifier, link_user=LINK_USER))
    return Store(path, on_connect=prepare_connection, writable=writable)


def test_redo_apply_goes_on_when_there_is_space_again(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source, standby = make_store(tmp_path / "prim.db", writable=True), make_store(tmp_path / "sby.db", writable=False)
    port = free_port()
    transport = RedoTransport(source, host="127.0.0.1", port=port, secret="secret", standbys=("sby",))
    apply = RedoApply(standby, name="sby", primary=("127.0.0.1", port), secret="secret")
    source.writer.execute('create table "U.T" (id integer primary key, content blob)').fetchall()
    standby.writer.execute('create table "U.T" (id integer primary key, content blob)').fetchall()
    recording = source.record()
    source.writer.execute("begin immediate").fetchall()
    source.writer.execute('insert into "U.T" values (1, ?)', (_LARGE,)).fetchall()
    data = recording.changeset()
    recording.close()
    source.writer.execute("rollback").fetchall()
    transaction = source.begin()
    transaction.changes.append(data)
    try:
        with full(standby.writer), caplog.at_level(logging.ERROR):
            transport.start()
            apply.start()
            with source.latch:
                scn = source.commit(transaction)
            end = time.monotonic() + _DEADLINE
            while "trying again" not in caplog.text:
                assert not apply.has_diverged
                assert time.monotonic() < end
                with standby.advanced:
                    standby.advanced.wait(0.02)
        apply.wait_for_scn(scn, lambda: None)
        assert list(standby.writer.execute('select id from "U.T"')) == [(1,)]
    finally:
        apply.stop()
        transport.stop()
        standby.close()
        source.close()
