"""Writes aggregates and analytic functions for SQLite."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from emulator.datatypes import BINARY_DOUBLE, NUMBER, TypeName
from emulator.engine.pieces import Piece, convert
from emulator.errors import NotEmulated, OraError

if TYPE_CHECKING:
    from emulator.engine.expressions import ExpressionWriter

AGGREGATES = frozenset({"COUNT", "SUM", "AVG", "MIN", "MAX"})
RANKINGS = frozenset({"ROW_NUMBER", "RANK", "DENSE_RANK", "NTILE"})
#: Analytic functions that need ORDER BY.
_ORDERED = RANKINGS | {"LAG", "LEAD"}
WINDOW_VALUES = frozenset({"LAG", "LEAD", "FIRST_VALUE", "LAST_VALUE"})


def aggregate(writer: ExpressionWriter, name: str, arguments: Sequence[exp.Expression], node: exp.Expression) -> Piece:
    """Write an aggregate.

    Raises:
        OraError: 934, there is none allowed here.
    """
    if not writer.allows_aggregates or writer.inside_aggregate:
        raise OraError(934, offset=writer.offset(node))
    writer.has_aggregate = True
    writer.inside_aggregate = True
    try:
        return _aggregate_call(writer, name, arguments, node, over="")
    finally:
        writer.inside_aggregate = False


def _aggregate_call(
    writer: ExpressionWriter, name: str, arguments: Sequence[exp.Expression], node: exp.Expression, over: str
) -> Piece:
    if len(arguments) != 1:
        raise OraError(909, offset=writer.offset(node))
    argument, distinct = arguments[0], ""
    if isinstance(argument, exp.Star):
        if name != "COUNT":
            raise OraError(936, offset=writer.offset(node))
        return Piece(f"num(count(*){over})", NUMBER)
    if isinstance(argument, exp.Distinct):
        writer.only(argument, "expressions")
        if not argument.expressions:
            raise OraError(936, offset=writer.offset(node))
        argument, distinct = argument.expressions[0], "DISTINCT "
        if over:
            raise NotEmulated(f"analytic function {name} of DISTINCT", offset=writer.offset(node))
    piece = writer.value(argument)
    if name == "COUNT":
        return Piece(f"num(count({distinct}{piece.sql}){over})", NUMBER)
    if name in {"MIN", "MAX"}:
        if piece.letter in "RVB" or piece.type.name is TypeName.CLOB:
            raise OraError(932, piece.type.name.value, "NUMBER", offset=writer.offset(node))
        return Piece(f"{name.lower()}({piece.sql}){over}", piece.type)
    if piece.letter == "F":
        return Piece(f"{name.lower()}({distinct}{piece.sql}){over}", BINARY_DOUBLE)
    return Piece(f"num_{name.lower()}({distinct}{convert(piece, 'N').sql}){over}", NUMBER)


def window(writer: ExpressionWriter, node: exp.Window) -> Piece:
    """Write an analytic function."""
    writer.only(node, "this", "partition_by", "order", "spec", "over")
    call = node.this
    if not writer.allows_aggregates:
        raise OraError(30483, offset=writer.offset(node))
    if not isinstance(call, exp.Anonymous):
        raise NotEmulated(f"analytic function {type(call).__name__}", offset=writer.offset(node))
    parts = []
    if node.args.get("partition_by"):
        parts.append("PARTITION BY " + ", ".join(writer.value(item).sql for item in node.args["partition_by"]))
    if node.args.get("order") is not None:
        parts.append("ORDER BY " + ", ".join(writer.ordered(item) for item in node.args["order"].expressions))
    if node.args.get("spec") is not None:
        parts.append(_frame(writer, node.args["spec"]))
    over = f" OVER ({' '.join(parts)})"
    name = str(call.this).upper()
    if node.args.get("order") is None and (name in _ORDERED or node.args.get("spec") is not None):
        raise OraError(30485, offset=writer.offset(node))
    if name in {"ROW_NUMBER", "RANK", "DENSE_RANK"}:
        return Piece(f"num({name.lower()}(){over})", NUMBER)
    if name == "NTILE":
        return Piece(f"num(ntile(int_of({writer.converted(call.expressions[0], 'N')})){over})", NUMBER)
    if name in AGGREGATES:
        return _aggregate_call(writer, name, call.expressions, node, over)
    if name in WINDOW_VALUES:
        return _window_value(writer, name, call.expressions, over)
    raise NotEmulated(f"analytic function {name}", offset=writer.offset(node))


def _window_value(writer: ExpressionWriter, name: str, arguments: Sequence[exp.Expression], over: str) -> Piece:
    piece = writer.value(arguments[0])
    extra = ""
    if len(arguments) > 1:
        extra += f", int_of({writer.converted(arguments[1], 'N')})"
    if len(arguments) > 2:
        extra += f", {writer.converted(arguments[2], piece.letter)}"
    return Piece(f"{name.lower()}({piece.sql}{extra}){over}", piece.type)


def _frame(writer: ExpressionWriter, spec: exp.Expression) -> str:
    writer.only(spec, "kind", "start", "start_side", "end", "end_side")

    def bound(key: str) -> str:
        value = spec.args.get(key)
        side = spec.args.get(f"{key}_side") or ""
        if isinstance(value, exp.Expression) and str(spec.args["kind"]).upper() != "ROWS":
            raise NotEmulated("RANGE of a window by a distance")  # SQLite knows distances of its own numbers only
        if isinstance(value, exp.Literal):
            return f"{int(str(value.this))} {side}"
        return f"{value} {side}".strip()

    end = bound("end") if spec.args.get("end") is not None else "CURRENT ROW"
    return f"{spec.args['kind']} BETWEEN {bound('start')} AND {end}"


def aggregate_names() -> list[str]:
    """Return the aggregates, sorted."""
    return sorted(AGGREGATES)


def analytic_names() -> list[str]:
    """Return what may stand before OVER, sorted."""
    return sorted(AGGREGATES | RANKINGS | WINDOW_VALUES)
