"""Parts that several scenes share: skies, clouds, hills, waves, and the pencil that draws them.

Coordinates are shares of the picture's width: 0 to 1, x to the right, y downwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from PIL import Image, ImageDraw

from demo.drawing.palette import Rgb, mix
from demo.drawing.shapes import Outline, Point, ellipse, smooth

_CLOUD: Rgb = (255, 255, 255)


class Backdrop:
    """The layer behind a subject."""

    def __init__(self, width: int) -> None:
        self.layer = Image.new("RGB", (width, width))
        self._width = width
        self._pencil = ImageDraw.Draw(self.layer)

    def gradient(self, top: float, bottom: float, colours: Sequence[Rgb]) -> None:
        """Fill a band with colours that run into each other from top to bottom."""
        first, last = round(top * self._width), round(bottom * self._width)
        strip = Image.new("RGB", (1, 48))
        for row in range(48):
            position = row / 47 * (len(colours) - 1)
            index = min(int(position), len(colours) - 2)
            strip.putpixel((0, row), mix(colours[index], colours[index + 1], position - index))
        self.layer.paste(strip.resize((self._width, last - first), Image.Resampling.BILINEAR), (0, first))

    def polygon(self, points: Sequence[Point], colour: Rgb) -> None:
        """Fill an outline."""
        self._pencil.polygon([(x * self._width, y * self._width) for x, y in points], fill=colour)

    def box(self, left: float, top: float, right: float, bottom: float, colour: Rgb, *, corner: float = 0.0) -> None:
        """Fill an upright box."""
        corners = tuple(side * self._width for side in (left, top, right, bottom))
        self._pencil.rounded_rectangle(
            (corners[0], corners[1], corners[2], corners[3]), corner * self._width, fill=colour
        )

    def disc(self, x: float, y: float, radius: float, colour: Rgb, *, flatten: float = 1.0) -> None:
        """Fill a circle, or an ellipse whose height is ``flatten`` times its width."""
        bounds = (x - radius, y - radius * flatten, x + radius, y + radius * flatten)
        left, top, right, bottom = (side * self._width for side in bounds)
        self._pencil.ellipse((left, top, right, bottom), fill=colour)

    def line(self, points: Sequence[Point], width: float, colour: Rgb) -> None:
        """Draw an open line."""
        pixels = [(x * self._width, y * self._width) for x, y in points]
        self._pencil.line(pixels, fill=colour, width=max(1, round(width * self._width)), joint="curve")


def cloud(backdrop: Backdrop, x: float, y: float, size: float, colour: Rgb = _CLOUD) -> None:
    """Draw a flat-bottomed cloud, shaded below."""
    puffs = ((-0.55, 0.0, 0.3), (-0.15, -0.2, 0.42), (0.32, -0.08, 0.34), (0.66, 0.06, 0.22))
    for shift, tone in ((0.09, mix(colour, (150, 180, 215), 0.35)), (0.0, colour)):
        for right, down, radius in puffs:
            backdrop.disc(x + right * size, y + (down + shift) * size, radius * size, tone)
        backdrop.box(
            x - 0.8 * size,
            y + (shift - 0.02) * size,
            x + 0.84 * size,
            y + (shift + 0.28) * size,
            tone,
            corner=0.14 * size,
        )


def clouds(backdrop: Backdrop, rng: Random, count: int, lowest: float) -> None:
    """Scatter clouds over the upper part of the picture."""
    for index in range(count):
        across = (index + rng.uniform(0.15, 0.85)) / count
        cloud(backdrop, across, rng.uniform(0.08, lowest), rng.uniform(0.065, 0.115))


def hills(rng: Random, height: float, swing: float) -> Outline:
    """Trace a rolling skyline that closes along the picture's bottom."""
    steps = [(index / 4 * 1.4 - 0.2, height + rng.uniform(-swing, swing)) for index in range(5)]
    return [*smooth(steps, closed=False), (1.2, 1.0), (-0.2, 1.0)]


def waves(backdrop: Backdrop, rng: Random, top: float, bottom: float, colour: Rgb) -> None:
    """Draw short wave crests, longer towards the front."""
    for _ in range(16):
        depth = rng.random()
        x, y = rng.uniform(-0.05, 1.0), top + depth * (bottom - top)
        reach = 0.02 + 0.04 * depth
        crest = smooth([(x, y), (x + reach, y - 0.012 * (0.5 + depth)), (x + 2 * reach, y)], closed=False, steps=4)
        backdrop.line(crest, 0.005 + 0.003 * depth, colour)


def sun(backdrop: Backdrop, x: float, y: float, radius: float, sky: Rgb) -> None:
    """Draw a sun with a soft ring around it."""
    backdrop.disc(x, y, radius * 1.55, mix(sky, (255, 244, 200), 0.45))
    backdrop.disc(x, y, radius, (255, 240, 176))


def pine(backdrop: Backdrop, x: float, foot: float, height: float, colour: Rgb) -> None:
    """Draw a distant pine."""
    for top, bottom, width in ((1.0, 0.55, 0.22), (0.75, 0.28, 0.3), (0.5, 0.0, 0.38)):
        backdrop.polygon(
            [
                (x, foot - top * height),
                (x + width * height, foot - bottom * height),
                (x - width * height, foot - bottom * height),
            ],
            colour,
        )


def tuft(backdrop: Backdrop, x: float, y: float, size: float, colour: Rgb) -> None:
    """Draw three blades of grass."""
    for lean in (-0.5, 0.0, 0.5):
        backdrop.line(
            [(x + lean * size * 0.5, y), (x + lean * size * 1.3, y - size * (1.2 - abs(lean) * 0.7))], 0.006, colour
        )


def daisy(backdrop: Backdrop, x: float, y: float, size: float, colour: Rgb) -> None:
    """Draw a tiny flower of the meadow."""
    for right, down in ((0, -1), (1, 0), (0, 1), (-1, 0)):
        backdrop.disc(x + right * size * 0.8, y + down * size * 0.7, size * 0.62, colour)
    backdrop.disc(x, y, size * 0.5, (255, 208, 90))


def leaf(x: float, y: float, length: float, tilt: float) -> Outline:
    """Trace a pointed ellipse, as of seaweed and shells."""
    return ellipse((x, y), length * 0.3, length, tilt)
