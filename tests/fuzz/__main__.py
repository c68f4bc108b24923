"""Fuzzes the emulator: ``make fuzz ARGS='--seconds 60 --seed 7 --json'``.

Three targets share the time: `sql` (statements through a session), `decoder` (requests through the decoders, without
sockets) and `server` (packets to a server process over loopback). The same seed gives the same inputs. A finding is
run again with `--target sql --seed 7 --first 1234 --last 1234`. The status is not 0 after a crash or a hang.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path

from tests.fuzz.watch import TARGETS, Report, fuzz


def main() -> None:
    """Fuzz and say what was found."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.fuzz", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0, help="time of all targets together (default: 60)")
    parser.add_argument("--seed", default=str(int(time.time())), help="default: the time")
    parser.add_argument("--target", choices=TARGETS, action="append", help="only this one; may be given again")
    parser.add_argument("--first", type=int, default=0, help="number of the first input")
    parser.add_argument("--last", type=int, default=1 << 60, help="number of the last input")
    parser.add_argument("--json", action="store_true", help="one JSON object for scripts")
    options = parser.parse_args()
    targets = options.target or list(TARGETS)
    reports: list[Report] = []
    for target in targets:
        with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
            report = fuzz(
                target,
                seed=options.seed,
                first=options.first,
                last=options.last,
                seconds=options.seconds / len(targets),
                folder=Path(folder),
            )
        reports.append(report)
        if not options.json:
            sys.stdout.write(report.text() + "\n")
    if options.json:
        found = {"seed": options.seed, "targets": [report.as_json() for report in reports]}
        sys.stdout.write(json.dumps(found, indent=2) + "\n")
    else:
        sys.stdout.write(f"seed {options.seed}\n")
    sys.exit(1 if any(report.findings for report in reports) else 0)


if __name__ == "__main__":
    main()
