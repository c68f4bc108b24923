"""What chaos says of costs follows from what it saw."""

from __future__ import annotations

import pytest

from tests.chaos.costs import costs_by_fault, format_costs
from tests.chaos.observer import Observation
from tests.chaos.trial import Verdict, recovery_seconds, usual_rate


def observed(*rates: int) -> Observation:
    """Ten looks a second, at so many pictures/s in each second."""
    observation = Observation()
    rows = 0.0
    for second, rate in enumerate(rates):
        for tenth in range(10):
            rows += rate / 10
            observation.stored.append((second + tenth / 10, int(rows)))
    return observation


def test_a_fall_lasts_until_half_the_usual_rate() -> None:
    observation = observed(50, 50, 0, 0, 0, 50, 50, 50, 50, 50, 50)
    assert usual_rate(observation) == pytest.approx(45, abs=5)
    assert recovery_seconds(observation, 1.5, usual=45) == pytest.approx(3.0, abs=0.3)
    assert recovery_seconds(observation, 6.0, usual=45) == 0.0
    assert recovery_seconds(observation, 10.9, usual=45) is None


def test_inferences_are_charged_to_a_fault_that_was_alone() -> None:
    verdicts = [
        Verdict(1, ["KilledWorker"], [], [], inferences=1_030, recovery_seconds=[2.0]),
        Verdict(2, ["KilledWorker", "CutStandby"], [], [], inferences=1_500, recovery_seconds=[4.0, None]),
        Verdict(3, ["KilledWorker"], [], ["it cannot be mended"], inferences=5, recovery_seconds=[None]),
    ]
    costs = costs_by_fault(verdicts, reference_inferences=1_020)
    assert costs["KilledWorker"].again == [10]
    assert costs["KilledWorker"].back_seconds == [2.0, 4.0]
    assert costs["CutStandby"].again == []
    assert "KilledWorker" in format_costs(costs)
    assert "10 (10)" in format_costs(costs)
