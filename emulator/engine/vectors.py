"""Vectors: distances between them, and their text form."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from emulator.errors import OraError

Vector: TypeAlias = "np.ndarray[Any, np.dtype[Any]]"


def _cosine(left: Vector, right: Vector) -> float:
    norms = float(np.sqrt(left @ left) * np.sqrt(right @ right))
    return 1.0 - float(left @ right) / norms if norms else float("nan")


def _squared(left: Vector, right: Vector) -> float:
    difference = left - right
    return float(difference @ difference)


_METRICS: dict[str, Callable[[Vector, Vector], float]] = {
    "COSINE": _cosine,
    "EUCLIDEAN": lambda left, right: float(np.sqrt(_squared(left, right))),
    "EUCLIDEAN_SQUARED": _squared,
    "L2_SQUARED": _squared,
    "DOT": lambda left, right: -float(left @ right),
    "MANHATTAN": lambda left, right: float(np.abs(left - right).sum()),
}


def is_metric(name: str) -> bool:
    """Tell whether a distance metric is known."""
    return name in _METRICS


def distance(left: Vector, right: Vector, metric: str) -> float | None:
    """Return the distance of two vectors, computed in 64-bit floats.

    Args:
        left: Shape (elements,).
        right: The same shape.
        metric: COSINE, EUCLIDEAN, EUCLIDEAN_SQUARED, DOT (the negated inner product) or MANHATTAN.

    Returns:
        None where there is none (the cosine of a zero vector).

    Raises:
        OraError: 51808, the vectors differ in length.
    """
    if left.shape != right.shape:
        raise OraError(51808, left.size, right.size)
    result = _METRICS[metric](left.astype(np.float64, copy=False), right.astype(np.float64, copy=False))
    return None if np.isnan(result) else result


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


def parse_vector(text: str) -> Vector:
    """Read a vector's text into float32 elements.

    Raises:
        OraError: 51805, no list of numbers.
    """
    try:
        elements = json.loads(text)
        vector: Vector = np.array([float(element) for element in elements], dtype=np.float32)
    except (ValueError, TypeError):
        raise OraError(51805, text[:30]) from None
    if not np.isfinite(vector).all():
        raise OraError(51805, text[:30])
    return vector
