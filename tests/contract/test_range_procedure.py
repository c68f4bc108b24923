"""What the fleet needs of the procedures of ``sql/`` inside a standby, and of models there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import oracledb
import pytest

from demo.drawing.album import AlbumPicture
from fleet.scripts import StatementResult, read_script, run_script
from tests.contract.servers import Pair, said
from tests.fix_emulator import code_of, fetch, run

_SQL = Path(__file__).parents[2] / "sql"


def load(pair: Pair, pictures: Sequence[tuple[int, bytes]]) -> None:
    with pair.primary() as connected, connected.cursor() as cursor:
        cursor.setinputsizes(None, None, oracledb.DB_TYPE_LONG_RAW)
        rows = [(number, len(image), image) for number, image in pictures]
        cursor.executemany("insert into pictures (id, img_size, img) values (:1, :2, :3)", rows)
        connected.commit()
    pair.settle()


def images(album: Sequence[AlbumPicture], *, bad: bool) -> list[tuple[int, bytes]]:
    return [(picture.id, picture.path.read_bytes()) for picture in album if (picture.sketch is None) is bad]


def embed_range(connected: oracledb.Connection, mode: str = "ROW", batch: int = 4) -> list[int]:
    """Call the procedure for all pictures; return embedded, already, failed, vanished."""
    with connected.cursor() as cursor:
        outs = [cursor.var(int) for _ in range(4)]
        seconds = cursor.var(float)
        cursor.callproc("process_embedding_range", [1, 1000, batch, mode, *outs, seconds])
        assert 0 <= seconds.getvalue() < 60
        return [out.getvalue() for out in outs]


def ids(connected: oracledb.Connection, table: str) -> list[int]:
    return [number for (number,) in fetch(connected, f"select id from {table} order by id")]


def refusal(action: Callable[[], object]) -> oracledb.DatabaseError:
    with pytest.raises(oracledb.DatabaseError) as caught:
        action()
    return caught.value


def test_a_range_is_stored_once_row_by_row(
    tables: Pair, prim: oracledb.Connection, standby: oracledb.Connection, album: list[AlbumPicture]
) -> None:
    good = images(album, bad=False)
    load(tables, good)
    on_primary, on_standby = tables.inferences(prim), tables.inferences(standby)
    assert embed_range(standby) == [len(good), 0, 0, 0]
    assert embed_range(standby) == [0, 0, 0, 0]
    assert ids(prim, "picture_embeddings") == [number for number, _ in good]
    assert tables.inferences(prim) == on_primary
    assert on_standby is None or tables.inferences(standby) == on_standby + len(good)


@pytest.mark.unverified("forall")
def test_forall_a_range_is_stored_once_in_bulk(
    tables: Pair, prim: oracledb.Connection, standby: oracledb.Connection, album: list[AlbumPicture]
) -> None:
    good = images(album, bad=False)
    load(tables, good)
    assert embed_range(standby, "BULK") == [len(good), 0, 0, 0]
    assert embed_range(standby, "BULK") == [0, 0, 0, 0]
    assert ids(prim, "picture_embeddings") == [number for number, _ in good]


def test_two_sessions_share_the_work_of_two_ranges(
    tables: Pair, prim: oracledb.Connection, standby: oracledb.Connection, album: list[AlbumPicture]
) -> None:
    good = images(album, bad=False)
    load(tables, good[:3])
    with tables.standby() as other:
        assert embed_range(standby)[0] == 3
        load(tables, good[3:])
        assert embed_range(other)[0] == len(good) - 3
    assert ids(prim, "picture_embeddings") == [number for number, _ in good]


@pytest.mark.unverified("corrupt-picture")
def test_corrupt_picture_is_put_aside_and_the_others_are_embedded(
    tables: Pair,
    prim: oracledb.Connection,
    standby: oracledb.Connection,
    album: list[AlbumPicture],
    observe: Callable[[str], None],
) -> None:
    good, bad = images(album, bad=False), images(album, bad=True)
    load(tables, [*good, *bad])
    assert embed_range(standby) == [len(good), 0, len(bad), 0]
    assert ids(prim, "embedding_failures") == sorted(number for number, _ in bad)
    rows = fetch(prim, "select error_code, error_message, attempts, standby from embedding_failures order by id")
    observe("; ".join(" ".join(str(row[1]).split())[:120] for row in rows))
    (name,) = fetch(standby, "select sys_context('userenv', 'db_unique_name') from dual")[0]
    assert {row[2:] for row in rows} == {(1, name)}
    assert all(code > 0 and message.startswith("ORA-") for code, message, *_ in rows)
    assert embed_range(standby) == [0, 0, 0, 0]


@pytest.mark.unverified("empty-picture")
def test_empty_picture_raises(
    tables: Pair, standby: oracledb.Connection, album: list[AlbumPicture], observe: Callable[[str], None]
) -> None:
    load(tables, images(album, bad=False)[:2])
    with tables.primary() as connected:
        run(connected, "insert into pictures (id, img_size, img) values (500, 0, empty_blob())", "commit")
    tables.settle()
    query = "select vector_embedding(clipimg using img as data) from pictures where id = 500"
    error = refusal(lambda: fetch(standby, query))
    observe(said(error))
    assert code_of(error) > 0


def test_nothing_is_blamed_when_no_picture_can_be_embedded(
    tables: Pair, prim: oracledb.Connection, standby: oracledb.Connection, album: list[AlbumPicture]
) -> None:
    load(tables, images(album, bad=True))
    assert code_of(refusal(lambda: embed_range(standby))) == 20902
    assert ids(prim, "embedding_failures") == []


def test_the_primary_is_refused(tables: Pair, prim: oracledb.Connection, album: list[AlbumPicture]) -> None:
    load(tables, images(album, bad=False)[:1])
    before = tables.inferences(prim)
    assert code_of(refusal(lambda: embed_range(prim))) == 20901
    assert tables.inferences(prim) == before
    assert ids(prim, "picture_embeddings") == []


@pytest.mark.parametrize(("mode", "batch"), [("SOME", 8), ("BULK", 0)])
def test_wrong_arguments_are_refused(standby: oracledb.Connection, mode: str, batch: int) -> None:
    assert code_of(refusal(lambda: embed_range(standby, mode, batch))) == 20904


@pytest.mark.unverified("model-in-dml")
def test_model_in_dml_is_refused(
    tables: Pair, standby: oracledb.Connection, album: list[AlbumPicture], observe: Callable[[str], None]
) -> None:
    load(tables, images(album, bad=False)[:2])
    statement = (
        "insert into picture_embeddings (id, embedding) "
        "select id, vector_embedding(clipimg using img as data) from pictures"
    )
    error = refusal(lambda: run(standby, statement))
    observe(said(error))
    assert "ORA-40286" in str(error)


def test_the_seeds_procedure_embeds_what_is_pending(
    tables: Pair, prim: oracledb.Connection, standby: oracledb.Connection, album: list[AlbumPicture]
) -> None:
    good = images(album, bad=False)
    load(tables, good)
    before = tables.inferences(prim)
    run(standby, "begin process_embeddings(5, 100); end;")
    assert ids(prim, "picture_embeddings") == [number for number, _ in good]
    assert tables.inferences(prim) == before


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("04_show_models.sql", "CLIPIMG"),
        ("07_run_process_embeddings.sql", "Processing ID: "),
        ("08_search.sql", "DISTANCE"),
    ],
)
def test_the_seeds_steps_for_a_standby_run_there(
    tables: Pair,
    prim: oracledb.Connection,
    standby: oracledb.Connection,
    album: list[AlbumPicture],
    script: str,
    expected: str,
) -> None:
    load(tables, images(album, bad=False)[:4])
    results: list[StatementResult] = []
    run_script(standby, read_script(_SQL / script), on_result=results.append)
    assert expected in str(results)
    assert fetch(prim, "select count(*) from picture_embeddings") == [(4 if script.startswith("07") else 0,)]
