"""The page of what the emulator has is what its registries say."""

from __future__ import annotations

from pathlib import Path

from emulator.reference import reference_page

_PAGE = Path(__file__).parents[2] / "docs" / "reference" / "emulated.md"


def test_the_page_of_what_is_emulated_is_not_stale() -> None:
    assert _PAGE.read_text(encoding="utf-8") == reference_page(), "run: make reference"
