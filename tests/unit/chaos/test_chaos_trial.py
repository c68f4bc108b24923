"""What a trial notes of the faults that it planned."""

from __future__ import annotations

import time
from random import Random
from types import SimpleNamespace
from typing import cast

import pytest

from emulator.cluster import ClusterError
from tests.chaos.faults import Fault
from tests.chaos.rig import Rig
from tests.chaos.trial import Verdict, let_happen

_NOWHERE = cast("Rig", SimpleNamespace())


class Prevented(Fault):
    """Cannot happen."""

    def happen(self, _rig: Rig) -> None:
        raise ClusterError("another fault stands in its way")


class Slow(Fault):
    """Takes its time to happen."""

    def happen(self, _rig: Rig) -> None:
        time.sleep(0.1)  # how long a fault takes is the test's input


class Lasting(Slow):
    """Cannot be mended."""

    def mend(self, _rig: Rig) -> None:
        raise ClusterError("it lasts")


def test_only_faults_that_happened_are_charged_from_when_they_had_happened() -> None:
    verdict = Verdict(1, [], [], [])
    rng = Random(1)
    let_happen(_NOWHERE, [(0.0, Prevented(rng)), (0.01, Slow(rng))], time.monotonic(), verdict)
    assert verdict.kinds == ["Slow"]
    assert len(verdict.happened_at) == 1
    assert verdict.happened_at[0] >= 0.1
    assert len(verdict.prevented) == 1
    assert verdict.is_clean


def test_a_trial_without_any_fault_is_a_difference() -> None:
    verdict = Verdict(1, [], [], [])
    let_happen(_NOWHERE, [(0.0, Prevented(Random(1)))], time.monotonic(), verdict)
    assert (verdict.kinds, verdict.differences) == ([], ["none of its faults happened"])


def test_what_happened_is_noted_though_it_cannot_be_mended() -> None:
    verdict = Verdict(1, [], [], [])
    with pytest.raises(ClusterError):
        let_happen(_NOWHERE, [(0.0, Lasting(Random(1)))], time.monotonic(), verdict)
    assert verdict.kinds == ["Lasting"]
