"""Painters of what grows: cactus, flower, mushroom, tree."""

from __future__ import annotations

from random import Random

from demo.drawing.brush import Brush
from demo.drawing.faces import face
from demo.drawing.palette import CREAM, INK, LEAF, WHITE, WOOD, Rgb, Tones, mix
from demo.drawing.shapes import Outline, arc, box, circle, ellipse, rounded, smooth, turn

_POLLEN: Rgb = (252, 206, 72)
_STALK: Rgb = (252, 236, 206)


def paint_flower(brush: Brush, tones: Tones, rng: Random) -> None:
    """Paint a flower with a smiling middle, round or pointed petals."""
    sway = rng.uniform(-0.08, 0.08)
    stem = smooth([(0, -0.2), (sway, 0.3), (0, 0.94)], closed=False)
    brush.tube(stem, 0.075, LEAF)
    for side in (-1, 1):
        leaf = smooth([(0, 0.8), (side * 0.22, 0.48), (side * 0.54, 0.42), (side * 0.42, 0.72)])
        brush.fill(leaf, LEAF)
        brush.line([(side * 0.08, 0.74), (side * 0.36, 0.56)], 0.025)
    petals = rng.choice([5, 6, 8])
    centre = (0.0, -0.32)
    width = {5: 0.28, 6: 0.25, 8: 0.19}[petals]
    offset = rng.uniform(0, 360)
    pointed = rng.random() < 0.35
    for index in range(petals):
        angle = offset + index * 360 / petals
        petal: Outline = ellipse((0, -0.72), width, 0.3)
        if pointed:
            petal = smooth(
                [(0, -1.02), (width * 0.95, -0.74), (width * 0.6, -0.46), (-width * 0.6, -0.46), (-width * 0.95, -0.74)]
            )
        brush.fill(
            turn(petal, angle, centre), tones.base if index % 2 or petals == 5 else mix(tones.base, tones.light, 0.4)
        )
        brush.line(turn([(0, -0.62), (0, -0.76)], angle, centre), 0.04, tones.light)
    brush.fill(circle(centre, 0.25), _POLLEN)
    face(brush, (centre[0], centre[1] - 0.04), 0.1, rng)


def paint_mushroom(brush: Brush, tones: Tones, rng: Random) -> None:
    """Paint a mushroom with white spots on its cap."""
    stalk = smooth([(-0.24, 0.0), (0.24, 0.0), (0.25, 0.5), (0.36, 0.86), (0, 0.95), (-0.36, 0.86), (-0.25, 0.5)])
    brush.fill(stalk, _STALK)
    brush.fill(ellipse((0, 0.1), 0.5, 0.13), mix(_STALK, INK, 0.16), shaded=False)
    flat = rng.uniform(0.0, 0.16)
    cap = smooth(
        [
            (-0.88, 0.06),
            (-0.8, -0.4),
            (-0.36, -0.82 + flat),
            (0.36, -0.82 + flat),
            (0.8, -0.4),
            (0.88, 0.06),
            (0.44, 0.16),
            (-0.44, 0.16),
        ]
    )
    brush.fill(cap, tones.base)
    spots = [
        (-0.46, -0.36, 0.15),
        (0.06, -0.5, 0.17),
        (0.5, -0.24, 0.14),
        (-0.08, -0.06, 0.1),
        (-0.72, -0.06, 0.09),
        (0.76, 0.0, 0.07),
    ]
    spot = (206, 212, 226) if min(tones.base) > 225 else mix(WHITE, tones.base, 0.04)
    with brush.inside(cap) as inner:
        for x, y, radius in spots[: rng.choice([4, 6])]:
            inner.fill(ellipse((x, y + flat / 2), radius, radius * 0.86), spot, shaded=False, inked=False)
    brush.line([*cap, cap[0]])
    face(brush, (0, 0.44), 0.13, rng)


