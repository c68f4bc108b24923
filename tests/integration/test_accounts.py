"""The accounts of least privilege: a worker account that embeds and nothing else, a search account that only reads."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import oracledb
import pytest

from demo.drawing.album import AlbumPicture, write_album
from demo.preparation import MODELS
from fleet.errors import FleetError
from fleet.sessions import Database, connect
from fleet.settings import Settings
from loader.accounts import Account, create_account
from loader.install import scripts_directory
from loader.models import load_model
from search.service import Page, SearchService
from tests.fix_command import adgfleet_json, clean_environment, command
from tests.fix_emulator import code_of, fetch, run, wait_for_standbys, write_env_file
from tests.fix_redis import RedisServer

_DEADLINE = 60.0
_PICTURES, _BAD = 24, 3
_WORKER, _SEARCH = "worker-secret", "search-secret"


@pytest.fixture(scope="module")
def accounts(installed: Settings, stack_settings: Callable[..., Settings]) -> Settings:
    """The installed cluster with both accounts; the settings are the owner's."""
    settings = stack_settings(worker_password=_WORKER, search_password=_SEARCH)
    for _twice in range(2):
        for role in ("worker", "search"):
            account = Account.checked(settings, role, f"adg{role}")
            create_account(settings, scripts_directory(), account, lambda _line: None)
    wait_for_standbys(settings)
    return settings


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> list[AlbumPicture]:
    return write_album(tmp_path_factory.mktemp("album"), pictures=_PICTURES, bad=_BAD, seed=7)


@pytest.fixture
def prim(accounts: Settings, album: list[AlbumPicture]) -> Iterator[oracledb.Connection]:
    """The owner's session on the primary; the album is loaded, nothing of it embedded."""
    with connect(Database.primary(accounts), module="test") as connected:
        for table in ("picture_embeddings", "embedding_failures", "pictures"):
            run(connected, f"delete from {table}")
        with connected.cursor() as cursor:
            cursor.setinputsizes(None, None, oracledb.DB_TYPE_LONG_RAW)
            rows = [(picture.id, 1, picture.path.read_bytes()) for picture in album]
            cursor.executemany("insert into pictures (id, img_size, img) values (:1, :2, :3)", rows)
        connected.commit()
        wait_for_standbys(accounts)
        yield connected


def log_on(settings: Settings, user: str, database: str) -> oracledb.Connection:
    dsn = settings.require("db_dsn") if database == "primary" else settings.standby_dsn(database)
    return oracledb.connect(user=user, password=_WORKER if user == "adgworker" else _SEARCH, dsn=dsn)


def embed_range(connected: oracledb.Connection) -> list[int]:
    with connected.cursor() as cursor:
        outs = [cursor.var(int) for _ in range(4)]
        cursor.callproc("process_embedding_range", [1, _PICTURES, 8, "ROW", *outs, cursor.var(float)])
        return [out.getvalue() for out in outs]


def refusal(connected: oracledb.Connection, statement: str) -> int:
    with pytest.raises(oracledb.DatabaseError) as caught:
        run(connected, statement)
    connected.rollback()
    return code_of(caught.value)


def test_a_real_worker_does_its_whole_job_as_the_worker_account(
    accounts: Settings, prim: oracledb.Connection, redis_server: RedisServer, tmp_path: Path
) -> None:
    standbys = ",".join(f"{name}={dsn}" for name, dsn in accounts.require("standbys").items())
    common = {
        "db_dsn": accounts.require("db_dsn"),
        "standbys": standbys,
        "redis_url": redis_server.settings().broker_url,
    }
    workers_env = write_env_file(tmp_path / "worker.env", {**common, "db_user": "adgworker", "db_password": _WORKER})
    owners = {"db_user": accounts.require("db_user"), "db_password": accounts.require("db_password")}
    owners_env = write_env_file(tmp_path / "owner.env", {**common, **owners})
    with subprocess.Popen(
        command("--env-file", workers_env, "worker", "sby1"), cwd=tmp_path, env=clean_environment()
    ) as worker:
        try:
            produce = ("produce", "--follow", "--range-size", "5", "--json")
            done = adgfleet_json("--env-file", owners_env, *produce, directory=tmp_path, status=3)
        finally:
            worker.send_signal(signal.SIGTERM)
            assert worker.wait(_DEADLINE) == 0
    assert (done["embedded"], done["failed"], done["pending"]) == (_PICTURES - _BAD, _BAD, 0)
    assert fetch(prim, "select count(*) from picture_embeddings") == [(_PICTURES - _BAD,)]


def test_a_second_failure_is_a_second_row_so_that_insert_suffices(
    accounts: Settings, prim: oracledb.Connection
) -> None:
    with log_on(accounts, "adgworker", "sby2") as worker:
        assert embed_range(worker) == [_PICTURES - _BAD, 0, _BAD, 0]
        run(prim, "update embedding_failures set failed_at = null", "commit")
        wait_for_standbys(accounts)
        assert embed_range(worker) == [0, 0, _BAD, 0]
        assert embed_range(worker) == [0, 0, 0, 0]
    query = "select attempts, count(failed_at) from embedding_failures group by attempts order by attempts"
    assert fetch(prim, query) == [(1, 0), (2, _BAD)]


