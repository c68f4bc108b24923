"""Writes Oracle's expressions and conditions for SQLite: resolves names, gives every expression its type.

A node class or a filled argument that is not known here is ORA-03001 naming it; nothing is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from sqlglot import exp

from emulator.datatypes import (
    BINARY_DOUBLE,
    BOOLEAN,
    DATE,
    NUMBER,
    TIMESTAMP,
    SqlType,
    TypeName,
    VectorFormat,
    varchar2,
)
from emulator.engine.dialect import VectorEmbedding
from emulator.engine.functions import function
from emulator.engine.functions.conversions import to_number
from emulator.engine.functions.date_formats import parse_date
from emulator.engine.functions.registry import SqlFunction, sqlite_name
from emulator.engine.functions.type_rules import common
from emulator.engine.objects import Model
from emulator.engine.pieces import NULL_TYPE, Names, Piece, convert, quote, text_literal, unify
from emulator.engine.stored_values import signature_letter, to_stored
from emulator.engine.vectors import is_metric
from emulator.errors import NotEmulated, OraError
from emulator.number import encode_number, parse_number

if TYPE_CHECKING:
    from emulator.engine.queries import StatementWriter

_ARITHMETIC: dict[type, str] = {
    exp.Add: "num_add",
    exp.Sub: "num_subtract",
    exp.Mul: "num_multiply",
    exp.Div: "num_divide",
}
_SIGNS: dict[type, str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
_COMPARISONS: dict[type, str] = {exp.EQ: "=", exp.NEQ: "<>", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<="}
_DISTANCE_SIGNS = {"<=>": "COSINE", "<->": "EUCLIDEAN", "<#>": "DOT"}
_AGGREGATES = frozenset({"COUNT", "SUM", "AVG", "MIN", "MAX"})
_RANKINGS = frozenset({"ROW_NUMBER", "RANK", "DENSE_RANK", "NTILE"})
_WINDOW_VALUES = frozenset({"LAG", "LEAD", "FIRST_VALUE", "LAST_VALUE"})
#: Functions whose arguments are all converted to the result's type.
_UNIFORM = frozenset({"NVL", "COALESCE", "GREATEST", "LEAST", "NULLIF"})
#: Functions written without brackets.
_BARE = frozenset(
    {
        "SYSDATE",
        "USER",
        "SYSTIMESTAMP",
        "CURRENT_DATE",
        "CURRENT_TIMESTAMP",
        "LOCALTIMESTAMP",
        "DBTIMEZONE",
        "SESSIONTIMEZONE",
    }
)
#: Oracle has them, the emulator has not; any other unknown name is ORA-00904.
_REFUSED_FUNCTIONS = frozenset(
    {
        *("ACOS", "ASIN", "ATAN", "ATAN2", "COS", "COSH", "EXP", "LN", "LOG", "SIN", "SINH", "SQRT", "TAN", "TANH"),
        *("UID", "WIDTH_BUCKET", "REMAINDER", "NANVL", "SOUNDEX", "DUMP", "VSIZE", "ORA_HASH", "STANDARD_HASH"),
        *("MONTHS_BETWEEN", "NEXT_DAY", "NEW_TIME", "NUMTODSINTERVAL", "NUMTOYMINTERVAL", "TO_DSINTERVAL", "EXTRACT"),
        *("REGEXP_COUNT", "REGEXP_INSTR", "REGEXP_LIKE", "REGEXP_REPLACE", "REGEXP_SUBSTR", "LISTAGG", "MEDIAN"),
        *("STDDEV", "VARIANCE", "CORR", "PERCENTILE_CONT", "PERCENTILE_DISC", "ANY_VALUE", "LNNVL", "BIN_TO_NUM"),
        *("JSON_VALUE", "JSON_QUERY", "JSON_OBJECT", "JSON_ARRAY", "XMLELEMENT", "CAST_TO_RAW", "CONVERT", "USERENV"),
        *("VECTOR_NORM", "VECTOR_DIMENSION_FORMAT", "VECTOR_CHUNKS", "BITOR", "BITXOR", "APPROX_COUNT_DISTINCT"),
    }
)
_UNSORTED = frozenset({TypeName.CLOB, TypeName.BLOB, TypeName.LONG, TypeName.LONG_RAW})
_REFUSED_COLUMNS = frozenset({"ROWID", "LEVEL", "NEXTVAL", "CURRVAL", "ORA_ROWSCN", "CONNECT_BY_ROOT"})


class ExpressionWriter:
    """Writes the expressions of one query level."""

    def __init__(self, statement: StatementWriter, names: Names) -> None:
        """Begin a level.

        Args:
            statement: The statement's writer: binds, subqueries, catalogue.
            names: What the level can see.
        """
        self.statement = statement
        self.names = names
        #: Columns of this level used outside of aggregates, and whether an aggregate was used.
        self.bare_columns: list[str] = []
        self.has_aggregate = False
        self.allows_aggregates = True
        #: Texts of GROUP BY's expressions.
        self.grouped: frozenset[str] = frozenset()
        self._inside_aggregate = False

    # ------------------------------------------------------------------ entry points

    def value(self, node: exp.Expression) -> Piece:
        """Write an expression."""
        writer = _VALUES.get(type(node))
        if writer is None:
            if type(node) in _CONDITIONS:
                return Piece(self.condition(node), BOOLEAN)
            raise NotEmulated(f"expression {type(node).__name__}", offset=self.offset(node))
        before = len(self.bare_columns)
        piece: Piece = writer(self, node)
        if piece.sql in self.grouped:
            del self.bare_columns[before:]
        return piece

    def condition(self, node: exp.Expression) -> str:
        """Write a condition."""
        writer = _CONDITIONS.get(type(node))
        if writer is not None:
            text: str = writer(self, node)
            return text
        piece = self.value(node)
        if piece.letter != "B":
            raise OraError(920, text="ORA-00920: invalid relational operator", offset=self.offset(node))
        return piece.sql

    def converted(self, node: exp.Expression, letter: str) -> str:
        """Write an expression as a value of another kind of type."""
        try:
            return convert(self.value(node), letter).sql
        except OraError as error:
            error.offset = error.offset or self.offset(node)
            raise

    def only(self, node: exp.Expression, *names: str) -> None:
        """Refuse a node that has any filled argument but these."""
        for key, value in node.args.items():
            if key not in names and value not in (None, False, [], ""):
                raise NotEmulated(f"{type(node).__name__} with {key}", offset=self.offset(node))

    def offset(self, node: exp.Expression) -> int:
        """Return where a node begins in the text, 0 where unknown."""
        starts = [
            int(found.meta["start"]) for found in node.find_all(exp.Identifier, exp.Anonymous) if "start" in found.meta
        ]
        return min(starts, default=0)

    # ------------------------------------------------------------------ names

    def column(self, node: exp.Column) -> Piece:
        """Write a column, a pseudo-column, or a PL/SQL variable."""
        self.only(node, "this", "table", "db")
        if isinstance(node.this, exp.Star):
            raise OraError(936, offset=self.offset(node))
        name, table = stored_name(node.this), None
        if node.args.get("table") is not None:
            table = stored_name(node.args["table"])
        found = self.names.find(table, name)
        if found is not None:
            column, is_own = found
            if is_own and not self._inside_aggregate:
                self.bare_columns.append(column.sql)
            return Piece(column.sql, column.type)
        variable = self._variable(node)
        if variable is not None:
            return variable
        if table is None and name in _BARE:
            return self.call(name, [], node)
        if name in _REFUSED_COLUMNS or (table is None and name == "ROWNUM"):
            raise NotEmulated(f"{name} here", offset=self.offset(node))
        written = f'"{table}"."{name}"' if table is not None else f'"{name}"'
        raise OraError(904, written, offset=self.offset(node))

    def _variable(self, node: exp.Expression) -> Piece | None:
        start, end = self.statement.slice_of(node)
        number = self.statement.binds.variable(start, end)
        return None if number is None else self.statement.binds.piece(number)

    def dot(self, node: exp.Dot) -> Piece:
        """Write a field of a PL/SQL collection's element, or a call of a package's function."""
        variable = self._variable(node)
        if variable is not None:
            return variable
        call = node.expression
        if isinstance(call, exp.Anonymous):
            name = f"{stored_text(node.this)}.{str(call.this).upper()}"
            if function(name) is not None:
                return self.call(name, call.expressions, node)
            raise OraError(904, f'"{name.replace(".", chr(34) + "." + chr(34))}"', offset=self.offset(node))
        raise OraError(904, f'"{stored_text(node)}"', offset=self.offset(node))

    def placeholder(self, node: exp.Placeholder) -> Piece:
        """Write a bind."""
        token_start = int(node.meta["start"])
        number = self.statement.binds.placeholder(token_start)
        if number is None:
            colon = self.statement.text.text.rindex(":", 0, token_start)
            number = self.statement.binds.variable(colon, int(node.meta["end"]) + 1)
        if number is None:
            raise OraError(1006)
        return self.statement.binds.piece(number)

    # ------------------------------------------------------------------ plain values

    def literal(self, node: exp.Literal) -> Piece:
        """Write a literal."""
        text = str(node.this)
        if node.is_string:
            if text == "":
                return Piece("NULL", NULL_TYPE, is_constant=True)
            return Piece(text_literal(text), SqlType(TypeName.CHAR, size=len(text)), is_constant=True)
        return number_piece(parse_number(text))

    def null(self, _node: exp.Expression) -> Piece:
        """Write NULL."""
        return Piece("NULL", NULL_TYPE, is_constant=True)

    def boolean(self, node: exp.Boolean) -> Piece:
        """Write TRUE or FALSE."""
        return Piece("1" if node.this else "0", BOOLEAN, is_constant=True)

    def date_literal(self, node: exp.Expression) -> Piece:
        """Write DATE '…'."""
        self.only(node, "this")
        stored = to_stored(parse_date(str(node.this.this), "YYYY-MM-DD"), DATE)
        return Piece(text_literal(stored), DATE, is_constant=True)

    def timestamp_literal(self, node: exp.Expression) -> Piece:
        """Write TIMESTAMP '…'."""
        stored = to_stored(parse_date(str(node.this.this), "YYYY-MM-DD HH24:MI:SS.FF"), TIMESTAMP)
        return Piece(text_literal(stored), TIMESTAMP, is_constant=True)

    def current_time(self, node: exp.Expression) -> Piece:
        """Write SYSDATE and CURRENT_TIMESTAMP, which the parser knows."""
        return self.call("SYSDATE" if node.args.get("sysdate") else "CURRENT_TIMESTAMP", [], node)

    def negated(self, node: exp.Neg) -> Piece:
        """Write unary minus."""
        if isinstance(node.this, exp.Literal) and not node.this.is_string:
            value = parse_number(str(node.this.this))
            return number_piece(-value)
        piece = self.value(node.this)
        if piece.letter == "F":
            return Piece(f"(-{piece.sql})", BINARY_DOUBLE, piece.is_constant)
        return Piece(f"num_negate({convert(piece, 'N').sql})", NUMBER, piece.is_constant)

    def bracketed(self, node: exp.Paren) -> Piece:
        """Write ( … )."""
        return self.value(node.this)

    def arithmetic(self, node: exp.Expression) -> Piece:
        """Write + - * /."""
        self.only(node, "this", "expression", "typed", "safe")
        left, right = self.value(node.this), self.value(node.expression)
        is_constant = left.is_constant and right.is_constant
        if {left.letter, right.letter} & set("DTZ"):
            return self._date_arithmetic(node, left, right)
        if "F" in {left.letter, right.letter}:
            left, right = convert(left, "F"), convert(right, "F")
            return Piece(f"({left.sql} {_SIGNS[type(node)]} {right.sql})", BINARY_DOUBLE, is_constant)
        left, right = convert(left, "N"), convert(right, "N")
        return Piece(f"{_ARITHMETIC[type(node)]}({left.sql}, {right.sql})", NUMBER, is_constant)

    def _date_arithmetic(self, node: exp.Expression, left: Piece, right: Piece) -> Piece:
        is_constant = left.is_constant and right.is_constant
        left_is_date, right_is_date = left.letter in "DTZ", right.letter in "DTZ"
        if isinstance(node, exp.Sub) and left_is_date and right_is_date:
            if "D" not in {left.letter, right.letter} or left.letter != right.letter:
                raise NotEmulated("difference of timestamps (an interval)", offset=self.offset(node))
            return Piece(f"\"ORA$DATE_MINUS_DATE\"('DDN', {left.sql}, {right.sql})", NUMBER, is_constant)
        if isinstance(node, exp.Add) and right_is_date and not left_is_date:
            left, right = right, left
        elif not isinstance(node, exp.Add | exp.Sub) or not left_is_date or right_is_date:
            raise OraError(932, "DATE", "NUMBER", offset=self.offset(node))
        days = convert(right, "N").sql
        if isinstance(node, exp.Sub):
            days = f"num_negate({days})"
        return Piece(f"\"ORA$DATE_ADD_DAYS\"('{left.letter}ND', {left.sql}, {days})", DATE, is_constant)

    def concatenation(self, node: exp.DPipe) -> Piece:
        """Write ||: NULL is the empty string, and the empty string is NULL."""
        left, right = convert(self.value(node.this), "S"), convert(self.value(node.expression), "S")
        size = min((left.type.size or 40) + (right.type.size or 40), 4000)
        sql = f"nullif(coalesce({left.sql}, '') || coalesce({right.sql}, ''), '')"
        return Piece(sql, varchar2(size), left.is_constant and right.is_constant)

    def case(self, node: exp.Case) -> Piece:
        """Write CASE, simple or searched."""
        self.only(node, "this", "ifs", "default")
        branches = [self.value(branch.args["true"]) for branch in node.args["ifs"]]
        default = node.args.get("default")
        other = self.value(default) if default is not None else Piece("NULL", NULL_TYPE, is_constant=True)
        result = common([piece.type for piece in (*branches, other)])
        parts = ["CASE"]
        for branch, piece in zip(node.args["ifs"], branches, strict=True):
            if node.this is not None:
                left, right = unify(self.value(node.this), self.value(branch.this))
                test = f"{left.sql} = {right.sql}"
            else:
                test = self.condition(branch.this)
            parts.append(f"WHEN {test} THEN {convert(piece, signature_letter(result)).sql}")
        parts.append(f"ELSE {convert(other, signature_letter(result)).sql} END")
        return Piece(" ".join(parts), result)

    def cast(self, node: exp.Cast) -> Piece:
        """Write CAST."""
        self.only(node, "this", "to")
        piece = self.value(node.this)
        sql_type = _cast_type(node.args["to"])
        text = convert(piece, signature_letter(sql_type)).sql
        if sql_type.name is TypeName.CHAR:
            text = f"substr({text} || '{' ' * sql_type.size}', 1, {sql_type.size})"
        elif sql_type.name is TypeName.VARCHAR2 and sql_type.size:
            text = f"substr({text}, 1, {sql_type.size})"
        if sql_type.precision:
            target = text_literal(self.statement.target_json("CAST", "VALUE", sql_type))
            text = f"assign_value('N', {target}, {text})"
        return Piece(text, sql_type, piece.is_constant)

    def trim(self, node: exp.Trim) -> Piece:
        """Write TRIM([LEADING|TRAILING|BOTH] [x FROM] y)."""
        self.only(node, "this", "expression", "position")
        name = {"LEADING": "LTRIM", "TRAILING": "RTRIM"}.get(str(node.args.get("position") or "").upper(), "TRIM")
        arguments = [node.this] + ([node.expression] if node.args.get("expression") is not None else [])
        return self.call(name, arguments, node)

    def subquery(self, node: exp.Expression) -> Piece:
        """Write a scalar subquery."""
        inner = node.this if isinstance(node, exp.Subquery) else node
        query = self.statement.query(inner, self.names)
        if len(query.fields) != 1:
            raise OraError(913, offset=self.offset(node))
        column = query.fields[0]
        if query.is_single_row:
            return Piece(f"({query.sql})", column.type, not query.is_correlated)
        sql = f"(SELECT single_row({quote(column.name)}) FROM ({query.sql}))"
        return Piece(sql, column.type, not query.is_correlated)

    # ------------------------------------------------------------------ functions

    def anonymous(self, node: exp.Anonymous) -> Piece:
        """Write a function's call, or an element of a PL/SQL collection."""
        name = str(node.this).upper()
        entry = function(name)
        if entry is None or self.statement.binds.resolver is not None:
            variable = self._variable(node)
            if variable is not None:
                return variable
        return self.call(name, node.expressions, node)

    def call(self, name: str, arguments: Sequence[exp.Expression], node: exp.Expression) -> Piece:
        """Write a call of a built-in function."""
        if name in _AGGREGATES:
            return self._aggregate(name, arguments, node)
        if name == "DECODE":
            return self._decode(arguments)
        if name == "VECTOR_DISTANCE":
            return self._vector_distance(arguments, node)
        if name in {"TO_VECTOR", "VECTOR"} and len(arguments) > 2 and isinstance(arguments[2], exp.Column):
            element_format = exp.Literal.string(stored_name(arguments[2].this))  # a word, not a column
            arguments = [*arguments[:2], element_format, *arguments[3:]]
        entry = function(name)
        if entry is None or name == "VECTOR_EMBEDDING":
            if name in _RANKINGS or name in _WINDOW_VALUES:
                raise OraError(30484, text="ORA-30484: missing window specification for this function")
            if name in _REFUSED_FUNCTIONS:
                raise NotEmulated(f"function {name}", offset=self.offset(node))
            raise OraError(904, f'"{name}"', offset=self.offset(node))
        if len(arguments) < entry.min_arguments:
            raise OraError(938, offset=self.offset(node))
        if len(arguments) > entry.max_arguments:
            raise OraError(939, offset=self.offset(node))
        piece = self._call(entry, [self.value(argument) for argument in arguments])
        return Piece(piece.sql, _vector_type(arguments), piece.is_constant) if name == "TO_VECTOR" else piece

    def _call(self, entry: SqlFunction, pieces: list[Piece]) -> Piece:
        if entry.accepts:
            last = entry.accepts[-1]
            pieces = [
                convert(piece, entry.accepts[number] if number < len(entry.accepts) else last)
                for number, piece in enumerate(pieces)
            ]
        result = entry.result([piece.type for piece in pieces])
        if entry.name in _UNIFORM:
            pieces = [convert(piece, signature_letter(result)) for piece in pieces]
        letters = "".join(piece.letter for piece in pieces) + signature_letter(result)
        arguments = "".join(f", {piece.sql}" for piece in pieces)
        is_constant = entry.deterministic and all(piece.is_constant for piece in pieces)
        return Piece(f"{quote(sqlite_name(entry))}('{letters}'{arguments})", result, is_constant)

    def _decode(self, arguments: Sequence[exp.Expression]) -> Piece:
        if len(arguments) < 3:
            raise OraError(938)
        subject = self.value(arguments[0])
        pairs = [(self.value(arguments[at]), self.value(arguments[at + 1])) for at in range(1, len(arguments) - 1, 2)]
        other = self.value(arguments[-1]) if len(arguments) % 2 == 0 else Piece("NULL", NULL_TYPE, is_constant=True)
        result = common([pair[1].type for pair in pairs] + [other.type])
        parts = ["CASE"]
        for wanted, found in pairs:
            left, right = unify(subject, wanted)
            parts.append(f"WHEN {left.sql} IS {right.sql} THEN {convert(found, signature_letter(result)).sql}")
        parts.append(f"ELSE {convert(other, signature_letter(result)).sql} END")
        return Piece(" ".join(parts), result)

    def _vector_distance(self, arguments: Sequence[exp.Expression], node: exp.Expression) -> Piece:
        if not 2 <= len(arguments) <= 3:
            raise OraError(938 if len(arguments) < 2 else 939, offset=self.offset(node))
        metric = "COSINE"
        if len(arguments) == 3:
            if not isinstance(arguments[2], exp.Column) or not is_metric(stored_name(arguments[2].this)):
                raise NotEmulated("that distance metric", offset=self.offset(arguments[2]))
            metric = stored_name(arguments[2].this)
        return self._distance(self.value(arguments[0]), self.value(arguments[1]), metric)

    @staticmethod
    def _distance(left: Piece, right: Piece, metric: str) -> Piece:
        letters = left.letter + right.letter + "SF"
        for piece in (left, right):
            if piece.letter not in "VS":
                raise OraError(932, "NUMBER", "VECTOR")
        sql = f"\"ORA$VECTOR_DISTANCE\"('{letters}', {left.sql}, {right.sql}, '{metric}')"
        return Piece(sql, BINARY_DOUBLE, left.is_constant and right.is_constant)

    def distance_operator(self, node: exp.Expression) -> Piece:
        """Write <=> (which the parser takes for null-safe equality)."""
        return self._distance(self.value(node.this), self.value(node.expression), "COSINE")

    def embedding(self, node: VectorEmbedding) -> Piece:
        """Write VECTOR_EMBEDDING: a constant one is computed before the statement runs, any other by SQLite."""
        model, value = self.embedding_parts(node)
        self.statement.uses_model = True
        if value.is_constant and node.expression.find(exp.Select) is None:
            return self.statement.binds.embedding(model, value, model_type(model))
        self.statement.embeds_inside = True
        arguments = f"{text_literal(model.owner)}, {text_literal(model.name)}, {value.sql}"
        sql = f"\"ORA$VECTOR_EMBEDDING\"('SS{value.letter}V', {arguments})"
        if value.is_constant:
            sql = f"(SELECT {sql})"
        return Piece(sql, model_type(model), value.is_constant)

    def embedding_parts(self, node: VectorEmbedding) -> tuple[Model, Piece]:
        """Return the model and the argument of a VECTOR_EMBEDDING."""
        if stored_name(node.args["alias"]) != "DATA":
            raise NotEmulated("VECTOR_EMBEDDING with an attribute other than DATA", offset=self.offset(node))
        table = node.this
        owner = stored_name(table.args["db"]) if table.args.get("db") is not None else None
        try:
            model = self.statement.catalogue.model(self.statement.scope, owner, stored_name(table.this))
        except OraError as error:
            error.offset = self.offset(node)
            raise
        value = self.value(node.expression)
        wanted = "R" if model.input_kind == "picture" else "S"
        if value.letter != wanted and not value.is_null:
            raise OraError(932, "CHAR" if wanted == "R" else "BLOB", "BLOB" if wanted == "R" else "CHAR")
        return model, value

    # ------------------------------------------------------------------ aggregates and windows

    def _aggregate(self, name: str, arguments: Sequence[exp.Expression], node: exp.Expression) -> Piece:
        if not self.allows_aggregates or self._inside_aggregate:
            raise OraError(934, offset=self.offset(node))
        self.has_aggregate = True
        self._inside_aggregate = True
        try:
            return self._aggregate_call(name, arguments, node, over="")
        finally:
            self._inside_aggregate = False

    def _aggregate_call(self, name: str, arguments: Sequence[exp.Expression], node: exp.Expression, over: str) -> Piece:
        if len(arguments) != 1:
            raise OraError(909, offset=self.offset(node))
        argument, distinct = arguments[0], ""
        if isinstance(argument, exp.Star):
            if name != "COUNT":
                raise OraError(936, offset=self.offset(node))
            return Piece(f"num(count(*){over})", NUMBER)
        if isinstance(argument, exp.Distinct):
            self.only(argument, "expressions")
            if not argument.expressions:
                raise OraError(936, offset=self.offset(node))
            argument, distinct = argument.expressions[0], "DISTINCT "
        piece = self.value(argument)
        if name == "COUNT":
            return Piece(f"num(count({distinct}{piece.sql}){over})", NUMBER)
        if name in {"MIN", "MAX"}:
            if piece.letter in "RVB":
                raise OraError(932, piece.type.name.value, "NUMBER", offset=self.offset(node))
            return Piece(f"{name.lower()}({piece.sql}){over}", piece.type)
        if piece.letter == "F":
            return Piece(f"{name.lower()}({distinct}{piece.sql}){over}", BINARY_DOUBLE)
        return Piece(f"num_{name.lower()}({distinct}{convert(piece, 'N').sql}){over}", NUMBER)

    def window(self, node: exp.Window) -> Piece:
        """Write an analytic function."""
        self.only(node, "this", "partition_by", "order", "spec", "over")
        call = node.this
        if not isinstance(call, exp.Anonymous):
            raise NotEmulated(f"analytic function {type(call).__name__}", offset=self.offset(node))
        parts = []
        if node.args.get("partition_by"):
            parts.append("PARTITION BY " + ", ".join(self.value(item).sql for item in node.args["partition_by"]))
        if node.args.get("order") is not None:
            parts.append("ORDER BY " + ", ".join(self.ordered(item) for item in node.args["order"].expressions))
        if node.args.get("spec") is not None:
            parts.append(self._frame(node.args["spec"]))
        over = f" OVER ({' '.join(parts)})"
        name = str(call.this).upper()
        if name in {"ROW_NUMBER", "RANK", "DENSE_RANK"}:
            return Piece(f"num({name.lower()}(){over})", NUMBER)
        if name == "NTILE":
            return Piece(f"num(ntile(int_of({self.converted(call.expressions[0], 'N')})){over})", NUMBER)
        if name in _AGGREGATES:
            return self._aggregate_call(name, call.expressions, node, over)
        if name in _WINDOW_VALUES:
            return self._window_value(name, call.expressions, over)
        raise NotEmulated(f"analytic function {name}", offset=self.offset(node))

    def _window_value(self, name: str, arguments: Sequence[exp.Expression], over: str) -> Piece:
        piece = self.value(arguments[0])
        extra = ""
        if len(arguments) > 1:
            extra += f", int_of({self.converted(arguments[1], 'N')})"
        if len(arguments) > 2:
            extra += f", {self.converted(arguments[2], piece.letter)}"
        return Piece(f"{name.lower()}({piece.sql}{extra}){over}", piece.type)

    def _frame(self, spec: exp.Expression) -> str:
        self.only(spec, "kind", "start", "start_side", "end", "end_side")

        def bound(key: str) -> str:
            value = spec.args.get(key)
            side = spec.args.get(f"{key}_side") or ""
            if isinstance(value, exp.Literal):
                return f"{int(str(value.this))} {side}"
            return f"{value} {side}".strip()

        end = bound("end") if spec.args.get("end") is not None else "CURRENT ROW"
        return f"{spec.args['kind']} BETWEEN {bound('start')} AND {end}"

    def ordered(self, node: exp.Ordered) -> str:
        """Write an item of ORDER BY; where NULLs go is always said."""
        self.only(node, "this", "desc", "nulls_first")
        return self.ordered_text(self.sortable(node.this), node)

    def sortable(self, node: exp.Expression) -> str:
        """Write an expression that values are sorted or grouped by; LOBs are not."""
        piece = self.value(node)
        self.check_sortable(piece.type, self.offset(node))
        return piece.sql

    @staticmethod
    def check_sortable(sql_type: SqlType, offset: int = 0) -> None:
        """Refuse types without an order: ORA-00932."""
        if sql_type.name in _UNSORTED:
            raise OraError(932, sql_type.name.value, "CHAR", offset=offset)

    @staticmethod
    def ordered_text(sql: str, node: exp.Ordered) -> str:
        """Write direction and place of NULLs behind an expression."""
        direction = " DESC" if node.args.get("desc") else ""
        return f"{sql}{direction} NULLS {'FIRST' if node.args.get('nulls_first') else 'LAST'}"

    # ------------------------------------------------------------------ conditions

    def logical(self, node: exp.Expression) -> str:
        """Write AND, OR."""
        word = "AND" if isinstance(node, exp.And) else "OR"
        return f"({self.condition(node.this)} {word} {self.condition(node.expression)})"

    def negation(self, node: exp.Not) -> str:
        """Write NOT."""
        return f"(NOT {self.condition(node.this)})"

    def bracketed_condition(self, node: exp.Paren) -> str:
        """Write ( condition )."""
        return f"({self.condition(node.this)})"

    def comparison(self, node: exp.Expression) -> str:
        """Write = <> < <= > >=."""
        self.only(node, "this", "expression")
        if isinstance(node.this, exp.Tuple) or isinstance(node.expression, exp.Any | exp.All):
            raise NotEmulated("comparison of lists, ANY or ALL", offset=self.offset(node))
        left, right = self._comparable(node.this, node.expression)
        return f"({left.sql} {_COMPARISONS[type(node)]} {right.sql})"

    def _comparable(self, left_node: exp.Expression, right_node: exp.Expression) -> tuple[Piece, Piece]:
        left, right = unify(self.value(left_node), self.value(right_node))
        for piece, node in ((left, left_node), (right, right_node)):
            if piece.letter in "RV" and piece.type.name is not TypeName.RAW:
                raise OraError(932, piece.type.name.value, "CHAR", offset=self.offset(node))
        return left, right

    def is_null(self, node: exp.Is) -> str:
        """Write IS NULL, IS TRUE, IS FALSE."""
        if isinstance(node.expression, exp.Null):
            return f"({self.value(node.this).sql} IS NULL)"
        if isinstance(node.expression, exp.Boolean):
            return f"({self.condition(node.this)} IS {'TRUE' if node.expression.this else 'FALSE'})"
        raise NotEmulated("IS with that", offset=self.offset(node))

    def between(self, node: exp.Between) -> str:
        """Write BETWEEN."""
        self.only(node, "this", "low", "high")
        low_left, low = self._comparable(node.this, node.args["low"])
        high_left, high = self._comparable(node.this, node.args["high"])
        return f"({low_left.sql} >= {low.sql} AND {high_left.sql} <= {high.sql})"

    def membership(self, node: exp.In) -> str:
        """Write IN with a list or a subquery."""
        self.only(node, "this", "expressions", "query")
        query = node.args.get("query")
        if isinstance(node.this, exp.Tuple):
            raise NotEmulated("IN with several columns", offset=self.offset(node))
        subject = self.value(node.this)
        if query is None and not node.expressions:
            raise OraError(936, offset=self.offset(node))
        if query is not None:
            inner = query.this if isinstance(query, exp.Subquery) else query
            written = self.statement.query(inner, self.names)
            if len(written.fields) != 1:
                raise OraError(913, offset=self.offset(node))
            found = Piece(quote(written.fields[0].name), written.fields[0].type)
            left, right = unify(subject, found)
            return f"({left.sql} IN (SELECT {right.sql} FROM ({written.sql})))"
        tests = []
        for item in node.expressions:
            left, right = unify(subject, self.value(item))
            tests.append((left.sql, right.sql))
        if all(left == subject.sql for left, _ in tests):
            return f"({subject.sql} IN ({', '.join(right for _, right in tests)}))"
        return "(" + " OR ".join(f"{left} = {right}" for left, right in tests) + ")"

    def existence(self, node: exp.Exists) -> str:
        """Write EXISTS."""
        inner = node.this.this if isinstance(node.this, exp.Subquery) else node.this
        return f"EXISTS ({self.statement.query(inner, self.names).sql})"

    def like(self, node: exp.Like, escape: str = "") -> str:
        """Write LIKE; case counts."""
        self.only(node, "this", "expression", "negate")
        left, right = self.converted(node.this, "S"), self.converted(node.expression, "S")
        third = f", {escape}" if escape else ""
        text = f"oracle_like({left}, {right}{third})"
        return f"(NOT {text})" if node.args.get("negate") else text

    def escaped_like(self, node: exp.Escape) -> str:
        """Write LIKE … ESCAPE."""
        if not isinstance(node.this, exp.Like):
            raise NotEmulated("ESCAPE without LIKE", offset=self.offset(node))
        return self.like(node.this, self.converted(node.expression, "S"))


