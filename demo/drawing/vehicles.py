"""Painters of what carries people: boat, car, rocket, train."""

from __future__ import annotations

from random import Random

from demo.drawing.brush import Brush
from demo.drawing.faces import face
from demo.drawing.palette import CREAM, GLASS, WHITE, WOOD, Rgb, Tones, mix
from demo.drawing.shapes import Outline, arc, box, circle, ellipse, mirror, rounded, smooth

_TYRE: Rgb = (58, 54, 64)
_STEEL: Rgb = (206, 210, 218)
_LAMP: Rgb = (255, 226, 130)
_FLAME: Rgb = (255, 138, 46)
_SMOKE: Rgb = (238, 240, 244)


def paint_boat(brush: Brush, tones: Tones, rng: Random) -> None:
    """Paint a sailing boat; hull and sails share the colour."""
    brush.tube([(0.02, 0.5), (0.02, -0.92)], 0.05, WOOD)
    flag = rng.choice([(222, 68, 70), (250, 196, 66), (70, 130, 214)])
    brush.fill([(0.04, -0.96), (0.3, -0.86), (0.04, -0.76)], flag, sharp=True)
    main: Outline = smooth([(0.1, -0.72), (0.46, -0.34), (0.74, 0.34)], closed=False)
    main = [*main, (0.1, 0.34)]
    brush.fill(main, tones.base, sharp=True)
    fore = [*smooth([(-0.06, -0.62), (-0.4, -0.1), (-0.62, 0.34)], closed=False), (-0.06, 0.34)]
    brush.fill(fore, tones.light, sharp=True)
    if rng.random() < 0.5:
        with brush.inside(main) as inner:
            inner.line([(0, -0.2), (0.9, -0.2)], 0.1, tones.pale)
            inner.line([(0, 0.06), (0.9, 0.06)], 0.1, tones.pale)
        brush.line([*main, main[0]])
    hull = [
        (-0.94, 0.42),
        *smooth([(0.96, 0.42), (0.8, 0.74), (0.52, 0.92), (-0.5, 0.92), (-0.76, 0.74), (-0.94, 0.42)], closed=False),
    ]
    brush.fill(hull, tones.base, sharp=True)
    with brush.inside(hull) as inner:
        inner.fill(box(-1, 0.4, 1, 0.53), CREAM, shaded=False)
    brush.line([*hull, hull[0]])
    if rng.random() < 0.5:
        face(brush, (0.1, 0.64), 0.17, rng, colour=_eye_colour(tones))
    else:
        for x in (-0.42, 0.0, 0.42):
            brush.fill(circle((x, 0.7), 0.085), GLASS)


def paint_car(brush: Brush, tones: Tones, rng: Random) -> None:
    """Paint a small car from the side: round, boxy or with a luggage rack."""
    boxy = rng.random() < 0.4
    if boxy:
        cabin = rounded([(-0.72, 0.2), (-0.66, -0.5), (0.3, -0.5), (0.56, 0.2)], 0.14)
        windows = [rounded([(-0.58, 0.02), (-0.54, -0.36), (-0.16, -0.36), (-0.16, 0.02)], 0.14),
                   rounded([(-0.04, 0.02), (-0.04, -0.36), (0.24, -0.36), (0.4, 0.02)], 0.14)]  # fmt: skip
    else:
        cabin = smooth([(-0.74, 0.2), (-0.52, -0.3), (-0.1, -0.52), (0.3, -0.36), (0.6, 0.2)])
        windows = [[*smooth([(-0.52, 0.02), (-0.38, -0.26), (-0.12, -0.36)], closed=False), (-0.12, 0.02)],
                   [*smooth([(0.42, 0.02), (0.24, -0.26), (0.0, -0.36)], closed=False), (0.0, 0.02)]]  # fmt: skip
    if rng.random() < 0.3:
        brush.fill(box(-0.5, -0.68, 0.12, -0.5, 0.05), (176, 122, 80))
        brush.line([(-0.2, -0.68), (-0.2, -0.52)], 0.04, CREAM)
    brush.fill(cabin, tones.base)
    for window in windows:
        brush.fill(window, GLASS, shaded=False)
        with brush.inside(window) as inner:
            left = min(x for x, _ in window)
            inner.line([(left + 0.02, 0.06), (left + 0.3, -0.4)], 0.06, mix(GLASS, WHITE, 0.7))
    body = smooth(
        [(-0.92, 0.08), (-0.3, 0.0), (0.5, 0.02), (0.88, 0.12), (0.97, 0.42), (0.86, 0.6), (-0.88, 0.6), (-0.97, 0.36)]
    )
    brush.fill(body, tones.base)
    with brush.inside(body) as inner:
        inner.line([(-1, 0.32), (1, 0.32)], 0.05, rng.choice([tones.light, tones.pale, tones.dark]))
    brush.line([(-0.06, 0.06), (-0.06, 0.52)], 0.025)
    brush.line([(0.04, 0.18), (0.16, 0.18)], 0.035)
    brush.fill(ellipse((0.9, 0.24), 0.07, 0.09), _LAMP)
    brush.fill(box(-0.99, 0.2, -0.88, 0.34, 0.03), (222, 74, 74))
    for x in (-0.52, 0.52):
        brush.fill(circle((x, 0.62), 0.25), _TYRE)
        brush.fill(circle((x, 0.62), 0.12), _STEEL)
        brush.dot((x, 0.62), 0.04, _TYRE)


