"""Writes conditions for SQLite: comparisons, IN, EXISTS, LIKE, and what joins them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sqlglot import exp

from emulator.datatypes import TypeName
from emulator.engine.pieces import Piece, quote, unify
from emulator.errors import NotEmulated, OraError

if TYPE_CHECKING:
    from emulator.engine.expressions import ExpressionWriter

_COMPARISONS: dict[type, str] = {exp.EQ: "=", exp.NEQ: "<>", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<="}


def logical(writer: ExpressionWriter, node: exp.Expression) -> str:
    """Write AND, OR."""
    word = "AND" if isinstance(node, exp.And) else "OR"
    return f"({writer.condition(node.this)} {word} {writer.condition(node.expression)})"


def negation(writer: ExpressionWriter, node: exp.Not) -> str:
    """Write NOT."""
    return f"(NOT {writer.condition(node.this)})"


def bracketed_condition(writer: ExpressionWriter, node: exp.Paren) -> str:
    """Write ( condition )."""
    return f"({writer.condition(node.this)})"


def comparison(writer: ExpressionWriter, node: exp.Expression) -> str:
    """Write = <> < <= > >=."""
    writer.only(node, "this", "expression")
    if isinstance(node.this, exp.Tuple) or isinstance(node.expression, exp.Any | exp.All):
        raise NotEmulated("comparison of lists, ANY or ALL", offset=writer.offset(node))
    left, right = _comparable(writer, node.this, node.expression)
    return f"({left.sql} {_COMPARISONS[type(node)]} {right.sql})"


def _comparable(writer: ExpressionWriter, left_node: exp.Expression, right_node: exp.Expression) -> tuple[Piece, Piece]:
    left, right = unify(writer.value(left_node), writer.value(right_node))
    for piece, node in ((left, left_node), (right, right_node)):
        if (piece.letter in "RV" and piece.type.name is not TypeName.RAW) or piece.type.name is TypeName.CLOB:
            raise OraError(932, piece.type.name.value, "CHAR", offset=writer.offset(node))
    return left, right


def is_null(writer: ExpressionWriter, node: exp.Is) -> str:
    """Write IS NULL, IS TRUE, IS FALSE."""
    if isinstance(node.expression, exp.Null):
        return f"({writer.value(node.this).sql} IS NULL)"
    if isinstance(node.expression, exp.Boolean):
        return f"({writer.condition(node.this)} IS {'TRUE' if node.expression.this else 'FALSE'})"
    raise NotEmulated("IS with that", offset=writer.offset(node))


def between(writer: ExpressionWriter, node: exp.Between) -> str:
    """Write BETWEEN."""
    writer.only(node, "this", "low", "high")
    low_left, low = _comparable(writer, node.this, node.args["low"])
    high_left, high = _comparable(writer, node.this, node.args["high"])
    return f"({low_left.sql} >= {low.sql} AND {high_left.sql} <= {high.sql})"


def membership(writer: ExpressionWriter, node: exp.In) -> str:
    """Write IN with a list or a subquery."""
    writer.only(node, "this", "expressions", "query")
    query = node.args.get("query")
    if isinstance(node.this, exp.Tuple):
        raise NotEmulated("IN with several columns", offset=writer.offset(node))
    subject = writer.value(node.this)
    if query is None and not node.expressions:
        raise OraError(936, offset=writer.offset(node))
    if query is not None:
        inner = query.this if isinstance(query, exp.Subquery) else query
        written = writer.statement.query(inner, writer.names)
        if len(written.fields) != 1:
            raise OraError(913, offset=writer.offset(node))
        found = Piece(quote(written.fields[0].name), written.fields[0].type)
        left, right = unify(subject, found)
        return f"({left.sql} IN (SELECT {right.sql} FROM ({written.sql})))"
    tests = []
    for item in node.expressions:
        left, right = unify(subject, writer.value(item))
        tests.append((left.sql, right.sql))
    if all(left == subject.sql for left, _ in tests):
        return f"({subject.sql} IN ({', '.join(right for _, right in tests)}))"
    return "(" + " OR ".join(f"{left} = {right}" for left, right in tests) + ")"


def existence(writer: ExpressionWriter, node: exp.Exists) -> str:
    """Write EXISTS."""
    inner = node.this.this if isinstance(node.this, exp.Subquery) else node.this
    return f"EXISTS ({writer.statement.query(inner, writer.names).sql})"


def like(writer: ExpressionWriter, node: exp.Like, escape: str = "") -> str:
    """Write LIKE; case counts."""
    writer.only(node, "this", "expression", "negate")
    left, right = writer.converted(node.this, "S"), writer.converted(node.expression, "S")
    third = f", {escape}" if escape else ""
    text = f"oracle_like({left}, {right}{third})"
    return f"(NOT {text})" if node.args.get("negate") else text


def escaped_like(writer: ExpressionWriter, node: exp.Escape) -> str:
    """Write LIKE … ESCAPE."""
    if not isinstance(node.this, exp.Like):
        raise NotEmulated("ESCAPE without LIKE", offset=writer.offset(node))
    return like(writer, node.this, writer.converted(node.expression, "S"))


#: What writes each class of condition.
CONDITIONS: dict[type, Callable[..., str]] = {
    exp.And: logical,
    exp.Or: logical,
    exp.Not: negation,
    exp.EQ: comparison,
    exp.NEQ: comparison,
    exp.GT: comparison,
    exp.GTE: comparison,
    exp.LT: comparison,
    exp.LTE: comparison,
    exp.Is: is_null,
    exp.Between: between,
    exp.In: membership,
    exp.Exists: existence,
    exp.Like: like,
    exp.Escape: escaped_like,
}
