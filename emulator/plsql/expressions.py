"""Compiles expressions to functions of a frame."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emulator.datatypes import BOOLEAN, NUMBER, TypeName, Value
from emulator.engine.functions.strings import like
from emulator.engine.stored_values import type_of_value
from emulator.plsql import syntax
from emulator.plsql.declared_types import find_type
from emulator.plsql.exceptions import CompileError
from emulator.plsql.operators import (
    arithmetic,
    compare,
    concatenated,
    conjunction,
    disjunction,
    inverse,
    negative,
    sum_of_integers,
)
from emulator.plsql.runtime import Evaluate, Frame
from emulator.plsql.scopes import BindUse, Compilation
from emulator.plsql.values import SCALARS, PlsqlType, ScalarType, bind_type, scalar_of, text_of

_BOOLEAN_TYPE = ScalarType(BOOLEAN)
_NUMBER_TYPE = ScalarType(NUMBER)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A compiled expression."""

    evaluate: Evaluate
    #: None where it is only known at run time.
    type: PlsqlType | None = None


def compile_expression(comp: Compilation, node: syntax.Expression) -> Compiled:
    """Compile an expression.

    Raises:
        CompileError: A name or type is wrong.
    """
    return _COMPILERS[type(node)](comp, node)


def compile_condition(comp: Compilation, node: syntax.Expression) -> Evaluate:
    """Compile an expression that must be BOOLEAN."""
    found = compile_expression(comp, node)
    if found.type is not None and not (
        isinstance(found.type, ScalarType) and found.type.sql_type.name is TypeName.BOOLEAN
    ):
        raise CompileError("PLS-00382: expression is of wrong type", node.offset)
    return found.evaluate


def use_bind(comp: Compilation, node: syntax.Bind, *, read: bool = False, written: bool = False) -> BindUse:
    """Return a bind variable, and note how it is used."""
    use = comp.binds.get(node.name)
    if use is None:
        raise CompileError(f"PLS-00049: bad bind variable '{node.name}'", node.offset)
    use.read |= read
    use.written |= written
    return use


def _literal(_comp: Compilation, node: syntax.Literal) -> Compiled:
    value = node.value
    if value is None:
        return Compiled(lambda _frame: None)
    return Compiled(lambda _frame: value, scalar_of(type_of_value(value)))


def _bind(comp: Compilation, node: syntax.Bind) -> Compiled:
    use = use_bind(comp, node, read=True)
    slot = use.slot
    return Compiled(lambda frame: frame.run.binds[slot], bind_type(use.type))


def _unary(comp: Compilation, node: syntax.Unary) -> Compiled:
    if node.operator == "NOT":
        condition = compile_condition(comp, node.operand)
        return Compiled(lambda frame: inverse(condition(frame)), _BOOLEAN_TYPE)
    operand = compile_expression(comp, node.operand).evaluate
    if node.operator == "-":
        return Compiled(lambda frame: negative(operand(frame)), _NUMBER_TYPE)
    return Compiled(lambda frame: arithmetic("+", operand(frame), 0), _NUMBER_TYPE)


def _binary(comp: Compilation, node: syntax.Binary) -> Compiled:
    operator = node.operator
    if operator in {"AND", "OR"}:
        return _logical(comp, node)
    left, right = compile_expression(comp, node.left), compile_expression(comp, node.right)
    first, second = left.evaluate, right.evaluate
    if operator == "||":
        return Compiled(lambda frame: concatenated(first(frame), second(frame)), SCALARS["VARCHAR2"])
    if operator in {"=", "<>", "<", "<=", ">", ">="}:
        # Literals are CHAR in PL/SQL; two CHARs are compared without their padding.
        is_char = [_is_char(left.type), _is_char(right.type)]
        may_be_char = [is_char[0] or _is_text(node.left), is_char[1] or _is_text(node.right)]
        if any(is_char) and all(may_be_char):
            return Compiled(
                lambda frame: compare(operator, _unpadded(first(frame)), _unpadded(second(frame))), _BOOLEAN_TYPE
            )
        return Compiled(lambda frame: compare(operator, first(frame), second(frame)), _BOOLEAN_TYPE)
    result = _NUMBER_TYPE if _is_number(left.type) and _is_number(right.type) else None
    if operator == "+":

        def add(frame: Frame) -> Value:
            one, other = first(frame), second(frame)
            if one.__class__ is int and other.__class__ is int:
                return sum_of_integers(one, other)
            return arithmetic("+", one, other)

        return Compiled(add, result)
    return Compiled(lambda frame: arithmetic(operator, first(frame), second(frame)), result)


def _is_char(declared: PlsqlType | None) -> bool:
    return isinstance(declared, ScalarType) and declared.sql_type.name is TypeName.CHAR


def _is_text(node: syntax.Expression) -> bool:
    return isinstance(node, syntax.Literal) and isinstance(node.value, str)


