"""The contract tests' way to a real pair: tried with an emulated one that is named as a real one would be."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from fleet.sessions import Database, connect
from fleet.settings import Settings
from tests.fix_emulator import run

_ROOT = Path(__file__).parents[2]
_USAGE = 4


def contract(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("ADG_TEST_", "PYTEST_"))}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/contract", *arguments],
        cwd=_ROOT,
        env={**kept, **variables},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.fixture(scope="module")
def variables(installed: Settings) -> dict[str, str]:
    return {
        "ADG_TEST_ORACLE_PRIMARY_DSN": installed.require("db_dsn"),
        "ADG_TEST_ORACLE_STANDBY_DSN": installed.standby_dsn("sby1"),
        "ADG_TEST_ORACLE_USER": installed.require("db_user"),
        "ADG_TEST_ORACLE_PASSWORD": installed.require("db_password"),
    }


def test_a_named_pair_is_tested_and_what_it_did_is_in_the_table(variables: dict[str, str]) -> None:
    done = contract("-k", "(duplicate_code or definer) and oracle", **variables)
    assert done.returncode == 0, done.stdout
    assert "oracle    passed; ORA-00001: unique constraint" in done.stdout
    assert "1 passed, 1 skipped" in done.stdout  # no DBA was named
    assert variables["ADG_TEST_ORACLE_PASSWORD"] not in done.stdout


def test_a_pair_with_pictures_is_left_alone(installed: Settings, variables: dict[str, str]) -> None:
    with connect(Database.primary(installed), module="test") as connected:
        run(connected, "insert into pictures (id) values (1)", "commit")
        done = contract("-k", "duplicate_code and oracle", **variables)
        run(connected, "delete from pictures where id = 1", "commit")  # it is still there
    assert done.returncode == _USAGE
    assert "name an installation for tests" in done.stdout + done.stderr


def test_half_a_pair_is_no_pair() -> None:
    done = contract("--collect-only", ADG_TEST_ORACLE_PRIMARY_DSN="host:1521/mypdb_rw")
    assert done.returncode == _USAGE
    assert "ADG_TEST_ORACLE_STANDBY_DSN" in done.stdout + done.stderr
