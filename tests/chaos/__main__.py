"""``python -m tests.chaos --first-seed N --seeds K``: runs under faults, judged by the tables; 1 on any difference."""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

from tests.chaos.costs import costs_by_fault, format_costs
from tests.chaos.faults import FAULTS
from tests.chaos.points import PointsVerdict, run_points
from tests.chaos.rig import Template, make_template
from tests.chaos.trial import Reference, Verdict, run_reference, run_trial

PICTURES, BAD = 1_000, 20
#: Modelled time of an inference, so that a run lasts long enough to be hit.
INFERENCE_MS = 40.0


def prepare(directory: Path) -> tuple[Template, Reference]:
    """Make the template and run it once without faults; return it with what that run left."""
    template = make_template(directory / "template", pictures=PICTURES, bad=BAD, inference_ms=INFERENCE_MS)
    reference = run_reference(template, directory / "reference")
    shutil.rmtree(directory / "reference")
    return template, reference


def say_verdict(verdict: Verdict, reference: Reference) -> None:
    """Print one trial."""
    again = verdict.inferences - reference.inferences
    back = ", ".join("over" if seconds is None else f"{seconds:g} s" for seconds in verdict.recovery_seconds)
    state = "equal" if verdict.is_clean else "DIFFERENT"
    _say(
        f"seed {verdict.seed}: {state} after {verdict.seconds:.1f} s; {'; '.join(verdict.faults)}; "
        f"{again:+d} inferences against a run without faults, {verdict.on_a_primary} on a primary; "
        f"rate back after {back}"
    )
    for line in verdict.prevented:
        _say(f"  could not happen: {line}")
    for line in verdict.differences:
        _say(f"  {line}")


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
    sys.stderr.flush()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="make chaos", description=__doc__, epilog="example: make chaos ARGS='--first-seed 1 --seeds 50 --each'"
    )
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--seeds", type=int, default=5, help="how many; each has one to three faults (default 5)")
    parser.add_argument("--each", action="store_true", help="also each kind of fault alone, once")
    parser.add_argument(
        "--points", type=int, default=0, help="also kill a worker at so many points of one range's life"
    )
    parser.add_argument("--keep", type=Path, help="directory for data and logs of trials that found a difference")
    parser.add_argument("--json", action="store_true", help="print one JSON object for each trial on stdout")
    return parser.parse_args()


def main() -> None:
    """Run the seeds."""
    options = _options()
    plans: list[tuple[int, str | None]] = [
        (seed, None) for seed in range(options.first_seed, options.first_seed + options.seeds)
    ]
    if options.each:
        plans += [(options.first_seed, kind) for kind in FAULTS]
    verdicts: list[Verdict] = []
    killed = PointsVerdict()
    with tempfile.TemporaryDirectory(prefix="adgfleet-chaos-") as name:
        directory = Path(name)
        template, reference = prepare(directory)
        for seed, kind in plans:
            trial = directory / f"seed-{seed}{f'-{kind}' if kind else ''}"
            verdict = run_trial(template, reference, trial, seed=seed, kind=kind)
            verdicts.append(verdict)
            say_verdict(verdict, reference)
            if options.json:
                sys.stdout.write(json.dumps(asdict(verdict)) + "\n")
                sys.stdout.flush()
            if not verdict.is_clean and options.keep is not None:
                shutil.copytree(trial, options.keep / trial.name)
            shutil.rmtree(trial)
        if options.points:
            killed = run_points(template, reference, directory / "points", points=options.points)
    if verdicts:
        _say(format_costs(costs_by_fault(verdicts, reference_inferences=reference.inferences)))
    failed = [verdict.seed for verdict in verdicts if not verdict.is_clean]
    _say(
        f"{len(verdicts)} trials of {PICTURES} pictures ({BAD} corrupt), {len(failed)} with differences"
        f"{f': seeds {failed}' if failed else ''}"
    )
    if options.points:
        _say(
            f"{options.points} points of a range's life, {len(killed.differences)} differences, "
            f"{killed.lost_messages} messages lost until the producer ran again"
            f"{'' if killed.is_clean else ': NOT CLEAN'}"
        )
    sys.exit(0 if not failed and killed.is_clean else 1)


if __name__ == "__main__":
    main()
