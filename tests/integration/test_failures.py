"""``adgfleet failures list|retry`` on a real primary: which pictures are put aside, and how they come back."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import oracledb
import pytest

from fleet.sessions import Database, connect
from fleet.settings import Settings
from tests.fix_command import adgfleet, adgfleet_json
from tests.fix_emulator import fetch, run, write_env_file

_LONG = "ORA-54402: a very long message " + "x" * 300


@pytest.fixture
def prim(installed: Settings) -> Iterator[oracledb.Connection]:
    with connect(Database.primary(installed), module="test") as connected:
        run(connected, "delete from picture_embeddings", "delete from embedding_failures", "delete from pictures")
        insert = "insert into embedding_failures values (:1, :2, :3, :4, 'sby1', timestamp '2026-01-02 03:04:05' + :5)"
        with connected.cursor() as cursor:
            cursor.executemany("insert into pictures (id) values (:1)", [(number,) for number in range(1, 8)])
            for number, attempt, code, text in (
                (1, 1, 54401, "ORA-54401: one"),
                (2, 1, 54402, "ORA-54402: first try"),
                (2, 2, 54402, _LONG),
                (3, 1, 1, "ORA-00001: three"),
            ):
                cursor.execute(insert, [number, attempt, code, text, number])
            cursor.execute("update embedding_failures set failed_at = null where id = 2 and attempts = 1")
        connected.commit()
        yield connected


@pytest.fixture
def work(installed: Settings, tmp_path: Path) -> Path:
    """A directory whose .env names the cluster."""
    values = {name: str(getattr(installed, name)) for name in ("db_user", "db_password", "db_dsn")}
    write_env_file(tmp_path / ".env", values)
    return tmp_path


def open_ids(connected: oracledb.Connection) -> list[int]:
    query = "select id from embedding_failures where failed_at is not null order by id"
    return [number for (number,) in fetch(connected, query)]


def test_the_list_has_each_failed_picture_once_and_the_latest_first(prim: oracledb.Connection, work: Path) -> None:
    listed = adgfleet_json("failures", "list", "--json", directory=work)
    assert listed["total"] == 3
    assert [(entry["id"], entry["attempts"], entry["error"]) for entry in listed["failures"]] == [
        (3, 1, "ORA-00001"),
        (2, 2, "ORA-54402"),
        (1, 1, "ORA-54401"),
    ]
    assert listed["failures"][1]["message"] == _LONG
    assert listed["failures"][2]["failed_at"] == "2026-01-03 03:04:05"
    assert listed["failures"][2]["standby"] == "sby1"


def test_the_table_is_short_and_says_what_it_leaves_out(prim: oracledb.Connection, work: Path) -> None:
    done = adgfleet("failures", "list", "--limit", "2", directory=work)
    assert done.returncode == 0, done.stderr
    assert "ORA-54402" in done.stdout
    assert "x" * 300 not in done.stdout
    assert "ORA-54401" not in done.stdout
    assert "2 of 3" in done.stderr
    only = adgfleet_json("failures", "list", "--error", "54401", "--json", directory=work)
    assert [entry["id"] for entry in only["failures"]] == [1]


@pytest.mark.parametrize(
    ("arguments", "retried", "still"),
    [(["--all"], 3, []), (["2"], 1, [1, 3]), (["--error", "ORA-54401"], 1, [2, 3]), (["--error", "00001"], 1, [1, 2])],
)
def test_a_retry_makes_pending_what_was_asked_for_and_keeps_the_attempts(
    prim: oracledb.Connection, work: Path, arguments: list[str], retried: int, still: list[int]
) -> None:
    done = adgfleet_json("failures", "retry", *arguments, "--json", directory=work)
    assert done == {"retried": retried, "not_failed": []}
    assert open_ids(prim) == still
    assert fetch(prim, "select max(attempts), count(*) from embedding_failures where id = 2") == [(2, 2)]


def test_an_id_that_has_not_failed_is_named(prim: oracledb.Connection, work: Path) -> None:
    done = adgfleet("failures", "retry", "1", "7", "99", directory=work)
    assert done.returncode == 3
    assert "7, 99" in done.stderr
    assert open_ids(prim) == [2, 3]


@pytest.mark.parametrize("arguments", [[], ["--all", "1"], ["--all", "--error", "1"], ["--error", "x1"], ["x"]])
def test_an_unclear_retry_changes_nothing(prim: oracledb.Connection, work: Path, arguments: list[str]) -> None:
    assert adgfleet("failures", "retry", *arguments, directory=work).returncode == 2
    assert open_ids(prim) == [1, 2, 3]


def test_codes_are_written_as_they_came(prim: oracledb.Connection, work: Path) -> None:
    row = "insert into embedding_failures values ({}, 1, {}, '{}', 'sby1', timestamp '2026-02-01 00:00:00')"
    texts = [(4, 4024, "sby1: DPY-4024: call timeout of 60000 ms exceeded"), (5, 0, "no code at all")]
    run(prim, *(row.format(*text) for text in texts), "commit")
    listed = adgfleet_json("failures", "list", "--limit", "2", "--json", directory=work)["failures"]
    assert [(entry["id"], entry["error"]) for entry in listed] == [(4, "DPY-4024"), (5, "")]
    only = adgfleet_json("failures", "list", "--error", "DPY-4024", "--json", directory=work)
    assert [entry["id"] for entry in only["failures"]] == [4]


def test_an_error_that_nothing_failed_with_is_said(prim: oracledb.Connection, work: Path) -> None:
    listed = adgfleet("failures", "list", "--error", "ORA-00009", directory=work)
    assert (listed.returncode, listed.stdout) == (0, "")
    assert "3 pictures failed with others" in listed.stderr
    retried = adgfleet("failures", "retry", "--error", "ORA-00009", directory=work)
    assert retried.returncode == 3
    assert "no failed picture has error 00009" in retried.stderr


def test_no_failures_is_said(prim: oracledb.Connection, work: Path) -> None:
    run(prim, "delete from embedding_failures", "commit")
    done = adgfleet("failures", "list", directory=work)
    assert (done.returncode, done.stdout) == (0, "")
    assert "no failed pictures" in done.stderr
