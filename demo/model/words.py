"""The words that the text model knows, and the captions that it is trained with."""

from __future__ import annotations

from random import Random

from demo.drawing.palette import COLOURS
from demo.drawing.scenes import SCENES
from demo.drawing.sketch import Sketch
from demo.drawing.subjects import SUBJECTS

_PLURALS = {
    "butterfly": "butterflies",
    "cactus": "cacti",
    "fish": "fishes",
}
_SYNONYMS: dict[str, tuple[str, ...]] = {
    "bird": ("birdie",),
    "boat": ("ship", "sailboat"),
    "car": ("auto", "automobile"),
    "cat": ("kitten", "kitty"),
    "dog": ("puppy", "doggy"),
    "flower": ("blossom",),
    "house": ("home", "cottage"),
    "mug": ("cup",),
    "mushroom": ("toadstool",),
    "rabbit": ("bunny", "hare"),
    "rocket": ("spaceship",),
    "train": ("locomotive",),
}
_COLOUR_WORDS: dict[str, tuple[str, ...]] = {"purple": ("violet",), "red": ("crimson",), "pink": ("rosy",)}
_SCENE_WORDS: dict[str, tuple[str, ...]] = {
    "meadow": ("in a meadow", "on the grass", "in a field"),
    "beach": ("on the beach", "on the sand", "by the shore"),
    "sea": ("at sea", "in the ocean", "in the water", "on the waves"),
    "sky": ("in the sky", "in the air", "among clouds"),
    "night": ("at night", "under the stars", "in the dark"),
    "snow": ("in the snow", "in winter"),
    "room": ("in a room", "indoors", "at home"),
}
_OPENINGS = ("", "", "", "a picture of", "a photo of", "a drawing of", "an image of", "show me", "find")
_GENERIC = ("thing", "something", "picture", "one")
#: Entries 0 and 1 of the vocabulary: nothing, and any word that is not in it.
_SPECIAL = (" ", "?")


def vocabulary() -> list[str]:
    """Return the known words, lower case; the index is the model's input. The first two are padding and unknown."""
    words: set[str] = set()
    for opening in _OPENINGS:
        words.update(opening.split())
    for phrases in _SCENE_WORDS.values():
        for phrase in phrases:
            words.update(phrase.split())
    for subject in SUBJECTS:
        words.update(_subject_words(subject))
    for colour in COLOURS:
        words.update((colour, *_COLOUR_WORDS.get(colour, ())))
    words.update(("an", "the", "and", "with", *_GENERIC))
    for scene in SCENES:
        words.add(scene)
    return [*_SPECIAL, *sorted(words)]


def caption_for(sketch: Sketch, rng: Random) -> tuple[str, frozenset[str]]:
    """Return a caption of a sketch, and which of its aspects it names (``subject``, ``colour``, ``scene``)."""
    aspects = rng.choices(
        (
            ("colour", "subject"),
            ("subject",),
            ("colour",),
            ("scene",),
            ("colour", "subject", "scene"),
            ("subject", "scene"),
            ("colour", "scene"),
        ),
        weights=(40, 14, 8, 6, 18, 8, 6),
    )[0]
    parts = []
    if "colour" in aspects:
        parts.append(rng.choice((sketch.colour, sketch.colour, *_COLOUR_WORDS.get(sketch.colour, ()))))
    if "subject" in aspects:
        parts.append(rng.choice((sketch.subject, sketch.subject, *_subject_words(sketch.subject))))
    elif "colour" in aspects:
        parts.append(rng.choice(_GENERIC))
    if "subject" in aspects or "colour" in aspects:
        parts.insert(0, rng.choice(("a", "an", "the", "")))
    if "scene" in aspects:
        parts.append(rng.choice(_SCENE_WORDS[sketch.scene]))
    text = " ".join(part for part in (rng.choice(_OPENINGS), *parts) if part)
    return text, frozenset(aspects)


def _subject_words(subject: str) -> tuple[str, ...]:
    return (subject, _PLURALS.get(subject, f"{subject}s"), *_SYNONYMS.get(subject, ()))
