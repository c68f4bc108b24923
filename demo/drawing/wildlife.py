"""Painters of the animals seen from the side or from above: bird, butterfly, fish, snail, whale."""

from __future__ import annotations

from random import Random

from demo.drawing.brush import Brush
from demo.drawing.faces import eye
from demo.drawing.palette import BEAK, BLUSH, INK, WHITE, Rgb, Tones, mix
from demo.drawing.shapes import Outline, arc, between, circle, ellipse, smooth, turn

_SNAIL: Rgb = (250, 221, 178)
_WATER: Rgb = (196, 232, 250)


def paint_bird(brush: Brush, tones: Tones, rng: Random) -> None:
    """Paint a bird from the side, standing or in flight."""
    flying = rng.random() < 0.4
    tail = [(-0.42, 0.22), (-0.98, 0.02), (-0.93, 0.22), (-1.0, 0.38), (-0.5, 0.5)]
    brush.fill(turn(tail, rng.uniform(-10, 16), (-0.45, 0.3)), tones.dark, sharp=True)
    if not flying:
        for x in (-0.05, 0.2):
            brush.line([(x, 0.55), (x, 0.93)], 0.05, BEAK)
            brush.line([(x - 0.1, 0.95), (x, 0.9), (x + 0.16, 0.95)], 0.05, BEAK)
    brush.fill([(0.6, -0.48), (0.98, -0.3), (0.6, -0.2)], BEAK, sharp=True)
    body = smooth([
        (0.3, -0.78), (0.62, -0.58), (0.66, -0.2), (0.62, 0.28), (0.25, 0.62),
        (-0.25, 0.6), (-0.58, 0.38), (-0.46, 0.12), (-0.16, -0.14), (0.02, -0.52),
    ])  # fmt: skip
    brush.fill(body, tones.base)
    with brush.inside(body) as inner:
        inner.fill(ellipse((0.42, 0.28), 0.34, 0.36, 30), tones.light, shaded=False, inked=False)
        if rng.random() < 0.4:
            for x, y in ((0.38, 0.1), (0.5, 0.22), (0.34, 0.3), (0.48, 0.42)):
                inner.dot((x, y), 0.035, tones.dark)
    brush.line([*body, body[0]])
    _bird_wing(brush, tones, flying=flying)
    if rng.random() < 0.35:
        for angle in (-30, 0):
            brush.line(
                smooth([(0.26, -0.76), *turn([(0.2, -0.92), (0.3, -1.0)], angle, (0.26, -0.76))], closed=False), 0.04
            )
    eye(brush, (0.4, -0.42), 0.125, gaze=0.2)
    brush.fill(ellipse((0.42, -0.2), 0.09, 0.06), mix((255, 140, 150), tones.base, 0.15), shaded=False, inked=False)


def _bird_wing(brush: Brush, tones: Tones, *, flying: bool) -> None:
    if flying:
        wing = smooth(
            [(0.18, 0.2), (0.02, -0.2), (-0.34, -0.72), (-0.72, -0.92), (-0.74, -0.5), (-0.6, -0.08), (-0.28, 0.26)]
        )
        feathers = [((-0.62, -0.6), (-0.2, -0.02)), ((-0.56, -0.28), (-0.2, 0.1))]
    else:
        wing = smooth([(0.2, 0.06), (-0.02, -0.12), (-0.38, 0.1), (-0.72, 0.34), (-0.36, 0.44), (0.02, 0.36)])
        feathers = [((-0.5, 0.3), (-0.1, 0.18)), ((-0.32, 0.36), (-0.02, 0.27))]
    brush.fill(wing, mix(tones.base, tones.dark, 0.6))
    for start, end in feathers:
        brush.line([start, end], 0.03)


