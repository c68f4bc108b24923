from __future__ import annotations

import itertools

import pytest

from workers.rates import Rates


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_rate_is_of_the_last_half_minute_and_falls_to_nothing_when_nothing_is_in_work() -> None:
    clock = Clock()
    rates = Rates(clock=clock)
    clock.now = 1000.0  # it has stood idle
    assert rates.pictures_per_second(0) == rates.pictures_per_second(4) == 0
    clock.now = 1010.0
    rates.note(embedded=100, failed=2, seconds=10)
    assert rates.pictures_per_second(0) == pytest.approx(10)
    clock.now = 1013.0
    assert rates.pictures_per_second(0) == 0
    assert rates.pictures_per_second(1) == pytest.approx(10), "its next range is in work"
    clock.now = 1041.0
    assert rates.pictures_per_second(1) == 0, "what takes three times as long is no work"
    assert (rates.embedded, rates.failed) == (100, 2)


@pytest.mark.parametrize("seconds", [0.2, 4.0, 15.0, 20.0])
@pytest.mark.parametrize("sessions", [1, 4])
@pytest.mark.parametrize("apart", [0.0, 1.0], ids=["together", "evenly apart"])
def test_the_rate_is_right_from_the_first_ranges_on(seconds: float, sessions: int, apart: float) -> None:
    """Each session embeds ten pictures a second; however their ranges lie, the rate is that of all."""
    clock = Clock()
    rates = Rates(clock=clock)
    begun = [seconds * apart * number / sessions for number in range(sessions)]
    ends = sorted((begin + seconds * count, number) for number, begin in enumerate(begun) for count in range(1, 400))
    expected = 10 * sessions
    looked = 0
    for at, after in itertools.pairwise(ends):
        if at[0] > 90:
            break
        clock.now = at[0]
        rates.note(embedded=round(10 * seconds), failed=0, seconds=seconds)
        for clock.now in (at[0], (at[0] + after[0]) / 2, after[0]):
            if clock.now >= seconds * (1 + apart):
                looked += 1
                assert rates.pictures_per_second(sessions) == pytest.approx(expected, rel=0.25), clock.now
    assert looked > 3


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
