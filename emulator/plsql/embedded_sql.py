"""SQL inside PL/SQL: prepared once, PL/SQL's variables as its binds."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.datatypes import Row, Value
from emulator.engine.prepared import BoundVariable, Prepared, with_current_schema
from emulator.errors import NotEmulated, OraError
from emulator.plsql import syntax
from emulator.plsql.exceptions import CompileError
from emulator.plsql.expressions import compile_expression
from emulator.plsql.lexer import Source
from emulator.plsql.parser import parse_expression
from emulator.plsql.runtime import Evaluate, Frame, OpenCursor
from emulator.plsql.scopes import Compilation, Overloads, SubprogramSymbol
from emulator.plsql.targets import find_variable
from emulator.plsql.values import sql_type_of
from emulator.session import Column, Outcome


class EmbeddedSql:
    """A statement in PL/SQL text."""

    def __init__(self, comp: Compilation, node: syntax.SqlText) -> None:
        """Prepare the statement.

        Raises:
            CompileError: ``PL/SQL: ORA-…``, at its place in the text.
        """
        self.text = node.text
        self._resolver = _Resolver(comp, node)
        try:
            prepared = comp.port.prepare(node.text, comp.rights, self._resolver)
        except NotEmulated:
            raise
        except OraError as error:
            raise CompileError(f"PL/SQL: {error.text}", node.offset + error.offset) from None
        finally:
            self._resolver.finish()
        self._known = (comp.port.catalogue.version, comp.rights, prepared)

    @property
    def columns(self) -> tuple[Column, ...]:
        """A query's columns."""
        return getattr(self._known[2], "columns", ())

    @property
    def returning_count(self) -> int:
        """How many expressions RETURNING has."""
        return len(getattr(self._known[2], "returning", ()))

    def prepared(self, frame: Frame) -> Prepared:
        """Return the prepared statement, made anew when DDL has changed the dictionary or rights differ."""
        port = frame.run.port
        version, rights, prepared = self._known
        if version != port.catalogue.version or rights != frame.scope:
            prepared = port.prepare(self.text, frame.scope, self._resolver)
            self._known = (port.catalogue.version, frame.scope, prepared)
        return prepared

    def values(self, frame: Frame, prepared: Prepared) -> Row:
        """Return the values of the variables now."""
        getters = self._resolver.getters
        return tuple(getters[name](frame) for name in prepared.bind_names)

    def run(self, frame: Frame) -> Outcome:
        """Run the statement once."""
        return with_current_schema(lambda: self._run_once(frame))

    def _run_once(self, frame: Frame) -> Outcome:
        prepared = self.prepared(frame)
        return frame.run.port.run(prepared, [self.values(frame, prepared)], scope=frame.scope)

    def run_many(self, frame: Frame, rows: Sequence[Sequence[Value]], *, batch_errors: bool) -> Outcome:
        """Run the statement once for each row of values."""
        return with_current_schema(
            lambda: frame.run.port.run(self.prepared(frame), rows, scope=frame.scope, batch_errors=batch_errors)
        )

    def open(self, frame: Frame) -> OpenCursor:
        """Open a query."""
        rows = self.run(frame).rows
        if rows is None:
            raise OraError(1001)
        return OpenCursor(rows, frame.run)


class _Resolver:
    """Finds PL/SQL's variables for the SQL compiler; what it found once holds for later preparations."""

    def __init__(self, comp: Compilation, node: syntax.SqlText) -> None:
        self._comp: Compilation | None = comp
        self._node = node
        self._found: dict[tuple[str, int], BoundVariable | None] = {}
        self.getters: dict[str, Evaluate] = {}

    def finish(self) -> None:
        """Let go of the compilation, and with it of the session."""
        self._comp = None

    def resolve(self, reference: str, offset: int) -> BoundVariable | None:
        """Return the variable that a reference means; see ``NameResolver``."""
        place = (reference, offset)
        if place not in self._found and self._comp is not None:
            self._found[place] = self._resolve(self._comp, reference, offset)
        return self._found.get(place)

    def _resolve(self, comp: Compilation, reference: str, offset: int) -> BoundVariable | None:
        at = self._node.offset + offset
        try:
            node = parse_expression(Source(reference))
        except CompileError:
            return None
        if isinstance(node, syntax.Reference):
            if find_variable(comp, node)[1] is None:
                self._refuse_local_function(comp, node, at)
                return None
        elif not isinstance(node, syntax.Bind):
            return None
        try:
            compiled = compile_expression(comp, node)
        except CompileError as error:
            raise CompileError(error.text, at) from None
        sql_type = sql_type_of(compiled.type) if compiled.type is not None else None
        if sql_type is None:
            raise CompileError("PLS-00382: expression is of wrong type", at)
        key = f"{at}:{reference}"
        self.getters[key] = compiled.evaluate
        return BoundVariable(key, sql_type)

    @staticmethod
    def _refuse_local_function(comp: Compilation, node: syntax.Reference, offset: int) -> None:
        if isinstance(comp.names.find(node.parts[0].name), SubprogramSymbol | Overloads):
            name = node.parts[0].name
            raise CompileError(f"PLS-00231: function '{name}' may not be used in SQL", offset)
