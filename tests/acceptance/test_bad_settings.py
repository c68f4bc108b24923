"""What is wrong outside: settings, passwords, Redis, databases. One line each, no traceback, status not 0."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from emulator.cluster import Cluster
from emulator.ports import free_port
from fleet.settings import Settings
from tests.fix_command import adgfleet
from tests.fix_emulator import cluster_values, write_env_file
from tests.fix_redis import RedisServer

_EMBED = ["worker", "sby1"]
_SEARCH = ["search", "a blue bird"]


@pytest.fixture
def values(installed: Settings, cluster: Cluster, redis_server: RedisServer) -> dict[str, str]:
    settings = redis_server.settings()
    return {**cluster_values(cluster), "redis_url": settings.broker_url}


def _dead(_values: Mapping[str, str]) -> str:
    return f"127.0.0.1:{free_port()}"


_CASES: list[tuple[str, list[str], Callable[[dict[str, str]], dict[str, str]], tuple[str, ...]]] = [
    ("wrong password", ["produce"], lambda v: {**v, "db_password": "wrong"}, ("ORA-01017", "DB_PASSWORD")),
    ("search's wrong password", _SEARCH, lambda v: {**v, "db_password": "wrong"}, ("ORA-01017",)),
    ("Redis not there", ["produce"], lambda v: {**v, "redis_url": f"redis://{_dead(v)}/0"}, ("Redis", "REDIS_URL")),
    ("worker without Redis", _EMBED, lambda v: {**v, "redis_url": f"redis://{_dead(v)}/0"}, ("Redis", "REDIS_URL")),
    ("standby not there", _SEARCH, lambda v: {**v, "standbys": f"sby1={_dead(v)}/mypdb_ro"}, ("sby1",)),
    ("primary not there", ["failures", "list"], lambda v: {**v, "db_dsn": f"{_dead(v)}/mypdb_rw"}, ("primary",)),
    ("unknown service", ["failures", "list"], lambda v: {**v, "db_dsn": v["db_dsn"] + "x"}, ("ORA-12514",)),
    ("no DSN", ["produce"], lambda v: {k: x for k, x in v.items() if k != "db_dsn"}, ("DB_DSN",)),
    ("no standbys", ["produce"], lambda v: {k: x for k, x in v.items() if k != "standbys"}, ("STANDBYS",)),
    ("half a standby", ["produce"], lambda v: {**v, "standbys": "sby1"}, ("STANDBYS", "sby1")),
    ("no number", ["produce"], lambda v: {**v, "range_size": "many"}, ("RANGE_SIZE", "many")),
    ("unknown setting", ["produce"], lambda v: {**v, "rangesize": "9"}, ("RANGESIZE",)),
    ("no secret file", ["produce"], lambda v: {**v, "db_password": "", "db_password_file": "gone"}, ("gone",)),
    ("missing model", _SEARCH, lambda v: {**v, "text_model": "nosuch"}, ("ORA-40284", "load model")),
]


@pytest.mark.parametrize(("arguments", "change", "said"), [c[1:] for c in _CASES], ids=[c[0] for c in _CASES])
def test_one_line_says_what_to_do(
    values: dict[str, str],
    tmp_path: Path,
    arguments: list[str],
    change: Callable[[dict[str, str]], dict[str, str]],
    said: tuple[str, ...],
) -> None:
    env_file = write_env_file(tmp_path / "case.env", change(values))
    done = adgfleet("--env-file", env_file, *arguments, directory=tmp_path)
    assert done.returncode in {1, 2}, done.stderr
    last = done.stderr.strip().splitlines()[-1]
    assert last.startswith("adgfleet: ")
    for word in said:
        assert word in last, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_half_written_env_file_names_its_line(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DB_USER=adgvec\nDB_PASSW")
    done = adgfleet("produce", directory=tmp_path)
    assert done.returncode == 2
    assert "line 2" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_any_setting_the_first_missing_one_is_named(tmp_path: Path) -> None:
    done = adgfleet("produce", directory=tmp_path)
    assert done.returncode == 2
    assert "is not set" in done.stderr


def test_an_empty_directory_of_pictures(values: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "album").mkdir()
    env_file = write_env_file(tmp_path / "case.env", values)
    done = adgfleet("--env-file", env_file, "load", "pictures", "album", directory=tmp_path)
    assert done.returncode == 2
    assert "no .jpg, .jpeg or .png" in done.stderr
