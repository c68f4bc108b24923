"""The ten colours a subject can have, each as a family of matching tones."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from random import Random

Rgb = tuple[int, int, int]

WHITE: Rgb = (255, 255, 255)
CREAM: Rgb = (253, 238, 212)
INK: Rgb = (46, 36, 52)
BEAK: Rgb = (250, 170, 60)
BLUSH: Rgb = (255, 140, 150)
GLASS: Rgb = (190, 228, 246)
WOOD: Rgb = (139, 92, 62)
LEAF: Rgb = (92, 168, 84)

#: Hue in degrees, saturation and value in percent, each with the spread a seed may add or take.
#: The families keep apart: brown stays dark and orange bright, pink stays pale and red deep.
_FAMILIES: dict[str, tuple[tuple[float, float], tuple[float, float], tuple[float, float]]] = {
    "red": ((357, 4), (82, 6), (86, 5)),
    "orange": ((27, 3), (88, 6), (97, 3)),
    "yellow": ((49, 3), (78, 7), (98, 2)),
    "green": ((134, 12), (58, 9), (66, 6)),
    "blue": ((217, 7), (76, 7), (86, 6)),
    "purple": ((277, 8), (56, 7), (66, 6)),
    "pink": ((338, 7), (40, 7), (98, 2)),
    "brown": ((20, 4), (58, 6), (47, 5)),
    "black": ((240, 20), (14, 6), (23, 4)),
    "white": ((45, 20), (3, 2), (98, 1)),
}

COLOURS: tuple[str, ...] = tuple(_FAMILIES)


@dataclass(frozen=True, slots=True)
class Tones:
    """One colour in the shades that a drawing needs."""

    #: The colour itself; covers most of the subject.
    base: Rgb
    #: Brighter: bellies, panels, inner wings.
    light: Rgb
    #: Nearly white, with a breath of the colour: patterns.
    pale: Rgb
    #: Darker: fins, ears, backs.
    dark: Rgb
    #: Outlines.
    ink: Rgb


def mix(first: Rgb, second: Rgb, share: float) -> Rgb:
    """Blend two colours; ``share`` is the part of the second, 0 to 1."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(first, second, strict=True))
    return red, green, blue


def from_hsv(hue: float, saturation: float, value: float) -> Rgb:
    """Convert hue (degrees), saturation and value (percent)."""
    red, green, blue = colorsys.hsv_to_rgb(hue % 360 / 360, saturation / 100, value / 100)
    return round(red * 255), round(green * 255), round(blue * 255)


def tones_of(colour: str, rng: Random) -> Tones:
    """Pick tones of one of the `COLOURS`, a little different for each state of ``rng``.

    Raises:
        KeyError: The colour is none of the ten.
    """
    hue, saturation, value = (middle + rng.uniform(-spread, spread) for middle, spread in _FAMILIES[colour])
    base = from_hsv(hue, saturation, value)
    if colour == "white":
        return Tones(base, mix(base, WHITE, 0.6), (222, 226, 234), mix(base, (150, 158, 178), 0.28), (84, 86, 104))
    if colour == "black":
        return Tones(base, mix(base, WHITE, 0.2), mix(base, WHITE, 0.5), mix(base, (0, 0, 0), 0.35), (16, 14, 20))
    return Tones(base, mix(base, WHITE, 0.3), mix(base, WHITE, 0.62), mix(base, INK, 0.25), mix(base, INK, 0.74))
