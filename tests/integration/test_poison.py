"""Halving in the database: by pending pictures, down to one, which is put aside only if it fails beside a canary."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import oracledb
import pytest

from demo.drawing.album import AlbumPicture, write_album
from emulator.cluster import Cluster
from emulator.inference import PICTURE_ERROR_CODE
from fleet.errors import DatabaseError, TransientDatabaseError, WrongRoleError
from fleet.messages import RangeMessage
from fleet.ora_codes import classify
from fleet.sessions import Database, connect
from fleet.settings import Settings
from tests.fix_emulator import fetch, run, wait_for_standbys
from workers.embed_range import PinnedStandby
from workers.poison import Halved, halve, put_aside

_TIMED_OUT = classify("DPY-4024: call timeout of 1000 ms exceeded", "sby1")
_SBY1 = PinnedStandby("sby1", "sby1")
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


def halved(connected: oracledb.Connection, message: RangeMessage, error: DatabaseError = _TIMED_OUT) -> Halved:
    return halve(connected, _SBY1, message, error, model="clipimg")


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


def corrupt(settings: Settings, prim: oracledb.Connection, *ids: int) -> None:
    with prim.cursor() as cursor:
        cursor.executemany("update pictures set img = hextoraw('ffd8ff') where id = :1", [(number,) for number in ids])
    prim.commit()
    wait_for_standbys(settings)


def test_a_corrupt_picture_is_put_aside_beside_a_good_one(
    installed: Settings, prim: oracledb.Connection, sby1: oracledb.Connection
) -> None:
    embed(sby1, 1, 1)
    corrupt(installed, prim, 8)
    suspect = halved(sby1, RangeMessage("run-1", 8, 26, 1)).suspect
    assert suspect is not None
    assert suspect.picture_id == 8
    put_aside(sby1, _SBY1, suspect)
    query = "select id, attempts, error_code, standby from embedding_failures where failed_at is not null"
    assert fetch(prim, query) == [(8, 1, PICTURE_ERROR_CODE, "sby1")]
    run(prim, "update embedding_failures set failed_at = null", "commit")
    wait_for_standbys(installed)
    put_aside(sby1, _SBY1, suspect)
    assert fetch(prim, f"{query} order by attempts") == [(8, 2, PICTURE_ERROR_CODE, "sby1")]


def test_a_picture_that_embeds_is_never_put_aside(prim: oracledb.Connection, sby1: oracledb.Connection) -> None:
    embed(sby1, 1, 1)
    outcome = halved(sby1, RangeMessage("run-1", 8, 8, 1))
    assert outcome.suspect is None
    assert "picture 8 embeds" in outcome.unproven
    never_ended = DatabaseError("it never came to an end")
    (anew,) = halved(sby1, RangeMessage("run-1", 8, 8, 1, losses=6), never_ended).parts
    assert (anew.first_id, anew.losses) == (8, 0)
    again = halved(sby1, dataclasses.replace(anew, losses=6), never_ended)
    assert again.parts == (), "it starts anew once"
    assert "picture 8 embeds" in again.unproven


def test_without_a_good_picture_nothing_is_blamed(prim: oracledb.Connection, sby1: oracledb.Connection) -> None:
    outcome = halved(sby1, RangeMessage("run-1", 8, 8, 1))
    assert "picture 8" in outcome.unproven
    assert "DPY-4024" in outcome.unproven
    assert outcome.suspect is None


def test_when_all_good_pictures_fail_too_the_standby_is_at_fault(
    installed: Settings, prim: oracledb.Connection, sby1: oracledb.Connection
) -> None:
    embed(sby1, 1, 1)
    corrupt(installed, prim, 1, 8)
    with pytest.raises(TransientDatabaseError, match="known-good pictures"):
        halved(sby1, RangeMessage("run-1", 8, 8, 1))


def test_one_canary_that_was_replaced_by_a_corrupt_picture_does_not_spoil_the_proof(
    installed: Settings, prim: oracledb.Connection, sby1: oracledb.Connection
) -> None:
    embed(sby1, 1, 1)
    embed(sby1, 27, 27)
    corrupt(installed, prim, 1, 8)
    suspect = halved(sby1, RangeMessage("run-1", 8, 8, 1)).suspect
    assert suspect is not None
    assert suspect.picture_id == 8


def test_a_canary_without_its_image_proves_nothing(
    installed: Settings, prim: oracledb.Connection, sby1: oracledb.Connection
) -> None:
    embed(sby1, 1, 1)
    run(prim, "update pictures set img = null where id = 1")
    corrupt(installed, prim, 8)
    outcome = halved(sby1, RangeMessage("run-1", 8, 8, 1))
    assert outcome.suspect is None
    assert "no known-good picture" in outcome.unproven


def test_a_picture_that_was_deleted_meanwhile_is_nobodys(prim: oracledb.Connection, sby1: oracledb.Connection) -> None:
    embed(sby1, 1, 1)
    assert halved(sby1, RangeMessage("run-1", 9, 26, 1)) == Halved()


def test_nothing_is_judged_and_nothing_put_aside_on_a_primary(
    cluster: Cluster, installed: Settings, prim: oracledb.Connection, sby1: oracledb.Connection
) -> None:
    embed(sby1, 1, 1)
    corrupt(installed, prim, 8)
    suspect = halved(sby1, RangeMessage("run-1", 8, 8, 1)).suspect
    assert suspect is not None
    before = cluster.levers("prim").status()["inferences"]
    with pytest.raises(WrongRoleError):
        halved(prim, RangeMessage("run-1", 8, 8, 1))
    with pytest.raises(WrongRoleError):
        put_aside(prim, _SBY1, suspect)
    with pytest.raises(WrongRoleError):
        halve(sby1, PinnedStandby("sby1", "sby2"), RangeMessage("run-1", 8, 8, 1), _TIMED_OUT, model="clipimg")
    assert cluster.levers("prim").status()["inferences"] == before
    assert fetch(prim, "select count(*) from embedding_failures") == [(0,)]