def paint_rocket(brush: Brush, tones: Tones, rng: Random) -> None:
    """Paint a rocket in full flight."""
    length = rng.uniform(0.9, 1.0)
    brush.fill(smooth([(-0.17, 0.5), (0.17, 0.5), (0.2, 0.74), (0, length), (-0.2, 0.74)]), _FLAME)
    brush.fill(smooth([(-0.09, 0.5), (0.09, 0.5), (0.09, 0.64), (0, 0.8), (-0.09, 0.64)]), (255, 222, 96),
               shaded=False, inked=False)  # fmt: skip
    fin = [(0.24, 0.12), *smooth([(0.5, 0.32), (0.6, 0.72), (0.3, 0.52)], closed=False), (0.2, 0.5)]
    brush.fill(fin, tones.dark, sharp=True)
    brush.fill(mirror(fin), tones.dark, sharp=True)
    body = smooth(
        [
            (0, -0.98),
            (0.24, -0.62),
            (0.36, -0.1),
            (0.32, 0.34),
            (0.22, 0.56),
            (-0.22, 0.56),
            (-0.32, 0.34),
            (-0.36, -0.1),
            (-0.24, -0.62),
        ]
    )
    brush.fill(body, tones.base)
    with brush.inside(body) as inner:
        inner.fill(box(-1, -1.2, 1, -0.58), CREAM)
        inner.line([(-0.5, 0.4), (0.5, 0.4)], 0.08, rng.choice([tones.pale, tones.light]))
    brush.line([*body, body[0]])
    if rng.random() < 0.4:
        brush.fill(circle((0, -0.14), 0.2), CREAM)
        brush.fill(circle((0, -0.14), 0.145), GLASS)
        face(brush, (0, -0.16), 0.06, rng)
    else:
        for y, radius in ((-0.26, 0.15), (0.12, 0.11)):
            brush.fill(circle((0, y), radius), CREAM)
            brush.fill(circle((0, y), radius * 0.66), GLASS)
            brush.line(arc((0, y), radius * 0.36, radius * 0.36, 190, 260), 0.03, WHITE)
    brush.fill(ellipse((0, 0.48), 0.065, 0.24), tones.dark)


def paint_train(brush: Brush, tones: Tones, rng: Random) -> None:
    """Paint a steam engine from the side, smoke rising."""
    puffs = [(0.5, -0.72, 0.12), (0.34, -0.86, 0.15)]
    if rng.random() < 0.5:
        puffs.append((0.08, -0.94, 0.11))
    for x, y, radius in reversed(puffs):
        brush.fill(circle((x, y), radius), _SMOKE)
    brush.fill(
        rounded([(0.42, -0.22), (0.44, -0.42), (0.38, -0.58), (0.72, -0.58), (0.66, -0.42), (0.66, -0.22)], 0.1),
        tones.dark,
    )
    brush.fill(arc((0.08, -0.2), 0.13, 0.16, 180, 360), _LAMP)
    boiler = box(-0.3, -0.26, 0.9, 0.34, 0.16)
    brush.fill(boiler, tones.base)
    with brush.inside(boiler) as inner:
        for x in (0.06, 0.4):
            inner.line([(x, -0.4), (x, 0.5)], 0.06, tones.light)
    brush.line([*boiler, boiler[0]])
    brush.fill(box(-0.92, -0.66, -0.22, 0.4, 0.06), tones.base)
    brush.fill(box(-0.78, -0.46, -0.38, -0.1, 0.06), GLASS)
    brush.fill(rounded([(-1.0, -0.62), (-0.94, -0.82), (-0.2, -0.82), (-0.14, -0.62)], 0.2), tones.dark)
    brush.fill(box(-0.95, 0.32, 0.94, 0.56, 0.05), tones.dark)
    brush.fill([(0.86, 0.5), (1.0, 0.92), (0.7, 0.92)], (226, 84, 76), sharp=True)
    wheels = ((-0.58, 0.62, 0.3), (0.08, 0.7, 0.22), (0.52, 0.7, 0.22))
    for x, y, radius in wheels:
        brush.fill(circle((x, y), radius), _TYRE)
        brush.fill(circle((x, y), radius * 0.58), mix(tones.base, tones.light, 0.5), shaded=False)
        brush.dot((x, y), radius * 0.2, _TYRE)
    brush.line([(-0.58, 0.66), (0.52, 0.74)], 0.06, _STEEL)
    if rng.random() < 0.5:
        face(brush, (0.66, 0.0), 0.1, rng, colour=_eye_colour(tones))
    brush.fill(circle((0.93, -0.12), 0.07), _LAMP)


def _eye_colour(tones: Tones) -> Rgb:
    return WHITE if sum(tones.base) < 3 * 80 else tones.ink
