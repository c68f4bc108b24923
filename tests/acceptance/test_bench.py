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
