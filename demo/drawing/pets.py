"""Painters of the animals that sit and look at you: cat, dog, rabbit."""

from __future__ import annotations

from random import Random

from demo.drawing.brush import Brush
from demo.drawing.faces import eye
from demo.drawing.palette import BLUSH, INK, WHITE, Rgb, Tones, mix
from demo.drawing.shapes import Outline, arc, circle, ellipse, mirror, move, rounded, smooth, turn

_NOSE: Rgb = (240, 128, 140)
_TONGUE: Rgb = (240, 120, 130)


def paint_cat(brush: Brush, tones: Tones, rng: Random) -> None:
    """Paint a sitting cat with its tail curled beside it."""
    brush.tube(
        smooth([(0.3, 0.78), (0.72, 0.76), (0.88, 0.44), (0.72, 0.16), (0.8, -0.02)], closed=False), 0.15, tones.base
    )
    body = smooth([(-0.3, -0.05), (0.3, -0.05), (0.46, 0.5), (0.5, 0.86), (0, 0.95), (-0.5, 0.86), (-0.46, 0.5)])
    brush.fill(body, tones.base)
    with brush.inside(body) as inner:
        inner.fill(ellipse((0, 0.55), 0.24, 0.4), tones.light, shaded=False, inked=False)
    for side in (-1, 1):
        brush.fill(ellipse((side * 0.24, 0.87), 0.19, 0.11), tones.light)
        ear = rounded([(side * 0.52, -0.98), (side * 0.6, -0.3), (side * 0.1, -0.62)], 0.12)
        brush.fill(ear, tones.base)
        brush.fill(rounded([(side * 0.47, -0.82), (side * 0.51, -0.5), (side * 0.27, -0.64)], 0.12), mix(_NOSE, WHITE, 0.25),
                   shaded=False, inked=False)  # fmt: skip
    head = ellipse((0, -0.32), 0.62, 0.47)
    brush.fill(head, tones.base)
    if rng.random() < 0.5:
        with brush.inside(head) as inner:
            for x in (-0.17, 0.0, 0.17):
                inner.line([(x, -0.85), (x * 0.8, -0.62 if x else -0.55)], 0.065, tones.dark)
            for side in (-1, 1):
                for y in (-0.3, -0.17):
                    inner.line([(side * 0.65, y - 0.02), (side * 0.5, y + 0.02)], 0.05, tones.dark)
    brush.fill(ellipse((0, -0.13), 0.25, 0.17), tones.light, shaded=False, inked=False)
    _eyes(brush, rng, spread=0.28, height=-0.36, radius=0.135)
    brush.fill(rounded([(-0.07, -0.21), (0.07, -0.21), (0, -0.13)], 0.25), _NOSE, shaded=False)
    for side in (-1, 1):
        brush.line(arc((side * 0.08, -0.11), 0.08, 0.07, 10, 170), 0.035)
        for y, drop in ((-0.16, -0.05), (-0.1, 0.03)):
            brush.line([(side * 0.36, y), (side * 0.72, y + drop)], 0.018)
        _cheek(brush, side * 0.42, -0.16)


def paint_dog(brush: Brush, tones: Tones, rng: Random) -> None:
    """Paint a sitting dog with hanging ears, its tongue out."""
    brush.tube(smooth([(0.35, 0.7), (0.68, 0.62), (0.84, 0.3)], closed=False), 0.15, tones.base)
    body = smooth([(-0.28, -0.05), (0.28, -0.05), (0.45, 0.5), (0.52, 0.86), (0, 0.95), (-0.52, 0.86), (-0.45, 0.5)])
    brush.fill(body, tones.base)
    brush.fill(smooth([(-0.2, 0.1), (0.2, 0.1), (0.24, 0.42), (0, 0.66), (-0.24, 0.42)]), tones.light,
               shaded=False, inked=False)  # fmt: skip
    for side in (-1, 1):
        brush.fill(ellipse((side * 0.27, 0.87), 0.2, 0.11), tones.light)
    collar = rng.choice([(214, 60, 66), (60, 120, 210), (250, 200, 70)])
    brush.tube(arc((0, -0.06), 0.32, 0.16, 12, 168), 0.06, collar)
    brush.fill(circle((0, 0.15), 0.075), (250, 206, 84))
    head = smooth([(-0.3, -0.84), (0.3, -0.84), (0.52, -0.5), (0.46, -0.06), (0, 0.1), (-0.46, -0.06), (-0.52, -0.5)])
    brush.fill(head, tones.base)
    if rng.random() < 0.5:
        with brush.inside(head) as inner:
            inner.fill(ellipse((-0.27, -0.48), 0.25, 0.3, 20), tones.light, shaded=False, inked=False)
    lift = rng.uniform(-14, 6)
    ear = smooth([(0.3, -0.84), (0.52, -0.8), (0.76, -0.42), (0.74, -0.06), (0.6, 0.02), (0.5, -0.22), (0.46, -0.52)])
    ear = turn(ear, lift, (0.36, -0.8))
    brush.fill(ear, tones.dark)
    brush.fill(mirror(ear), tones.dark)
    brush.fill(smooth([(0.1, 0.0), (0.11, 0.16), (0.0, 0.22), (-0.11, 0.16), (-0.1, 0.0)]), _TONGUE)
    brush.fill(ellipse((0, -0.13), 0.29, 0.2), tones.pale)
    _eyes(brush, rng, spread=0.25, height=-0.47, radius=0.12)
    brush.fill(ellipse((0, -0.24), 0.115, 0.08), INK, shaded=False)
    brush.dot((-0.03, -0.265), 0.025, WHITE)
    for side in (-1, 1):
        brush.line(arc((side * 0.1, -0.1), 0.1, 0.08, 10, 170), 0.035)
        _cheek(brush, side * 0.37, -0.24)


