"""`adgfleet bench` end to end, with small numbers: figures that hang together, files with their conditions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.fix_command import adgfleet_json, wait_for_no_process


@pytest.mark.timeout(240)
def test_scaling_measures_each_size_and_writes_its_conditions(tmp_path: Path) -> None:
    found = adgfleet_json(
        "bench", "scaling", "--standbys", "1,2", "--sessions", "2", "--inference-ms", "100", "--range-size", "5",
        "--seconds", "1", "--json", directory=tmp_path, timeout=220,
    )  # fmt: skip
    assert [row["standbys"] for row in found["rows"]] == [1, 2]
    for row in found["rows"]:
        # No rate can be above what the modelled time allows, and the modelled time is most of it.
        assert 0 < row["pictures_per_second"] <= row["standbys"] * 2 / 0.1
        assert row["inferences"] == row["pictures"], "work was done twice"
        assert row["inferences_on_primary"] == 0
    first, second = found["rows"]
    assert first["efficiency"] == 1
    assert second["efficiency"] == pytest.approx(
        second["pictures_per_second"] / 2 / first["pictures_per_second"], abs=1e-3
    )
    assert "100 ms a picture" in found["conditions"]["modelled"]
    lines = [json.loads(line) for line in (tmp_path / "state/bench/scaling.jsonl").read_text().splitlines()]
    assert lines[0]["conditions"]["cores"] >= 1
    assert sum(line["range"]["embedded"] for line in lines if "range" in line) == first["pictures"] + second["pictures"]
    for ending in ("md", "svg"):
        assert "Modelled time" in (tmp_path / f"state/bench/scaling.{ending}").read_text(encoding="utf-8")
    wait_for_no_process(tmp_path)


@pytest.mark.timeout(240)
def test_overhead_counts_what_a_range_costs(tmp_path: Path) -> None:
    found = adgfleet_json(
        "bench", "overhead", "--inference-ms", "20", "--range-size", "10", "--ranges", "4", "--json",
        directory=tmp_path, timeout=220,
    )  # fmt: skip
    assert found["redirected_statements_per_range"] == found["commits_per_range"] == 1
    assert (found["round_trips_per_range"], found["statements_per_range"]) == (1, 1)
    assert found["bytes_per_range"] <= 90
    assert found["call_seconds"] >= 10 * 0.02
    assert 0 < found["own_share"] < 1
    wait_for_no_process(tmp_path)


@pytest.mark.timeout(240)
def test_versus_counts_what_another_way_does(tmp_path: Path) -> None:
    found = adgfleet_json(
        "bench", "versus", "--only", "client-side", "--standbys", "1", "--sessions", "2", "--pictures", "40",
        "--range-size", "10", "--inference-ms", "10", "--bad", "1", "--json", directory=tmp_path, timeout=220,
    )  # fmt: skip
    (row,) = found["rows"]
    assert (row["embedded"], row["inferences"], row["duplicate_inferences"]) == (40, 40, 0)
    assert (row["redirected_statements"], row["commits"], row["error"]) == (0, 4, "")
    assert row["bytes_per_picture"] > 2 * 4 * 64, "vectors of 64 dimensions and more travel twice"
    assert row["finishes_with_corrupt"] is False
    assert "ORA-" in row["corrupt_error"]


@pytest.mark.timeout(240)
def test_real_runs_a_model_of_its_own_in_the_fleet_and_in_a_plain_loop(tmp_path: Path) -> None:
    found = adgfleet_json(
        "bench", "real", "--standbys", "1", "--picture-ms", "1", "--range-size", "3", "--seconds", "1", "--json",
        directory=tmp_path, timeout=220,
    )  # fmt: skip
    assert found["tower"]["cpu_ms"] >= 1
    assert found["inferences"] == found["pictures"], "work was done twice"
    assert found["inferences_on_primary"] == 0
    assert len(found["loops"]) == 2
    for loop in found["loops"]:
        # One process on one thread: a second's pictures cannot cost more than a second of CPU.
        assert 0 < loop["pictures_per_second"] * loop["cpu_ms_per_picture"] <= 1100
    assert found["share_of_loop"] == pytest.approx(
        found["pictures_per_second"] / found["loop_pictures_per_second"], abs=1e-3
    )
    assert found["cores_used"] == {} or found["cores_used"]["standby"] > 0
    lines = [json.loads(line) for line in (tmp_path / "state/bench/real.jsonl").read_text().splitlines()]
    assert sum(line["range"]["embedded"] for line in lines if "range" in line) == found["pictures"]
    for ending in ("md", "svg"):
        assert "Real inference" in (tmp_path / f"state/bench/real.{ending}").read_text(encoding="utf-8")
    wait_for_no_process(tmp_path)


@pytest.mark.timeout(240)
def test_producer_enqueues_all_that_is_pending_once_at_each_size(tmp_path: Path) -> None:
    found = adgfleet_json(
        "bench", "producer", "--pictures", "2000,500", "--json", directory=tmp_path, timeout=220
    )  # fmt: skip
    few, many = found["rows"]
    assert [few["pictures"], many["pictures"]] == [500, 2000]
    for row in found["rows"]:
        assert row["ranges"] >= row["pictures"] / 100
        assert row["statements_on_primary"] <= 2, "the primary tells its SCN, once a round, and nothing else"
        assert row["redis_bytes"] > row["queue_bytes"] > 100 * row["ranges"]
    assert 1 < few["statements"] == many["statements"] <= 10, "statements grow with pages of ranges, not with pictures"
    assert 10 < few["peak_mb"] < 200
    assert found["growth"]["peak_memory"] == pytest.approx(many["peak_mb"] / few["peak_mb"], abs=1e-3)
    lines = [json.loads(line) for line in (tmp_path / "state/bench/producer.jsonl").read_text().splitlines()]
    assert [line["pictures"] for line in lines if "pictures" in line] == [500, 2000]
    for ending in ("md", "svg"):
        assert "ids have gaps" in (tmp_path / f"state/bench/producer.{ending}").read_text(encoding="utf-8")
    wait_for_no_process(tmp_path)


@pytest.mark.timeout(240)
def test_search_finds_what_numpy_finds(tmp_path: Path) -> None:
    found = adgfleet_json(
        "bench", "search", "--vectors", "300", "--dimensions", "8", "--clients", "2", "--seconds", "0.3", "--json",
        directory=tmp_path, timeout=220,
    )  # fmt: skip
    rows = {row["way"]: row for row in found["rows"]}
    assert list(rows) == ["numpy", "exact", "approximate"]
    assert rows["exact"]["recall"] > 0.98
    assert 0.3 < rows["approximate"]["recall"] <= 1
    assert rows["approximate"]["build_seconds"] > 0 == rows["exact"]["build_seconds"]
    for row in rows.values():
        assert 0 < row["p50_ms"] <= row["p95_ms"]
        assert row["searches_per_second"] > 0
    lines = [json.loads(line) for line in (tmp_path / "state/bench/search.jsonl").read_text().splitlines()]
    assert lines[0]["conditions"]["cores"] >= 1
    for ending in ("md", "svg"):
        assert "8 dimensions" in (tmp_path / f"state/bench/search.{ending}").read_text(encoding="utf-8")
    wait_for_no_process(tmp_path)


def test_simulate_needs_no_machine(tmp_path: Path) -> None:
    found = adgfleet_json(
        "bench", "simulate", "--standbys", "1,4", "--pictures", "40000", "--seed", "7", "--price-per-core-hour", "0.1",
        "--json", directory=tmp_path, timeout=60,
    )  # fmt: skip
    one, four = found["rows"]
    assert (one["pictures"], four["pictures"], found["model"]["seed"]) == (40000, 40000, 7)
    assert four["pictures_per_second"] == pytest.approx(4 * one["pictures_per_second"], rel=0.02)
    assert four["cost"] == pytest.approx(four["core_hours"] * 0.1, rel=0.01)
    for ending in ("md", "svg"):
        text = (tmp_path / f"state/bench/simulate.{ending}").read_text(encoding="utf-8")
        assert "Simulated, not measured" in text
