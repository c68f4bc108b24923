"""Compiles statements to functions of a frame."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from emulator.errors import OraError
from emulator.plsql import syntax
from emulator.plsql.calls import compile_call, find_subprogram
from emulator.plsql.cursors import compile_close, compile_fetch, compile_loop_source, compile_open
from emulator.plsql.declared_types import undeclared
from emulator.plsql.exceptions import (
    PREDEFINED,
    CompileError,
    UserException,
    application_error,
    plain_error,
    value_error,
)
from emulator.plsql.expressions import compile_condition, compile_expression
from emulator.plsql.handlers import find_exception
from emulator.plsql.operators import compare
from emulator.plsql.runtime import RETURN, Evaluate, Execute, Frame, Signal
from emulator.plsql.scopes import Compilation, ExceptionSymbol, LexicalScope, LoopTarget
from emulator.plsql.sql_statements import compile_dynamic, compile_forall, compile_sql
from emulator.plsql.targets import compile_target, find_variable
from emulator.plsql.values import PLS_INTEGER, CollectionType, RecordType, text_of

#: Methods of collections that are statements: least and most arguments.
_METHODS = {"EXTEND": (0, 2), "TRIM": (0, 1), "DELETE": (0, 2)}


def compile_statements(comp: Compilation, nodes: Sequence[syntax.Statement]) -> Execute:
    """Compile a sequence; a faulty statement is noted in ``comp.errors`` and left out."""
    steps: list[tuple[int, Execute]] = []
    for node in nodes:
        try:
            steps.append((comp.line(node.offset), _COMPILERS[type(node)](comp, node)))
        except CompileError as error:
            comp.errors.append(error)
            ignored = (
                "PL/SQL: SQL Statement ignored" if error.text.startswith("PL/SQL: ORA") else "PL/SQL: Statement ignored"
            )
            comp.errors.append(CompileError(ignored, node.offset))

    def run(frame: Frame) -> Signal | None:
        line = 0
        try:
            for line, step in steps:  # noqa: B007 - the line is for the handler below
                signal = step(frame)
                if signal is not None:
                    return signal
        except OraError as error:
            if frame.failed is not error:
                frame.failed, frame.line = error, line
            raise
        return None

    return run


# ---------------------------------------------------------------------- simple statements


def _block(comp: Compilation, node: syntax.Block) -> Execute:
    from emulator.plsql.compiler import compile_block  # noqa: PLC0415 - blocks hold statements hold blocks

    return compile_block(comp, node)


def _assignment(comp: Compilation, node: syntax.Assignment) -> Execute:
    target = compile_target(comp, node.target)
    value = compile_expression(comp, node.value)
    if value.type is not None:
        for kind in (CollectionType, RecordType):
            if isinstance(value.type, kind) != isinstance(target.type, kind):
                raise CompileError("PLS-00382: expression is of wrong type", node.value.offset)
    assign, evaluate = target.assign, value.evaluate

    def run(frame: Frame) -> None:
        assign(frame, evaluate(frame))

    return run


def _null(_comp: Compilation, _node: syntax.Null) -> Execute:
    return lambda _frame: None


def _if(comp: Compilation, node: syntax.If) -> Execute:
    branches = [
        (compile_condition(comp, condition), compile_statements(comp, statements))
        for condition, statements in node.branches
    ]
    otherwise = compile_statements(comp, node.otherwise)

    def run(frame: Frame) -> Signal | None:
        for condition, statements in branches:
            if condition(frame) is True:
                return statements(frame)
        return otherwise(frame)

    return run


def _case(comp: Compilation, node: syntax.CaseStatement) -> Execute:
    subject = compile_expression(comp, node.subject).evaluate if node.subject is not None else None
    branches: list[tuple[Evaluate, Execute]] = []
    for test, statements in node.branches:
        condition = compile_expression(comp, test).evaluate if subject is not None else compile_condition(comp, test)
        branches.append((condition, compile_statements(comp, statements)))
    otherwise = compile_statements(comp, node.otherwise) if node.otherwise is not None else None

    def run(frame: Frame) -> Signal | None:
        chosen = subject(frame) if subject is not None else None
        for condition, statements in branches:
            found = condition(frame)
            if (compare("=", chosen, found) if subject is not None else found) is True:
                return statements(frame)
        if otherwise is None:
            raise OraError(6592)
        return otherwise(frame)

    return run


def _return(comp: Compilation, node: syntax.Return) -> Execute:
    if node.value is None:
        if comp.result is not None:
            raise CompileError(
                "PLS-00503: RETURN <value> statement required for this return from function", node.offset
            )
        return lambda _frame: RETURN
    declared = comp.result
    if declared is None:
        raise CompileError("PLS-00372: In a procedure, RETURN statement cannot contain an expression", node.offset)
    value = compile_expression(comp, node.value).evaluate

    def run(frame: Frame) -> Signal:
        frame.result = declared.coerce(value(frame))
        return RETURN

    return run


def _transaction(_comp: Compilation, node: syntax.TransactionControl) -> Execute:
    verb, savepoint = node.verb, node.savepoint

    def run(frame: Frame) -> None:
        port = frame.run.port
        if verb == "SAVEPOINT":
            port.savepoint(savepoint or "")
        elif savepoint is not None:
            port.rollback_to(savepoint)
        elif verb == "COMMIT":
            port.commit()
        else:
            port.rollback()
        frame.run.sql.row_count = 0

    return run


# ---------------------------------------------------------------------- calls


def _call(comp: Compilation, node: syntax.Call) -> Execute:
    method = _method(comp, node)
    if method is not None:
        return method
    reference = node.target
    if len(reference.parts) == 1 and reference.parts[0].name == "RAISE_APPLICATION_ERROR":
        return _application_error(comp, reference.parts[0])
    found = find_subprogram(comp, reference)
    if found is None or found[1] != len(reference.parts):
        raise undeclared(".".join(part.name for part in reference.parts), node.offset)
    symbol, used = found
    part = reference.parts[used - 1]
    call = compile_call(comp, symbol, part.arguments or (), part.offset)
    if node.into is not None:
        target = compile_target(comp, node.into)
        return lambda frame: target.assign(frame, call(frame))
    if symbol.result is not None:
        raise CompileError(f"PLS-00221: '{symbol.name}' is not a procedure or is undefined", node.offset)

    def run(frame: Frame) -> None:
        call(frame)

    return run


def _application_error(comp: Compilation, part: syntax.Part) -> Execute:
    arguments = [compile_expression(comp, argument.value).evaluate for argument in part.arguments or ()]
    if len(arguments) not in {2, 3}:
        raise CompileError(
            "PLS-00306: wrong number or types of arguments in call to 'RAISE_APPLICATION_ERROR'", part.offset
        )

    def run(frame: Frame) -> None:
        error = application_error(PLS_INTEGER.coerce(arguments[0](frame)) or 0, text_of(arguments[1](frame)))
        if len(arguments) == 3 and arguments[2](frame) is True and frame.run.error is not None:
            error = OraError(error.code, text=f"{error.text}\n{frame.run.error.text}")
        raise error

    return run


def _method(comp: Compilation, node: syntax.Call) -> Execute | None:
    parts = node.target.parts
    if len(parts) < 2 or parts[-1].name not in _METHODS or find_variable(comp, node.target)[1] is None:
        return None
    owner = syntax.Reference(node.target.offset, parts[:-1])
    target = compile_target(comp, owner)
    if not isinstance(target.type, CollectionType):
        return None
    name = parts[-1].name
    arguments = [compile_expression(comp, argument.value).evaluate for argument in parts[-1].arguments or ()]
    least, most = _METHODS[name]
    if not least <= len(arguments) <= most or (target.type.index is not None and name != "DELETE"):
        raise CompileError(f"PLS-00306: wrong number or types of arguments in call to '{name}'", parts[-1].offset)
    read = target.read

    def run(frame: Frame) -> None:
        collection = read(frame)
        if collection is None:
            raise OraError(6531)
        values = [argument(frame) for argument in arguments]
        if name == "DELETE":
            collection.delete(*values, everything=not values)
            return
        if values:
            values[0] = PLS_INTEGER.coerce(values[0])
            if values[0] is None:
                return
        (collection.extend if name == "EXTEND" else collection.trim)(*values)

    return run


# ---------------------------------------------------------------------- loops


def _enter_loop(comp: Compilation, label: str | None) -> LoopTarget:
    target = LoopTarget(label, object(), object(), comp.level)
    comp.loops.append(target)
    comp.names = LexicalScope(comp.names)
    return target


def _leave_loop(comp: Compilation) -> None:
    comp.loops.pop()
    comp.names = comp.names.parent or comp.names


def _loop(comp: Compilation, node: syntax.Loop) -> Execute:
    condition = compile_condition(comp, node.condition) if node.condition is not None else None
    target = _enter_loop(comp, node.label)
    try:
        body = compile_statements(comp, node.statements)
    finally:
        _leave_loop(comp)
    leave, following = target.exit, target.next

    def run(frame: Frame) -> Signal | None:
        check = frame.run.port.check_cancelled
        while condition is None or condition(frame) is True:
            signal = body(frame)
            if signal is not None and signal is not following:
                return None if signal is leave else signal
            check()
        return None

    return run


def _numeric_loop(comp: Compilation, node: syntax.NumericLoop) -> Execute:
    low, high = compile_expression(comp, node.low).evaluate, compile_expression(comp, node.high).evaluate
    target = _enter_loop(comp, node.label)
    try:
        slot = comp.variable(node.variable, PLS_INTEGER, node.offset, writable=False).slot
        body = compile_statements(comp, node.statements)
    finally:
        _leave_loop(comp)
    leave, following, reverse = target.exit, target.next, node.reverse

    def run(frame: Frame) -> Signal | None:
        first, last = PLS_INTEGER.coerce(low(frame)), PLS_INTEGER.coerce(high(frame))
        if first is None or last is None:
            raise value_error()
        check = frame.run.port.check_cancelled
        slots = frame.slots
        for index in range(last, first - 1, -1) if reverse else range(first, last + 1):
            slots[slot] = index
            signal = body(frame)
            if signal is not None and signal is not following:
                return None if signal is leave else signal
            check()
        return None

    return run


def _cursor_loop(comp: Compilation, node: syntax.CursorLoop) -> Execute:
    start, row_type = compile_loop_source(comp, node)
    target = _enter_loop(comp, node.label)
    try:
        slot = comp.variable(node.variable, row_type, node.offset).slot
        body = compile_statements(comp, node.statements)
    finally:
        _leave_loop(comp)
    leave, following = target.exit, target.next

    def run(frame: Frame) -> Signal | None:
        check = frame.run.port.check_cancelled
        cursor = start(frame)
        try:
            # One row at a time: Oracle fetches 100 ahead, which would run a model for rows that nobody may want.
            while (row := cursor.fetch_one()) is not None:
                frame.slots[slot] = row_type.of_row(row)
                signal = body(frame)
                if signal is not None and signal is not following:
                    return None if signal is leave else signal
                check()
        finally:
            cursor.close()
        return None

    return run


def _jump(comp: Compilation, node: syntax.Jump) -> Execute:
    word = "EXIT" if node.is_exit else "CONTINUE"
    loops = [loop for loop in comp.loops if loop.level == comp.level]
    if node.label is not None:
        loops = [loop for loop in loops if loop.label == node.label]
    if not loops:
        raise CompileError(
            f"PLS-00376: illegal EXIT/CONTINUE statement; it must appear inside a loop ({word})", node.offset
        )
    signal = loops[-1].exit if node.is_exit else loops[-1].next
    if node.condition is None:
        return lambda _frame: signal
    condition = compile_condition(comp, node.condition)
    return lambda frame: signal if condition(frame) is True else None


# ---------------------------------------------------------------------- exceptions


def _raise(comp: Compilation, node: syntax.Raise) -> Execute:
    if node.name is None:

        def again(frame: Frame) -> None:
            if frame.run.error is None:
                raise OraError(6501, text="ORA-06501: PL/SQL: program error")
            raise frame.run.error

        return again
    found = find_exception(comp, node.name, node.offset)

    def run(_frame: Frame) -> None:
        raise _error_of(found)

    return run


def _error_of(found: ExceptionSymbol) -> OraError:
    if found.code is None:
        return UserException(found)
    if found.name in PREDEFINED and PREDEFINED[found.name] == found.code == 6502:
        return value_error()
    return plain_error(found.code)


_COMPILERS: dict[type, Callable[[Compilation, Any], Execute]] = {
    syntax.Block: _block,
    syntax.Assignment: _assignment,
    syntax.Call: _call,
    syntax.If: _if,
    syntax.CaseStatement: _case,
    syntax.Loop: _loop,
    syntax.NumericLoop: _numeric_loop,
    syntax.CursorLoop: _cursor_loop,
    syntax.Jump: _jump,
    syntax.Return: _return,
    syntax.Raise: _raise,
    syntax.Null: _null,
    syntax.SqlStatement: compile_sql,
    syntax.Forall: compile_forall,
    syntax.Open: compile_open,
    syntax.Fetch: compile_fetch,
    syntax.Close: compile_close,
    syntax.ExecuteImmediate: compile_dynamic,
    syntax.TransactionControl: _transaction,
}
