"""The registry of SQL functions: one entry serves SQL (as a SQLite function) and PL/SQL (as a built-in).

A function takes and returns Python values (see ``emulator.datatypes``). In SQLite it is called with a signature first,
one letter for each argument's type, so that the wrapper knows what the stored arguments are.
"""

from __future__ import annotations

import datetime
import functools
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import apsw

from emulator.datatypes import SqlType, Value
from emulator.engine.stored_values import load_by_letter, signature_letter, store_by_letter
from emulator.errors import NotEmulated, OraError

TypeRule: TypeAlias = Callable[[Sequence[SqlType]], SqlType]


@dataclass(frozen=True, slots=True)
class SqlFunction:
    """A function of Oracle's."""

    name: str
    call: Callable[..., Value]
    #: Type of the result from the arguments' types.
    result: TypeRule
    min_arguments: int
    max_arguments: int
    #: The same arguments always give the same result, and nothing else is looked at.
    deterministic: bool = True
    #: NULL in, NULL out: the function is not called.
    strict: bool = True
    #: Letter of the type that each argument is converted to first; the last one holds for all further ones; "" = as
    #: it is.
    accepts: str = ""


log = logging.getLogger("emulator.engine")

#: What a function raises that is given values of other types than it expects.
_WRONG_TYPES = (AttributeError, LookupError, TypeError)
_FUNCTIONS: dict[str, SqlFunction] = {}
#: SQLite takes at most this many arguments; -1 in the registration means any number.
_ANY = -1


def register(
    *names: str,
    result: TypeRule | SqlType,
    arguments: tuple[int, int],
    deterministic: bool = True,
    strict: bool = True,
    accepts: str = "",
) -> Callable[[Callable[..., Value]], Callable[..., Value]]:
    """Enter a Python function under Oracle's name or names."""
    rule: TypeRule = (lambda _types: result) if isinstance(result, SqlType) else result

    def enter(call: Callable[..., Value]) -> Callable[..., Value]:
        for name in names:
            _FUNCTIONS[name] = SqlFunction(name, call, rule, arguments[0], arguments[1], deterministic, strict, accepts)
        return call

    return enter


def function(name: str) -> SqlFunction | None:
    """Return the function of a name (upper case; ``DBMS_LOB.GETLENGTH`` for one of a package), None for none."""
    return _FUNCTIONS.get(name)


def function_names() -> list[str]:
    """Return all names, sorted."""
    return sorted(_FUNCTIONS)


def call_function(entry: SqlFunction, arguments: Sequence[Value]) -> Value:
    """Call a function on Python values, as PL/SQL does."""
    if entry.strict and any(argument is None for argument in arguments):
        return None
    try:
        value = entry.call(*arguments)
    except (ArithmeticError, ValueError) as error:
        raise _out_of_range(arguments) from error
    except _WRONG_TYPES as error:
        raise _wrong_types(entry, error) from error
    return None if isinstance(value, str) and not value else value


def _wrong_types(entry: SqlFunction, error: Exception) -> NotEmulated:
    """Return the error for arguments that the function has no rule for, and that nothing has converted."""
    log.warning("%s has no rule for its arguments: %r", entry.name, error)
    return NotEmulated(f"{entry.name} of arguments of these types")


def _out_of_range(arguments: Sequence[Value]) -> OraError:
    """Return the error for values that Python's own types cannot hold: dates beyond the calendar, or numbers."""
    return OraError(1841 if any(isinstance(each, datetime.datetime) for each in arguments) else 1426)


@functools.lru_cache(maxsize=4096)
def _converter(signature: str) -> Callable[[Sequence[Any]], list[Value]]:
    letters = tuple(signature)

    def convert(stored: Sequence[Any]) -> list[Value]:
        return [load_by_letter(value, letter) for value, letter in zip(stored, letters, strict=True)]

    return convert


def _as_sqlite_function(entry: SqlFunction) -> Callable[..., Any]:
    def call(signature: str, *stored: Any) -> Any:  # noqa: ANN401 - stored values
        if entry.strict and None in stored:
            return None
        # The signature ends in the result's letter, which the writer knows from the type rule.
        arguments = _converter(signature[:-1])(stored)
        try:
            value = entry.call(*arguments)
            return (
                None
                if value is None or (isinstance(value, str) and not value)
                else store_by_letter(value, signature[-1])
            )
        except (ArithmeticError, ValueError) as error:
            raise _out_of_range(arguments) from error
        except _WRONG_TYPES as error:
            raise _wrong_types(entry, error) from error

    return call


def sqlite_name(entry: SqlFunction) -> str:
    """Return a function's name in SQLite, where COALESCE, REPLACE and others have namesakes that must stay."""
    return f"ORA${entry.name}"


def register_scalars(connection: apsw.Connection) -> None:
    """Install all functions on a connection."""
    for entry in _FUNCTIONS.values():
        connection.create_scalar_function(
            sqlite_name(entry), _as_sqlite_function(entry), _ANY, deterministic=entry.deterministic
        )


def letters_of(types: Sequence[SqlType]) -> str:
    """Return the signature letters of types."""
    return "".join(signature_letter(sql_type) for sql_type in types)
