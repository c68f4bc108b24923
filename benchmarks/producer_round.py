"""A producer that is measured: ``python -m benchmarks.producer_round ENV_FILE``. Run by ``bench producer``.

It enqueues what is missing, as ``adgfleet produce`` does, then once more, when all of it is queued. Prints one JSON
object.
"""

from __future__ import annotations

import contextlib
import re
import sys
import time
from pathlib import Path

from fleet.celery_app import create_app
from fleet.console import print_json, say
from fleet.settings import load_settings
from fleet.state import FleetState
from producer.reconcile import Reconciler


def _peak_mb() -> float:
    """Return the largest resident memory of this program.

    Source: proc(5), VmHWM. The ru_maxrss of getrusage(2) begins with that of the process which started this one.
    """
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="ascii"))
    return round(int(found[1]) / 1024, 1) if found else 0.0


def main() -> None:
    """Enqueue twice, say what it took."""
    settings = load_settings(Path(sys.argv[1]), environment={})
    figures: dict[str, float] = {}
    with contextlib.closing(FleetState(settings)) as state:
        reconciler = Reconciler(settings, create_app(settings), state, say)
        for name in ("", "again_"):
            began, cpu_before = time.monotonic(), time.process_time()
            done = reconciler.enqueue_missing()
            figures |= {
                f"{name}pictures": done.enqueued.pictures,
                f"{name}ranges": done.enqueued.ranges,
                f"{name}seconds": round(time.monotonic() - began, 3),
                f"{name}cpu_seconds": round(time.process_time() - cpu_before, 3),
                f"{name}peak_mb": _peak_mb(),
            }
    print_json(figures)


if __name__ == "__main__":
    main()
