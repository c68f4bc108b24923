"""Writes Oracle's expressions and conditions for SQLite: resolves names, gives every expression its type.

A node class or a filled argument that is not known here is ORA-03001 naming it; nothing is passed over.
"""

from __future__ import annotations

import re
from collections.abc import Callable
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
    varchar2,
)
from emulator.engine import oracle_names
from emulator.engine.aggregates import window
from emulator.engine.casts import cast_type
from emulator.engine.conditions import CONDITIONS
from emulator.engine.dialect import VectorEmbedding
from emulator.engine.function_calls import anonymous, call, distance_operator, embedding, stored_function_call, trim
from emulator.engine.functions import function
from emulator.engine.functions.conversions import to_number
from emulator.engine.functions.date_formats import parse_date
from emulator.engine.functions.type_rules import LONGEST, common
from emulator.engine.names import is_sequence_column, stored_name, stored_text
from emulator.engine.pieces import NULL_TYPE, Names, Piece, check_same_kind, convert, quote, text_literal, unify
from emulator.engine.stored_values import signature_letter, to_stored
from emulator.errors import NotEmulated, OraError
from emulator.number import encode_number, parse_number

if TYPE_CHECKING:
    from emulator.engine.queries import StatementWriter

#: Characters. Oracle allows 4,000 bytes in SQL, and 32,767 in SQL inside PL/SQL.
_LONGEST_LITERAL = 32_767
_ARITHMETIC: dict[type, str] = {
    exp.Add: "num_add",
    exp.Sub: "num_subtract",
    exp.Mul: "num_multiply",
    exp.Div: "num_divide",
}
_SIGNS: dict[type, str] = {exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/"}
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
_UNSORTED = frozenset({TypeName.CLOB, TypeName.BLOB, TypeName.LONG, TypeName.LONG_RAW})


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
        self.inside_aggregate = False
        #: Whether numbers of sequences may be had here: one for each execution.
        self.draws_once = False

    # ------------------------------------------------------------------ entry points

    def value(self, node: exp.Expression) -> Piece:
        """Write an expression."""
        writer = _VALUES.get(type(node))
        if writer is None:
            if type(node) in CONDITIONS:
                return Piece(self.condition(node), BOOLEAN)
            raise NotEmulated(f"expression {type(node).__name__}", offset=self.offset(node))
        before = len(self.bare_columns)
        piece: Piece = writer(self, node)
        if piece.sql in self.grouped:
            del self.bare_columns[before:]
        return piece

    def condition(self, node: exp.Expression) -> str:
        """Write a condition."""
        writer = CONDITIONS.get(type(node))
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
        if is_sequence_column(node):
            return self._sequence_number(node, name)
        if node.args.get("table") is not None:
            table = stored_name(node.args["table"])
        found = self.names.find(table, name)
        if found is not None:
            column, is_own = found
            if is_own and not self.inside_aggregate:
                self.bare_columns.append(column.sql)
            return Piece(column.sql, column.type)
        variable = self.variable(node)
        if variable is not None:
            return variable
        if table is None and name in _BARE:
            return call(self, name, [], node)
        if table is None and name == "ROWNUM" and self.names.row_number is not None:
            if not self.inside_aggregate:
                self.bare_columns.append(self.names.row_number)
            return Piece(self.names.row_number, NUMBER)
        if name in oracle_names.COLUMNS or (table is None and name == "ROWNUM"):
            raise NotEmulated(f"{name} here", offset=self.offset(node))
        stored = stored_function_call(self, (name,) if table is None else (table, name), (), node)
        if stored is not None:
            return stored
        asked = [source for source in self.names.sources if table in {None, source.alias}]
        if asked and all(source.is_dictionary for source in asked):
            raise NotEmulated(f"column {name} of {asked[0].alias}", offset=self.offset(node))
        written = f'"{table}"."{name}"' if table is not None else f'"{name}"'
        raise OraError(904, written, offset=self.offset(node))

    def sequence_key(self, node: exp.Column) -> tuple[str, str]:
        """Return owner and name of the sequence whose NEXTVAL or CURRVAL a column is."""
        owner = stored_name(node.args["db"]) if node.args.get("db") is not None else None
        try:
            found = self.statement.catalogue.sequence(self.statement.scope, owner, stored_name(node.args["table"]))
        except OraError as error:
            error.offset = self.offset(node)
            raise
        return found.key

    def _sequence_number(self, node: exp.Column, name: str) -> Piece:
        key = self.sequence_key(node)
        if not self.draws_once:
            raise OraError(2287, offset=self.offset(node))
        return self.statement.binds.sequence_number(key, is_next=name == "NEXTVAL", sql_type=NUMBER)

    def variable(self, node: exp.Expression) -> Piece | None:
        """Return the PL/SQL variable that a reference means, None if it means none."""
        start, end = self.statement.slice_of(node)
        number = self.statement.binds.variable(start, end)
        return None if number is None else self.statement.binds.piece(number)

    def dot(self, node: exp.Dot) -> Piece:
        """Write a field of a PL/SQL collection's element, or a call of a package's function."""
        variable = self.variable(node)
        if variable is not None:
            return variable
        called = node.expression
        if isinstance(called, exp.Anonymous):
            name = f"{stored_text(node.this)}.{str(called.this).upper()}"
            if function(name) is not None:
                return call(self, name, called.expressions, node)
            stored = stored_function_call(self, name.split("."), called.expressions, node)
            if stored is not None:
                return stored
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
            if len(text) > _LONGEST_LITERAL:
                raise OraError(1704)
            return Piece(text_literal(text), SqlType(TypeName.CHAR, size=len(text)), is_constant=True)
        return number_piece(parse_number(text))

    def raw_literal(self, node: exp.Expression) -> Piece:
        """Write q'[…]'."""
        return self.literal(exp.Literal.string(str(node.this)))

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
        text = str(node.this.this)
        sql_type, model = TIMESTAMP, "YYYY-MM-DD HH24:MI:SS" + (".FF" if "." in text else "")
        zone = re.search(r":.*?(?:\s*[+-]\d{1,2}:\d{2}|(\s+[A-Za-z].*))\s*$", text)
        if zone is not None:
            if zone[1] is not None:
                raise NotEmulated("time zone by name in a literal")
            sql_type, model = SqlType(TypeName.TIMESTAMP_TZ, scale=6), model + " TZH:TZM"
        return Piece(text_literal(to_stored(parse_date(text, model), sql_type)), sql_type, is_constant=True)

    def current_time(self, node: exp.Expression) -> Piece:
        """Write SYSDATE and CURRENT_TIMESTAMP, which the parser knows."""
        return call(self, "SYSDATE" if node.args.get("sysdate") else "CURRENT_TIMESTAMP", [], node)

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
            if isinstance(node, exp.Div):
                return Piece(f"float_divide({left.sql}, {right.sql})", BINARY_DOUBLE, is_constant)
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
        size = (left.type.size or 40) + (right.type.size or 40)
        sql = f"nullif(coalesce({left.sql}, '') || coalesce({right.sql}, ''), '')"
        is_constant = left.is_constant and right.is_constant
        if TypeName.CLOB in {left.type.name, right.type.name}:
            return Piece(sql, SqlType(TypeName.CLOB), is_constant)
        if size > LONGEST:
            sql = f"checked_text({sql})"
        return Piece(sql, varchar2(min(size, LONGEST)), is_constant)

    def case(self, node: exp.Case) -> Piece:
        """Write CASE, simple or searched."""
        self.only(node, "this", "ifs", "default")
        branches = [self.value(branch.args["true"]) for branch in node.args["ifs"]]
        default = node.args.get("default")
        other = self.value(default) if default is not None else Piece("NULL", NULL_TYPE, is_constant=True)
        check_same_kind([*branches, other], self.offset(node))
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
        sql_type = cast_type(node.args["to"])
        text = convert(piece, signature_letter(sql_type)).sql
        if sql_type.name is TypeName.CHAR:
            text = f"substr({text} || '{' ' * sql_type.size}', 1, {sql_type.size})"
        elif sql_type.name is TypeName.VARCHAR2 and sql_type.size:
            text = f"substr({text}, 1, {sql_type.size})"
        if sql_type.precision:
            target = text_literal(self.statement.target_json("CAST", "VALUE", sql_type))
            text = f"assign_value('N', {target}, {text})"
        return Piece(text, sql_type, piece.is_constant)

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


def number_piece(value: Any) -> Piece:  # noqa: ANN401 - an int or a Decimal
    """Write a number."""
    return Piece(f"x'{encode_number(to_number(value) or 0).hex()}'", NUMBER, is_constant=True)


_VALUES: dict[type, Callable[..., Piece]] = {
    exp.Column: ExpressionWriter.column,
    exp.Dot: ExpressionWriter.dot,
    exp.Placeholder: ExpressionWriter.placeholder,
    exp.Literal: ExpressionWriter.literal,
    exp.RawString: ExpressionWriter.raw_literal,
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
    exp.Trim: trim,
    exp.Subquery: ExpressionWriter.subquery,
    exp.Select: ExpressionWriter.subquery,
    exp.Anonymous: anonymous,
    exp.NullSafeEQ: distance_operator,
    exp.Window: window,
    VectorEmbedding: embedding,
}