def paint_butterfly(brush: Brush, tones: Tones, rng: Random) -> None:
    """Paint a butterfly from above, wings spread."""
    reach = rng.uniform(0.88, 1.06)
    upper: Outline = [(0.04, -0.1), (0.2, -0.62), (0.62, -0.88), (0.96, -0.66), (0.86, -0.22), (0.46, 0.06)]
    lower: Outline = [(0.05, 0.02), (0.5, 0.06), (0.78, 0.34), (0.66, 0.74), (0.36, 0.82), (0.14, 0.44)]
    dotted = rng.random() < 0.5
    pattern = rng.choice([tones.pale, tones.pale, tones.light])
    for side in (-1, 1):
        for points, colour, middle in (
            (lower, mix(tones.base, tones.dark, 0.7), (0.44, 0.4)),
            (upper, tones.base, (0.58, -0.46)),
        ):
            wing = smooth([(side * x * reach, y) for x, y in points])
            brush.fill(wing, colour)
            centre = (side * middle[0] * reach, middle[1])
            if dotted:
                brush.dot(centre, 0.13, pattern)
                brush.dot((centre[0] * 1.28, centre[1] * 1.2 - 0.02), 0.07, pattern)
            else:
                patch = [between(point, centre, 0.42) for point in wing]
                brush.fill(patch, pattern, shaded=False, inked=False)
    for side in (-1, 1):
        brush.line(smooth([(0, -0.4), (side * 0.12, -0.72), (side * 0.28, -0.86)], closed=False), 0.035)
        brush.dot((side * 0.29, -0.87), 0.05, brush.ink)
    body = ellipse((0, 0.05), 0.095, 0.5)
    brush.fill(body, mix(INK, tones.base, 0.12))
    head = (0.0, -0.44)
    brush.fill(circle(head, 0.15), mix(INK, tones.base, 0.12))
    for side in (-1, 1):
        brush.dot((side * 0.06, -0.46), 0.042, WHITE)
    brush.line(arc((0, -0.42), 0.06, 0.06, 25, 155), 0.025, WHITE)


def paint_fish(brush: Brush, tones: Tones, rng: Random) -> None:
    """Paint a fish from the side, plain, striped or scaled."""
    brush.fill(smooth([(-0.5, 0.0), (-0.98, -0.42), (-0.84, 0.0), (-0.98, 0.44), (-0.52, 0.1)]), tones.dark)
    brush.fill(smooth([(-0.34, -0.3), (-0.16, -0.74), (0.3, -0.66), (0.42, -0.32)]), tones.dark)
    brush.fill(smooth([(-0.15, 0.36), (-0.18, 0.72), (0.12, 0.62), (0.2, 0.36)]), tones.dark)
    depth = rng.uniform(0.44, 0.56)
    body = smooth(
        [
            (0.88, 0.04),
            (0.62, -0.3),
            (0.2, -depth),
            (-0.28, -0.34),
            (-0.62, -0.02),
            (-0.3, 0.34),
            (0.2, depth),
            (0.64, 0.36),
        ]
    )
    brush.fill(body, tones.base)
    pattern = rng.choice(["plain", "stripes", "scales"])
    with brush.inside(body) as inner:
        inner.fill(ellipse((0.3, 0.44), 0.72, 0.26), tones.light, shaded=False, inked=False)
        if pattern == "stripes":
            for x in (0.16, -0.1, -0.34):
                inner.line(arc((x - 0.5, 0.02), 0.5, 0.62, -55, 55), 0.085, tones.pale)
        elif pattern == "scales":
            for column in range(3):
                for row in range(3):
                    x, y = 0.04 - column * 0.2, -0.2 + row * 0.18 + (column % 2) * 0.09
                    inner.line(arc((x, y), 0.09, 0.09, 90, 270), 0.035, tones.dark)
        inner.line(arc((0.2, 0.0), 0.2, 0.34, -60, 60), 0.04, tones.dark)
    brush.line([*body, body[0]])
    brush.fill(smooth([(0.16, 0.1), (-0.1, 0.02), (-0.2, 0.22), (0.02, 0.28)]), tones.dark)
    eye(brush, (0.56, -0.12), 0.145, gaze=0.2)
    brush.line(arc((0.78, 0.1), 0.13, 0.12, 70, 170), 0.04)
    brush.fill(ellipse((0.52, 0.13), 0.09, 0.06), mix(BLUSH, tones.base, 0.15), shaded=False, inked=False)


