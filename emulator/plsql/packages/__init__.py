"""The supplied packages (DBMS_OUTPUT, DBMS_VECTOR …): what is in this package is in the database.

DBMS_LOB's functions are SQL functions too, so they are in the engine's registry.
"""

from __future__ import annotations

from emulator.plsql.packages import output, parallel_execute, service, session, vector
from emulator.plsql.packages.registry import (
    find_native,
    is_package,
    package_exception,
    package_type,
    supplied_subprograms,
)

__all__ = [
    "find_native",
    "is_package",
    "output",
    "package_exception",
    "package_type",
    "parallel_execute",
    "service",
    "session",
    "supplied_subprograms",
    "vector",
]
