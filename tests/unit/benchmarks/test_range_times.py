"""A rate counts the time in which there is work for all, and every picture where its range's time lies."""

from __future__ import annotations

import pytest

from benchmarks.range_times import RangeTime, RangeTimes, busy_window, pictures_per_second


def took(start: float, end: float, pictures: int = 10, standby: str = "sby1") -> RangeTime:
    return RangeTime(standby, 1, pictures, pictures, 0, 0, start, end, end - start, 0.1)


def test_the_start_and_the_end_do_not_count() -> None:
    # Two sessions at 1 picture/s each; the second one begins late and slowly, the last range is worked on alone.
    ranges = [took(0, 10), took(4, 24, 20), took(10, 20), took(20, 30), took(24, 34), took(30, 40), took(34, 44)]
    ranges.append(took(40, 50))
    window = busy_window(ranges, sessions=2)
    assert window == (20, 40)
    assert pictures_per_second(ranges, *window) == pytest.approx(2.0)


def test_a_pause_between_ranges_counts_against_the_fleet() -> None:
    ranges = [took(0, 10), took(15, 25), took(30, 40), took(45, 55)]
    window = busy_window(ranges, sessions=1)
    assert window == (15, 45)
    assert pictures_per_second(ranges, *window) == pytest.approx(20 / 30)


def test_too_few_ranges_give_no_rate() -> None:
    assert busy_window([took(0, 10), took(0, 10), took(11, 20), took(11, 20)], sessions=2) is None
    assert busy_window([], sessions=1) is None


def test_events_become_ranges() -> None:
    times = RangeTimes()
    for number, standby in enumerate(("sby1", "sby2")):
        times.on_started({"uuid": str(number), "timestamp": 100.0 + number, "hostname": f"{standby}@host"})
    result = {
        "standby": "sby2", "first_id": 4, "last_id": 9, "embedded": 3, "already": 0, "failed": 1, "vanished": 0,
        "seconds": 1.5, "commit_seconds": 0.25, "pictures_per_second": 2.0,
    }  # fmt: skip
    times.on_succeeded({"uuid": "1", "timestamp": 103.0, "hostname": "sby2@host", "result": repr(result)})
    moved = {"standby": "sby1", "moved_to": "halves", "range": "…"}
    times.on_succeeded({"uuid": "0", "timestamp": 103.0, "hostname": "sby1@host", "result": repr(moved)})
    assert times.ranges == [RangeTime("sby2", 4, 9, 3, 1, 0, 101.0, 103.0, 1.5, 0.25)]
    assert times.starts == [("sby1", 100.0), ("sby2", 101.0)]
