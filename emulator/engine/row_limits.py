"""``ROWNUM <= n`` among the ANDed conditions of a WHERE: a limit of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from emulator.engine.names import stored_name
from emulator.engine.outer_joins import conjuncts
from emulator.errors import NotEmulated

if TYPE_CHECKING:
    from emulator.engine.expressions import ExpressionWriter


def split_row_limit(writer: ExpressionWriter, node: exp.Expression) -> tuple[str, str | None]:
    """Write a condition.

    Returns:
        WHERE with what is left of it, "" for nothing; and LIMIT, None where ROWNUM sets none.
    """
    conditions, limits = [], []
    for part in conjuncts(node):
        limit = _row_limit(writer, part)
        if limit is None:
            conditions.append(part)
        else:
            limits.append(limit)
    if len(limits) > 1:
        raise NotEmulated("several conditions on ROWNUM")
    texts = [writer.condition(part) for part in conditions]
    return (f" WHERE {' AND '.join(texts)}" if texts else ""), (limits[0] if limits else None)


def _row_limit(writer: ExpressionWriter, node: exp.Expression) -> str | None:
    if not isinstance(node, exp.LT | exp.LTE | exp.EQ) or not isinstance(node.this, exp.Column):
        return None
    if stored_name(node.this.this) != "ROWNUM" or node.this.args.get("table") is not None:
        return None
    count = f"int_of({writer.converted(node.expression, 'N')})"
    if isinstance(node, exp.EQ):  # the first row is number 1; as long as it is not taken there is no second one
        return f" LIMIT ({count} = 1)"
    return f" LIMIT coalesce(max({count}{' - 1' if isinstance(node, exp.LT) else ''}, 0), 0)"
