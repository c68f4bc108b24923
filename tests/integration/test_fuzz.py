"""A short run of each fuzzer with a fixed seed; ``make fuzz`` runs them for longer."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).resolve().parents[2]
_SEED = "26"


@pytest.mark.parametrize(("target", "inputs"), [("sql", 100), ("decoder", 1_500), ("server", 40)])
def test_no_input_crashes_or_hangs_the_emulator(target: str, inputs: int) -> None:
    command = f"--target {target} --seed {_SEED} --last {inputs - 1} --seconds 80 --json"
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", *command.split()],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    found = json.loads(done.stdout)["targets"][0]
    assert done.returncode == 0, (f"seed {_SEED}", found["findings"])
    assert found["inputs"] == inputs
    assert found["peak_mebibytes"] < 3_000
