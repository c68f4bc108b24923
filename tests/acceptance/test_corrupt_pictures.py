"""One picture in twenty is corrupt: what the fleet makes of it, and what the seed's procedure does."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import oracledb
import pytest

from emulator.inference import PICTURE_ERROR_CODE
from fleet.sessions import Database, session
from tests.chaos.judge import read_tables
from tests.chaos.rig import STANDBYS, Rig, Template, make_template
from tests.chaos.trial import run_reference
from tests.fix_emulator import code_of, run

_PICTURES, _BAD = 400, 20
#: Isolating corrupt pictures may cost so much beside the inferences of the good ones alone.
_MOST_EXTRA = 0.15


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    directory = tmp_path_factory.mktemp("corrupt")
    yield make_template(directory / "template", pictures=_PICTURES, bad=_BAD, inference_ms=0)
    shutil.rmtree(directory)


@pytest.mark.timeout(180)
def test_corrupt_pictures_cost_the_fleet_little(template: Template, tmp_path: Path) -> None:
    reference = run_reference(template, tmp_path / "fleet")  # raises if a picture was lost or wrongly put aside
    extra = reference.inferences / len(template.good) - 1
    said = f"{reference.inferences} inferences for {len(template.good)} good pictures: {extra:+.1%}"
    sys.stdout.write(f"{said}\n")
    assert 0 <= extra <= _MOST_EXTRA, said


@pytest.mark.timeout(180)
def test_the_seeds_procedure_stops_at_the_first_corrupt_picture(template: Template, tmp_path: Path) -> None:
    rig = Rig(template, tmp_path / "seed")
    codes: list[int] = []
    stored: list[int] = []
    try:
        rig.cluster.start()
        with (
            session(Database.standby(rig.settings, STANDBYS[0]), module="test") as standby,
            session(Database.primary(rig.settings), module="test") as primary,
        ):
            run(standby, "alter session enable adg_redirect_dml")
            for _ in range(2):
                with pytest.raises(oracledb.DatabaseError) as caught:
                    run(standby, f"begin process_embeddings(1, {_PICTURES}); end;")
                codes.append(code_of(caught.value))
                standby.rollback()
                stored.append(len(read_tables(primary).vectors))
            failed = read_tables(primary).failed
    finally:
        rig.cluster.stop()
    sys.stdout.write(f"the seed's procedure: ORA-{codes[0]} after {stored[0]} of {_PICTURES}; again: {stored}\n")
    assert codes == [PICTURE_ERROR_CODE] * 2
    assert stored[0] < len(template.good)
    assert stored[1] == stored[0], "starting it again helps"
    assert failed == frozenset()
