"""``python -m tests.chaos --first-seed N --seeds K``: runs under faults, judged by the tables; 1 on any difference."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.chaos.points import run_points
from tests.chaos.rig import Template, make_template
from tests.chaos.trial import Verdict, run_reference, run_trial

PICTURES, BAD = 1_000, 20
#: Modelled time of an inference, so that a run lasts long enough to be hit.
INFERENCE_MS = 40.0


def prepare(directory: Path) -> tuple[Template, dict[int, str]]:
    """Make the template and run it once without faults; return it with the reference vectors."""
    template = make_template(directory / "template", pictures=PICTURES, bad=BAD, inference_ms=INFERENCE_MS)
    reference = run_reference(template, directory / "reference")
    shutil.rmtree(directory / "reference")
    return template, reference


def say_verdict(verdict: Verdict) -> None:
    """Print one trial."""
    again = verdict.inferences - PICTURES
    back = ", ".join("over" if seconds is None else f"{seconds:g} s" for seconds in verdict.recovery_seconds)
    state = "equal" if verdict.is_clean else "DIFFERENT"
    sys.stderr.write(
        f"seed {verdict.seed}: {state} after {verdict.seconds:.1f} s; {'; '.join(verdict.faults)}; "
        f"{again:+d} inferences against one for each picture, {verdict.on_a_primary} on a primary; "
        f"rate back after {back}\n"
    )
    for line in verdict.differences:
        sys.stderr.write(f"  {line}\n")
    sys.stderr.flush()


def main() -> None:
    """Run the seeds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument(
        "--points", type=int, default=0, help="also kill a worker at so many points of one range's life"
    )
    parser.add_argument("--keep", type=Path, help="directory for data and logs of trials that found a difference")
    parser.add_argument("--json", action="store_true", help="print one JSON object for each seed on stdout")
    options = parser.parse_args()
    failed: list[int] = []
    differences: list[str] = []
    with tempfile.TemporaryDirectory(prefix="adgfleet-chaos-") as name:
        directory = Path(name)
        template, reference = prepare(directory)
        for seed in range(options.first_seed, options.first_seed + options.seeds):
            trial = directory / f"seed-{seed}"
            verdict = run_trial(template, reference, trial, seed=seed)
            say_verdict(verdict)
            if options.json:
                sys.stdout.write(json.dumps(asdict(verdict)) + "\n")
                sys.stdout.flush()
            if not verdict.is_clean:
                failed.append(seed)
                if options.keep is not None:
                    shutil.copytree(trial, options.keep / trial.name)
            shutil.rmtree(trial)
        if options.points:
            differences = run_points(template, reference, directory / "points", points=options.points)
    sys.stderr.write(f"{options.seeds} seeds, {len(failed)} with differences{f': {failed}' if failed else ''}\n")
    if options.points:
        sys.stderr.write(f"{options.points} points of a range's life, {len(differences)} differences\n")
    sys.exit(1 if failed or differences else 0)


if __name__ == "__main__":
    main()
