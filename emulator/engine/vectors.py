"""Vectors: distances between them."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from emulator.engine.stored_values import unpack_vector
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


@functools.lru_cache(maxsize=64)
def _unpacked(stored: bytes) -> tuple[Vector, float]:
    """Return a stored vector in 64-bit floats, and its length."""
    vector = unpack_vector(stored).astype(np.float64)
    return vector, math.sqrt(vector @ vector)


def stored_distance(left: bytes | None, right: bytes | None, metric: str) -> float | None:
    """Return the distance of two stored vectors, None where one is missing.

    A search calls this for every row, so it goes the straight way. The right one is the same in all rows as a rule, and
    is unpacked once.
    """
    if left is None or right is None:
        return None
    other, length = _unpacked(right)
    vector = unpack_vector(left).astype(np.float64)
    if metric != "COSINE" or vector.shape != other.shape:
        return distance(vector, other, metric)
    lengths = math.sqrt(vector @ vector) * length
    result = 1.0 - float(vector @ other) / lengths if lengths else math.nan
    return None if math.isnan(result) else result
