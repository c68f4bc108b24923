from __future__ import annotations

from pathlib import Path

import pytest

from fleet.errors import InputError
from loader.pictures import find_pictures


def test_the_stem_is_the_id_and_other_names_are_reported(tmp_path: Path) -> None:
    for name in ("10.jpg", "9.PNG", "8.jpeg", "bird.jpg", "08.png", "notes.txt"):
        (tmp_path / name).write_bytes(b"x")
    pictures, rejected = find_pictures(tmp_path)
    assert [picture.id for picture in pictures] == [8, 9, 10]
    assert sorted(entry.file for entry in rejected) == ["8.jpeg", "bird.jpg"]


def test_a_directory_without_pictures_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no \.jpg"):
        find_pictures(tmp_path)
    with pytest.raises(InputError, match="does not exist"):
        find_pictures(tmp_path / "absent")
