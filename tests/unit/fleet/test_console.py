from __future__ import annotations

from fleet.console import not_again


def test_the_same_remark_is_made_again_only_after_a_while() -> None:
    told: list[str] = []
    tell = not_again(told.append)
    for line in ("a", "b", "a", "a"):
        tell(line)
    assert told == ["a", "b"]
    at_once = not_again(told.append, seconds=0.0)
    at_once("c")
    at_once("c")
    assert told == ["a", "b", "c", "c"]
