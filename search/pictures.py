"""What a picture's bytes are, and which bytes may be searched by."""

from __future__ import annotations

import io

from PIL import Image, ImageOps, UnidentifiedImageError

from fleet.errors import InputError

#: Content type by the first bytes. Only what browsers show as a picture and nothing else: no SVG, which is a program.
_SIGNATURES: tuple[tuple[bytes, int, str], ...] = (
    (b"\xff\xd8\xff", 0, "image/jpeg"),
    (b"\x89PNG\r\n\x1a\n", 0, "image/png"),
    (b"GIF87a", 0, "image/gif"),
    (b"GIF89a", 0, "image/gif"),
    (b"WEBP", 8, "image/webp"),
    (b"BM", 0, "image/bmp"),
)
UNKNOWN_TYPE = "application/octet-stream"
#: Pictures with more pixels are refused before they are decoded: a small file can claim gigabytes.
_MOST_PIXELS = 40_000_000
_TOO_LARGE = f"the picture has more than {_MOST_PIXELS // 1_000_000} million pixels"
#: Longest side of what is sent to the standby, pixels; CLIP looks at 224.
_LONGEST_SIDE = 512
_FORMATS = ("JPEG", "PNG", "GIF", "WEBP", "BMP")


def content_type(data: bytes) -> str:
    """Return the content type of a picture by its bytes; ``application/octet-stream`` for anything else."""
    for signature, offset, kind in _SIGNATURES:
        if data.startswith(signature, offset):
            if kind == "image/webp" and not data.startswith(b"RIFF"):
                continue
            return kind
    return UNKNOWN_TYPE


def prepare_upload(data: bytes) -> bytes:
    """Return an uploaded picture as the JPEG that the model is given: upright, on white, small, nothing else in it.

    A decoder inside a model's graph can hang or end its process on bad bytes, so only bytes that were decoded and
    encoded anew go to the standby. Source: microsoft/onnxruntime-extensions issue 1094, and measured.

    Raises:
        InputError: It is no picture that can be read; the text says why.
    """
    if not data:
        raise InputError("the picture is empty")
    try:
        with Image.open(io.BytesIO(data), formats=_FORMATS) as opened:
            if opened.width * opened.height > _MOST_PIXELS:
                raise InputError(_TOO_LARGE)
            shown = ImageOps.exif_transpose(opened).convert("RGBA")
    except UnidentifiedImageError:
        raise InputError("the file is no picture; JPEG, PNG, GIF, WebP and BMP can be searched by") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise InputError(_TOO_LARGE) from None
    except (OSError, ValueError, SyntaxError, EOFError, ArithmeticError, IndexError, TypeError, KeyError) as error:
        # Pillow's decoders end in any of these on damaged files.
        raise InputError(f"the picture is damaged ({type(error).__name__})") from None
    shown.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    paper = Image.new("RGB", shown.size, "white")
    paper.paste(shown, mask=shown.getchannel("A"))
    result = io.BytesIO()
    paper.save(result, "JPEG", quality=92)
    return result.getvalue()
