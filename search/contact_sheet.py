"""A contact sheet: the hits of a search as one picture, for where people would rather look than read."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass

from PIL import Image, ImageDraw, ImageFont, UnidentifiedImageError

_THUMBNAIL = 192
_MARGIN = 16
_CAPTION = 30
_TITLE = 48
_COLUMNS = 5
_PAPER = (250, 250, 247)
_INK = (32, 36, 44)
_FAINT = (120, 126, 138)


@dataclass(frozen=True, slots=True)
class Tile:
    """One hit: its picture's bytes (None where the picture is gone) and what to write below it."""

    picture: bytes | None
    caption: str
    note: str


@dataclass(frozen=True, slots=True)
class Section:
    """One search: a title and its hits in order."""

    title: str
    tiles: Sequence[Tile]


def draw_contact_sheet(sections: Sequence[Section]) -> Image.Image:
    """Draw searches one below the other, each hit as a thumbnail with its caption.

    Returns:
        An RGB picture, ``_COLUMNS`` thumbnails wide.
    """
    rows = [max(1, -(-len(section.tiles) // _COLUMNS)) for section in sections]
    width = _MARGIN + _COLUMNS * (_THUMBNAIL + _MARGIN)
    height = _MARGIN + sum(_TITLE + count * (_THUMBNAIL + _CAPTION + _MARGIN) for count in rows)
    sheet = Image.new("RGB", (width, height), _PAPER)
    pen = ImageDraw.Draw(sheet)
    title_font, caption_font = ImageFont.load_default(24), ImageFont.load_default(15)
    top = _MARGIN
    for section, count in zip(sections, rows, strict=True):
        pen.text((_MARGIN, top + 4), section.title, font=title_font, fill=_INK)
        top += _TITLE
        if not section.tiles:
            pen.text((_MARGIN, top), "no hits", font=caption_font, fill=_FAINT)
        for number, tile in enumerate(section.tiles):
            row, column = divmod(number, _COLUMNS)
            left = _MARGIN + column * (_THUMBNAIL + _MARGIN)
            upper = top + row * (_THUMBNAIL + _CAPTION + _MARGIN)
            sheet.paste(_thumbnail(tile.picture), (left, upper))
            pen.text((left, upper + _THUMBNAIL + 6), tile.caption, font=caption_font, fill=_INK)
            note_width = pen.textlength(tile.note, font=caption_font)
            pen.text(
                (left + _THUMBNAIL - note_width, upper + _THUMBNAIL + 6), tile.note, font=caption_font, fill=_FAINT
            )
        top += count * (_THUMBNAIL + _CAPTION + _MARGIN)
    return sheet


def _thumbnail(picture: bytes | None) -> Image.Image:
    """Return a square thumbnail; a picture that cannot be read becomes an empty frame, never an error."""
    frame = Image.new("RGB", (_THUMBNAIL, _THUMBNAIL), (228, 230, 234))
    if picture is None:
        return frame
    try:
        with Image.open(io.BytesIO(picture)) as opened:
            small = opened.convert("RGB")
            small.thumbnail((_THUMBNAIL, _THUMBNAIL))
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError):
        return frame
    frame.paste(small, ((_THUMBNAIL - small.width) // 2, (_THUMBNAIL - small.height) // 2))
    return frame
