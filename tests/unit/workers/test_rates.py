from __future__ import annotations

import itertools
import math

import pytest

from fleet.settings import load_settings
from producer.range_size import choose_range_size
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


@pytest.mark.parametrize("seconds", [0.2, 4.0, 15.0, 20.0, 60.0])
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
        if at[0] > max(90.0, 5 * seconds):
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


@pytest.mark.parametrize(
    ("seconds_per_picture", "pictures"),
    [(None, 32), (1.0, 32), (0.5, 32), (0.2, 50), (0.1, 100), (0.01, 128), (0.0, 32)],
)
def test_a_batch_is_what_ten_seconds_embed_within_bounds(seconds_per_picture: float | None, pictures: int) -> None:
    rates = Rates()
    if seconds_per_picture is not None:
        rates.note(embedded=100, failed=0, seconds=100 * seconds_per_picture)
    assert rates.batch_size() == pictures


@pytest.mark.parametrize("seconds_per_picture", [1.0, 0.7, 0.5, 0.2, 0.05, 0.02])
def test_a_planned_range_waits_for_the_primary_once_in_twenty_pictures_or_less(seconds_per_picture: float) -> None:
    """The seed's procedure waits for each; this is what RANGE_SECONDS and batches are made for."""
    settings = load_settings(environment={})
    pictures = choose_range_size(
        target_seconds=settings.range_seconds,
        pictures_per_session_second=1 / seconds_per_picture,
        pending=10**8,
        sessions=960,
    )
    rates = Rates()
    rates.note(embedded=pictures, failed=0, seconds=pictures * seconds_per_picture)
    assert 20 * math.ceil(pictures / rates.batch_size()) <= pictures
