"""Names as the dictionary stores them."""

from __future__ import annotations

from typing import Any

from sqlglot import exp


def stored_name(identifier: Any) -> str:  # noqa: ANN401 - whatever names something
    """Return a name as the dictionary has it: upper case unless quoted."""
    if isinstance(identifier, exp.Identifier):
        return str(identifier.this) if identifier.args.get("quoted") else str(identifier.this).upper()
    return str(identifier).upper()


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