def paint_rabbit(brush: Brush, tones: Tones, rng: Random) -> None:
    """Paint a sitting rabbit with long ears, one of which may be folded."""
    brush.fill(circle((0.5, 0.66), 0.16), tones.pale)
    folded = rng.random() < 0.35
    for side in (-1, 1):
        ear = ellipse((side * 0.2, -0.68), 0.135, 0.38, side * 9)
        lining = ellipse((side * 0.2, -0.66), 0.065, 0.27, side * 9)
        if folded and side > 0:
            ear, lining = (turn(shape, 62, (0.18, -0.4)) for shape in (ear, lining))
        brush.fill(ear, tones.base)
        brush.fill(lining, mix(_NOSE, WHITE, 0.3), shaded=False, inked=False)
    brush.fill(smooth([(-0.28, 0.1), (0.28, 0.1), (0.52, 0.6), (0.42, 0.9), (0, 0.95), (-0.42, 0.9), (-0.52, 0.6)]), tones.base)  # fmt: skip
    brush.fill(ellipse((0, 0.64), 0.27, 0.27), tones.light, shaded=False, inked=False)
    for side in (-1, 1):
        brush.fill(ellipse((side * 0.33, 0.88), 0.23, 0.11), tones.light)
        brush.fill(ellipse((side * 0.2, 0.42), 0.1, 0.16, side * -25), tones.base)
    brush.fill(smooth([(0, -0.42), (0.34, -0.32), (0.5, 0.0), (0.3, 0.27), (0, 0.32), (-0.3, 0.27), (-0.5, 0.0), (-0.34, -0.32)]),
               tones.base)  # fmt: skip
    _eyes(brush, rng, spread=0.24, height=-0.06, radius=0.115)
    for side in (-1, 1):
        brush.fill(ellipse((side * 0.085, 0.13), 0.115, 0.09), tones.pale, shaded=False, inked=False)
    brush.fill(move(_teeth(), 0, 0.19), WHITE, shaded=False)
    brush.fill(rounded([(-0.06, 0.04), (0.06, 0.04), (0, 0.11)], 0.25), _NOSE, shaded=False)
    for side in (-1, 1):
        brush.line(arc((side * 0.075, 0.12), 0.075, 0.07, 10, 170), 0.03)
        _cheek(brush, side * 0.35, 0.1)
        for y, drop in ((0.1, -0.04), (0.16, 0.03)):
            brush.line([(side * 0.26, y), (side * 0.6, y + drop)], 0.016)


def _teeth() -> Outline:
    return rounded([(-0.055, -0.02), (0.055, -0.02), (0.05, 0.09), (-0.05, 0.09)], 0.2)


def _eyes(brush: Brush, rng: Random, *, spread: float, height: float, radius: float) -> None:
    asleep = rng.random() < 0.22
    gaze = rng.uniform(-0.2, 0.2)
    for side in (-1, 1):
        if asleep:
            brush.line(arc((side * spread, height), radius * 0.9, radius * 0.7, 15, 165), 0.045)
        else:
            eye(brush, (side * spread, height), radius, gaze=gaze)


def _cheek(brush: Brush, x: float, y: float) -> None:
    brush.fill(ellipse((x, y), 0.085, 0.055), BLUSH, shaded=False, inked=False)
