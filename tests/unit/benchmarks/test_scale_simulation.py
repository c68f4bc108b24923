"""The simulated fleet: every picture once, linear until something shared is the limit, as fast as measured fleets."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from random import Random

import pytest

from benchmarks.scale_figures import scale_figures
from benchmarks.scale_simulation import ScaleModel, simulate

_SCALING_PAGE = Path(__file__).parents[3] / "docs/reference/bench-scaling.md"
#: The emulated fleet of `bench scaling`, from what `bench overhead` measured (docs/reference/bench-overhead.md
#: and docs/explanation/scale.md): 60,291 ms of bare SELECT for 120 pictures, 28.5 ms of the fleet's own a range, and
#: 74 ms to write a batch, of which 20 are modelled.
_EMULATED = ScaleModel(
    sessions=4,
    inference_ms=502.4,
    inference_spread=0.0,
    range_size=30,
    batch_size=16,
    overhead_ms=28.5,
    transport_ms=50.0,
)


def test_every_picture_is_stored_once() -> None:
    seed = Random().randrange(10**9)
    rng = Random(seed)
    for _ in range(30):
        model = ScaleModel(
            standbys=rng.randint(1, 6),
            sessions=rng.randint(1, 9),
            pictures=rng.randint(1, 3000),
            inference_ms=rng.choice([1.0, 200.0, 1000.0]),
            inference_spread=rng.choice([0.0, 0.5]),
            range_size=rng.randint(1, 90),
            batch_size=rng.randint(1, 40),
            is_bulk=rng.random() < 0.5,
            seed=rng.randrange(10**6),
        )
        found = simulate(model)
        note = f"seed {seed}: {model}"
        assert found.pictures == model.pictures, note
        assert found.ranges == -(-model.pictures // model.range_size), note
        whole, rest = divmod(model.pictures, model.range_size)
        batches = [-(-size // model.batch_size) for size in (model.range_size, rest)]
        assert found.batches == whole * batches[0] + batches[1], note
        assert 0 < found.efficiency <= 1 or model.inference_spread, note
        for share in (found.queue_share, found.primary_share, found.apply_share):
            assert 0 <= share <= 1.000001, note
        assert simulate(model) == found, f"{note}: not the same twice"


@pytest.mark.parametrize(
    ("limit", "pictures_per_second"),
    [
        ({"apply_mb_per_second": 0.5}, 100.0),  # 5,000 bytes a picture
        ({"queue_ms": 100.0}, 200.0),  # ranges of 20
        ({"primary_ms_per_picture": 5.0}, 200.0),
    ],
    ids=["redo apply", "queue", "primary"],
)
def test_it_is_linear_until_what_is_shared_serves_all_the_time(
    limit: dict[str, float], pictures_per_second: float
) -> None:
    base = dataclasses.replace(ScaleModel(sessions=4, inference_ms=100.0, range_size=20, batch_size=20), **limit)  # type: ignore[arg-type]
    rates = {}
    for standbys in (1, 2, 20):
        model = dataclasses.replace(base, standbys=standbys, pictures=standbys * 4 * 20 * 20)
        rates[standbys] = simulate(model).pictures_per_second
    assert rates[2] == pytest.approx(2 * rates[1], rel=0.05)
    assert rates[20] == pytest.approx(pictures_per_second, rel=0.05), "twenty standbys want 800 a second"


def test_row_by_row_waits_for_the_primary_at_each_picture() -> None:
    model = ScaleModel(standbys=1, sessions=1, pictures=320, inference_ms=100.0, inference_spread=0.0)
    bulk, row = simulate(model), simulate(dataclasses.replace(model, is_bulk=False))
    waits = 320 - bulk.batches
    assert row.seconds - bulk.seconds == pytest.approx(waits * model.redirect_ms / 1000)
    eager = simulate(dataclasses.replace(model, is_bulk=False, redirect_wait="dml"))
    assert eager.seconds - row.seconds == pytest.approx(320 * model.transport_ms / 1000)


def test_it_is_as_fast_as_the_fleets_that_were_measured() -> None:
    text = _SCALING_PAGE.read_text(encoding="utf-8")
    measured = {int(count): float(rate) for count, rate in re.findall(r"^\| (\d+) \| ([\d.]+) \|", text, re.MULTILINE)}
    assert set(measured) >= {1, 2, 4, 8, 16}
    for standbys, rate in measured.items():
        model = dataclasses.replace(_EMULATED, standbys=standbys, pictures=standbys * 4 * 30 * 5)
        assert simulate(model).pictures_per_second == pytest.approx(rate, rel=0.03), standbys
    uneven = re.search(r"one of them half as fast \| ([\d.]+) pictures/s", text)
    assert uneven is not None
    slow = simulate(dataclasses.replace(_EMULATED, standbys=4, slow_standbys=1, pictures=4 * 4 * 30 * 10))
    assert slow.pictures_per_second == pytest.approx(float(uneven[1]), rel=0.03)


def test_figures_follow_from_the_counts() -> None:
    found = simulate(ScaleModel(standbys=2, sessions=8, pictures=9600))
    figures = scale_figures(found, price_per_core_hour=0.5)
    assert figures["messages"] == 160
    assert figures["messages_per_second"] == pytest.approx(160 / found.seconds, abs=1e-3)
    assert figures["redo_mb_per_second"] == pytest.approx(9600 * 5000 / 1e6 / found.seconds, abs=1e-3)
    assert figures["redirected_statements_per_second"] == figures["commits_per_second"]
    assert figures["cost"] == pytest.approx(16 * found.seconds / 3600 * 0.5, abs=0.01)
    assert "cost" not in scale_figures(found)
