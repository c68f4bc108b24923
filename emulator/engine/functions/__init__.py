"""SQL functions: one registry for SQL and PL/SQL."""

from __future__ import annotations

from typing import Any

import apsw

from emulator.engine.functions import (
    conversions,
    dates,
    environment,
    lobs,
    nulls,
    numbers,
    strings,
    vector_functions,
)
from emulator.engine.functions.operators import register_operators
from emulator.engine.functions.registry import SqlFunction, call_function, function, function_names, register_scalars
from emulator.engine.vector_index import register_vector_indexes
from emulator.engine.vectors import stored_distance

__all__ = ["SqlFunction", "call_function", "function", "function_names", "register_functions"]

#: Imported so that they enter their functions.
_MODULES = (conversions, dates, environment, lobs, nulls, numbers, strings, vector_functions)


def register_functions(connection: apsw.Connection) -> None:
    """Install all functions and operators on a SQLite connection."""
    from emulator.engine.assignment import assign_stored  # noqa: PLC0415 - it needs us

    register_scalars(connection)
    create: Any = connection.create_scalar_function  # apsw's types know no callback of fixed arguments
    create("assign_value", assign_stored, 3, deterministic=True)
    create("vector_distance", stored_distance, 3, deterministic=True)
    create("oracle_like", strings.like, -1, deterministic=True)
    register_operators(connection)
    register_vector_indexes(connection)
