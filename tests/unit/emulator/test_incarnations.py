"""Who may follow whom after failovers."""

from __future__ import annotations

import pytest

from emulator.store.incarnations import Incarnation, may_follow

_FIRST = Incarnation("first", 100)
_SECOND = Incarnation("second", 150)
_RIVAL = Incarnation("rival", 150)
_THIRD = Incarnation("third", 200)


@pytest.mark.parametrize(
    ("standby", "scn", "follows"),
    [
        ((_FIRST,), 149, True),
        ((_FIRST,), 150, True),
        ((_FIRST,), 151, False),
        ((_FIRST, _SECOND), 200, True),
        ((_FIRST, _SECOND), 201, False),
        ((_FIRST, _SECOND, _THIRD), 900, True),
        ((_FIRST, _RIVAL), 150, False),
        ((_FIRST, _SECOND, _THIRD, _RIVAL), 200, False),
    ],
)
def test_a_standby_follows_only_what_continues_its_own_redo(
    standby: tuple[Incarnation, ...], scn: int, *, follows: bool
) -> None:
    assert may_follow((_FIRST, _SECOND, _THIRD), standby, scn) is follows
