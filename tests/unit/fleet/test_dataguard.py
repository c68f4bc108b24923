from __future__ import annotations

import pytest

from fleet.dataguard import age_of, seconds_of


@pytest.mark.parametrize(
    ("text", "seconds"), [("+00 00:00:05", 5), ("+01 02:03:04", 93_784), ("", None), (None, None), ("unknown", None)]
)
def test_the_apply_lag_is_read(text: str | None, seconds: float | None) -> None:
    assert seconds_of(text) == seconds


def test_the_age_of_the_data_is_read() -> None:
    assert age_of("11/25/2026 00:00:10", "11/24/2026 23:59:50") == 20
    assert age_of("11/25/2026 00:00:10", None) == 0
