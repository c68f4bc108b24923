from __future__ import annotations

import pytest

from fleet.dataguard import ApplyLag, age_of, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("+00 00:00:05", 5),
        ("+01 02:03:04", 93_784),
        ("-00 00:00:01", -1),
        ("+00 00:00:00.25", 0),
        ("", None),
        (None, None),
        ("unknown", None),
    ],
)
def test_the_apply_lag_is_read(text: str | None, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


def test_the_age_of_the_data_is_read() -> None:
    assert age_of("11/25/2026 00:00:10", "11/24/2026 23:59:50") == 20
    assert age_of("11/25/2026 00:00:10", None) == 0


def test_a_lag_of_old_data_is_not_trusted() -> None:
    assert ApplyLag.of_rows([]) == ApplyLag(None, 0)
    young = ApplyLag.of_rows([("+00 00:00:01", "11/25/2026 00:00:10", "11/25/2026 00:00:09")])
    old = ApplyLag.of_rows([("+00 00:00:01", "11/25/2026 00:00:40", "11/25/2026 00:00:09")])
    assert (young.seconds, young.is_fresh, old.is_fresh) == (1, True, False)
