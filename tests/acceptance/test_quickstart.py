"""The quickstart's commands, in its order, as a newcomer would type them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fix_command import adgfleet, clean_environment, wait_for_no_process

_PAGE = Path(__file__).parents[2] / "docs" / "quickstart.md"
_COMMAND = re.compile(r"^ {4}(?P<text>(?:adgfleet|python) [^#\n]+?)\s*(?:# status (?P<status>\d+))?$", re.MULTILINE)


@pytest.mark.timeout(300)  # a dozen commands, each of which starts Python anew
def test_every_command_of_the_quickstart_does_what_the_page_says(tmp_path: Path) -> None:
    commands = list(_COMMAND.finditer(_PAGE.read_text(encoding="utf-8")))
    assert len(commands) > 10
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    said = {}
    try:
        for found in commands:
            run = subprocess.run(
                ["/bin/sh", "-c", found["text"]],
                cwd=tmp_path,
                env=clean_environment(PATH=path),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=100,
                check=False,
            )
            assert run.returncode == int(found["status"] or 0), f"{found['text']}: {run.stderr}"
            said[found["text"]] = run.stdout
    finally:
        adgfleet("down", directory=tmp_path)
        wait_for_no_process(tmp_path)
    for name in ("primary", "sby2"):
        assert "58" in said[f'adgfleet sql "select count(*) from picture_embeddings" --on {name}']
    assert (tmp_path / "hits.png").stat().st_size > 1000
