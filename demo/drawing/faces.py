"""Eyes, mouths and cheeks: what makes a mug or a star look back."""

from __future__ import annotations

from random import Random

from demo.drawing.brush import Brush
from demo.drawing.palette import BLUSH, INK, WHITE, Rgb
from demo.drawing.shapes import Point, arc, circle, ellipse

MOODS = ("awake", "awake", "sleepy", "winking", "surprised")


def eye(brush: Brush, centre: Point, radius: float, *, gaze: float = 0.15) -> None:
    """Draw a round eye with a glint; ``gaze`` shifts the pupil, in shares of the radius."""
    brush.fill(circle(centre, radius), WHITE, shaded=False)
    pupil = (centre[0] + gaze * radius, centre[1] + 0.08 * radius)
    brush.dot(pupil, radius * 0.66, INK)
    brush.dot((pupil[0] - radius * 0.22, pupil[1] - radius * 0.26), radius * 0.25, WHITE)


def face(brush: Brush, centre: Point, size: float, rng: Random, *, colour: Rgb = INK) -> None:
    """Draw a small simple face: dots for eyes, a smile, rosy cheeks.

    Args:
        brush: Brush of the subject.
        centre: Middle between the eyes.
        size: Distance from the middle to an eye.
        rng: Chooses the mood.
        colour: Of eyes and mouth; light on dark things.
    """
    x, y = centre
    mood = rng.choice(MOODS)
    for side in (-1, 1):
        brush.fill(ellipse((x + side * size * 1.55, y + size * 0.62), size * 0.38, size * 0.25), BLUSH,
                   shaded=False, inked=False)  # fmt: skip
        _eye_of(mood, brush, (x + side * size, y), size, side, colour)
    if mood == "surprised":
        brush.fill(ellipse((x, y + size * 0.72), size * 0.2, size * 0.26), colour, shaded=False, inked=False)
    else:
        brush.line(arc((x, y + size * 0.38), size * 0.46, size * 0.42, 20, 160), size * 0.2, colour)


def _eye_of(mood: str, brush: Brush, centre: Point, size: float, side: int, colour: Rgb) -> None:
    if mood == "sleepy" or (mood == "winking" and side > 0):
        brush.line(arc(centre, size * 0.36, size * 0.3, 20, 160), size * 0.2, colour)
        return
    brush.fill(ellipse(centre, size * 0.29, size * 0.38), colour, shaded=False, inked=False)
    brush.dot((centre[0] - size * 0.08, centre[1] - size * 0.14), size * 0.11, WHITE)
    if sum(colour) > 3 * 128:
        brush.dot((centre[0] - size * 0.08, centre[1] - size * 0.14), size * 0.11, INK)