def aggregate_names() -> list[str]:
    """Return the aggregates, sorted."""
    return sorted(_AGGREGATES)


def analytic_names() -> list[str]:
    """Return what may stand before OVER, sorted."""
    return sorted(_AGGREGATES | _RANKINGS | _WINDOW_VALUES)


def stored_name(identifier: Any) -> str:  # noqa: ANN401 - whatever names something
    """Return a name as the dictionary has it: upper case unless quoted."""
    if isinstance(identifier, exp.Identifier):
        return str(identifier.this) if identifier.args.get("quoted") else str(identifier.this).upper()
    return str(identifier).upper()


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


def number_piece(value: Any) -> Piece:  # noqa: ANN401 - an int or a Decimal
    """Write a number."""
    return Piece(f"x'{encode_number(to_number(value) or 0).hex()}'", NUMBER, is_constant=True)


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


def _cast_type(node: exp.DataType) -> SqlType:
    kind = node.this.value if hasattr(node.this, "value") else str(node.this)
    sizes = [int(str(item.this.this)) for item in node.expressions if isinstance(item.this, exp.Literal)]
    national = kind.startswith("N")
    if kind in {"VARCHAR", "NVARCHAR", "TEXT"}:
        return SqlType(TypeName.VARCHAR2, size=sizes[0] if sizes else 4000, national=national)
    if kind in {"CHAR", "NCHAR"}:
        return SqlType(TypeName.CHAR, size=sizes[0] if sizes else 1, national=national)
    if kind in {"DECIMAL", "INT", "BIGINT", "NUMERIC", "SMALLINT"}:
        if not sizes and kind in {"INT", "SMALLINT", "BIGINT"}:
            return SqlType(TypeName.NUMBER, precision=38, scale=0)
        return SqlType(
            TypeName.NUMBER,
            precision=sizes[0] if sizes else 0,
            scale=(sizes[1] if len(sizes) > 1 else 0) if sizes else -127,
        )
    fixed = {
        "DATE": TypeName.DATE,
        "DATETIME": TypeName.DATE,
        "TIMESTAMP": TypeName.TIMESTAMP,
        "TIMESTAMPTZ": TypeName.TIMESTAMP_TZ,
        "TIMESTAMPLTZ": TypeName.TIMESTAMP_LTZ,
    }
    if kind in fixed:
        return SqlType(fixed[kind], scale=6)
    if kind in {"DOUBLE", "FLOAT"}:
        return SqlType(TypeName.BINARY_DOUBLE if kind == "DOUBLE" else TypeName.NUMBER)
    raise NotEmulated(f"CAST to {kind}")


