"""Which standby a search tries first."""

from __future__ import annotations

from fleet.settings import load_settings
from search.standby_watch import StandbyView, StandbyWatch


def _watch(*views: StandbyView) -> StandbyWatch:
    names = ",".join(f"{view.name}=127.0.0.1:1/x" for view in views)
    watch = StandbyWatch(load_settings(overrides={"standbys": names, "db_user": "u", "db_password": "p"}))
    watch._views = {view.name: view for view in views}
    return watch


def test_serving_comes_before_the_rest_and_the_least_lag_first() -> None:
    watch = _watch(
        StandbyView("gone", "UNREACHABLE"),
        StandbyView("slow", "SERVING", 9.0),
        StandbyView("resting", "PAUSED", 0.0),
        StandbyView("unknown", "SERVING", None),
        StandbyView("fresh", "SERVING", 1.0),
    )
    assert watch.order() == ["fresh", "slow", "unknown", "resting", "gone"]


def test_one_that_has_just_failed_comes_last_until_it_answers() -> None:
    watch = _watch(StandbyView("first", "SERVING", 0.0), StandbyView("second", "SERVING", 5.0))
    watch.failed("first")
    assert watch.order() == ["second", "first"]
    watch.answered("first")
    assert watch.order() == ["first", "second"]


def test_equally_good_standbys_take_turns() -> None:
    watch = _watch(*(StandbyView(name, "SERVING", 0.0) for name in ("a", "b")), StandbyView("late", "SERVING", 2.0))
    assert [watch.order() for _ in range(3)] == [["a", "b", "late"], ["b", "a", "late"], ["a", "b", "late"]]
