"""What picture bytes are taken for, and what may be searched by."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from fleet.errors import InputError
from search.pictures import UNKNOWN_TYPE, content_type, prepare_upload


def _encoded(form: str, mode: str = "RGB", size: tuple[int, int] = (40, 30), **options: object) -> bytes:
    file = io.BytesIO()
    Image.new(mode, size, 120).save(file, form, **options)
    return file.getvalue()


@pytest.mark.parametrize(
    ("form", "kind"),
    [
        ("JPEG", "image/jpeg"),
        ("PNG", "image/png"),
        ("GIF", "image/gif"),
        ("WEBP", "image/webp"),
        ("BMP", "image/bmp"),
    ],
)
def test_pictures_have_the_type_of_their_bytes(form: str, kind: str) -> None:
    assert content_type(_encoded(form)) == kind


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html><script>1</script>",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>1</script></svg>",
        b"%PDF-1.7",
        b"\x00\x00\x00\x00\x00\x00\x00\x00WEBP",
        b" \xff\xd8\xff",
    ],
)
def test_anything_else_is_bytes(data: bytes) -> None:
    assert content_type(data) == UNKNOWN_TYPE


@pytest.mark.parametrize("form", ["JPEG", "PNG", "GIF", "WEBP", "BMP"])
def test_an_upload_becomes_a_small_jpeg(form: str) -> None:
    prepared = prepare_upload(_encoded(form, size=(2000, 1000)))
    with Image.open(io.BytesIO(prepared)) as picture:
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (512, 256))


def test_a_transparent_upload_lies_on_white_and_a_turned_one_stands_upright() -> None:
    glass = io.BytesIO()
    Image.new("RGBA", (20, 20), (255, 0, 0, 0)).save(glass, "PNG")
    with Image.open(io.BytesIO(prepare_upload(glass.getvalue()))) as picture:
        assert picture.getpixel((10, 10)) == (255, 255, 255)
    exif = Image.Exif()
    exif[0x0112] = 6
    with Image.open(io.BytesIO(prepare_upload(_encoded("JPEG", size=(40, 20), exif=exif)))) as picture:
        assert picture.size == (20, 40)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"<html>", "no picture"),
        (_encoded("JPEG")[:300], "damaged"),
        (_encoded("PNG", size=(300, 300))[:90], "damaged"),
        (_encoded("PNG", mode="1", size=(20_000, 20_000)), "million pixels"),
    ],
)
def test_what_is_no_good_picture_is_refused(data: bytes, reason: str) -> None:
    with pytest.raises(InputError, match=reason):
        prepare_upload(data)


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")  # Pillow warns of odd metadata; the picture is what counts
@given(st.binary(max_size=400))
def test_no_bytes_end_in_anything_but_a_refusal(data: bytes) -> None:
    for head in (b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF89a", b"BM"):
        try:
            prepare_upload(head + data)
        except InputError:
            continue
