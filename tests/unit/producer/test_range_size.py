from __future__ import annotations

import pytest

from producer.range_size import (
    FIRST_PICTURES,
    LARGEST_PICTURES,
    SMALLEST_PICTURES,
    choose_range_size,
    pictures_that_matter,
    smallest_at_once,
)


def size(rate: float | None, *, pending: int = 1_000_000, sessions: int = 8, seconds: float = 15) -> int:
    return choose_range_size(
        target_seconds=seconds, pictures_per_session_second=rate, pending=pending, sessions=sessions
    )


@pytest.mark.parametrize(("rate", "seconds", "pictures"), [(1.0, 15, 15), (2.0, 30, 60), (20.0, 15, 300)])
def test_a_range_takes_about_the_seconds_that_were_asked_for(rate: float, seconds: float, pictures: int) -> None:
    assert size(rate, seconds=seconds) == pictures


def test_before_anything_is_measured_ranges_are_of_a_fixed_size() -> None:
    assert size(None) == FIRST_PICTURES


@pytest.mark.parametrize(
    ("rate", "pictures"), [(0.0, SMALLEST_PICTURES), (0.01, SMALLEST_PICTURES), (1e9, LARGEST_PICTURES)]
)
def test_no_measurement_makes_ranges_senseless(rate: float, pictures: int) -> None:
    assert size(rate) == pictures


def test_few_pictures_are_shared_by_all_sessions() -> None:
    assert size(1000.0, pending=800, sessions=8) == 25
    assert size(1000.0, pending=5, sessions=8) == SMALLEST_PICTURES
    assert size(1000.0, pending=800, sessions=0) == 200


def test_no_more_pictures_matter_than_are_counted() -> None:
    for sessions in (0, 1, 8, 64):
        counted = pictures_that_matter(sessions)
        for rate in (None, 0.1, 3.0, 1e9):
            assert size(rate, pending=counted, sessions=sessions) == size(rate, pending=10**8, sessions=sessions)


@pytest.mark.parametrize(("pending", "pictures"), [(0, 1), (10_000, 1), (10_001, 2), (10_000_000, 1000)])
def test_what_is_enqueued_at_once_makes_ten_thousand_ranges_at_most(pending: int, pictures: int) -> None:
    assert smallest_at_once(pending) == pictures
