"""Painters of things about the house: balloon, house, mug, star, umbrella."""

from __future__ import annotations

import itertools
from random import Random

from demo.drawing.brush import Brush
from demo.drawing.faces import face
from demo.drawing.palette import CREAM, GLASS, INK, WHITE, WOOD, Rgb, Tones, mix
from demo.drawing.shapes import arc, between, box, circle, ellipse, heart, rounded, smooth, star

_ROOF: Rgb = (112, 98, 112)
_DRINKS: tuple[Rgb, ...] = ((122, 78, 54), (196, 140, 84), (168, 196, 120))
_STEAM: Rgb = (250, 250, 252)


def paint_balloon(brush: Brush, tones: Tones, rng: Random) -> None:
    """Paint a balloon on a curly string."""
    curl = rng.choice([-1, 1])
    brush.line(
        smooth([(0, 0.5), (curl * 0.1, 0.64), (-curl * 0.07, 0.8), (curl * 0.06, 0.97)], closed=False), 0.035, INK
    )
    brush.fill(rounded([(0, 0.36), (0.13, 0.55), (-0.13, 0.55)], 0.15), tones.dark)
    width = rng.uniform(0.58, 0.66)
    body = smooth(
        [
            (0, -0.95),
            (width * 0.72, -0.76),
            (width, -0.3),
            (width * 0.66, 0.16),
            (0, 0.44),
            (-width * 0.66, 0.16),
            (-width, -0.3),
            (-width * 0.72, -0.76),
        ]
    )
    brush.fill(body, tones.base)
    pattern = rng.random()
    with brush.inside(body) as inner:
        if pattern < 0.25:
            for y in (-0.56, 0.04):
                inner.line([(-1, y), (1, y)], 0.11, tones.light)
        elif pattern < 0.5:
            for x, y in ((-0.3, 0.05), (0.3, -0.66), (0.4, -0.14), (0.05, 0.22), (-0.46, -0.3)):
                inner.dot((x, y), 0.075, tones.light)
    brush.line([*body, body[0]])
    brush.fill(ellipse((-0.28, -0.62), 0.09, 0.17, 28), mix(tones.pale, WHITE, 0.5), shaded=False, inked=False)
    if rng.random() < 0.6:
        face(brush, (0, -0.26), 0.16, rng, colour=_face_colour(tones))


def paint_house(brush: Brush, tones: Tones, rng: Random) -> None:
    """Paint a small house with a chimney; the walls have the colour."""
    side = rng.choice([-1, 1])
    brush.fill(box(side * 0.46 - 0.12, -0.78, side * 0.46 + 0.12, -0.2), (176, 104, 92))
    brush.fill(box(side * 0.46 - 0.16, -0.84, side * 0.46 + 0.16, -0.72, 0.03), (150, 84, 76))
    walls = box(-0.7, -0.12, 0.7, 0.94, 0.03)
    brush.fill(walls, tones.base)
    gable = [(-0.7, -0.08), (0, -0.74), (0.7, -0.08)]
    brush.fill(gable, tones.base, inked=False)
    if rng.random() < 0.4:
        with brush.inside(walls) as inner:
            for y in (0.1, 0.34, 0.58, 0.82):
                inner.line([(-0.8, y), (0.8, y)], 0.025, tones.dark)
    roof = rounded([(0, -0.92), (0.98, -0.02), (0.84, 0.1), (0, -0.66), (-0.84, 0.1), (-0.98, -0.02)], 0.08)
    brush.fill(roof, _ROOF, sharp=True)
    brush.fill(circle((0, -0.3), 0.13), GLASS)
    brush.line([(0, -0.42), (0, -0.18)], 0.03)
    brush.line([(-0.12, -0.3), (0.12, -0.3)], 0.03)
    brush.fill([*arc((0, 0.5), 0.18, 0.18, 180, 360), (0.18, 0.94), (-0.18, 0.94)], WOOD)
    brush.dot((0.1, 0.66), 0.035, (250, 206, 84))
    for x in (-0.46, 0.46):
        brush.fill(box(x - 0.15, 0.22, x + 0.15, 0.54, 0.03), GLASS, shaded=False)
        brush.line([(x, 0.24), (x, 0.52)], 0.03, WHITE)
        brush.line([(x - 0.14, 0.38), (x + 0.14, 0.38)], 0.03, WHITE)
        brush.line([*box(x - 0.15, 0.22, x + 0.15, 0.54, 0.03), (x - 0.12, 0.22)])
        brush.fill(box(x - 0.19, 0.54, x + 0.19, 0.62, 0.02), CREAM)


