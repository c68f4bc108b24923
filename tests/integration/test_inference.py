"""The inference processes: what they accept, what they cost, and what happens when one stops."""

from __future__ import annotations

import io
import os
import signal
import sys
import time
from collections.abc import Iterator

import pytest
from PIL import Image

from demo.preparation import MODELS
from emulator.engine.objects import Model
from emulator.errors import OraError
from emulator.inference import PICTURE_ERROR_CODE, InferenceService
from emulator.picture_guard import PictureRefusedError, clean_picture

_DATA = (MODELS / "image.onnx").read_bytes()
_METADATA = '{"function":"embedding","embeddingOutput":"embedding","input":{"data":["DATA"]}}'


@pytest.fixture
def service() -> Iterator[InferenceService]:
    made = InferenceService(1, 1.0)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def model(service: InferenceService) -> Model:
    found = service.inspect(_DATA, _METADATA)
    return Model(
        owner="ADGVEC",
        name="CLIPIMG",
        size_bytes=len(_DATA),
        metadata=_METADATA,
        input_name=found.input_name,
        input_kind=found.kind,
        dimensions=found.dimensions,
        fingerprint="one",
    )


def picture(kind: str, size: int = 32) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise((size, size), 80).convert("RGB").save(buffer, kind)
    return buffer.getvalue()


def test_the_time_of_living_processes_counts(service: InferenceService, model: Model) -> None:
    before = service.cpu_seconds()
    service.embed(model, lambda: _DATA, picture("PNG"), check_cancelled=lambda: None)
    assert service.cpu_seconds() > before


def test_a_process_that_reads_no_request_is_given_up(service: InferenceService, model: Model) -> None:
    (child,) = service._children
    os.kill(child._process.pid, signal.SIGSTOP)
    large = picture("BMP", 512)
    assert len(large) > 1 << 16  # more than a pipe holds
    started = time.monotonic()
    with pytest.raises(OraError) as caught:
        service.embed(model, lambda: _DATA, large, check_cancelled=lambda: None)
    assert caught.value.code == PICTURE_ERROR_CODE
    assert time.monotonic() - started < 10
    assert service.embed(model, lambda: _DATA, large, check_cancelled=lambda: None).shape == (model.dimensions,)


def test_a_process_that_cannot_be_started_is_no_picture_s_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")
    service = InferenceService(1, 1.0)
    with pytest.raises(OraError) as caught:
        service.start()
    assert caught.value.code == 600
    service.stop()


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF"])
def test_pictures_of_the_usual_formats_pass_the_guard(kind: str) -> None:
    assert clean_picture(picture(kind)).startswith(b"\xff\xd8")


def test_a_format_that_needs_a_program_outside_is_refused() -> None:
    with pytest.raises(PictureRefusedError, match="no picture of a known format"):
        clean_picture(picture("EPS"))