def _unpadded(value: Value) -> Value:
    return value.rstrip(" ") if isinstance(value, str) else value


def _is_number(declared: PlsqlType | None) -> bool:
    return isinstance(declared, ScalarType) and declared.sql_type.name is TypeName.NUMBER


def _logical(comp: Compilation, node: syntax.Binary) -> Compiled:
    left, right = compile_condition(comp, node.left), compile_condition(comp, node.right)
    if node.operator == "AND":

        def both(frame: Frame) -> Value:
            first = left(frame)
            return False if first is False else conjunction(first, right(frame))

        return Compiled(both, _BOOLEAN_TYPE)

    def either(frame: Frame) -> Value:
        first = left(frame)
        return True if first is True else disjunction(first, right(frame))

    return Compiled(either, _BOOLEAN_TYPE)


def _is_null(comp: Compilation, node: syntax.IsNull) -> Compiled:
    operand, negated = compile_expression(comp, node.operand).evaluate, node.negated
    return Compiled(lambda frame: (operand(frame) is None) is not negated, _BOOLEAN_TYPE)


def _like(comp: Compilation, node: syntax.Like) -> Compiled:
    operand = compile_expression(comp, node.operand).evaluate
    pattern = compile_expression(comp, node.pattern).evaluate
    escape = compile_expression(comp, node.escape).evaluate if node.escape is not None else None
    negated = node.negated

    def test(frame: Frame) -> Value:
        found = like(text_of(operand(frame)), text_of(pattern(frame)), text_of(escape(frame)) if escape else None)
        return None if found is None else (found == 1) is not negated

    return Compiled(test, _BOOLEAN_TYPE)


def _between(comp: Compilation, node: syntax.Between) -> Compiled:
    operand = compile_expression(comp, node.operand).evaluate
    low, high = compile_expression(comp, node.low).evaluate, compile_expression(comp, node.high).evaluate
    negated = node.negated

    def test(frame: Frame) -> Value:
        value = operand(frame)
        inside = conjunction(compare(">=", value, low(frame)), compare("<=", value, high(frame)))
        return inverse(inside) if negated else inside

    return Compiled(test, _BOOLEAN_TYPE)


def _in_list(comp: Compilation, node: syntax.InList) -> Compiled:
    operand = compile_expression(comp, node.operand).evaluate
    items = [compile_expression(comp, item).evaluate for item in node.items]
    negated = node.negated

    def test(frame: Frame) -> Value:
        value = operand(frame)
        found: bool | None = False
        for item in items:
            found = disjunction(found, compare("=", value, item(frame)))
            if found:
                break
        return inverse(found) if negated else found

    return Compiled(test, _BOOLEAN_TYPE)


def _case(comp: Compilation, node: syntax.CaseExpression) -> Compiled:
    branches: list[tuple[Evaluate, Evaluate]] = []
    result: PlsqlType | None = None
    for test, value in node.branches:
        condition = (
            compile_expression(comp, test).evaluate if node.subject is not None else compile_condition(comp, test)
        )
        compiled = compile_expression(comp, value)
        result = result or compiled.type
        branches.append((condition, compiled.evaluate))
    otherwise = compile_expression(comp, node.otherwise).evaluate if node.otherwise is not None else None
    subject = compile_expression(comp, node.subject).evaluate if node.subject is not None else None

    def choose(frame: Frame) -> Value:
        chosen = subject(frame) if subject is not None else None
        for condition, value in branches:
            found = condition(frame)
            if (compare("=", chosen, found) if subject is not None else found) is True:
                return value(frame)
        return otherwise(frame) if otherwise is not None else None

    return Compiled(choose, result)


def _cast(comp: Compilation, node: syntax.Cast) -> Compiled:
    operand = compile_expression(comp, node.operand).evaluate
    declared = find_type(comp, node.type)
    return Compiled(lambda frame: declared.coerce(operand(frame)), declared)


def _reference(comp: Compilation, node: syntax.Reference) -> Compiled:
    from emulator.plsql.references import compile_reference  # noqa: PLC0415 - the two need each other

    return compile_reference(comp, node)


def _cursor_attribute(comp: Compilation, node: syntax.CursorAttribute) -> Compiled:
    from emulator.plsql.cursors import compile_attribute  # noqa: PLC0415 - the two need each other

    return compile_attribute(comp, node)


_COMPILERS: dict[type, Callable[[Compilation, Any], Compiled]] = {
    syntax.Literal: _literal,
    syntax.Bind: _bind,
    syntax.Reference: _reference,
    syntax.CursorAttribute: _cursor_attribute,
    syntax.Unary: _unary,
    syntax.Binary: _binary,
    syntax.IsNull: _is_null,
    syntax.Like: _like,
    syntax.Between: _between,
    syntax.InList: _in_list,
    syntax.CaseExpression: _case,
    syntax.Cast: _cast,
}
