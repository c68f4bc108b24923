from __future__ import annotations

import pytest

from workers.rates import Rates


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_rate_is_of_the_last_half_minute() -> None:
    clock = Clock()
    rates = Rates(clock=clock)
    clock.now = 10.0
    rates.note(embedded=100, failed=2, seconds=10)
    assert rates.pictures_per_second == pytest.approx(10)
    clock.now = 41.0
    assert rates.pictures_per_second == 0
    assert (rates.embedded, rates.failed) == (100, 2)


@pytest.mark.parametrize(
    ("pictures", "measured", "seconds"),
    [(1, None, 60), (10, None, 600), (1000, None, 3600), (100, 2.0, 1000), (3, 0.1, 60), (0, None, 60)],
)
def test_a_calls_limit_follows_size_and_measured_rate(pictures: int, measured: float | None, seconds: float) -> None:
    rates = Rates()
    if measured is not None:
        rates.note(embedded=10, failed=0, seconds=10 * measured)
    limit = rates.call_timeout_seconds(pictures, picture_timeout_seconds=60, floor_seconds=60, cap_seconds=3600)
    assert limit == pytest.approx(seconds)
