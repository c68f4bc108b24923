"""``adgfleet demo``: the whole main job in real processes, judged by what the databases say afterwards."""

from __future__ import annotations

import base64
import json
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from demo.drawing.album import AlbumPicture, write_album
from fleet.sessions import Database, connect
from fleet.settings import Settings, load_settings
from tests.fix_command import adgfleet, adgfleet_json, clean_environment, command, wait_for_no_process
from tests.fix_emulator import fetch

_PICTURES, _BAD = 300, 6
_DEADLINE = 60.0


@dataclass(frozen=True, slots=True)
class Demo:
    directory: Path
    stdout: str
    stderr: str
    result: dict[str, Any]
    settings: Settings
    album: list[AlbumPicture]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo as ``make demo`` runs it, left running so that one can look."""
    work = tmp_path_factory.mktemp("demo")
    directory = work / "stack"
    done = adgfleet("demo", "--json", "--keep", "--directory", directory, directory=work)
    try:
        assert done.returncode == 0, done.stderr
        album = write_album(work / "again", pictures=_PICTURES, bad=_BAD)
        settings = load_settings(directory / "stack.env", environment={})
        yield Demo(directory, done.stdout, done.stderr, json.loads(done.stdout), settings, album)
    finally:
        adgfleet("down", "--directory", directory, directory=work)
        wait_for_no_process(directory)


def test_stdout_is_one_object_with_what_was_promised(demo: Demo) -> None:
    promised = {"pictures", "embedded", "failed", "pending", "seconds", "primary", "inferences", "search"}
    assert promised <= set(demo.result)
    assert (demo.result["pictures"], demo.result["embedded"]) == (_PICTURES, _PICTURES - _BAD)
    assert (demo.result["failed"], demo.result["pending"]) == (_BAD, 0)
    assert 0 < demo.result["seconds"] < 90
    for search in demo.result["search"]:
        assert search["text"]
        assert [set(hit) for hit in search["hits"]] == [{"id", "distance"}] * 5
    assert "loaded 300 pictures" in demo.stderr


def test_the_tables_hold_exactly_the_good_pictures(demo: Demo) -> None:
    good = [picture.id for picture in demo.album if picture.sketch is not None]
    bad = [picture.id for picture in demo.album if picture.sketch is None]
    for database in (Database.primary(demo.settings), Database.standby(demo.settings, "sby2")):
        with connect(database, module="test") as connected:
            embedded = fetch(connected, "select id from picture_embeddings where embedding is not null order by id")
            failed = fetch(connected, "select id from embedding_failures order by id")
        assert [number for (number,) in embedded] == good
        assert [number for (number,) in failed] == bad


def test_the_standbys_did_the_work_and_the_primary_none(demo: Demo) -> None:
    query = "select value from v$sysstat where name = 'emulator: inferences'"
    counted = {}
    for database in (Database.primary(demo.settings), *(Database.standby(demo.settings, n) for n in ("sby1", "sby2"))):
        with connect(database, module="test") as connected:
            counted[database.name] = fetch(connected, query)[0][0]
    assert counted["primary"] == demo.result["inferences"][demo.result["primary"]] == 0
    assert min(counted["sby1"], counted["sby2"]) > 0
    # A bad picture is tried twice, beside at most one embedding of a known-good one; the searches are three.
    assert _PICTURES - _BAD <= sum(counted.values()) <= _PICTURES + 2 * _BAD + 3


def test_a_pair_that_training_never_saw_is_found_first(demo: Demo) -> None:
    shown = {picture.id: picture.sketch for picture in demo.album}
    search = demo.result["search"][0]
    assert search["text"] == "a blue bird"
    hits = [shown[hit["id"]] for hit in search["hits"][:4]]
    assert all(sketch is not None and (sketch.colour, sketch.subject) == ("blue", "bird") for sketch in hits)


def test_the_contact_sheet_is_a_picture(demo: Demo) -> None:
    with Image.open(demo.result["contact_sheet"]) as sheet:
        sheet.load()
        assert sheet.width > 800
        assert len(sheet.convert("RGB").getcolors(1 << 24) or ()) > 1000, "an empty sheet"


def test_the_report_of_the_run_says_what_the_databases_say(demo: Demo) -> None:
    page = Path(demo.result["report"]).read_text(encoding="utf-8")
    assert f"Run {demo.result['run_id']}" in page
    assert f"<dt>embedded</dt><dd>{_PICTURES - _BAD}</dd>" in page
    assert "http://" not in page
    assert "https://" not in page
    run_id = str(demo.result["run_id"])
    found = adgfleet_json("--env-file", demo.directory / "stack.env", "report", run_id, "--json", directory=Path.cwd())
    with connect(Database.primary(demo.settings), module="test") as connected:
        embedded = fetch(connected, "select count(*) from picture_embeddings")[0][0]
        failed = fetch(connected, "select id from embedding_failures where failed_at is not null order by id")
    assert (found["embedded"], found["failed"], found["is_done"]) == (embedded, len(failed), True)
    assert sorted(failure["id"] for failure in found["failures"]) == [number for (number,) in failed]
    embedded_by = {name: each["embedded"] for name, each in found["standbys"].items()}
    assert embedded_by == {name: count for name, count in demo.result["embedded_by"].items() if count}
    status = adgfleet_json("--env-file", demo.directory / "stack.env", "status", "--json", directory=Path.cwd())
    assert {name: each["embedded"] for name, each in status["standbys"].items()} == embedded_by
    assert set(found["cpu"]) == {"primary", "sby1", "sby2"}
    assert found["samples"] >= 2, "the search page's server samples from the start"
    assert found["cpu"]["sby1"]["mean_percent"] > found["cpu"]["primary"]["mean_percent"]


def _flower(demo: Demo, path: str, *, password: str | None) -> Any:
    request = urllib.request.Request(f"http://127.0.0.1:{demo.settings.flower_port}{path}")
    if password is not None:
        credentials = base64.b64encode(f"{demo.settings.flower_user}:{password}".encode()).decode()
        request.add_header("Authorization", f"Basic {credentials}")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return answer.read().decode()


@pytest.mark.parametrize("password", [None, "wrong"])
def test_flower_shows_nothing_without_its_password(demo: Demo, password: str | None) -> None:
    with pytest.raises(urllib.error.HTTPError) as caught:
        _flower(demo, "/api/tasks", password=password)
    caught.value.close()
    assert caught.value.code == 401


def test_flower_shows_who_embedded_which_ids_how_many_and_how_fast(demo: Demo) -> None:
    password = demo.settings.require("flower_password")
    page = _flower(demo, "/tasks", password=password)
    assert all(f'"{column}"' in page or f">{column}<" in page.lower() for column in ("kwargs", "result", "worker"))
    tasks = json.loads(_flower(demo, "/api/tasks", password=password)).values()
    done = [task for task in tasks if task["state"] == "SUCCESS"]
    assert len(done) == 15
    assert sum(int(task["kwargs"].split("(")[1].split()[0]) for task in done) == _PICTURES
    assert {task["result"].split("'standby': ")[1].split("'")[1] for task in done} == {"sby1", "sby2"}
    assert all("'pictures_per_second'" in task["result"] for task in done)


def test_no_secret_is_in_a_log_or_in_the_process_list(demo: Demo) -> None:
    secrets = [path.read_text().strip() for path in (demo.directory / "secrets").iterdir()]
    assert len(secrets) >= 4
    texts = [path.read_text(errors="replace") for path in (demo.directory / "logs").iterdir()]
    texts += [path.read_text(errors="replace") for path in (demo.directory / "databases").glob("*.log")]
    texts += [demo.stdout, demo.stderr]
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                texts.append((entry / "cmdline").read_bytes().decode(errors="replace"))
            except OSError:
                continue
    assert not [secret for secret in secrets for text in texts if secret in text]
    modes = {
        path.stat().st_mode & 0o077 for path in [*(demo.directory / "secrets").iterdir(), demo.directory / "stack.env"]
    }
    assert modes == {0}


def test_a_second_demo_does_not_disturb_the_first(demo: Demo) -> None:
    done = adgfleet("demo", "--directory", demo.directory, directory=demo.directory)
    assert done.returncode == 1
    assert "already runs" in done.stderr
    assert "adgfleet down" in done.stderr
    with connect(Database.primary(demo.settings), module="test") as connected:
        assert fetch(connected, "select count(*) from pictures") == [(_PICTURES,)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_leaves_nothing_running(tmp_path: Path, number: signal.Signals) -> None:
    directory = tmp_path / "stack"
    errors = tmp_path / "stderr"
    with errors.open("w") as stderr:
        process = subprocess.Popen(
            command("demo", "--directory", directory), cwd=tmp_path, env=clean_environment(), stderr=stderr
        )
        try:
            end = time.monotonic() + _DEADLINE
            while "starting 2 workers" not in errors.read_text():
                assert process.poll() is None, errors.read_text()
                assert time.monotonic() < end, errors.read_text()
                time.sleep(0.02)
            process.send_signal(number)
            assert process.wait(_DEADLINE) == 130
        finally:
            process.kill()
    wait_for_no_process(directory)
    said = errors.read_text()
    assert "interrupted" in said
    assert "Traceback" not in said
