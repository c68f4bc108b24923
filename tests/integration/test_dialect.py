"""SQLAlchemy, which asks the data dictionary what an application would, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fix_emulator import OWNER_PASSWORD, Owner, Primary, run

pytest.importorskip("sqlalchemy")
_CLIENT = Path(__file__).parents[1] / "second_clients" / "dialect.py"


def test_sqlalchemy_reflects_tables_and_runs_queries(owner: Owner, primary: Primary) -> None:
    with primary.dba() as dba:
        run(dba, f"grant create view to {owner.name}")
    settings = {"ADG_USER": owner.name, "ADG_PASSWORD": OWNER_PASSWORD, "ADG_DSN": owner.dsn}
    done = subprocess.run(
        [sys.executable, str(_CLIENT)],
        env={**os.environ, **settings},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    steps = json.loads(done.stdout)
    assert steps["tables"] == ["alchemy_embeddings", "alchemy_pictures"]
    assert steps["views"] == ["alchemy_large"]
    assert [name for name, _, _ in steps["columns"]] == ["id", "name", "size_kb", "img"]
    assert steps["columns"][1][2] is False
    assert steps["primary key"] == ["id"]
    assert steps["foreign keys"] == [[["picture"], "alchemy_pictures", ["id"], {"ondelete": "CASCADE"}]]
    assert steps["unique"] == [["picture", "model"]]
    assert steps["indexes"] == [["alchemy_names", ["name"]]]
    assert steps["query"] == [["picture 3", 181.5], ["picture 4", 242.0]]
    assert steps["LOB"] == [9000, 3]
    assert steps["ORA error"].startswith("ORA-00001: unique constraint")
