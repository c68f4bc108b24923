"""The text form of vectors, as the wire and the SQL engine read and write it."""

from __future__ import annotations

import json
from typing import Any, TypeAlias

import numpy as np

from emulator.datatypes import VectorFormat
from emulator.errors import OraError

Vector: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"
_DTYPES: dict[VectorFormat, np.dtype[Any]] = {
    VectorFormat.FLOAT32: np.dtype(np.float32),
    VectorFormat.FLOAT64: np.dtype(np.float64),
    VectorFormat.INT8: np.dtype(np.int8),
    VectorFormat.BINARY: np.dtype(np.uint8),
}


def vector_text(vector: Vector) -> str:
    """Write a vector as Oracle does: ``[1.0E+000,2.5E-001]``; integers plainly."""
    if vector.dtype.kind in "iu":
        return "[" + ",".join(str(int(element)) for element in vector) + "]"
    digits = 8 if vector.dtype.itemsize == 4 else 15
    return "[" + ",".join(_element_text(float(element), digits) for element in vector) + "]"


def _element_text(element: float, digits: int) -> str:
    if element == 0:
        return "0"
    mantissa, _, exponent = f"{element:.{digits}E}".partition("E")
    mantissa = mantissa.rstrip("0")
    return f"{mantissa}{'0' if mantissa.endswith('.') else ''}E{exponent[0]}{int(exponent[1:]):03d}"


def parse_vector(text: str, element_format: VectorFormat = VectorFormat.FLOAT32) -> Vector:
    """Read a vector's text.

    Raises:
        OraError: 51805, no list of numbers; 51806, one is out of the format's range.
    """
    try:
        elements = json.loads(text)
        vector: Vector = np.array([float(element) for element in elements], dtype=np.float64)
    except (ValueError, TypeError):
        raise OraError(51805, text[:30]) from None
    if not np.isfinite(vector).all():
        raise OraError(51805, text[:30])
    return cast_vector(vector, element_format)


def cast_vector(vector: Vector, element_format: VectorFormat) -> Vector:
    """Return a vector in a format; in FLEX it stays as it is.

    Raises:
        OraError: 51806, an element is out of the format's range.
    """
    dtype = _DTYPES.get(element_format)
    if dtype is None or vector.dtype == dtype:
        return vector
    if dtype.kind in "iu":
        vector = np.rint(vector)
        limits = np.iinfo(dtype)
        if vector.size and not limits.min <= vector.min() <= vector.max() <= limits.max:
            raise OraError(51806)
    return vector.astype(dtype)


def dimensions_of(vector: Vector) -> int:
    """Return how many dimensions a vector has; a BINARY one holds eight in each byte."""
    return vector.size * 8 if vector.dtype == np.uint8 else vector.size
