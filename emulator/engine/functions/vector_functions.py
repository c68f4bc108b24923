"""Functions on vectors and models."""

from __future__ import annotations

from typing import Any

import numpy as np

from emulator.datatypes import BINARY_DOUBLE, NUMBER, SqlType, TypeName, Value
from emulator.engine.call_context import current_context
from emulator.engine.functions.registry import register
from emulator.engine.functions.type_rules import long_text
from emulator.engine.objects import Scope
from emulator.engine.vectors import Vector, distance
from emulator.vector_text import parse_vector, vector_text


def _vector(value: Value) -> Vector:
    return parse_vector(value) if isinstance(value, str) else value


@register("VECTOR_DISTANCE", result=BINARY_DOUBLE, arguments=(2, 3))
def _vector_distance(left: Value, right: Value, metric: str = "COSINE") -> float | None:
    return distance(_vector(left), _vector(right), metric)


@register("COSINE_DISTANCE", result=BINARY_DOUBLE, arguments=(2, 2))
def _cosine_distance(left: Value, right: Value) -> float | None:
    return distance(_vector(left), _vector(right), "COSINE")


@register("L2_DISTANCE", result=BINARY_DOUBLE, arguments=(2, 2))
def _l2_distance(left: Value, right: Value) -> float | None:
    return distance(_vector(left), _vector(right), "EUCLIDEAN")


@register("L1_DISTANCE", result=BINARY_DOUBLE, arguments=(2, 2))
def _l1_distance(left: Value, right: Value) -> float | None:
    return distance(_vector(left), _vector(right), "MANHATTAN")


@register("INNER_PRODUCT", result=BINARY_DOUBLE, arguments=(2, 2))
def _inner_product(left: Value, right: Value) -> float | None:
    result = distance(_vector(left), _vector(right), "DOT")
    return None if result is None else -result


@register("VECTOR_NORM", result=BINARY_DOUBLE, arguments=(1, 1))
def _vector_norm(value: Value) -> float:
    return float(np.linalg.norm(_vector(value).astype(np.float64)))


@register("VECTOR_DIMENSION_COUNT", "VECTOR_DIMS", result=NUMBER, arguments=(1, 1))
def _vector_dimension_count(value: Value) -> int:
    return int(_vector(value).size)


@register("FROM_VECTOR", "VECTOR_SERIALIZE", result=long_text, arguments=(1, 1))
def _from_vector(value: Value) -> str:
    return vector_text(_vector(value))


@register("VECTOR_EMBEDDING", result=SqlType(TypeName.VECTOR), arguments=(3, 3))
def _vector_embedding(owner: str, name: str, value: Value) -> Any:  # noqa: ANN401 - an array
    context = current_context()
    model = context.catalogue.model(Scope(user=owner, schema=owner), owner, name)
    return context.embed(model, value)
