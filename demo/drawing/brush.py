"""Paints outlines on a layer: placement, cel shading, ink lines and clipping.

Layers are several times larger than the finished picture; shrinking them makes the edges smooth.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property

from PIL import Image, ImageChops, ImageDraw

from demo.drawing.palette import INK, Rgb, mix
from demo.drawing.shapes import Outline, Point, circle

#: Width of an ink line as a share of the layer's width.
_PEN_SHARE = 0.0105
#: Where the light comes from: shift of the lit area, in shares of the subject's size.
_LIGHT = (-0.07, -0.09)


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a subject stands on its layer, in pixels of the layer."""

    #: Middle of the subject's box.
    centre: Point
    #: Half the width of the subject's box.
    half_width: float
    #: Clockwise turn in degrees.
    tilt: float = 0.0
    #: Whether left and right are swapped.
    flipped: bool = False

    def to_pixels(self, points: Iterable[Point]) -> Outline:
        """Convert points of the subject's box to pixels of the layer."""
        sine, cosine = math.sin(math.radians(self.tilt)), math.cos(math.radians(self.tilt))
        side = -self.half_width if self.flipped else self.half_width
        left, top = self.centre
        return [
            (left + side * (x * cosine - y * sine), top + self.half_width * (x * sine + y * cosine)) for x, y in points
        ]


class Brush:
    """Draws on one layer in the coordinates of one subject."""

    def __init__(self, layer: Image.Image, placement: Placement, ink: Rgb = INK, *, pen_pixels: int = 0) -> None:
        self.layer = layer
        self.placement = placement
        self.ink = ink
        self.pen_pixels = pen_pixels or max(2, round(layer.width * _PEN_SHARE))

    @cached_property
    def _pencil(self) -> ImageDraw.ImageDraw:
        return ImageDraw.Draw(self.layer)

    def fill(
        self, outline: Sequence[Point], colour: Rgb, *, shaded: bool = True, inked: bool = True, sharp: bool = False
    ) -> None:
        """Fill an outline, darken its side away from the light and ink its edge.

        Args:
            outline: Closed outline in units of the subject's box.
            colour: The lit colour.
            shaded: Whether the side away from the light is darkened.
            inked: Whether the edge is inked.
            sharp: Whether the outline has corners, which then get round joints.
        """
        pixels = self.placement.to_pixels(outline)
        self._pencil.polygon(pixels, fill=colour)
        if shaded:
            self._shade(pixels, mix(colour, self.ink, 0.17))
        if inked:
            self._line([*pixels, pixels[0]], self.ink, self.pen_pixels, sharp=sharp)

    def line(self, points: Sequence[Point], width: float = 0.0, colour: Rgb | None = None) -> None:
        """Draw an open line with round ends.

        Args:
            points: At least two points.
            width: In units of the subject's box; 0 means an ink line.
            colour: The ink if not given.
        """
        pixels = self.placement.to_pixels(points)
        self._line(pixels, colour or self.ink, self._width_pixels(width), sharp=True)

    def tube(self, points: Sequence[Point], width: float, colour: Rgb) -> None:
        """Draw a line as a solid thing with inked edges: a tail, a stalk, a handle."""
        pixels = self.placement.to_pixels(points)
        inner = self._width_pixels(width)
        self._line(pixels, self.ink, inner + 2 * self.pen_pixels, sharp=True)
        self._line(pixels, colour, inner, sharp=True)

    def dot(self, centre: Point, radius: float, colour: Rgb) -> None:
        """Fill a small circle without ink."""
        self._pencil.polygon(self.placement.to_pixels(circle(centre, radius)), fill=colour)

    @contextmanager
    def inside(self, outline: Sequence[Point]) -> Iterator[Brush]:
        """Give a brush whose strokes stop at the outline; the outline itself is not drawn."""
        pixels = self.placement.to_pixels(outline)
        bounds = self._bounds(pixels)
        part = self.layer.crop(bounds)
        left, top = self.placement.centre
        yield Brush(
            part,
            replace(self.placement, centre=(left - bounds[0], top - bounds[1])),
            self.ink,
            pen_pixels=self.pen_pixels,
        )
        self.layer.paste(part, bounds[:2], self._mask(pixels, bounds))

    def _width_pixels(self, width: float) -> int:
        return max(1, round(width * self.placement.half_width)) if width else self.pen_pixels

    def _line(self, pixels: Outline, colour: Rgb, width: int, *, sharp: bool) -> None:
        self._pencil.line(pixels, fill=colour, width=width)
        if sharp:
            radius = (width - 1) / 2
            for x, y in pixels:
                self._pencil.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)

    def _shade(self, pixels: Outline, colour: Rgb) -> None:
        bounds = self._bounds(pixels)
        span = min(bounds[2] - bounds[0], bounds[3] - bounds[1]) / (2 * self.placement.half_width)
        reach = self.placement.half_width * min(1.0, 0.25 + span)
        lit = [(x + _LIGHT[0] * reach, y + _LIGHT[1] * reach) for x, y in pixels]
        shadow = ImageChops.subtract(self._mask(pixels, bounds), self._mask(lit, bounds))
        self.layer.paste(colour, bounds, shadow)

    def _bounds(self, pixels: Outline) -> tuple[int, int, int, int]:
        across, down = zip(*pixels, strict=True)
        width, height = self.layer.size
        left, top = max(0, math.floor(min(across))), max(0, math.floor(min(down)))
        return (
            left,
            top,
            max(left + 1, min(width, math.ceil(max(across)) + 1)),
            max(top + 1, min(height, math.ceil(max(down)) + 1)),
        )

    @staticmethod
    def _mask(pixels: Outline, bounds: tuple[int, int, int, int]) -> Image.Image:
        mask = Image.new("L", (bounds[2] - bounds[0], bounds[3] - bounds[1]))
        ImageDraw.Draw(mask).polygon([(x - bounds[0], y - bounds[1]) for x, y in pixels], fill=255)
        return mask