def paint_mug(brush: Brush, tones: Tones, rng: Random) -> None:
    """Paint a steaming mug with a face or a motif."""
    for x in (-0.3, 0.06):
        brush.line(
            smooth([(x, -0.56), (x + 0.08, -0.7), (x - 0.06, -0.82), (x + 0.03, -0.96)], closed=False), 0.06, _STEAM
        )
    brush.tube(
        smooth([(0.46, -0.14), (0.84, -0.16), (0.92, 0.22), (0.74, 0.5), (0.44, 0.52)], closed=False), 0.13, tones.base
    )
    body = [
        *arc((-0.1, -0.4), 0.62, 0.14, 180, 360),
        *smooth(
            [(0.52, -0.4), (0.5, 0.4), (0.42, 0.82), (-0.1, 0.95), (-0.62, 0.82), (-0.7, 0.4), (-0.72, -0.4)],
            closed=False,
        ),
    ]
    brush.fill(body, tones.base)
    brush.fill(ellipse((-0.1, -0.4), 0.62, 0.15), tones.light, shaded=False)
    brush.fill(ellipse((-0.1, -0.38), 0.52, 0.105), rng.choice(_DRINKS), shaded=False)
    motif = rng.choice(["face", "face", "heart", "dots", "band"])
    if motif == "face":
        face(brush, (-0.1, 0.2), 0.17, rng, colour=_face_colour(tones))
    elif motif == "heart":
        brush.fill(heart((-0.1, 0.28), 0.24), tones.pale)
    elif motif == "dots":
        for x, y in (
            (-0.44, 0.08),
            (-0.1, 0.02),
            (0.24, 0.08),
            (-0.28, 0.4),
            (0.08, 0.4),
            (-0.42, 0.66),
            (-0.1, 0.72),
            (0.22, 0.66),
        ):
            brush.dot((x, y), 0.075, tones.pale)
    else:
        with brush.inside(body) as inner:
            inner.line(arc((-0.1, 0.26), 0.8, 0.14, 0, 180), 0.15, tones.pale)
        brush.line([*body, body[0]])


def paint_star(brush: Brush, tones: Tones, rng: Random) -> None:
    """Paint a plump star with a face."""
    outline = star((0, 0.04), 0.98, rng.uniform(0.5, 0.58), roundness=0.3)
    brush.fill(outline, tones.base)
    if rng.random() < 0.3:
        inner = [between(point, (0, 0.04), 0.17) for point in outline]
        brush.line([*inner, inner[0]], 0.035, tones.light)
    brush.line(arc((0, -0.66), 0.12, 0.2, 200, 260), 0.055, tones.pale)
    face(brush, (0, -0.04), 0.2, rng, colour=_face_colour(tones))


def paint_umbrella(brush: Brush, tones: Tones, rng: Random) -> None:
    """Paint an open umbrella with a hooked handle."""
    handle = [(0, -0.2), (0, 0.66), *arc((-0.13, 0.72), 0.13, 0.18, 0, 180)]
    brush.tube(handle, 0.06, WOOD)
    brush.tube([(0, -0.7), (0, -0.92)], 0.05, WOOD)
    edges = [-0.92, -0.46, 0.0, 0.46, 0.92]
    scallops = []
    for left, right in itertools.pairwise(edges):
        scallops.extend(arc(((left + right) / 2, 0.08), (right - left) / 2, 0.13, 180, 360))
    dome = arc((0, 0.08), 0.92, 0.84, 360, 180)
    canopy = [*scallops, *(arc((0, 0.08), 0.92, 0.84, 0, -180))]
    brush.fill(canopy, tones.base, sharp=True)
    striped = rng.random() < 0.65
    with brush.inside(canopy) as inner:
        if striped:
            for left, right in ((-0.46, 0.0), (0.46, 0.92)):
                panel = [*_rib(left), *reversed(_rib(right))]
                inner.fill(panel, tones.light, shaded=False, inked=False)
        else:
            for x, y in (
                (-0.62, -0.2),
                (-0.24, -0.42),
                (0.22, -0.5),
                (0.6, -0.24),
                (0.0, -0.12),
                (-0.36, -0.06),
                (0.36, -0.08),
            ):
                inner.dot((x, y), 0.06, tones.pale)
        for edge in edges[1:-1]:
            inner.line(_rib(edge))
    brush.line(dome)
    brush.line([*canopy, canopy[0]])


def _rib(edge: float) -> list[tuple[float, float]]:
    return smooth([(0, -0.78), (edge * 0.72, -0.44), (edge, 0.12)], closed=False)


def _face_colour(tones: Tones) -> Rgb:
    return WHITE if sum(tones.base) < 3 * 80 else tones.ink
