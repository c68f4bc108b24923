"""Writes calls of functions for SQLite, VECTOR_DISTANCE and VECTOR_EMBEDDING among them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from emulator.datatypes import BINARY_DOUBLE, SqlType, TypeName, VectorFormat
from emulator.engine import oracle_names
from emulator.engine.aggregates import AGGREGATES, RANKINGS, WINDOW_VALUES, aggregate
from emulator.engine.call_context import current_context
from emulator.engine.dialect import VectorEmbedding
from emulator.engine.functions import function
from emulator.engine.functions.registry import SqlFunction, sqlite_name
from emulator.engine.functions.type_rules import common
from emulator.engine.names import stored_name
from emulator.engine.objects import Model
from emulator.engine.pieces import NULL_TYPE, Piece, check_same_kind, convert, quote, text_literal, unify
from emulator.engine.stored_values import signature_letter
from emulator.engine.vectors import is_metric
from emulator.errors import NotEmulated, OraError

if TYPE_CHECKING:
    from emulator.engine.expressions import ExpressionWriter

#: Functions whose arguments are all converted to the result's type.
_UNIFORM = frozenset({"NVL", "COALESCE", "GREATEST", "LEAST", "NULLIF"})
#: … and of which none is converted from a string to a number or date.
_SAME_KIND = frozenset({"COALESCE", "NULLIF"})


def trim(writer: ExpressionWriter, node: exp.Trim) -> Piece:
    """Write TRIM([LEADING|TRAILING|BOTH] [x FROM] y)."""
    writer.only(node, "this", "expression", "position")
    name = {"LEADING": "LTRIM", "TRAILING": "RTRIM"}.get(str(node.args.get("position") or "").upper(), "TRIM")
    arguments = [node.this] + ([node.expression] if node.args.get("expression") is not None else [])
    return call(writer, name, arguments, node)


def anonymous(writer: ExpressionWriter, node: exp.Anonymous) -> Piece:
    """Write a function's call, or an element of a PL/SQL collection."""
    name = str(node.this).upper()
    entry = function(name)
    if entry is None or writer.statement.binds.resolver is not None:
        variable = writer.variable(node)
        if variable is not None:
            return variable
    return call(writer, name, node.expressions, node)


def call(writer: ExpressionWriter, name: str, arguments: Sequence[exp.Expression], node: exp.Expression) -> Piece:
    """Write a call of a built-in function."""
    if name in AGGREGATES:
        return aggregate(writer, name, arguments, node)
    if name == "DECODE":
        return _decode(writer, arguments)
    if name == "VECTOR_DISTANCE":
        return _vector_distance(writer, arguments, node)
    if name in {"TO_VECTOR", "VECTOR"} and len(arguments) > 2 and isinstance(arguments[2], exp.Column):
        element_format = exp.Literal.string(stored_name(arguments[2].this))  # a word, not a column
        arguments = [*arguments[:2], element_format, *arguments[3:]]
    entry = function(name)
    if entry is None or name == "VECTOR_EMBEDDING":
        stored = stored_function_call(writer, (name,), arguments, node) if entry is None else None
        if stored is not None:
            return stored
        if name in RANKINGS or name in WINDOW_VALUES:
            raise OraError(30484, text="ORA-30484: missing window specification for this function")
        if name in oracle_names.FUNCTIONS:
            raise NotEmulated(f"function {name}", offset=writer.offset(node))
        raise OraError(904, f'"{name}"', offset=writer.offset(node))
    if len(arguments) < entry.min_arguments:
        raise OraError(938, offset=writer.offset(node))
    if len(arguments) > entry.max_arguments:
        raise OraError(939, offset=writer.offset(node))
    piece = _call(entry, [writer.value(argument) for argument in arguments])
    return Piece(piece.sql, _vector_type(arguments), piece.is_constant) if name == "TO_VECTOR" else piece


def stored_function_call(
    writer: ExpressionWriter, names: Sequence[str], arguments: Sequence[exp.Expression], node: exp.Expression
) -> Piece | None:
    """Write a call of a stored PL/SQL function; None if there is none of that name."""
    given = [stored_name(each.this) if isinstance(each, exp.Kwarg) else None for each in arguments]
    catalogue, scope = writer.statement.catalogue, writer.statement.scope
    owners: tuple[tuple[str | None, str], ...] = (
        (None, names[0]),
        *(((names[0], names[1]),) if len(names) > 1 else ()),
    )
    if all(catalogue.unit(scope, owner, name) is None for owner, name in owners):
        return None
    pieces = [writer.value(each.expression if isinstance(each, exp.Kwarg) else each) for each in arguments]
    try:
        found = current_context().find_function(scope, names, [piece.type for piece in pieces], given)
    except OraError as error:
        error.offset = writer.offset(node)
        raise
    if found is None:
        return None
    writer.statement.calls_units = True
    pieces = [
        convert(piece, signature_letter(sql_type)) for piece, sql_type in zip(pieces, found.parameters, strict=True)
    ]
    letters = "".join(piece.letter if not piece.is_null else "S" for piece in pieces) + signature_letter(found.result)
    known = json.dumps([found.key, found.order, letters])
    texts = "".join(f", {piece.sql}" for piece in pieces)
    return Piece(f"stored_function({text_literal(known)}{texts})", found.result)


