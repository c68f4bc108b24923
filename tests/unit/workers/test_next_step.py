"""A range that fails by its own fault: every path ends."""

from __future__ import annotations

import pytest

from fleet.messages import RangeMessage
from workers.poison import MOST_LOSSES, Step, next_step

RANGE = RangeMessage("run", 1, 100, 100)


def failed_on(*standbys: str) -> RangeMessage:
    message = RANGE
    for standby in standbys:
        message = message.after_failure(standby)
    return message


@pytest.mark.parametrize(
    ("message", "others", "step"),
    [
        (failed_on("a"), ["b"], Step.ELSEWHERE),
        (failed_on("a"), [], Step.AGAIN),
        (failed_on("a", "a"), [], Step.HALVE),
        (failed_on("a", "a"), ["b"], Step.ELSEWHERE),
        (failed_on("a", "a", "a"), ["b"], Step.HALVE),
        (failed_on("a", "b"), ["a", "c"], Step.HALVE),
    ],
)
def test_two_standbys_or_enough_attempts_and_it_is_halved(message: RangeMessage, others: list[str], step: Step) -> None:
    assert next_step(message, others) is step


def test_lost_sessions_have_a_budget_of_their_own() -> None:
    message = RANGE
    for _ in range(MOST_LOSSES - 1):
        message = message.after_loss()
    assert next_step(message, []) is not Step.HALVE
    assert next_step(message.after_loss(), []) is Step.HALVE


@pytest.mark.parametrize("others", [[], ["b"], ["b", "c"]])
def test_no_range_is_tried_more_than_three_times_before_it_is_halved(others: list[str]) -> None:
    message, standby = RANGE, "a"
    for tries in range(1, 5):
        message = message.after_failure(standby)
        step = next_step(message, [name for name in others if name != standby])
        if step is Step.HALVE:
            assert tries <= 3
            return
        if step is Step.ELSEWHERE:
            standby = next(name for name in others if name not in message.failed_on)
    pytest.fail("never halved")
