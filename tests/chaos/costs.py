"""What each kind of fault cost: pictures embedded again, seconds until throughput was back."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.chaos.trial import Verdict


@dataclass(slots=True)
class Cost:
    """Of one kind of fault, over all its trials."""

    trials: int = 0
    #: Inferences beyond those of a run without faults, of trials in which it was the only fault.
    again: list[int] = field(default_factory=list)
    #: Seconds until pictures were stored at half the usual rate again.
    back_seconds: list[float] = field(default_factory=list)


def costs_by_fault(verdicts: Iterable[Verdict], *, reference_inferences: int) -> dict[str, Cost]:
    """Sum up trials by kind of fault.

    Args:
        verdicts: The trials.
        reference_inferences: Of a run of the same pictures without faults.
    """
    costs: dict[str, Cost] = {}
    for verdict in verdicts:
        for kind, seconds in zip(verdict.kinds, verdict.recovery_seconds, strict=True):
            cost = costs.setdefault(kind, Cost())
            cost.trials += 1
            if seconds is not None:
                cost.back_seconds.append(seconds)
            if len(verdict.kinds) == 1 and verdict.is_clean:  # one that was cut short has not done all the work
                cost.again.append(verdict.inferences - reference_inferences)
    return dict(sorted(costs.items()))


def format_costs(costs: dict[str, Cost]) -> str:
    """Return the table for people."""
    lines = [
        f"{'fault':<18} {'trials':>6} {'alone':>6} {'embedded again':>20} {'seconds until rate is back':>28}",
        f"{'':<18} {'':>6} {'':>6} {'median (most)':>20} {'median (most)':>28}",
    ]
    for kind, cost in costs.items():
        again = f"{statistics.median(cost.again):g} ({max(cost.again)})" if cost.again else "-"
        back = (
            f"{statistics.median(cost.back_seconds):.1f} ({max(cost.back_seconds):.1f})" if cost.back_seconds else "-"
        )
        lines.append(f"{kind:<18} {cost.trials:>6} {len(cost.again):>6} {again:>20} {back:>28}")
    return "\n".join(lines)
