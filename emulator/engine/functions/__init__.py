"""SQL functions: one registry for SQL and PL/SQL."""

from __future__ import annotations

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

__all__ = ["SqlFunction", "call_function", "function", "function_names", "register_functions"]

#: Imported so that they enter their functions.
_MODULES = (conversions, dates, environment, lobs, nulls, numbers, strings, vector_functions)


def register_functions(connection: apsw.Connection) -> None:
    """Install all functions and operators on a SQLite connection."""
    register_scalars(connection)
    register_operators(connection)
