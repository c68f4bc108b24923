from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from fleet.runs import RangeRecord
from fleet.samples import DatabaseSample, Sample, cpu_percent
from report.chart import Chart, Series, place
from report.run_report import bin_rates, find_gaps, loads_of


def record(embedded: int, at: float, seconds: float, standby: str = "sby1") -> RangeRecord:
    return RangeRecord(1, 10, embedded, 0, 0, 0, standby, at, seconds)


def samples(load: Callable[[float], float], times: list[float], *, cpus: float = 2.0) -> list[Sample]:
    """Samples of one database whose busy processors are ``load`` of the time."""
    found, busy, idle, before = [], 100.0, 900.0, times[0]
    for at in times:
        busy += (at - before) * load(at)
        idle += (at - before) * (cpus - load(at))
        found.append(Sample(at, {"sby1": DatabaseSample("SBY1", "PHYSICAL STANDBY", busy, idle)}))
        before = at
    return found


def test_the_bins_hold_exactly_the_pictures_of_the_ranges() -> None:
    seed = random.randrange(1 << 32)
    rng = random.Random(seed)
    records = [
        record(rng.randrange(100), 1000 + rng.uniform(5, 500), rng.uniform(0, 5), rng.choice(["sby1", "sby2"]))
        for _ in range(200)
    ]
    start, end = 995.0, max(each.at for each in records)
    rates = bin_rates(records, start, end, ["sby1", "sby2"])
    for name, values in rates.standbys.items():
        assert len(values) <= 120
        pictures = sum(each.embedded for each in records if each.standby == name)
        assert sum(values) * rates.bin_seconds == pytest.approx(pictures), f"seed {seed}"


def test_a_range_counts_where_its_time_was() -> None:
    rates = bin_rates([record(40, at=1004.0, seconds=2.0)], 1000.0, 1004.0, ["sby1", "sby2"])
    assert rates.bin_seconds == 1.0
    assert rates.standbys == {"sby1": (0.0, 0.0, 20.0, 20.0), "sby2": (0.0, 0.0, 0.0, 0.0)}


def test_a_load_is_the_difference_of_two_counters() -> None:
    before = DatabaseSample("SBY1", "PHYSICAL STANDBY", 10.0, 90.0)
    assert cpu_percent(before, DatabaseSample("SBY1", "PHYSICAL STANDBY", 13.0, 91.0)) == pytest.approx(75.0)
    restarted = DatabaseSample("SBY1", "PHYSICAL STANDBY", 1.0, 2.0)
    elsewhere = DatabaseSample("SBY2", "PHYSICAL STANDBY", 13.0, 91.0)
    for after in (restarted, elsewhere, DatabaseSample("SBY1"), None, before):
        assert cpu_percent(before, after) is None
    assert cpu_percent(None, before) is None


def test_the_load_of_a_run_is_what_was_sampled_and_a_gap_stays_a_gap() -> None:
    times = [*(1000.0 + second for second in range(30)), *(1100.0 + second for second in range(30))]
    gaps = find_gaps(times, 1000.0, 1129.0)
    assert gaps == [(1029.0, 1100.0)]
    (load,) = loads_of(samples(lambda at: 0.5 if at < 1050 else 1.5, times), gaps, 1000.0, 1129.0)
    assert load.role == "PHYSICAL STANDBY"
    known = [(at, value) for at, value in load.points if value is not None]
    assert [at for at, value in load.points if value is None] == [1064.5]
    assert {round(value) for at, value in known if at < 1050} == {25}
    assert {round(value) for at, value in known if at > 1050} == {75}


def test_a_long_run_has_few_points_with_the_same_mean() -> None:
    times = [1000.0 + second for second in range(5000)]
    (load,) = loads_of(samples(lambda _at: 1.0, times), [], times[0], times[-1])
    assert len(load.points) <= 301
    assert load.mean_percent == pytest.approx(50.0)
    assert {round(value or 0) for _, value in load.points} == {50}


def test_the_mean_is_of_the_run_alone() -> None:
    """Idle before and after it, wholly busy while it lasted, which began and ended between two samples."""
    times = [995.0 + second for second in range(16)]
    (load,) = loads_of(samples(lambda at: 2.0 if 1000.0 < at <= 1005.0 else 0.0, times), [], 1000.4, 1004.6)
    assert load.mean_percent == pytest.approx(100.0)
    (wider,) = loads_of(samples(lambda at: 2.0 if 1000.0 < at <= 1005.0 else 0.0, times), [], 1000.0, 1010.0)
    assert wider.mean_percent == pytest.approx(50.0)


@pytest.mark.parametrize(
    ("times", "gaps"),
    [
        ([], [(0.0, 100.0)]),
        ([float(at) for at in range(101)], []),
        ([float(at) for at in range(50, 101)], [(0.0, 50.0)]),
        ([float(at) for at in range(51)], [(50.0, 100.0)]),
        ([0.0, 60.0, 120.0], []),
    ],
    ids=["nobody", "all the time", "late", "until the half", "a minute apart"],
)
def test_where_nobody_sampled_is_known(times: list[float], gaps: list[tuple[float, float]]) -> None:
    assert find_gaps(times, 0.0, 100.0) == gaps


def test_a_chart_lies_inside_its_frame_and_breaks_where_nothing_is_known() -> None:
    points = [(10.0, 1.0), (11.0, None), (12.0, 37.0), (13.0, 3.0), (99.0, 3.0)]
    plot = place(Chart("t", "", [Series("sby1", "#000", points)], 10.0, 20.0, 1.0), 400, 200)
    ((_, stretches),) = plot.lines
    assert [len(stretch) for stretch in stretches] == [1, 2]
    assert [text for _, text in plot.values] == ["0", "10", "20", "30", "40", "50"]
    for x, y in (point for stretch in stretches for point in stretch):
        assert plot.left <= x <= plot.right
        assert plot.top <= y <= plot.bottom
