"""``adgfleet up`` and what an operator and a newcomer do beside it, command by command."""

from __future__ import annotations

import json
import os
import signal
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from demo.drawing.album import write_album
from tests.fix_command import adgfleet, adgfleet_json, wait_for_no_process

_PICTURES, _BAD = 40, 2


@dataclass(frozen=True, slots=True)
class Up:
    """A running stack in ``work``/state, found by commands that run in ``work``."""

    work: Path
    addresses: dict[str, Any]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    work = tmp_path_factory.mktemp("up")
    try:
        yield Up(work, adgfleet_json("up", "--json", directory=work))
    finally:
        adgfleet("down", directory=work)
        wait_for_no_process(work)


@pytest.fixture(scope="module")
def loaded(up: Up) -> Up:
    """The stack with a small album loaded and embedded."""
    write_album(up.work / "album", pictures=_PICTURES, bad=_BAD)
    (up.work / "album" / "empty.jpg").write_bytes(b"")
    (up.work / "album" / "500.jpg").write_bytes(b"")
    first = adgfleet_json("load", "pictures", "album", "--json", directory=up.work, status=3)
    assert first["loaded"] == _PICTURES
    assert {entry["file"] for entry in first["rejected"]} == {"empty.jpg", "500.jpg"}
    return up


def test_up_says_where_everything_is(up: Up) -> None:
    assert up.addresses["primary"] == "prim"
    assert set(up.addresses["standbys"]) == {"sby1", "sby2"}
    for name in ("db", "dba", "redis", "flower"):
        assert Path(up.addresses[f"{name}_password_file"]).read_text().strip()
    again = adgfleet("up", "--json", directory=up.work)
    assert again.returncode == 0
    assert "already runs" in again.stderr
    assert json.loads(again.stdout) == up.addresses


def test_a_fresh_stack_is_healthy(up: Up) -> None:
    report = adgfleet_json("db", "doctor", "--json", directory=up.work)
    assert [finding for finding in report["findings"] if finding["level"] != "OK"] == []


def test_a_second_load_loads_only_what_is_missing(loaded: Up) -> None:
    again = adgfleet_json("load", "pictures", "album", "--json", directory=loaded.work, status=3)
    assert (again["loaded"], again["skipped"]) == (0, _PICTURES)


def test_what_is_pending_is_planned_embedded_once_and_found(loaded: Up) -> None:
    plan = adgfleet_json("produce", "--dry-run", "--range-size", "15", "--json", directory=loaded.work)
    assert [pictures for _, _, pictures in plan["ranges"]] == [15, 15, 10]
    run = adgfleet_json("produce", "--follow", "--range-size", "15", "--json", directory=loaded.work, status=3)
    assert (run["embedded"], run["failed"], run["pending"]) == (_PICTURES - _BAD, _BAD, 0)
    assert sum(run["standbys"].values()) == _PICTURES - _BAD
    again = adgfleet_json("produce", "--follow", "--json", directory=loaded.work)
    assert (again["ranges"], again["pictures"]) == (0, 0)
    sheet = loaded.work / "hits.png"
    found = adgfleet_json("search", "a blue bird", "--hits", "3", "--save", sheet, "--json", directory=loaded.work)
    assert len(found["hits"]) == 3
    assert found["standby"] in {"sby1", "sby2"}
    with Image.open(sheet) as picture:
        assert picture.format == "PNG"


def test_every_way_of_searching_finds_its_picture(loaded: Up) -> None:
    picture = next(path for path in sorted((loaded.work / "album").glob("*.jpg")) if path.stem == "1")
    by_image = adgfleet_json("search", "--image", picture, "--hits", "2", "--json", directory=loaded.work)
    assert by_image["hits"][0]["id"] == 1
    assert adgfleet("db", "index", directory=loaded.work).returncode == 0
    like = ("search", "--like", "1", "--hits", "1", "--approx", "--json")
    assert adgfleet_json(*like, directory=loaded.work)["hits"][0]["id"] == by_image["hits"][1]["id"]
    unknown = adgfleet_json("search", "qwertz", "--standby", "sby2", "--json", directory=loaded.work)
    assert (unknown["good_match"], unknown["standby"]) == (False, "sby2")
    assert "no good match" in adgfleet("search", "qwertz", directory=loaded.work).stderr
    neither = adgfleet("search", directory=loaded.work)
    assert (neither.returncode, "--like ID" in neither.stderr) == (2, True)


def test_the_search_page_is_up(loaded: Up) -> None:
    with urllib.request.urlopen(f"{loaded.addresses['search_url']}api/search?q=a+blue+bird", timeout=20) as answer:
        found = json.load(answer)
    assert found["hits"]
    assert found["good_match"] is True
    assert found["standby"] in {"sby1", "sby2"}


