"""Vectors: distances between them."""

from __future__ import annotations

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
