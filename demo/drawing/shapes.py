"""Outlines as lists of points: the geometry under every drawing, free of pixels and colours.

Coordinates are units of the subject's box: -1 to 1, x to the right, y downwards. Angles are degrees, clockwise as seen.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

Point = tuple[float, float]
Outline = list[Point]


def ellipse(centre: Point, radius_x: float, radius_y: float, tilt: float = 0.0) -> Outline:
    """Trace an ellipse that is tilted by ``tilt`` degrees."""
    points = arc((0.0, 0.0), radius_x, radius_y, 0.0, 360.0)[:-1]
    return move(turn(points, tilt), *centre)


def circle(centre: Point, radius: float) -> Outline:
    """Trace a circle."""
    return ellipse(centre, radius, radius)


def arc(centre: Point, radius_x: float, radius_y: float, first_angle: float, last_angle: float) -> Outline:
    """Trace an open arc; 0 degrees points right, 90 degrees down."""
    steps = max(4, round(abs(last_angle - first_angle) / 10))
    angles = [math.radians(first_angle + (last_angle - first_angle) * step / steps) for step in range(steps + 1)]
    return [(centre[0] + radius_x * math.cos(angle), centre[1] + radius_y * math.sin(angle)) for angle in angles]


def smooth(points: Sequence[Point], *, closed: bool = True, steps: int = 7) -> Outline:
    """Run a smooth curve (uniform Catmull-Rom spline) through the points.

    Args:
        points: At least three points that the curve meets.
        closed: Whether the curve returns to its first point.
        steps: Points of the result per point given.
    """
    count = len(points)
    spans = count if closed else count - 1
    curve: Outline = []
    for span in range(spans):
        before, start, end, after = (
            points[index % count] if closed else points[min(max(index, 0), count - 1)]
            for index in range(span - 1, span + 3)
        )
        for step in range(steps):
            curve.append(_spline_point(before, start, end, after, step / steps))
    if not closed:
        curve.append(points[-1])
    return curve


def _spline_point(before: Point, start: Point, end: Point, after: Point, share: float) -> Point:
    x, y = (
        0.5 * (2 * b + (c - a) * share + (2 * a - 5 * b + 4 * c - d) * share**2 + (3 * b - a - 3 * c + d) * share**3)
        for a, b, c, d in zip(before, start, end, after, strict=True)
    )
    return x, y


def box(left: float, top: float, right: float, bottom: float, corner: float = 0.0) -> Outline:
    """Trace an upright box, its corners rounded with radius ``corner``."""
    if corner <= 0:
        return [(left, top), (right, top), (right, bottom), (left, bottom)]
    return [
        *arc((right - corner, top + corner), corner, corner, -90, 0),
        *arc((right - corner, bottom - corner), corner, corner, 0, 90),
        *arc((left + corner, bottom - corner), corner, corner, 90, 180),
        *arc((left + corner, top + corner), corner, corner, 180, 270),
    ]


def star(centre: Point, outer: float, inner: float, spikes: int = 5, roundness: float = 0.22) -> Outline:
    """Trace a star with one spike upwards.

    Args:
        centre: Middle of the star.
        outer: Distance of the spikes' tips.
        inner: Distance of the notches between them.
        spikes: Number of spikes.
        roundness: Share of each edge that its rounded corners take, 0 to 0.5.
    """
    corners = []
    for index in range(2 * spikes):
        angle = math.radians(-90 + index * 180 / spikes)
        radius = inner if index % 2 else outer
        corners.append((centre[0] + radius * math.cos(angle), centre[1] + radius * math.sin(angle)))
    return rounded(corners, roundness)


def rounded(corners: Sequence[Point], roundness: float = 0.25) -> Outline:
    """Trace a polygon with rounded corners.

    Args:
        corners: The polygon.
        roundness: Share of each edge that the rounding of one corner takes, 0 to 0.5.
    """
    outline: Outline = []
    for index, corner in enumerate(corners):
        start = between(corner, corners[index - 1], roundness)
        end = between(corner, corners[(index + 1) % len(corners)], roundness)
        for step in range(6):
            share = step / 5
            outline.append(between(between(start, corner, share), between(corner, end, share), share))
    return outline


def heart(centre: Point, size: float) -> Outline:
    """Trace a heart about ``2 * size`` wide."""
    curve = [
        (0.0, 0.95), (-0.62, 0.42), (-1.0, -0.12), (-0.86, -0.62), (-0.42, -0.78), (0.0, -0.42),
        (0.42, -0.78), (0.86, -0.62), (1.0, -0.12), (0.62, 0.42),
    ]  # fmt: skip
    return move([(x * size, y * size) for x, y in smooth(curve)], *centre)


def between(start: Point, end: Point, share: float) -> Point:
    """Give the point that lies ``share`` of the way from start to end."""
    return start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share


def move(points: Iterable[Point], right: float, down: float) -> Outline:
    """Shift the points."""
    return [(x + right, y + down) for x, y in points]


def turn(points: Iterable[Point], degrees: float, about: Point = (0.0, 0.0)) -> Outline:
    """Turn the points clockwise about a pivot."""
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    return [
        (
            about[0] + (x - about[0]) * cosine - (y - about[1]) * sine,
            about[1] + (x - about[0]) * sine + (y - about[1]) * cosine,
        )
        for x, y in points
    ]


def mirror(points: Iterable[Point]) -> Outline:
    """Reflect the points at the vertical axis."""
    return [(-x, y) for x, y in points]
