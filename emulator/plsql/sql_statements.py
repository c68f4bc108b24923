"""Compiles SQL statements in PL/SQL: SELECT INTO, DML, FORALL, EXECUTE IMMEDIATE."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from emulator.datatypes import Row, SqlType, TypeName, Value, varchar2
from emulator.engine.stored_values import type_of_value
from emulator.errors import NotEmulated, OraError
from emulator.plsql import syntax
from emulator.plsql.cursors import StoreRow, StoreRows, compile_into
from emulator.plsql.embedded_sql import EmbeddedSql
from emulator.plsql.exceptions import CompileError, value_error
from emulator.plsql.expressions import compile_expression
from emulator.plsql.runtime import Evaluate, Execute, Frame, fetch_all
from emulator.plsql.scopes import Compilation, LexicalScope
from emulator.plsql.targets import Target, compile_target
from emulator.plsql.values import (
    PLS_INTEGER,
    Collection,
    CollectionType,
    PlsqlType,
    Record,
    RecordType,
    sql_type_of,
    text_of,
)
from emulator.session import Direction, RowSource
from emulator.statement_text import StatementKind, scan_statement

_WRONG_COUNT = "PL/SQL: ORA-00947: not enough values"


def compile_sql(comp: Compilation, node: syntax.SqlStatement) -> Execute:
    """Compile SELECT INTO or a DML statement."""
    is_query = node.sql.verb in {"SELECT", "WITH"}
    if is_query and node.into is None:
        raise CompileError("PLS-00428: an INTO clause is expected in this SELECT statement", node.offset)
    statement = EmbeddedSql(comp, node.sql)
    if is_query and node.into is not None:
        return _select(comp, statement, node.into)
    return _change(comp, statement, node.into)


def _select(comp: Compilation, statement: EmbeddedSql, into: syntax.Into) -> Execute:
    store, store_many = compile_into(comp, into, len(statement.columns), _WRONG_COUNT)

    def run(frame: Frame) -> None:
        rows = statement.run(frame).rows
        if rows is None:
            raise OraError(1002)
        store_rows(frame, rows, store, store_many, bulk=into.bulk)

    return run


def store_rows(frame: Frame, rows: RowSource, store: StoreRow, store_many: StoreRows, *, bulk: bool) -> None:
    """Put a query's rows into INTO's targets and close it; ORA-01403 and ORA-01422 without BULK COLLECT."""
    sql = frame.run.sql
    try:
        found = fetch_all(rows) if bulk else rows.fetch(2)
    finally:
        rows.close()
    sql.row_count = len(found) if bulk else min(len(found), 1)
    if bulk:
        store_many(frame, found)
    elif not found:
        raise OraError(1403)
    elif len(found) > 1:
        raise OraError(1422)
    else:
        store(frame, found[0])


def _change(comp: Compilation, statement: EmbeddedSql, into: syntax.Into | None) -> Execute:
    store: StoreRow | None = None
    store_many: StoreRows | None = None
    if into is not None:
        store, store_many = compile_into(comp, into, statement.returning_count, _WRONG_COUNT)
    elif statement.returning_count:
        raise CompileError("PL/SQL: ORA-00925: missing INTO keyword", 0)

    def run(frame: Frame) -> None:
        sql = frame.run.sql
        sql.row_count = 0
        outcome = statement.run(frame)
        sql.row_count = outcome.row_count
        if into is None or store is None or store_many is None:
            return
        rows: list[Row] = list(zip(*outcome.returned[0], strict=True)) if outcome.returned else []
        if into.bulk:
            store_many(frame, rows)
        elif len(rows) > 1:
            raise OraError(1422)
        elif rows:
            store(frame, rows[0])

    return run


# ---------------------------------------------------------------------- FORALL


def compile_forall(comp: Compilation, node: syntax.Forall) -> Execute:
    """Compile FORALL: one statement, run with the values of each subscript."""
    into = node.statement.into
    if into is not None and not into.bulk:
        raise CompileError("PLS-00435: DML statement without BULK In-BIND cannot be used inside FORALL", node.offset)
    subscripts = _subscripts(comp, node)
    comp.names = LexicalScope(comp.names)
    try:
        slot = comp.variable(node.variable, PLS_INTEGER, node.offset, writable=False).slot
        statement = EmbeddedSql(comp, node.statement.sql)
    finally:
        comp.names = comp.names.parent or comp.names
    store_many: StoreRows | None = None
    if into is not None:
        store_many = compile_into(comp, into, statement.returning_count, _WRONG_COUNT)[1]
    elif statement.returning_count:
        raise CompileError("PL/SQL: ORA-00925: missing INTO keyword", node.offset)
    save = node.save_exceptions

    def run(frame: Frame) -> None:
        indices = subscripts(frame)
        sql = frame.run.sql
        sql.row_count, sql.bulk_exceptions, sql.bulk_row_counts = 0, (), {}
        prepared = statement.prepared(frame)
        rows: list[Row] = []
        numbers: list[int] = []
        failed: list[tuple[int, int]] = []
        for number, index in enumerate(indices):
            frame.slots[slot] = index
            try:
                rows.append(statement.values(frame, prepared))
            except OraError as error:
                if error.code != 1403:
                    raise
                if not save:
                    _run_rows(frame, statement, rows, numbers, indices, save=False, store_many=store_many)
                    raise OraError(22160, text=f"ORA-22160: element at index [{index}] does not exist") from None
                failed.append((number + 1, 22160))
                continue
            numbers.append(number)
        failed += _run_rows(frame, statement, rows, numbers, indices, save=save, store_many=store_many)
        if failed:
            sql.bulk_exceptions = sorted(failed)
            raise OraError(24381)

    return run


def _run_rows(
    frame: Frame,
    statement: EmbeddedSql,
    rows: Sequence[Row],
    numbers: Sequence[int],
    indices: Sequence[int],
    *,
    save: bool,
    store_many: StoreRows | None,
) -> list[tuple[int, int]]:
    """Run the executions and store what they return; return (number from 1, code) of those that failed."""
    if not rows:
        if store_many is not None:
            store_many(frame, [])
        return []
    sql = frame.run.sql
    try:
        outcome = statement.run_many(frame, rows, batch_errors=save)
    except OraError as error:
        sql.row_count = error.row_count
        raise
    sql.row_count = outcome.row_count
    sql.bulk_row_counts = {indices[number]: count for number, count in zip(numbers, outcome.row_counts, strict=False)}
    if store_many is not None:
        store_many(frame, [row for execution in outcome.returned for row in zip(*execution, strict=True)])
    return [(numbers[failure.offset] + 1, failure.code) for failure in outcome.batch_errors]


def _subscripts(comp: Compilation, node: syntax.Forall) -> Callable[[Frame], list[int]]:
    low = compile_expression(comp, node.low)
    first = low.evaluate
    if node.high is None:
        if not isinstance(low.type, CollectionType):
            raise CompileError("PLS-00487: Invalid reference to variable", node.low.offset)

        def of_collection(frame: Frame) -> list[int]:
            collection = first(frame)
            if not isinstance(collection, Collection):
                raise OraError(6531)
            return list(collection.keys())

        return of_collection
    last = compile_expression(comp, node.high).evaluate

    def of_range(frame: Frame) -> list[int]:
        start, end = PLS_INTEGER.coerce(first(frame)), PLS_INTEGER.coerce(last(frame))
        if start is None or end is None:
            raise value_error()
        return list(range(start, end + 1))

    return of_range


# ---------------------------------------------------------------------- EXECUTE IMMEDIATE


def compile_dynamic(comp: Compilation, node: syntax.ExecuteImmediate) -> Execute:
    """Compile EXECUTE IMMEDIATE."""
    text = compile_expression(comp, node.text).evaluate
    store, store_many = compile_into(comp, node.into, None, "") if node.into is not None else (None, None)
    arguments: list[tuple[Evaluate, PlsqlType | None, Target | None]] = []
    for argument in node.using:
        if argument.mode == "IN":
            compiled = compile_expression(comp, argument.value)
            arguments.append((compiled.evaluate, compiled.type, None))
        else:
            target = compile_target(comp, argument.value, read=argument.mode == "IN OUT")
            read: Evaluate = target.read if argument.mode == "IN OUT" else _nothing
            arguments.append((read, target.type, target))
    bulk = node.into is not None and node.into.bulk

    def run(frame: Frame) -> None:
        statement = text_of(text(frame))
        if statement is None:
            raise OraError(6535, text="ORA-06535: statement string in EXECUTE IMMEDIATE is NULL or 0 length")
        binds = [_typed(evaluate(frame), declared) for evaluate, declared, _target in arguments]
        scanned = scan_statement(statement)
        if len(binds) != len(scanned.binds):
            raise OraError(1008 if len(binds) < len(scanned.binds) else 1006)
        if scanned.kind is StatementKind.DML and scanned.returning:
            raise NotEmulated("EXECUTE IMMEDIATE of DML with RETURNING")
        outcome = frame.run.port.execute_text(statement, binds, scope=frame.scope)
        if outcome.rows is not None:
            if store is None or store_many is None:
                outcome.rows.close()
                return
            store_rows(frame, outcome.rows, store, store_many, bulk=bulk)
            return
        if scanned.kind is StatementKind.DML:
            frame.run.sql.row_count = outcome.row_count
        if outcome.out_rows:
            _store_outputs(frame, [target for _e, _t, target in arguments], outcome.directions, outcome.out_rows[0])

    return run


def _nothing(_frame: Frame) -> Value:
    return None


def _store_outputs(
    frame: Frame, targets: Sequence[Target | None], directions: Sequence[Direction], values: Sequence[Value]
) -> None:
    given = iter(values)
    for target, direction in zip(targets, directions, strict=True):
        if direction is Direction.IN:
            continue
        value = next(given)
        if target is None:
            raise OraError(6536, text="ORA-06536: IN bind variable bound to an OUT position")
        target.assign(frame, value)


def _typed(value: Value, declared: PlsqlType | None) -> tuple[SqlType, Value]:
    if isinstance(declared, CollectionType | RecordType) or isinstance(value, Collection | Record):
        raise NotEmulated("records and collections in USING")
    known = sql_type_of(declared) if declared is not None else None
    if known is not None:
        return known, value
    if value is None:
        return varchar2(32_767), None
    found = type_of_value(value)
    return (varchar2(32_767) if found.name is TypeName.VARCHAR2 else found), value
