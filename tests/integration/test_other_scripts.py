"""Scripts that nobody here wrote, from folders that ADG_TEST_SCRIPTS names; skipped where it names none."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.scripts.run import rig
from tests.scripts.script import find_scripts

_FOLDERS = [Path(name) for name in os.environ.get("ADG_TEST_SCRIPTS", "").split(os.pathsep) if name]


@pytest.mark.skipif(not _FOLDERS, reason="ADG_TEST_SCRIPTS names no folders of scripts")
def test_everything_that_other_peoples_scripts_use_is_emulated() -> None:
    refused = {}
    with rig() as started:
        for script in find_scripts(_FOLDERS, owner="ADGVEC"):
            for answer in started.run(script):
                if answer.code in {"ORA-03001", "ORA-00600"} or answer.code.startswith("DPY-"):
                    refused[f"{script.name} line {answer.line}"] = answer.error
    assert refused == {}
