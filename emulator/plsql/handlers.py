"""Compiles exception handlers."""

from __future__ import annotations

from emulator.errors import NotEmulated, OraError
from emulator.plsql import syntax
from emulator.plsql.declared_types import find_symbol, undeclared
from emulator.plsql.exceptions import PREDEFINED, UserException
from emulator.plsql.packages import package_exception
from emulator.plsql.runtime import Execute, Frame, Signal
from emulator.plsql.scopes import Compilation, ExceptionSymbol

_PREDEFINED = {name: ExceptionSymbol(name, code) for name, code in PREDEFINED.items()}


def find_exception(comp: Compilation, names: tuple[str, ...], offset: int) -> ExceptionSymbol:
    """Return the exception that a name means; those of package STANDARD come last."""
    found = find_symbol(comp, names)
    if isinstance(found, ExceptionSymbol):
        return found
    supplied = package_exception(".".join(names))
    if supplied is not None:
        return supplied
    known = _PREDEFINED.get(names[-1]) if len(names) == 1 or names[:-1] == ("STANDARD",) else None
    if known is None:
        raise undeclared(".".join(names), offset)
    return known


def handles(symbols: tuple[ExceptionSymbol, ...], error: OraError) -> bool:
    """Tell whether a handler's exceptions include an error; no exceptions is OTHERS."""
    if not symbols:
        return True
    if isinstance(error, UserException):
        return any(symbol is error.identity for symbol in symbols)
    return any(symbol.code == error.code for symbol in symbols)


def with_handlers(body: Execute, handlers: list[tuple[tuple[ExceptionSymbol, ...], Execute]]) -> Execute:
    """Return a body whose errors go to handlers.

    What the emulator does not have is not handled: WHEN OTHERS must not hide it.
    """

    def run(frame: Frame) -> Signal | None:
        try:
            return body(frame)
        except NotEmulated:
            raise
        except OraError as error:
            for symbols, statements in handlers:
                if handles(symbols, error):
                    return _handle(frame, error, statements)
            raise

    return run


def _handle(frame: Frame, error: OraError, statements: Execute) -> Signal | None:
    run = frame.run
    before = run.error
    run.error = error
    try:
        return statements(frame)
    finally:
        run.error = before


def compile_names(comp: Compilation, node: syntax.Handler) -> tuple[ExceptionSymbol, ...]:
    """Return a handler's exceptions; none is OTHERS."""
    return tuple(find_exception(comp, names, node.offset) for names in node.names)
