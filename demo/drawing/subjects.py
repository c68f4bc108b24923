"""The twenty things that can be drawn, with the scenes that suit them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from demo.drawing.brush import Brush
from demo.drawing.palette import Tones
from demo.drawing.pets import paint_cat, paint_dog, paint_rabbit
from demo.drawing.plants import paint_cactus, paint_flower, paint_mushroom, paint_tree
from demo.drawing.things import paint_balloon, paint_house, paint_mug, paint_star, paint_umbrella
from demo.drawing.vehicles import paint_boat, paint_car, paint_rocket, paint_train
from demo.drawing.wildlife import paint_bird, paint_butterfly, paint_fish, paint_snail, paint_whale

_OUTDOORS = ("meadow", "beach", "snow", "night")
_ALOFT = ("sky", "meadow", "beach", "night", "snow")


@dataclass(frozen=True, slots=True)
class Subject:
    """A thing: how it is painted, where it belongs."""

    name: str
    paint: Callable[[Brush, Tones, Random], None]
    #: Names of the scenes that an album puts it into.
    scenes: tuple[str, ...]
    #: It hovers: no shadow at its foot, anywhere in the picture.
    floats: bool = False
    #: Largest turn to either side, degrees.
    tilt: float = 4.0
    #: It swims: at sea it is below the surface.
    swims: bool = False
    #: It may be drawn as its mirror image.
    flips: bool = True


#: By name; the order is the order of training and of albums.
SUBJECTS: dict[str, Subject] = {
    subject.name: subject
    for subject in (
        Subject("bird", paint_bird, (*_OUTDOORS, "sea", "sky"), floats=True, tilt=9),
        Subject("boat", paint_boat, ("sea", "beach", "night"), tilt=6),
        Subject("butterfly", paint_butterfly, (*_ALOFT, "room"), floats=True, tilt=24),
        Subject("cactus", paint_cactus, ("room", "beach", "meadow", "night")),
        Subject("car", paint_car, (*_OUTDOORS,), tilt=3),
        Subject("cat", paint_cat, (*_OUTDOORS, "room"), tilt=3),
        Subject("dog", paint_dog, (*_OUTDOORS, "room"), tilt=3),
        Subject("fish", paint_fish, ("sea",), floats=True, tilt=14, swims=True),
        Subject("flower", paint_flower, ("meadow", "beach", "snow", "room"), tilt=7),
        Subject("house", paint_house, _OUTDOORS, tilt=2),
        Subject("mug", paint_mug, ("room", "beach", "snow", "meadow"), tilt=4),
        Subject("mushroom", paint_mushroom, ("meadow", "snow", "night"), tilt=7),
        Subject("rabbit", paint_rabbit, (*_OUTDOORS, "room"), tilt=3),
        Subject("rocket", paint_rocket, ("night", "sky", "snow"), floats=True, tilt=38),
        Subject("snail", paint_snail, ("meadow", "beach", "room", "night"), tilt=3),
        Subject("star", paint_star, ("night", "sky", "snow", "beach"), floats=True, tilt=16),
        Subject("train", paint_train, _OUTDOORS, tilt=2),
        Subject("tree", paint_tree, _OUTDOORS, tilt=3),
        Subject("umbrella", paint_umbrella, ("beach", "meadow", "snow", "sky"), tilt=16),
        Subject("whale", paint_whale, ("sea", "night", "sky"), floats=True, tilt=8, swims=True),
        Subject("balloon", paint_balloon, (*_ALOFT, "room", "sea"), floats=True, tilt=9),
    )
}
