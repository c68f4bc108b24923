"""Names as the dictionary stores them."""

from __future__ import annotations

from typing import Any

from sqlglot import exp

from emulator.datatypes import LONGEST_NAME_BYTES
from emulator.errors import OraError


def stored_name(identifier: Any) -> str:  # noqa: ANN401 - whatever names something
    """Return a name as the dictionary has it: upper case unless quoted.

    Raises:
        OraError: 972, it is too long.
    """
    is_quoted = isinstance(identifier, exp.Identifier) and identifier.args.get("quoted")
    name = str(identifier.this if isinstance(identifier, exp.Identifier) else identifier)
    if len(name) > LONGEST_NAME_BYTES // 4 and len(name.encode()) > LONGEST_NAME_BYTES:
        raise OraError(972)
    return name if is_quoted else name.upper()


def is_sequence_column(node: Any) -> bool:  # noqa: ANN401 - any part of a tree
    """Tell whether a column is a sequence's NEXTVAL or CURRVAL."""
    is_of_something = isinstance(node, exp.Column) and node.args.get("table") is not None
    return is_of_something and stored_name(node.this) in {"NEXTVAL", "CURRVAL"}


def stored_text(node: exp.Expression) -> str:
    """Return a dotted name as one text, for messages and look-ups."""
    if isinstance(node, exp.Column):
        parts = [node.args.get("db"), node.args.get("table"), node.this]
        return ".".join(stored_name(part) for part in parts if part is not None)
    if isinstance(node, exp.Dot):
        return f"{stored_text(node.this)}.{stored_text(node.expression)}"
    if isinstance(node, exp.Anonymous):
        return str(node.this).upper()
    return stored_name(node)