def test_sql_prints_a_table_a_script_and_json(loaded: Up) -> None:
    table = adgfleet("sql", "select count(*) as how_many from pictures", "--on", "sby1", directory=loaded.work)
    assert table.returncode == 0
    assert "HOW_MANY" in table.stdout
    assert str(_PICTURES) in table.stdout
    script = loaded.work / "look.sql"
    script.write_text(
        "-- two statements and a block\nselect '&word' as word from dual;\n"
        "begin\n  dbms_output.put_line('from a block');\nend;\n/\nEXECUTE dbms_output.put_line('from EXECUTE')\n"
    )
    done = adgfleet("sql", f"@{script}", "--define", "word=hello", "--json", directory=loaded.work)
    results = [json.loads(line) for line in done.stdout.splitlines()]
    assert results[0]["rows"] == [["hello"]]
    assert [result["output"] for result in results[1:]] == [["from a block"], ["from EXECUTE"]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["sql", "insert into pictures (id) values (-1)", "--on", "sby1"], "ORA-16000"),
        (["sql", "select * from nowhere"], "ORA-00942"),
        (["sql", "selekt 1 from dual"], "ORA-009"),
        (["sql", "@nowhere.sql"], "nowhere.sql"),
        (["sql", "select '&unknown' from dual"], "--define unknown=VALUE"),
        (["sql", "select 1 from dual", "--on", "sby9"], "sby9"),
        (["search", "  "], "empty"),
        (["search", "x" * 5000], "4000"),
        (["search", "a blue bird", "--save", "nowhere/hits.png"], "nowhere/hits.png"),
        (["load", "pictures", "nowhere"], "nowhere"),
        (["load", "model", "nowhere.onnx", "--name", "clipimg"], "nowhere.onnx"),
        (["load", "model", "stack.env", "--name", "other"], "stack.env"),
        (["worker", "sby9"], "sby9"),
        (["worker", "sby1"], "alive already"),
        (["up", "--standbys", "0"], "--standbys"),
        (["demo", "--pictures", "5", "--bad", "5", "--directory", "other"], "--bad"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, list) else None,
)
def test_a_wrong_command_says_what_is_wrong_in_a_line(loaded: Up, arguments: list[str], said: str) -> None:
    (loaded.work / "stack.env").write_text("this is no model")
    done = adgfleet(*arguments, directory=loaded.work)
    assert done.returncode not in {0, 3}
    assert said in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


@pytest.mark.parametrize("text", ["'; drop table pictures; --", "<script>alert(1)</script>", "🐦 bleu", "a\x01b"])
def test_any_search_text_is_only_a_text(loaded: Up, text: str) -> None:
    done = adgfleet("search", text, "--json", directory=loaded.work)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["text"] == text
    count = adgfleet_json("sql", "select count(*) from pictures", "--json", directory=loaded.work)
    assert count["rows"] == [[_PICTURES]]


def test_what_was_loaded_stays_over_down_and_up(tmp_path: Path) -> None:
    try:
        adgfleet_json("up", "--standbys", "1", "--json", directory=tmp_path)
        adgfleet_json("sql", "insert into pictures (id) values (7)", "--json", directory=tmp_path)
        assert adgfleet("down", directory=tmp_path).returncode == 0
        other = adgfleet("up", "--standbys", "2", directory=tmp_path)
        assert other.returncode == 1
        assert "--fresh" in other.stderr
        adgfleet_json("up", "--standbys", "1", "--json", directory=tmp_path)
        kept = adgfleet_json("sql", "select id from pictures", "--on", "sby1", "--json", directory=tmp_path)
        assert kept["rows"] == [[7]]
        processes = json.loads((tmp_path / "state" / "stack.json").read_text())["processes"]
        (worker,) = [process for process in processes if process["name"] == "worker-sby1"]
        os.kill(worker["pid"], signal.SIGKILL)
        broken = adgfleet("up", "--standbys", "1", directory=tmp_path)
        assert broken.returncode == 1
        assert "worker-sby1 of it ended" in broken.stderr
        assert (tmp_path / "state" / "logs" / "worker-sby1.log.1").exists()
    finally:
        adgfleet("down", directory=tmp_path)
        wait_for_no_process(tmp_path)


def test_the_stack_obeys_its_own_settings_and_no_others(tmp_path: Path) -> None:
    """The environment of a DBA's shell may name a real primary."""
    place = tmp_path / "a directory with spaces"
    place.mkdir()
    shell = {"DB_DSN": "127.0.0.1:1/production", "ORACLE_HOME": "/opt/oracle", "REDIS_URL": "redis://127.0.0.1:1/0"}
    demo = ["demo", "--pictures", "20", "--bad", "1", "--standbys", "1", "--json"]
    done = adgfleet(*demo, directory=place, environment=shell)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["embedded"] == 19
    wait_for_no_process(place)


def test_down_twice_says_that_nothing_runs(tmp_path: Path) -> None:
    done = adgfleet("down", directory=tmp_path)
    assert done.returncode == 1
    assert "no stack runs" in done.stderr
