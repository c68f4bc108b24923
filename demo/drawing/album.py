"""Albums: which pairs of colour and subject there are, which of them training never sees, and files on disk."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import NamedTuple

from demo.drawing.palette import COLOURS
from demo.drawing.sketch import Sketch, draw, jpeg_bytes
from demo.drawing.subjects import SUBJECTS

_SEED = 20_260
#: Shown in every album that has room for them, each several times: what the demo searches for.
_FEATURED = (("blue", "bird", "meadow"), ("red", "car", "snow"), ("yellow", "boat", "sea"))
_TIMES_FEATURED = 4
#: One pair in so many is held out of training.
_HELD_OUT_EVERY = 10


class Pair(NamedTuple):
    """A colour and a subject."""

    colour: str
    subject: str

    @property
    def text(self) -> str:
        """How one asks for it: "an orange cat"."""
        return f"{'an' if self.colour[0] in 'aeiou' else 'a'} {self.colour} {self.subject}"


@dataclass(frozen=True, slots=True)
class AlbumPicture:
    """One file of an album."""

    #: The file's stem: the picture's id.
    id: int
    path: Path
    #: What it shows; None for a corrupt file.
    sketch: Sketch | None


def all_pairs() -> list[Pair]:
    """Return every pair, in a fixed order."""
    return [Pair(colour, subject) for subject in SUBJECTS for colour in COLOURS]


def held_out_pairs() -> list[Pair]:
    """Return the pairs that training never sees: every tenth, spread over colours and subjects; "blue bird" is one."""
    subjects, colours = list(SUBJECTS), list(COLOURS)
    shift = colours.index("blue") - subjects.index("bird")
    return [
        Pair(colours[(number + shift) % len(colours)], subject)
        for number, subject in enumerate(subjects)
        if len(colours) == _HELD_OUT_EVERY
    ]


def write_album(directory: Path, *, pictures: int, bad: int, seed: int = _SEED) -> list[AlbumPicture]:
    """Draw an album as files named by id: ``1.jpg``, ``2.png`` …; the same seed gives the same bytes.

    Args:
        directory: Made if it is missing.
        pictures: Files in all.
        bad: How many of them are corrupt, each in one of several ways; never empty files.
        seed: Chooses everything.
    """
    directory.mkdir(parents=True, exist_ok=True)
    rng = Random(seed)  # noqa: S311 - pictures, not secrets
    bad_ids = set(rng.sample(range(1, pictures + 1), bad))
    good_ids = [number for number in range(1, pictures + 1) if number not in bad_ids]
    wanted = [featured for featured in _FEATURED for _ in range(_TIMES_FEATURED)]
    rng.shuffle(good_ids)
    album: list[AlbumPicture] = []
    for position, number in enumerate(good_ids):
        if position < len(wanted):
            colour, subject, scene = wanted[position]
        else:
            colour, subject = rng.choice(COLOURS), rng.choice(list(SUBJECTS))
            scene = rng.choice(SUBJECTS[subject].scenes)
        sketch = Sketch(subject, colour, scene, rng.randrange(10**9))
        path = directory / f"{number}.{'png' if number % 7 == 0 else 'jpg'}"
        if path.suffix == ".png":
            draw(sketch).save(path)
        else:
            path.write_bytes(jpeg_bytes(sketch))
        album.append(AlbumPicture(number, path, sketch))
    for position, number in enumerate(sorted(bad_ids)):
        path = directory / f"{number}.jpg"
        path.write_bytes(_CORRUPTIONS[position % len(_CORRUPTIONS)](rng))
        album.append(AlbumPicture(number, path, None))
    return sorted(album, key=lambda picture: picture.id)


def _good_jpeg(rng: Random) -> bytes:
    return jpeg_bytes(Sketch("cat", "green", "meadow", rng.randrange(10**9)))


def _cut_in_half(rng: Random) -> bytes:
    data = _good_jpeg(rng)
    return data[: len(data) // 2]


def _header_only(rng: Random) -> bytes:
    return _good_jpeg(rng)[:20]


def _noise(rng: Random) -> bytes:
    return rng.randbytes(4000)


def _text(rng: Random) -> bytes:
    return b"This was meant to be a picture. " * rng.randint(5, 50)


def _damaged_png(rng: Random) -> bytes:
    file = io.BytesIO()
    draw(Sketch("dog", "red", "snow", rng.randrange(10**9))).save(file, "PNG")
    data = bytearray(file.getvalue())
    data[60:90] = bytes(30)
    return bytes(data[: len(data) // 3])


def _web_page(_rng: Random) -> bytes:
    return b"<html><body><h1>404 Not Found</h1></body></html>"


_CORRUPTIONS: tuple[Callable[[Random], bytes], ...] = (
    _cut_in_half,
    _noise,
    _text,
    _damaged_png,
    _header_only,
    _web_page,
)