@pytest.mark.parametrize("database", ["primary", "sby1"])
@pytest.mark.parametrize(
    "statement",
    [
        "delete from adgvec.pictures",
        "delete from adgvec.picture_embeddings",
        "delete from adgvec.embedding_failures",
        "update adgvec.pictures set img = null",
        "update adgvec.picture_embeddings set embedding = null",
        "update adgvec.embedding_failures set failed_at = null",
        "insert into adgvec.pictures (id) values (-1)",
    ],
)
def test_the_worker_account_can_change_nothing_but_what_it_adds(
    accounts: Settings, prim: oracledb.Connection, database: str, statement: str
) -> None:
    with log_on(accounts, "adgworker", database) as worker:
        run(worker, "alter session enable adg_redirect_dml")
        assert refusal(worker, statement) == 1031


@pytest.mark.parametrize("user", ["adgworker", "adgsearch"])
def test_the_accounts_cannot_define_anything_or_read_others_tables(
    accounts: Settings, prim: oracledb.Connection, user: str
) -> None:
    run(prim, "create table if not exists others (a number)")
    try:
        with log_on(accounts, user, "primary") as connected:
            assert refusal(connected, "select * from adgvec.others") == 942
            assert refusal(connected, "drop table adgvec.pictures") in {942, 1031}
            for statement in (
                "create table mine (a number)",
                "create procedure p as begin null; end;",
                "create or replace procedure process_embedding_range as begin null; end;",
                "create synonym s for adgvec.others",
                "create role r",
                "create user u identified by p",
                "alter table adgvec.pictures add (a number)",
                "grant select on adgvec.pictures to public",
                'alter system set "_emulator_apply" = off',
            ):
                assert (statement, refusal(connected, statement)) == (statement, 1031)
    finally:
        run(prim, "drop table others")


def test_the_search_account_finds_and_can_change_nothing(
    accounts: Settings, stack_settings: Callable[..., Settings], prim: oracledb.Connection, album: list[AlbumPicture]
) -> None:
    with log_on(accounts, "adgworker", "sby1") as worker:
        embed_range(worker)
    wait_for_standbys(accounts)
    searching = stack_settings(
        db_user="adgsearch", db_password=_SEARCH, text_model="adgvec.cliptxt", image_model="adgvec.clipimg"
    )
    service = SearchService(searching)
    known = next(picture for picture in album if picture.sketch is not None)
    try:
        assert len(service.by_text("a blue bird", Page(hits=3)).hits) == 3
        assert service.by_picture(known.path.read_bytes(), Page(hits=1)).hits[0].id == known.id
        assert len(service.like(known.id, Page(hits=3)).hits) == 3
    finally:
        service.close()
    with log_on(accounts, "adgsearch", "sby2") as connected:
        assert len(fetch(connected, "select img from pictures where id = 1")) == 1
        run(connected, "alter session enable adg_redirect_dml")
        assert refusal(connected, "select * from adgvec.embedding_failures") == 942
        for statement in (
            "insert into picture_embeddings (id) values (1)",
            "delete from picture_embeddings",
            "update pictures set img = null",
        ):
            assert (statement, refusal(connected, statement)) == (statement, 1031)
        with pytest.raises(oracledb.DatabaseError):
            embed_range(connected)


def test_replacing_a_model_keeps_the_accounts_right_to_it(accounts: Settings, prim: oracledb.Connection) -> None:
    load_model(prim, MODELS / "image.onnx", name="clipimg", input_name="data", replace=True)
    wait_for_standbys(accounts)
    with log_on(accounts, "adgworker", "sby1") as worker:
        assert embed_range(worker)[0] == _PICTURES - _BAD


def test_a_privilege_that_comes_by_a_role_does_not_count_inside_the_procedure(
    accounts: Settings, prim: oracledb.Connection
) -> None:
    dba = connect(Database.primary_as_dba(accounts), module="test")
    run(
        dba,
        "create role readers",
        "grant select on adgvec.pictures to readers",
        "grant readers to adgworker",
        "revoke select on adgvec.pictures from adgworker",
    )
    wait_for_standbys(accounts)
    try:
        with log_on(accounts, "adgworker", "sby1") as worker:
            assert fetch(worker, "select count(*) from adgvec.pictures") == [(_PICTURES,)]
            with pytest.raises(oracledb.DatabaseError):
                embed_range(worker)
    finally:
        run(dba, "grant select on adgvec.pictures to adgworker", "drop role readers")
        dba.close()


@pytest.mark.parametrize(
    ("role", "name", "changes", "said"),
    [
        ("worker", "x;y", {}, "--worker-account"),
        ("worker", "ADGVEC", {}, "owns the pictures"),
        ("search", "adgsearch", {"search_password": 'a"b'}, "SEARCH_PASSWORD"),
        ("search", "adgsearch", {"search_password": ""}, "SEARCH_PASSWORD is not set"),
        ("worker", "adgworker", {"dba_password": ""}, "DBA_PASSWORD is not set"),
    ],
)
def test_an_account_that_cannot_be_created_is_refused_before_anything_is_done(
    stack_settings: Callable[..., Settings], role: str, name: str, changes: dict[str, str], said: str
) -> None:
    given = {"worker_password": _WORKER, "search_password": _SEARCH, **changes}
    with pytest.raises(FleetError, match=said):
        Account.checked(stack_settings(**given), role, name)
