from __future__ import annotations

from workers.embed_range import InsertMode


def test_the_first_mode_that_works_is_kept() -> None:
    mode = InsertMode("AUTO")
    assert (mode.current, mode.is_open) == ("BULK", True)
    mode.settle("ROW")
    mode.settle("BULK")
    assert (mode.current, mode.is_open) == ("ROW", False)


def test_a_mode_that_was_asked_for_is_not_probed() -> None:
    assert (InsertMode("ROW").current, InsertMode("ROW").is_open) == ("ROW", False)
