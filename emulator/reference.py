"""The page of what the emulator has, written from its own registries: ``python -m emulator.reference FILE``."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from emulator.datatypes import TypeName
from emulator.engine.aggregates import aggregate_names, analytic_names
from emulator.engine.definitions import definition_statements
from emulator.engine.dictionary import declared_views
from emulator.engine.functions import function_names
from emulator.ora_messages import MESSAGES
from emulator.plsql.packages import supplied_subprograms
from emulator.plsql.parser import statement_words

_HEAD = """# What the emulator has

Written by `make reference` from the emulator's registries; do not edit. What is not listed here is refused with
ORA-03001 and its name, never ignored. How answers look is shown by the pairs in `tests/sql/*.sql`.
"""


def reference_page() -> str:
    """Return the page."""
    functions = [name for name in function_names() if "." not in name]
    packaged = [name for name in function_names() if "." in name]
    sections = (
        ("Queries and changes", ["SELECT", "WITH", "INSERT", "UPDATE", "DELETE"]),
        ("Definitions", definition_statements()),
        ("SQL functions, also in PL/SQL", functions),
        ("Aggregates", aggregate_names()),
        ("Analytic functions", analytic_names()),
        ("PL/SQL statements", statement_words()),
        ("Supplied packages", sorted({*packaged, *supplied_subprograms()})),
        ("Dictionary and V$ views", sorted(declared_views())),
        ("Data types", sorted(name.value for name in TypeName)),
        ("Error codes", [f"ORA-{code:05d}" for code in sorted(MESSAGES)]),
    )
    return _HEAD + "".join(_section(title, names) for title, names in sections)


def _section(title: str, names: Sequence[str]) -> str:
    return f"\n## {title}\n\n" + ", ".join(f"`{name}`" for name in names) + "\n"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(reference_page(), encoding="utf-8")
