"""Halving in the database: by pending pictures, down to one, which is put aside only with the canary's proof."""

from __future__ import annotations

from collections.abc import Iterator

import oracledb
import pytest

from demo.drawing.album import AlbumPicture, write_album
from fleet.errors import TransientDatabaseError
from fleet.messages import RangeMessage
from fleet.ora_codes import classify
from fleet.sessions import Database, connect
from fleet.settings import Settings
from tests.fix_emulator import fetch, run, wait_for_standbys
from workers.poison import Halved, halve

_TIMED_OUT = classify("DPY-4024: call timeout of 1000 ms exceeded", "sby1")
_RANGE = RangeMessage("run-1", 1, 1000, 6, attempts=2, failed_on=("sby1", "sby2"))


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> list[AlbumPicture]:
    return write_album(tmp_path_factory.mktemp("album"), pictures=7, bad=0, seed=11)


@pytest.fixture
def prim(installed: Settings, album: list[AlbumPicture]) -> Iterator[oracledb.Connection]:
    """Seven pictures, their ids far apart."""
    with connect(Database.primary(installed), module="test") as connected:
        run(connected, "delete from picture_embeddings", "delete from embedding_failures", "delete from pictures")
        with connected.cursor() as cursor:
            cursor.setinputsizes(None, None, oracledb.DB_TYPE_LONG_RAW)
            rows = [(one.id**3, 1, one.path.read_bytes()) for one in album]
            cursor.executemany("insert into pictures (id, img_size, img) values (:1, :2, :3)", rows)
        connected.commit()
        wait_for_standbys(installed)
        yield connected


@pytest.fixture
def sby1(installed: Settings, prim: oracledb.Connection) -> Iterator[oracledb.Connection]:
    with connect(Database.standby(installed, "sby1"), module="test") as connected:
        yield connected


def halved(connected: oracledb.Connection, message: RangeMessage) -> Halved:
    return halve(connected, message, _TIMED_OUT, standby="sby1", db_unique_name="SBY1", model="clipimg")


def embed(connected: oracledb.Connection, first: int, last: int) -> None:
    with connected.cursor() as cursor:
        outs = [cursor.var(float) for _ in range(5)]
        cursor.callproc("process_embedding_range", [first, last, 8, "ROW", *outs])


def test_a_range_is_cut_by_its_pending_pictures(sby1: oracledb.Connection) -> None:
    embed(sby1, 8, 8)
    parts = halved(sby1, _RANGE).parts
    assert parts == (RangeMessage("run-1", 1, 64, 3), RangeMessage("run-1", 125, 343, 3))
    assert halved(sby1, parts[0]).parts == (RangeMessage("run-1", 1, 27, 2), RangeMessage("run-1", 64, 64, 1))


def test_a_range_of_which_nothing_is_pending_has_come_to_its_end(sby1: oracledb.Connection) -> None:
    embed(sby1, 1, 1000)
    assert halved(sby1, _RANGE) == Halved()


def test_one_picture_is_put_aside_beside_a_good_one(prim: oracledb.Connection, sby1: oracledb.Connection) -> None:
    embed(sby1, 1, 1)
    assert halved(sby1, RangeMessage("run-1", 8, 8, 1)) == Halved(failed_id=8)
    query = "select id, attempts, error_code, standby from embedding_failures where failed_at is not null"
    assert fetch(prim, query) == [(8, 1, 4024, "SBY1")]
    run(prim, "update embedding_failures set failed_at = null", "commit")
    embed(sby1, 27, 27)
    assert halved(sby1, RangeMessage("run-1", 8, 26, 1)) == Halved(failed_id=8)
    assert fetch(prim, f"{query} order by attempts") == [(8, 2, 4024, "SBY1")]


def test_without_a_good_picture_nothing_is_blamed(prim: oracledb.Connection, sby1: oracledb.Connection) -> None:
    outcome = halved(sby1, RangeMessage("run-1", 8, 8, 1))
    assert "picture 8" in outcome.unproven
    assert "DPY-4024" in outcome.unproven
    assert fetch(prim, "select count(*) from embedding_failures") == [(0,)]


def test_when_the_good_picture_fails_too_the_standby_is_at_fault(
    installed: Settings, prim: oracledb.Connection, sby1: oracledb.Connection
) -> None:
    embed(sby1, 1, 1)
    run(prim, "update pictures set img = hextoraw('ffd8ff') where id = 1", "commit")
    wait_for_standbys(installed)
    with pytest.raises(TransientDatabaseError, match="known-good picture"):
        halved(sby1, RangeMessage("run-1", 8, 8, 1))
    assert fetch(prim, "select count(*) from embedding_failures") == [(0,)]
