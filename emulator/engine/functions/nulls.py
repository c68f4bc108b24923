"""Functions around NULL, and choices among their arguments."""

from __future__ import annotations

from emulator.datatypes import Value
from emulator.engine.functions.registry import register
from emulator.engine.functions.type_rules import common, first, second


@register("NVL", result=common, arguments=(2, 2), strict=False)
def _nvl(value: Value, replacement: Value) -> Value:
    return replacement if value is None else value


@register("NVL2", result=second, arguments=(3, 3), strict=False)
def _nvl2(value: Value, present: Value, absent: Value) -> Value:
    return absent if value is None else present


@register("COALESCE", result=common, arguments=(2, 250), strict=False)
def _coalesce(*values: Value) -> Value:
    return next((value for value in values if value is not None), None)


@register("NULLIF", result=first, arguments=(2, 2), strict=False)
def _nullif(left: Value, right: Value) -> Value:
    return None if left is not None and left == right else left


@register("GREATEST", result=common, arguments=(1, 250))
def _greatest(*values: Value) -> Value:
    return max(values)


@register("LEAST", result=common, arguments=(1, 250))
def _least(*values: Value) -> Value:
    return min(values)
