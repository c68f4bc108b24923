"""Joins with ``(+)``: rewritten as LEFT JOINs before their query is written.

Source: Oracle SQL Language Reference 23ai, Joins, Outer Joins.
"""

from __future__ import annotations

from sqlglot import exp

from emulator.errors import NotEmulated, OraError


def rewrite_join_marks(select: exp.Select) -> list[str]:
    """Turn conditions with ``(+)`` into LEFT JOINs, in place.

    Returns:
        The aliases of FROM as they were written, for the columns of ``*``; [] where there was nothing to do.

    Raises:
        OraError: 1468, 1719, 25156, 1416: forms that Oracle refuses.
    """
    where = select.args.get("where")
    if where is None or not any(column.args.get("join_mark") for column in where.find_all(exp.Column)):
        return []
    from_ = select.args.get("from_") or select.args["from"]
    joins = select.args.get("joins") or []
    if any(join.args.get("on") is not None or join.args.get("side") for join in joins):
        raise OraError(25156)
    tables = {_alias(table): table for table in (from_.this, *(join.this for join in joins))}
    conditions: dict[str, list[exp.Expression]] = {}
    rest: list[exp.Expression] = []
    for part in conjuncts(where.this):
        marked = _marked_table(part)
        if marked is None:
            rest.append(part)
        elif marked in tables:
            conditions.setdefault(marked, []).append(part)
        else:
            raise OraError(904, f'"{marked}"')
    inner = [alias for alias in tables if alias not in conditions]
    if not inner:
        raise OraError(1416)
    from_.set("this", tables[inner[0]])
    written = [exp.Join(this=tables[alias]) for alias in inner[1:]]
    written += [
        exp.Join(this=tables[alias], side="LEFT", on=exp.and_(*conditions[alias], copy=False))
        for alias in _in_order(conditions, set(inner))
    ]
    select.set("joins", written)
    select.set("where", exp.Where(this=exp.and_(*rest, copy=False)) if rest else None)
    return list(tables)


def conjuncts(node: exp.Expression) -> list[exp.Expression]:
    """Return the conditions that are joined by AND."""
    if isinstance(node, exp.And):
        return [*conjuncts(node.this), *conjuncts(node.expression)]
    return [node]


def _alias(table: exp.Expression) -> str:
    name = table.args["alias"].this if table.args.get("alias") is not None else table.this
    if not isinstance(name, exp.Identifier):
        raise NotEmulated("(+) beside a subquery without an alias")
    return _stored(name)


def _stored(name: exp.Identifier) -> str:
    return str(name.this) if name.args.get("quoted") else str(name.this).upper()


def _marked_table(condition: exp.Expression) -> str | None:
    """Return the table whose columns a condition marks, and take the marks away; None without marks."""
    found: set[str] = set()
    for column in condition.find_all(exp.Column):
        if column.args.get("join_mark"):
            if column.args.get("table") is None:
                raise NotEmulated("(+) on a column without its table")
            found.add(_stored(column.args["table"]))
            column.set("join_mark", None)
    if len(found) > 1:
        raise OraError(1468)
    if found and condition.find(exp.Or, exp.In, exp.Select) is not None:
        raise OraError(1719)
    return next(iter(found), None)


def _in_order(conditions: dict[str, list[exp.Expression]], placed: set[str]) -> list[str]:
    """Return the outer-joined tables so that each comes after those that its conditions name."""
    order: list[str] = []
    while len(order) < len(conditions):
        ready = [alias for alias in conditions if alias not in placed and _needs(conditions[alias]) <= placed | {alias}]
        if not ready:
            raise OraError(1416)
        order += ready
        placed |= set(ready)
    return order


def _needs(conditions: list[exp.Expression]) -> set[str]:
    columns = [column for condition in conditions for column in condition.find_all(exp.Column)]
    return {_stored(column.args["table"]) for column in columns if column.args.get("table") is not None}
