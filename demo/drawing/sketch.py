"""A picture to be drawn, and the drawing of it."""

from __future__ import annotations

import io
from dataclasses import dataclass
from random import Random

from PIL import Image, ImageDraw, ImageFilter

from demo.drawing.brush import Brush, Placement
from demo.drawing.palette import COLOURS, Rgb, tones_of
from demo.drawing.scenery import Backdrop
from demo.drawing.scenes import SCENES, Scene, paint_depths
from demo.drawing.subjects import SUBJECTS, Subject

#: Layers are this many times larger than the picture, each way.
SUPERSAMPLING = 3
_BORDER: Rgb = (255, 255, 255)


@dataclass(frozen=True, slots=True)
class Sketch:
    """What a picture shows. Equal sketches give equal pictures."""

    subject: str
    colour: str
    scene: str
    #: Chooses pose, size, pattern, mood and backdrop.
    seed: int

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn.

        Raises:
            ValueError: Subject, colour or scene is unknown.
        """
        for kind, name, known in (
            ("subject", self.subject, SUBJECTS),
            ("colour", self.colour, COLOURS),
            ("scene", self.scene, SCENES),
        ):
            if name not in known:
                raise ValueError(f"unknown {kind} {name!r}; one of: {', '.join(known)}")

    @property
    def pair(self) -> str:
        """Colour and subject, as in "blue bird"."""
        return f"{self.colour} {self.subject}"

    @property
    def caption(self) -> str:
        """Say what the picture shows, as in "an orange cat in the snow"."""
        article = "an" if self.colour[0] in "aeiou" else "a"
        return f"{article} {self.pair} {SCENES[self.scene].phrase}"


def draw(sketch: Sketch, size_pixels: int = 256, *, supersampling: int = SUPERSAMPLING) -> Image.Image:
    """Draw a sketch as a square RGB picture.

    Args:
        sketch: What to draw.
        size_pixels: Width and height of the result.
        supersampling: Layers are this many times larger; less is faster and rougher.
    """
    name = f"{sketch.subject}/{sketch.colour}/{sketch.scene}/{sketch.seed}"
    rng = Random(name)  # noqa: S311 - pictures, not secrets
    subject, scene = SUBJECTS[sketch.subject], SCENES[sketch.scene]
    width = size_pixels * supersampling
    backdrop = Backdrop(width)
    paint = paint_depths if subject.swims and scene.name == "sea" else scene.paint
    paint(backdrop, rng)
    picture = backdrop.layer.reduce(supersampling)
    placement = _place(subject, scene, width, rng)
    tones = tones_of(sketch.colour, rng)
    layer = Image.new("RGBA", (width, width), (*tones.ink, 0))
    subject.paint(Brush(layer, placement, tones.ink), tones, rng)
    if not subject.floats:
        _ground_shadow(picture, scene, placement, supersampling)
    _stick(picture, layer.reduce(supersampling), scene.shade)
    return picture


def jpeg_bytes(
    sketch: Sketch, size_pixels: int = 256, *, quality: int = 88, supersampling: int = SUPERSAMPLING
) -> bytes:
    """Draw a sketch and encode it as a JPEG file."""
    file = io.BytesIO()
    draw(sketch, size_pixels, supersampling=supersampling).save(file, "JPEG", quality=quality)
    return file.getvalue()


def _place(subject: Subject, scene: Scene, width: int, rng: Random) -> Placement:
    half = rng.uniform(0.29, 0.375)
    across = 0.5 + rng.uniform(-1, 1) * (0.46 - half)
    if subject.floats:
        down = 0.49 + rng.uniform(-1, 1) * (0.44 - half)
    else:
        down = scene.ground + rng.uniform(0.0, 0.05) - half * 0.95
    tilt = rng.uniform(-subject.tilt, subject.tilt)
    return Placement((across * width, down * width), half * width, tilt, subject.flips and rng.random() < 0.5)


def _ground_shadow(picture: Image.Image, scene: Scene, placement: Placement, supersampling: int) -> None:
    centre, half = placement.centre, placement.half_width / supersampling
    x, y = centre[0] / supersampling, centre[1] / supersampling + half * 0.95
    shadow = Image.new("L", picture.size)
    ImageDraw.Draw(shadow).ellipse((x - half * 0.86, y - half * 0.13, x + half * 0.86, y + half * 0.15), fill=96)
    picture.paste(scene.shade, mask=shadow.filter(ImageFilter.BoxBlur(picture.width / 64)))


def _stick(picture: Image.Image, cutout: Image.Image, shade: Rgb) -> None:
    """Put a cut-out on the picture like a sticker: white border, soft shadow."""
    unit = picture.width / 256
    alpha = cutout.getchannel("A")
    border = alpha.filter(ImageFilter.GaussianBlur(2.1 * unit)).point(
        [min(255, max(0, level * 9 - 110)) for level in range(256)]
    )
    shadow = border.filter(ImageFilter.BoxBlur(3.0 * unit)).point([level * 5 // 12 for level in range(256)])
    picture.paste(shade, (round(1.5 * unit), round(3.5 * unit)), shadow)
    picture.paste(_BORDER, mask=border)
    picture.paste(cutout, mask=alpha)