_VALUES: dict[type, Callable[..., Piece]] = {
    exp.Column: ExpressionWriter.column,
    exp.Dot: ExpressionWriter.dot,
    exp.Placeholder: ExpressionWriter.placeholder,
    exp.Literal: ExpressionWriter.literal,
    exp.Null: ExpressionWriter.null,
    exp.Boolean: ExpressionWriter.boolean,
    exp.DateStrToDate: ExpressionWriter.date_literal,
    exp.StrToTime: ExpressionWriter.timestamp_literal,
    exp.CurrentTimestamp: ExpressionWriter.current_time,
    exp.Neg: ExpressionWriter.negated,
    exp.Paren: ExpressionWriter.bracketed,
    exp.Add: ExpressionWriter.arithmetic,
    exp.Sub: ExpressionWriter.arithmetic,
    exp.Mul: ExpressionWriter.arithmetic,
    exp.Div: ExpressionWriter.arithmetic,
    exp.DPipe: ExpressionWriter.concatenation,
    exp.Case: ExpressionWriter.case,
    exp.Cast: ExpressionWriter.cast,
    exp.Trim: ExpressionWriter.trim,
    exp.Subquery: ExpressionWriter.subquery,
    exp.Select: ExpressionWriter.subquery,
    exp.Anonymous: ExpressionWriter.anonymous,
    exp.NullSafeEQ: ExpressionWriter.distance_operator,
    exp.Window: ExpressionWriter.window,
    VectorEmbedding: ExpressionWriter.embedding,
}
_CONDITIONS: dict[type, Callable[..., str]] = {
    exp.And: ExpressionWriter.logical,
    exp.Or: ExpressionWriter.logical,
    exp.Not: ExpressionWriter.negation,
    exp.EQ: ExpressionWriter.comparison,
    exp.NEQ: ExpressionWriter.comparison,
    exp.GT: ExpressionWriter.comparison,
    exp.GTE: ExpressionWriter.comparison,
    exp.LT: ExpressionWriter.comparison,
    exp.LTE: ExpressionWriter.comparison,
    exp.Is: ExpressionWriter.is_null,
    exp.Between: ExpressionWriter.between,
    exp.In: ExpressionWriter.membership,
    exp.Exists: ExpressionWriter.existence,
    exp.Like: ExpressionWriter.like,
    exp.Escape: ExpressionWriter.escaped_like,
}