def _call(entry: SqlFunction, pieces: list[Piece]) -> Piece:
    if entry.accepts:
        last = entry.accepts[-1]
        pieces = [
            convert(piece, entry.accepts[number] if number < len(entry.accepts) else last)
            for number, piece in enumerate(pieces)
        ]
    result = entry.result([piece.type for piece in pieces])
    if entry.name in _SAME_KIND:
        check_same_kind(pieces)
    if entry.name in _UNIFORM:
        pieces = [convert(piece, signature_letter(result)) for piece in pieces]
    letters = "".join(piece.letter for piece in pieces) + signature_letter(result)
    arguments = "".join(f", {piece.sql}" for piece in pieces)
    is_constant = entry.deterministic and all(piece.is_constant for piece in pieces)
    return Piece(f"{quote(sqlite_name(entry))}('{letters}'{arguments})", result, is_constant)


def _decode(writer: ExpressionWriter, arguments: Sequence[exp.Expression]) -> Piece:
    if len(arguments) < 3:
        raise OraError(938)
    subject = writer.value(arguments[0])
    pairs = [(writer.value(arguments[at]), writer.value(arguments[at + 1])) for at in range(1, len(arguments) - 1, 2)]
    other = writer.value(arguments[-1]) if len(arguments) % 2 == 0 else Piece("NULL", NULL_TYPE, is_constant=True)
    result = common([pair[1].type for pair in pairs] + [other.type])
    parts = ["CASE"]
    for wanted, found in pairs:
        left, right = unify(subject, wanted)
        parts.append(f"WHEN {left.sql} IS {right.sql} THEN {convert(found, signature_letter(result)).sql}")
    parts.append(f"ELSE {convert(other, signature_letter(result)).sql} END")
    return Piece(" ".join(parts), result)


def _vector_distance(writer: ExpressionWriter, arguments: Sequence[exp.Expression], node: exp.Expression) -> Piece:
    if not 2 <= len(arguments) <= 3:
        raise OraError(938 if len(arguments) < 2 else 939, offset=writer.offset(node))
    metric = "COSINE"
    if len(arguments) == 3:
        if not isinstance(arguments[2], exp.Column) or not is_metric(stored_name(arguments[2].this)):
            raise NotEmulated("that distance metric", offset=writer.offset(arguments[2]))
        metric = stored_name(arguments[2].this)
    return _distance(writer.value(arguments[0]), writer.value(arguments[1]), metric)


def _distance(left: Piece, right: Piece, metric: str) -> Piece:
    letters = left.letter + right.letter + "SF"
    for piece in (left, right):
        if piece.letter not in "VS":
            raise OraError(932, "NUMBER", "VECTOR")
    if letters.startswith("VV"):
        sql = f"vector_distance({left.sql}, {right.sql}, '{metric}')"
    else:
        sql = f"\"ORA$VECTOR_DISTANCE\"('{letters}', {left.sql}, {right.sql}, '{metric}')"
    return Piece(sql, BINARY_DOUBLE, left.is_constant and right.is_constant)


def distance_operator(writer: ExpressionWriter, node: exp.Expression) -> Piece:
    """Write <=> (which the parser takes for null-safe equality)."""
    return _distance(writer.value(node.this), writer.value(node.expression), "COSINE")


def embedding(writer: ExpressionWriter, node: VectorEmbedding) -> Piece:
    """Write VECTOR_EMBEDDING: a constant one is computed before the statement runs, any other by SQLite."""
    model, value = embedding_parts(writer, node)
    writer.statement.uses_model = True
    if value.is_constant and node.expression.find(exp.Select) is None:
        return writer.statement.binds.embedding(model, value, model_type(model))
    writer.statement.embeds_inside = True
    arguments = f"{text_literal(model.owner)}, {text_literal(model.name)}, {value.sql}"
    sql = f"\"ORA$VECTOR_EMBEDDING\"('SS{value.letter}V', {arguments})"
    if value.is_constant:
        sql = f"(SELECT {sql})"
    return Piece(sql, model_type(model), value.is_constant)


def embedding_parts(writer: ExpressionWriter, node: VectorEmbedding) -> tuple[Model, Piece]:
    """Return the model and the argument of a VECTOR_EMBEDDING."""
    if stored_name(node.args["alias"]) != "DATA":
        raise NotEmulated("VECTOR_EMBEDDING with an attribute other than DATA", offset=writer.offset(node))
    table = node.this
    owner = stored_name(table.args["db"]) if table.args.get("db") is not None else None
    try:
        model = writer.statement.catalogue.model(writer.statement.scope, owner, stored_name(table.this))
    except OraError as error:
        error.offset = writer.offset(node)
        raise
    value = writer.value(node.expression)
    wanted = "R" if model.input_kind == "picture" else "S"
    if value.letter != wanted and not value.is_null:
        raise OraError(932, "CHAR" if wanted == "R" else "BLOB", "BLOB" if wanted == "R" else "CHAR")
    return model, value


def model_type(model: Model) -> SqlType:
    """Return the type of a model's vectors."""
    from emulator.datatypes import VectorFormat  # noqa: PLC0415 - only here

    return SqlType(TypeName.VECTOR, dimensions=model.dimensions, vector_format=VectorFormat.FLOAT32)


def _vector_type(arguments: Sequence[exp.Expression]) -> SqlType:
    """Return the type that TO_VECTOR's dimensions and format say."""
    dimensions, element_format = 0, VectorFormat.FLEX
    if len(arguments) > 1 and isinstance(arguments[1], exp.Literal):
        dimensions = int(str(arguments[1].this))
    if len(arguments) > 2 and str(arguments[2].this).upper() in VectorFormat.__members__:
        element_format = VectorFormat[str(arguments[2].this).upper()]
    return SqlType(TypeName.VECTOR, dimensions=dimensions, vector_format=element_format)
