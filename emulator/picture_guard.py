"""The guard in front of a picture model: no byte of a client's reaches the decoder in the graph.

That decoder ends or hangs its process on bad bytes, and a check of the first bytes is not enough. So a picture is
decoded strictly by Pillow and encoded again; only those bytes go to the graph.
Source: measured with onnxruntime-extensions 0.15 (its issue 1094 is open): truncated JPEGs hang, other formats exit.
"""

from __future__ import annotations

import io
import warnings

from PIL import Image, ImageOps, UnidentifiedImageError

#: Larger pictures are refused: a few hundred bytes can claim gigabytes.
LARGEST_PIXELS = 40_000_000
#: Longest side of what the graph gets; models look at less.
_THUMBNAIL_PIXELS = 512
_JPEG_QUALITY = 92
#: Pillow knows others that it hands to programs outside (EPS to Ghostscript).
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")


class PictureRefusedError(Exception):
    """The bytes are no picture that can be embedded; the text says why."""


def clean_picture(data: bytes) -> bytes:
    """Return a JPEG made anew of a picture: turned upright, on white, RGB, at most 512 pixels wide and high.

    Raises:
        PictureRefusedError: The bytes are no complete picture, or one of more than 40 million pixels.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
                _check_size(opened)
                opened.load()
                picture = ImageOps.exif_transpose(opened)
        if picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info:
            layered = picture.convert("RGBA")
            paper = Image.new("RGBA", layered.size, "white")
            picture = Image.alpha_composite(paper, layered)
        picture = picture.convert("RGB")
        picture.thumbnail((_THUMBNAIL_PIXELS, _THUMBNAIL_PIXELS))
        buffer = io.BytesIO()
        picture.save(buffer, "JPEG", quality=_JPEG_QUALITY)
    except PictureRefusedError:
        raise
    except UnidentifiedImageError as error:
        raise PictureRefusedError("the bytes are no picture of a known format") from error
    except Exception as error:  # Pillow's decoders raise whatever broken bytes make them trip over
        raise PictureRefusedError(str(error) or type(error).__name__) from error
    return buffer.getvalue()


def _check_size(picture: Image.Image) -> None:
    if picture.width * picture.height > LARGEST_PIXELS:
        raise PictureRefusedError(f"{picture.width} x {picture.height} pixels are too many")
