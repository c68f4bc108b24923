"""What chaos forgives when it kills a worker at many points."""

from __future__ import annotations

import pytest

from tests.chaos.points import PointsVerdict


@pytest.mark.parametrize(
    ("points", "lost", "is_clean"), [(5, 0, True), (5, 1, True), (5, 2, False), (30, 3, True), (30, 4, False)]
)
def test_more_lost_messages_than_one_in_ten_points_are_no_accident(points: int, lost: int, *, is_clean: bool) -> None:
    assert PointsVerdict(points, lost_messages=lost).is_clean is is_clean


def test_a_difference_is_never_forgiven() -> None:
    assert not PointsVerdict(30, ["killed at 1.000 s: its message is lost although …"]).is_clean
