"""The tiny model on pictures that it has never seen, measured by the repository's own command."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

_ROOT = Path(__file__).parents[2]


def test_the_first_hit_is_right_for_nearly_all_pairs() -> None:
    measure = [sys.executable, "-m", "demo.model.quality", "--json", "--each", "2", "--seed", "77"]
    done = subprocess.run(measure, cwd=_ROOT, capture_output=True, text=True, check=True, timeout=110)
    shares = json.loads(done.stdout)
    assert shares["all_pairs"] >= 0.95, shares
    assert shares["held_out_pairs"] >= 0.9, shares


def test_the_files_are_those_that_were_measured_and_small() -> None:
    described = json.loads((_ROOT / "demo" / "model" / "model.json").read_text())["files"]
    assert set(described) == {"image.onnx", "text.onnx"}
    for name, facts in described.items():
        data = (_ROOT / "demo" / "model" / name).read_bytes()
        assert hashlib.sha256(data).hexdigest() == facts["sha256"]
        assert len(data) < 1_500_000
