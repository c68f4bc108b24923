"""What supplied packages consist of: subprograms written in Python, constants, types and exceptions.

One module beside this one for each package or family of packages enters them here.
"""

from __future__ import annotations

from collections.abc import Callable

from emulator.datatypes import SqlType, TypeName, Value
from emulator.engine.supplied_packages import SUPPLIED_PACKAGES
from emulator.errors import NotEmulated
from emulator.plsql.runtime import Frame
from emulator.plsql.scopes import ExceptionSymbol, NativeSubprogram, Overloads, ParameterSymbol
from emulator.plsql.values import SCALARS, PlsqlType, ScalarType

TEXT = ScalarType(SqlType(TypeName.VARCHAR2, size=32_767))
NUMBER = SCALARS["NUMBER"]
BOOLEAN = SCALARS["BOOLEAN"]

_types: dict[str, PlsqlType] = {}
_exceptions: dict[str, ExceptionSymbol] = {}
_packages: dict[str, dict[str, NativeSubprogram | Overloads]] = {}


def package_type(name: str) -> PlsqlType | None:
    """Return a type of a supplied package."""
    return _types.get(name.removeprefix("SYS."))


def package_exception(name: str) -> ExceptionSymbol | None:
    """Return an exception of a supplied package."""
    return _exceptions.get(name.removeprefix("SYS."))


def is_package(name: str) -> bool:
    """Tell whether a name is a supplied package's."""
    return name in SUPPLIED_PACKAGES


def supplied_subprograms() -> list[str]:
    """Return what there is of the supplied packages, as ``PACKAGE.SUBPROGRAM``, sorted."""
    return sorted(f"{package}.{name}" for package, entries in _packages.items() for name in entries)


def find_native(package: str, name: str) -> NativeSubprogram | Overloads:
    """Return a package's subprogram, or its constant: a function without parameters.

    Raises:
        NotEmulated: The package, or this part of it.
    """
    found = _packages.get(package, {}).get(name)
    if found is None:
        raise NotEmulated(f"{package}.{name}")
    return found


def parameter(name: str, declared: PlsqlType, mode: str = "IN", *default: Value) -> ParameterSymbol:
    """Return a parameter; ``default`` is its value where it is left out, if it may be."""
    value = default[0] if default else None
    return ParameterSymbol(name, mode, declared, (lambda _frame: value) if default else None)


def enter(
    package: str, name: str, *parameters: ParameterSymbol, result: PlsqlType | None = None
) -> Callable[[Callable[[Frame, list[Value]], Value]], Callable[[Frame, list[Value]], Value]]:
    """Enter a Python function as a subprogram; a second one of the same name overloads it."""

    def keep(call: Callable[[Frame, list[Value]], Value]) -> Callable[[Frame, list[Value]], Value]:
        made = NativeSubprogram(name, list(parameters), result, call)
        entries = _packages.setdefault(package, {})
        known = entries.get(name)
        if isinstance(known, Overloads):
            known.symbols.append(made)
        else:
            entries[name] = made if known is None else Overloads(name, [known, made])
        return call

    return keep


def enter_constant(package: str, name: str, declared: PlsqlType, value: Value) -> None:
    """Enter a constant of a package."""
    enter(package, name, result=declared)(lambda _frame, _values: value)


def enter_type(package: str, name: str, declared: PlsqlType) -> None:
    """Enter a type of a package."""
    _types[f"{package}.{name}"] = declared


def enter_exception(package: str, name: str, code: int) -> None:
    """Enter an exception of a package."""
    _exceptions[f"{package}.{name}"] = ExceptionSymbol(name, code)
