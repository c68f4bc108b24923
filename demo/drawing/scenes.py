"""The seven places where a subject can be."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from demo.drawing.palette import WHITE, Rgb, mix
from demo.drawing.scenery import Backdrop, cloud, clouds, daisy, hills, pine, sun, tuft, waves
from demo.drawing.shapes import smooth, star

_SKIES: tuple[tuple[Rgb, Rgb], ...] = (
    ((104, 184, 244), (206, 236, 252)),
    ((128, 200, 240), (236, 246, 246)),
    ((140, 178, 236), (250, 226, 214)),
)
_WALLS: tuple[Rgb, ...] = ((244, 226, 190), (226, 214, 236), (206, 228, 226), (246, 214, 206), (222, 228, 208))
_FLOORS: tuple[Rgb, ...] = ((196, 146, 100), (172, 122, 88), (214, 176, 134))


@dataclass(frozen=True, slots=True)
class Scene:
    """A place: how it is painted, how it is said, where things stand in it."""

    name: str
    #: Completes "a blue bird …".
    phrase: str
    paint: Callable[[Backdrop, Random], None]
    #: Height of the line on which things stand, as a share of the picture from its top.
    ground: float
    #: Colour of the shadow at a subject's foot.
    shade: Rgb = (30, 40, 60)


def _meadow(backdrop: Backdrop, rng: Random) -> None:
    sky = rng.choice(_SKIES)
    backdrop.gradient(0, 0.66, sky)
    if rng.random() < 0.5:
        sun(backdrop, rng.choice([0.12, 0.88]), rng.uniform(0.1, 0.18), 0.07, sky[0])
    clouds(backdrop, rng, rng.choice([1, 2, 2]), 0.26)
    far, near = (168, 214, 116), (112, 186, 84)
    backdrop.polygon(hills(rng, 0.54, 0.05), far)
    backdrop.polygon(hills(rng, 0.62, 0.035), mix(far, near, 0.6))
    backdrop.polygon(hills(rng, 0.7, 0.02), near)
    for _ in range(14):
        y = rng.uniform(0.73, 0.98)
        tuft(backdrop, rng.random(), y, 0.012 + 0.02 * y, mix(near, (40, 110, 50), 0.35))
    petals = rng.choice([WHITE, (255, 236, 160), (255, 204, 214)])
    for _ in range(rng.randint(5, 9)):
        daisy(backdrop, rng.random(), rng.uniform(0.74, 0.97), 0.011, petals)


def _beach(backdrop: Backdrop, rng: Random) -> None:
    sky = rng.choice(_SKIES)
    backdrop.gradient(0, 0.48, sky)
    if rng.random() < 0.5:
        sun(backdrop, rng.choice([0.14, 0.86]), rng.uniform(0.12, 0.2), 0.07, sky[0])
    clouds(backdrop, rng, rng.choice([1, 2]), 0.24)
    horizon = rng.uniform(0.42, 0.48)
    backdrop.gradient(horizon, 0.68, ((48, 150, 200), (120, 212, 220)))
    waves(backdrop, rng, horizon + 0.02, 0.58, (190, 236, 240))
    sand: Rgb = (248, 220, 164)
    shore = hills(rng, 0.61, 0.018)
    backdrop.polygon([(x, y - 0.022) for x, y in shore[:-2]] + [(1.2, 1.1), (-0.2, 1.1)], WHITE)
    backdrop.polygon(shore, mix(sand, (196, 150, 96), 0.35))
    backdrop.polygon([(x, y + 0.02) for x, y in shore[:-2]] + [(1.2, 1.1), (-0.2, 1.1)], sand)
    for _ in range(60):
        backdrop.disc(rng.random(), rng.uniform(0.68, 1.0), 0.004, (226, 188, 128))
    for _ in range(rng.randint(1, 3)):
        x, y = rng.choice([rng.uniform(0.04, 0.2), rng.uniform(0.8, 0.96)]), rng.uniform(0.78, 0.95)
        if rng.random() < 0.5:
            backdrop.polygon([(x + a * 0.035, y + b * 0.03) for a, b in star((0, 0), 1, 0.45)], (240, 148, 120))
        else:
            backdrop.disc(x, y, 0.024, (255, 244, 232), flatten=0.8)
            for lean in (-0.014, 0.0, 0.014):
                backdrop.line([(x, y + 0.016), (x + lean, y - 0.014)], 0.004, (226, 178, 160))


def _sea(backdrop: Backdrop, rng: Random) -> None:
    sky = rng.choice(_SKIES)
    backdrop.gradient(0, 0.5, sky)
    if rng.random() < 0.4:
        sun(backdrop, rng.choice([0.14, 0.86]), rng.uniform(0.12, 0.2), 0.07, sky[0])
    clouds(backdrop, rng, rng.choice([1, 2, 3]), 0.26)
    horizon = rng.uniform(0.44, 0.5)
    backdrop.gradient(horizon, 1.0, ((86, 184, 216), (34, 120, 186), (24, 92, 160)))
    backdrop.line([(0, horizon), (1, horizon)], 0.006, (206, 238, 244))
    waves(backdrop, rng, horizon + 0.04, 0.97, (170, 222, 240))


def paint_depths(backdrop: Backdrop, rng: Random) -> None:
    """Paint the sea below its surface, for what swims."""
    backdrop.gradient(0, 1, ((112, 208, 226), (52, 152, 206), (30, 104, 172)))
    for _ in range(3):
        x, width = rng.uniform(-0.1, 0.9), rng.uniform(0.06, 0.14)
        for level in range(3):
            top, bottom = level * 0.25, (level + 1) * 0.25
            tone = ((142, 220, 234), (96, 186, 222), (62, 152, 206))[level]
            backdrop.polygon(
                [
                    (x + top * 0.3, top),
                    (x + width + top * 0.3, top),
                    (x + width + bottom * 0.3, bottom),
                    (x + bottom * 0.3, bottom),
                ],
                tone,
            )
    backdrop.polygon(hills(rng, 0.87, 0.02), (236, 214, 160))
    for _ in range(24):
        backdrop.disc(rng.random(), rng.uniform(0.91, 1), 0.004, (206, 178, 124))
    for _ in range(rng.randint(3, 5)):
        x, height = rng.choice([rng.uniform(0.02, 0.24), rng.uniform(0.76, 0.98)]), rng.uniform(0.12, 0.26)
        sway = rng.uniform(-0.03, 0.03)
        blade = [
            (x + math.sin(step * 1.3 + x * 9) * 0.018 + sway * step / 6, 0.93 - height * step / 6) for step in range(7)
        ]
        backdrop.line(
            smooth(blade, closed=False, steps=4), 0.022, rng.choice([(58, 160, 124), (86, 182, 126), (236, 128, 118)])
        )
    for _ in range(rng.randint(5, 9)):
        x, y, radius = rng.random(), rng.uniform(0.05, 0.75), rng.uniform(0.008, 0.02)
        backdrop.disc(x, y, radius, (206, 242, 250))
        backdrop.disc(x, y, radius * 0.72, (96, 190, 224))


def _sky(backdrop: Backdrop, rng: Random) -> None:
    top, bottom = rng.choice(
        [((70, 160, 240), (196, 232, 252)), ((92, 178, 244), (226, 244, 252)), ((110, 168, 240), (248, 222, 226))]
    )
    backdrop.gradient(0, 1, (top, bottom))
    if rng.random() < 0.35:
        for index, band in enumerate(
            ((246, 150, 150), (250, 206, 140), (250, 240, 160), (170, 222, 170), (150, 196, 240))
        ):
            radius = 0.66 - index * 0.03
            arch = [
                (0.5 + radius * math.cos(angle / 20 * math.pi), 0.92 - radius * math.sin(angle / 20 * math.pi))
                for angle in range(21)
            ]
            backdrop.line(arch, 0.031, mix(band, top, 0.35))
    clouds(backdrop, rng, 2, 0.3)
    for _ in range(rng.randint(2, 3)):
        cloud(backdrop, rng.random(), rng.uniform(0.45, 0.78), rng.uniform(0.08, 0.13))
    for x in (0.0, 0.28, 0.55, 0.82, 1.05):
        cloud(backdrop, x + rng.uniform(-0.05, 0.05), rng.uniform(0.95, 1.0), rng.uniform(0.16, 0.22), (246, 250, 255))


def _night(backdrop: Backdrop, rng: Random) -> None:
    backdrop.gradient(
        0,
        0.8,
        rng.choice([((22, 20, 64), (62, 56, 122)), ((16, 26, 62), (44, 74, 128)), ((30, 18, 66), (88, 62, 128))]),
    )
    for _ in range(44):
        backdrop.disc(rng.random(), rng.uniform(0, 0.66), rng.choice([0.003, 0.004, 0.006]), (250, 246, 214))
    for _ in range(4):
        x, y = rng.random(), rng.uniform(0.04, 0.5)
        backdrop.polygon([(x + a, y + b) for a, b in star((0, 0), 0.02, 0.007, 4, 0.05)], (255, 248, 206))
    x, y = rng.choice([rng.uniform(0.1, 0.24), rng.uniform(0.76, 0.9)]), rng.uniform(0.12, 0.2)
    backdrop.disc(x, y, 0.105, (70, 66, 124))
    backdrop.disc(x, y, 0.078, (255, 240, 190))
    if rng.random() < 0.5:
        backdrop.disc(x + 0.036, y - 0.018, 0.064, (56, 52, 112))
    else:
        backdrop.disc(x - 0.026, y + 0.018, 0.017, (240, 220, 164))
        backdrop.disc(x + 0.03, y - 0.02, 0.012, (240, 220, 164))
    backdrop.polygon(hills(rng, 0.66, 0.04), (44, 42, 88))
    backdrop.polygon(hills(rng, 0.74, 0.02), (32, 34, 72))


def _snow(backdrop: Backdrop, rng: Random) -> None:
    backdrop.gradient(
        0,
        0.7,
        rng.choice(
            [((170, 190, 224), (226, 234, 246)), ((158, 196, 222), (232, 240, 246)), ((186, 184, 222), (240, 230, 240))]
        ),
    )
    backdrop.polygon(hills(rng, 0.55, 0.04), (212, 222, 240))
    for _ in range(rng.randint(4, 7)):
        pine(
            backdrop,
            rng.choice([rng.uniform(0, 0.34), rng.uniform(0.66, 1)]),
            rng.uniform(0.58, 0.64),
            rng.uniform(0.1, 0.17),
            (126, 160, 168),
        )
    backdrop.polygon(hills(rng, 0.63, 0.025), (228, 236, 248))
    backdrop.polygon(hills(rng, 0.71, 0.02), (242, 246, 253))
    for _ in range(46):
        backdrop.disc(rng.random(), rng.uniform(0, 0.95), rng.choice([0.005, 0.007, 0.01]), WHITE)


def _room(backdrop: Backdrop, rng: Random) -> None:
    wall, floor = rng.choice(_WALLS), rng.choice(_FLOORS)
    backdrop.box(0, 0, 1, 1, wall)
    paper = mix(wall, WHITE, 0.35)
    if rng.random() < 0.5:
        for index in range(6):
            backdrop.box(index / 6, 0, index / 6 + 0.083, 0.7, paper)
    else:
        for row in range(6):
            for column in range(8):
                backdrop.disc((column + 0.5 * (row % 2)) / 7.5, 0.05 + row * 0.12, 0.012, paper)
    left = rng.choice([0.06, 0.64])
    if rng.random() < 0.6:
        _window(backdrop, left)
    else:
        backdrop.box(left, 0.1, left + 0.24, 0.34, (150, 108, 76), corner=0.01)
        backdrop.box(left + 0.025, 0.125, left + 0.215, 0.315, (250, 246, 236))
        backdrop.polygon(
            [(left + 0.03, 0.31), (left + 0.1, 0.2), (left + 0.15, 0.26), (left + 0.18, 0.23), (left + 0.21, 0.31)],
            (140, 170, 160),
        )
    backdrop.box(0, 0.68, 1, 1, floor)
    for y in (0.76, 0.86):
        backdrop.line([(0, y), (1, y)], 0.005, mix(floor, (90, 60, 40), 0.3))
    backdrop.box(0, 0.655, 1, 0.69, mix(wall, WHITE, 0.7))
    rug = rng.choice([(232, 206, 186), (204, 214, 222), (222, 208, 226)])
    backdrop.disc(0.5, 0.88, 0.44, rug, flatten=0.22)
    backdrop.disc(0.5, 0.88, 0.38, mix(rug, WHITE, 0.4), flatten=0.21)


def _window(backdrop: Backdrop, left: float) -> None:
    backdrop.box(left - 0.02, 0.08, left + 0.32, 0.42, (252, 250, 246), corner=0.012)
    backdrop.box(left, 0.1, left + 0.3, 0.4, (162, 212, 244))
    cloud(backdrop, left + 0.1, 0.2, 0.05)
    backdrop.box(left + 0.143, 0.1, left + 0.157, 0.4, (252, 250, 246))
    backdrop.box(left, 0.243, left + 0.3, 0.257, (252, 250, 246))
    backdrop.box(left - 0.035, 0.41, left + 0.335, 0.435, (240, 234, 226), corner=0.008)


#: By name; the order is the order of training and of albums.
SCENES: dict[str, Scene] = {
    scene.name: scene
    for scene in (
        Scene("meadow", "in a meadow", _meadow, 0.84),
        Scene("beach", "on the beach", _beach, 0.84),
        Scene("sea", "at sea", _sea, 0.8, (10, 50, 100)),
        Scene("sky", "in the sky", _sky, 0.82, (60, 100, 160)),
        Scene("night", "at night", _night, 0.86, (8, 8, 30)),
        Scene("snow", "in the snow", _snow, 0.84, (90, 110, 160)),
        Scene("room", "in a room", _room, 0.88, (70, 45, 30)),
    )
}
