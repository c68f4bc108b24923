"""A few seeds of the chaos suite; ``make chaos ARGS='--seeds 50'`` runs more."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.chaos.__main__ import prepare
from tests.chaos.points import run_points
from tests.chaos.rig import Template
from tests.chaos.trial import Reference, run_trial

#: Among them a switchover that keeps sessions, a killed worker, standby and Redis, an emptied Redis, a restarted and a
#: frozen primary, a frozen, a deaf and a snapshot standby, odd codes of corrupt pictures and errors of statements.
_SEEDS = (17, 35, 42, 44, 56)
_POINTS = 5
#: The driver leaves the sockets of connections that a fault has cut to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Template, Reference]]:
    directory = tmp_path_factory.mktemp("chaos")
    yield prepare(directory)
    shutil.rmtree(directory)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", _SEEDS)
def test_after_faults_the_tables_are_as_without(
    prepared: tuple[Template, Reference], tmp_path: Path, seed: int
) -> None:
    template, reference = prepared
    verdict = run_trial(template, reference, tmp_path / "trial", seed=seed)
    assert verdict.differences == [], verdict
    assert verdict.on_a_primary == 0, verdict


@pytest.mark.timeout(300)
def test_a_worker_killed_at_any_point_of_a_range_leaves_no_difference(
    prepared: tuple[Template, Reference], tmp_path: Path
) -> None:
    template, reference = prepared
    verdict = run_points(template, reference, tmp_path / "points", points=_POINTS)
    assert verdict.is_clean, verdict
