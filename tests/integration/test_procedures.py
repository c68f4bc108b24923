"""The procedures of ``sql/`` under contention, and what they cost; what Oracle must do is in tests/contract."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import oracledb
import pytest

from demo.drawing.album import AlbumPicture, write_album
from fleet.scripts import run_script
from fleet.sessions import Database, connect
from fleet.settings import Settings
from tests.fix_emulator import code_of, fetch, run, wait_for_standbys

_DEADLINE = 30.0
_PICTURES, _BAD = 24, 3


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> list[AlbumPicture]:
    return write_album(tmp_path_factory.mktemp("album"), pictures=_PICTURES, bad=_BAD, seed=7)


@pytest.fixture
def prim(installed: Settings) -> Iterator[oracledb.Connection]:
    """A session on the primary; the tables are empty."""
    with connect(Database.primary(installed), module="test") as connected:
        run(
            connected,
            "delete from picture_embeddings",
            "delete from embedding_failures",
            "delete from pictures",
            "commit",
        )
        yield connected


@pytest.fixture
def sby1(installed: Settings) -> Iterator[oracledb.Connection]:
    with connect(Database.standby(installed, "sby1"), module="test") as connected:
        yield connected


@pytest.fixture
def sby2(installed: Settings) -> Iterator[oracledb.Connection]:
    with connect(Database.standby(installed, "sby2"), module="test") as connected:
        yield connected


def load(settings: Settings, connected: oracledb.Connection, pictures: list[AlbumPicture]) -> None:
    with connected.cursor() as cursor:
        cursor.setinputsizes(None, None, oracledb.DB_TYPE_LONG_RAW)
        rows = [(picture.id, picture.path.stat().st_size, picture.path.read_bytes()) for picture in pictures]
        cursor.executemany("insert into pictures (id, img_size, img) values (:1, :2, :3)", rows)
    connected.commit()
    wait_for_standbys(settings)


def embed_range(connected: oracledb.Connection, first: int, last: int, mode: str = "BULK", batch: int = 8) -> list[int]:
    """Call the procedure; return embedded, already, failed, vanished."""
    with connected.cursor() as cursor:
        outs = [cursor.var(int) for _ in range(4)]
        seconds = cursor.var(float)
        cursor.callproc("process_embedding_range", [first, last, batch, mode, *outs, seconds])
        assert 0 <= seconds.getvalue() < _DEADLINE
        return [out.getvalue() for out in outs]


def inferences(connected: oracledb.Connection) -> int:
    return int(fetch(connected, "select value from v$sysstat where name = 'emulator: inferences'")[0][0])


def good(album: list[AlbumPicture]) -> list[AlbumPicture]:
    return [picture for picture in album if picture.sketch is not None]


def ids(connected: oracledb.Connection, table: str) -> list[int]:
    return [number for (number,) in fetch(connected, f"select id from {table} order by id")]


class Call:
    """A call in a thread of its own."""

    def __init__(self, connected: oracledb.Connection, first: int, last: int, mode: str) -> None:
        self.counts: list[int] = []
        self._thread = threading.Thread(target=self._run, args=(connected, first, last, mode))
        self._thread.start()

    def _run(self, connected: oracledb.Connection, first: int, last: int, mode: str) -> None:
        self.counts = embed_range(connected, first, last, mode)

    def join(self) -> list[int]:
        self._thread.join(_DEADLINE)
        assert not self._thread.is_alive(), "the call does not end"
        return self.counts


def wait_until_blocked(connected: oracledb.Connection, sessions: int) -> None:
    """Wait until so many sessions of the primary, redirected ones, wait for somebody's locks."""
    end = time.monotonic() + _DEADLINE
    query = "select count(*) from v$session where blocking_session is not null"
    while fetch(connected, query)[0][0] < sessions:
        assert time.monotonic() < end, "nobody waits"
        time.sleep(0.02)


# ---------------------------------------------------------------------- the range procedure


def test_isolating_bad_pictures_costs_next_to_nothing(
    installed: Settings, prim: oracledb.Connection, sby1: oracledb.Connection, album: list[AlbumPicture]
) -> None:
    load(installed, prim, album)
    before = inferences(sby1)
    assert embed_range(sby1, 1, _PICTURES) == [_PICTURES - _BAD, 0, _BAD, 0]
    batches = _PICTURES // 8
    assert inferences(sby1) - before <= _PICTURES + batches, "more than one canary for each batch"


@pytest.mark.parametrize("mode", ["BULK", "ROW"])
def test_what_somebody_else_stored_or_deleted_meanwhile_is_counted_and_no_error(
    installed: Settings,
    prim: oracledb.Connection,
    sby1: oracledb.Connection,
    sby2: oracledb.Connection,
    album: list[AlbumPicture],
    mode: str,
) -> None:
    pictures = good(album)[:6]
    load(installed, prim, pictures)
    numbers = [picture.id for picture in pictures]
    run(sby2, "alter session enable adg_redirect_dml")
    with sby2.cursor() as cursor:
        cursor.execute("insert into picture_embeddings (id, embedding) values (:1, null)", [numbers[1]])
    run(prim, f"delete from pictures where id = {numbers[3]}")
    call = Call(sby1, 1, _PICTURES, mode)
    wait_until_blocked(prim, 1)
    sby2.commit()
    prim.commit()
    assert call.join() == [4, 1, 0, 1]
    assert ids(prim, "picture_embeddings") == [number for number in numbers if number != numbers[3]]


# ---------------------------------------------------------------------- the seed


def test_the_seeds_procedure_works_on_the_primary_too(
    installed: Settings, prim: oracledb.Connection, album: list[AlbumPicture]
) -> None:
    load(installed, prim, good(album))
    before = inferences(prim)
    run_script(prim, "EXECUTE process_embeddings(5, 100)")
    assert ids(prim, "picture_embeddings") == [picture.id for picture in good(album)]
    assert inferences(prim) - before >= len(good(album))


def test_two_standbys_that_run_the_seeds_procedure_collide(
    installed: Settings,
    prim: oracledb.Connection,
    sby1: oracledb.Connection,
    sby2: oracledb.Connection,
    album: list[AlbumPicture],
) -> None:
    """The problem that this project solves: the seed's procedure cannot run twice at a time."""
    pictures = good(album)
    load(installed, prim, pictures)
    run(prim, f"insert into picture_embeddings (id) values ({pictures[0].id})")  # holds both at their first row
    codes: list[int] = []

    def process(connected: oracledb.Connection) -> None:
        try:
            run(connected, "alter session enable adg_redirect_dml", "begin process_embeddings(50, 1); end;")
            codes.append(0)
        except oracledb.DatabaseError as error:
            codes.append(code_of(error))

    threads = [threading.Thread(target=process, args=(connected,)) for connected in (sby1, sby2)]
    for thread in threads:
        thread.start()
    wait_until_blocked(prim, 2)
    prim.rollback()
    for thread in threads:
        thread.join(_DEADLINE)
    assert sorted(codes) == [0, 1]
