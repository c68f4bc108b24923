from __future__ import annotations

from workers.pulse import Watchdog


def test_only_a_worker_that_could_work_and_gets_nothing_is_stuck() -> None:
    now = 0.0
    dog = Watchdog(10, clock=lambda: now)

    def look(seconds: float, *, is_open: bool = True, busy: int = 0, waiting: int = 5) -> bool:
        nonlocal now
        now += seconds
        return dog.is_stuck(is_open=is_open, busy=busy, waiting=waiting)

    assert not look(1)
    assert not look(9)
    assert not look(1, busy=1)
    assert not look(100, is_open=False)
    assert not look(100, waiting=0)
    assert not look(1)
    assert not look(10)
    assert look(1)