def paint_tree(brush: Brush, tones: Tones, rng: Random) -> None:
    """Paint a tree, its crown round or in tiers."""
    trunk = smooth([(-0.13, 0.2), (0.13, 0.2), (0.12, 0.7), (0.28, 0.94), (-0.28, 0.94), (-0.12, 0.7)])
    brush.fill(trunk, WOOD)
    if rng.random() < 0.4:
        for top, bottom, width in ((0.0, 0.66, 0.72), (-0.44, 0.26, 0.58), (-0.98, -0.14, 0.42)):
            tier = [
                (0, top),
                *smooth(
                    [
                        (width, bottom - 0.06),
                        (width * 0.5, bottom + 0.04),
                        (0, bottom - 0.02),
                        (-width * 0.5, bottom + 0.04),
                        (-width, bottom - 0.06),
                    ],
                    closed=False,
                ),
            ]
            brush.fill(_blunted(tier), tones.base, sharp=True)
            brush.line([(-width * 0.16, bottom - 0.2), (-width * 0.42, bottom - 0.12)], 0.05, tones.light)
        return
    for x, y, radius in (
        (-0.46, 0.0, 0.38),
        (0.46, 0.0, 0.38),
        (-0.34, -0.42, 0.38),
        (0.36, -0.42, 0.36),
        (0, -0.6, 0.38),
    ):
        brush.fill(circle((x, y), radius), tones.base)
    for x, y, radius in (
        (0, -0.1, 0.5),
        (-0.4, -0.02, 0.33),
        (0.4, -0.02, 0.33),
        (-0.28, -0.4, 0.33),
        (0.3, -0.4, 0.32),
        (0, -0.56, 0.33),
    ):
        brush.dot((x, y), radius, tones.base)
    for x, y in ((-0.42, -0.48), (0.06, -0.66), (-0.5, -0.04)):
        brush.line(arc((x, y), 0.17, 0.15, 190, 300), 0.055, tones.light)
    for x, y in ((0.3, -0.2), (-0.12, 0.1), (0.5, 0.1)):
        brush.line(arc((x, y), 0.14, 0.12, 10, 120), 0.045, tones.dark)
    if rng.random() < 0.5:
        face(brush, (0, -0.18), 0.16, rng, colour=WHITE if sum(tones.base) < 3 * 80 else tones.ink)


def _blunted(tier: Outline) -> Outline:
    return [*arc((tier[0][0], tier[0][1] + 0.05), 0.05, 0.05, 200, 340), *tier[1:]]


def paint_cactus(brush: Brush, tones: Tones, rng: Random) -> None:
    """Paint a cactus in a clay pot, a blossom on top."""
    arm = [(0.2, 0.14), (0.56, 0.12), (0.58, -0.3)]
    heights = (rng.uniform(-0.12, 0.1), rng.uniform(-0.12, 0.1))
    for side, lift in zip((-1, 1), heights, strict=True):
        points = [(side * x, y + lift) for x, y in arm]
        brush.tube(smooth(points, closed=False), 0.22, tones.base)
    body = box(-0.27, -0.82, 0.27, 0.6, 0.26)
    brush.fill(body, tones.base)
    for x in (-0.13, 0.13):
        brush.line([(x, -0.56), (x, -0.34)], 0.035, tones.light)
        brush.line([(x, 0.16), (x, 0.36)], 0.035, tones.light)
    face(brush, (0, -0.1), 0.12, rng, colour=WHITE if sum(tones.base) < 3 * 80 else tones.ink)
    for angle in range(0, 360, 72):
        brush.fill(turn(circle((0, -0.98), 0.075), angle, (0, -0.86)), (255, 170, 196), shaded=False)
    brush.dot((0, -0.86), 0.06, _POLLEN)
    pot = rounded([(-0.44, 0.5), (0.44, 0.5), (0.34, 0.95), (-0.34, 0.95)], 0.08)
    brush.fill(pot, CREAM)
    brush.fill(box(-0.5, 0.4, 0.5, 0.56, 0.05), CREAM)