def paint_snail(brush: Brush, tones: Tones, rng: Random) -> None:
    """Paint a snail: the house in the colour, the animal itself always pale."""
    stretch = rng.uniform(-0.05, 0.06)
    body = smooth([
        (-0.96, 0.93), (-0.5, 0.66), (0.2, 0.62), (0.5, 0.36), (0.56, 0.02), (0.82, -0.06 + stretch), (0.97, 0.2),
        (0.88, 0.62), (0.6, 0.93), (0, 0.95),
    ])  # fmt: skip
    for x, top in ((0.66, -0.46 + stretch), (0.9, -0.4 + stretch)):
        brush.tube([(0.76, 0.12), (x, top)], 0.05, _SNAIL)
        eye(brush, (x, top - 0.03), 0.1)
    brush.fill(body, _SNAIL)
    centre, radius = (-0.18, 0.12), 0.66
    brush.fill(circle(centre, radius), tones.base)
    turns = rng.uniform(2.2, 2.8)
    spiral: Outline = []
    for step in range(60):
        share = step / 59
        spiral.extend(
            arc(centre, radius * 0.86 * share, radius * 0.86 * share, turns * 360 * share, turns * 360 * share)[:1]
        )
    brush.line(spiral, 0.075, rng.choice([tones.dark, tones.pale]))
    brush.line(arc(centre, radius * 0.78, radius * 0.78, 200, 250), 0.06, tones.pale)
    brush.line(arc((0.84, 0.28), 0.1, 0.1, 10, 130), 0.04)
    brush.fill(ellipse((0.72, 0.34), 0.075, 0.05), BLUSH, shaded=False, inked=False)


def paint_whale(brush: Brush, tones: Tones, rng: Random) -> None:
    """Paint a round whale that spouts."""
    for side in (-1, 1):
        jet = smooth(
            [(0.28, -0.5), (0.28 + side * 0.08, -0.8), (0.28 + side * 0.28, -0.86), (0.28 + side * 0.34, -0.66)],
            closed=False,
        )
        brush.tube(jet, 0.07, _WATER)
    fluke = smooth(
        [(-0.86, -0.1), (-0.98, -0.52), (-0.74, -0.42), (-0.66, -0.26), (-0.5, -0.5), (-0.36, -0.42), (-0.6, -0.02)]
    )
    brush.fill(turn(fluke, rng.uniform(-10, 12), (-0.7, 0.0)), tones.dark)
    body = smooth([
        (0.3, -0.46), (0.78, -0.26), (0.96, 0.16), (0.8, 0.56), (0.3, 0.76), (-0.3, 0.66), (-0.68, 0.32), (-0.84, -0.06),
        (-0.64, -0.1), (-0.36, 0.06), (-0.1, -0.26),
    ])  # fmt: skip
    brush.fill(body, tones.base)
    with brush.inside(body) as inner:
        belly = smooth([(1.0, 0.3), (0.5, 0.4), (0.0, 0.4), (-0.5, 0.36), (-0.3, 0.95), (0.5, 1.0)])
        inner.fill(belly, tones.pale, shaded=False)
        for drop in (0.12, 0.23, 0.34):
            inner.line(arc((0.42, 0.2 + drop), 0.62, 0.24, 30, 140), 0.025, tones.light)
        if rng.random() < 0.45:
            for x, y, size in ((-0.1, -0.02, 0.06), (0.1, -0.2, 0.05), (-0.32, 0.18, 0.045), (0.32, -0.3, 0.04)):
                inner.dot((x, y), size, tones.light)
    brush.line([*body, body[0]])
    brush.fill(turn(ellipse((0.02, 0.5), 0.13, 0.26), 35, (0.02, 0.5)), tones.dark)
    eye(brush, (0.56, 0.1), 0.1, gaze=0.2)
    brush.line(arc((0.76, 0.2), 0.16, 0.12, 40, 150), 0.045)
    brush.fill(ellipse((0.52, 0.27), 0.085, 0.055), BLUSH, shaded=False, inked=False)
