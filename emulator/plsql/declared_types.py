"""Finds the type that a declaration names."""

from __future__ import annotations

import dataclasses

from emulator.datatypes import SqlType, TypeName
from emulator.errors import NotEmulated, OraError
from emulator.plsql import syntax
from emulator.plsql.exceptions import CompileError
from emulator.plsql.packages import package_type
from emulator.plsql.scopes import (
    Compilation,
    CursorSymbol,
    LexicalScope,
    SubprogramSymbol,
    Symbol,
    TypeSymbol,
    Variable,
)
from emulator.plsql.values import SCALARS, SIZED, CursorType, PlsqlType, RecordType, ScalarType, scalar_of


def undeclared(name: str, offset: int) -> CompileError:
    """Return the error of a name that nobody has declared."""
    return CompileError(f"PLS-00201: identifier '{name}' must be declared", offset)


def find_type(comp: Compilation, node: syntax.TypeReference, *, sized: bool = True) -> PlsqlType:
    """Return the type that a reference means.

    Args:
        comp: The compilation.
        node: The reference.
        sized: A string type needs a size here (not so for parameters and results).

    Raises:
        CompileError: There is no such type.
    """
    if node.attribute == "TYPE":
        return _type_of(comp, node)
    if node.attribute == "ROWTYPE":
        return _row_type(comp, node)
    symbol = find_symbol(comp, node.names)
    if isinstance(symbol, TypeSymbol):
        return symbol.type
    name = node.names[-1]
    if len(node.names) == 1 or node.names[0] in {"STANDARD", "SYS"}:
        if name == "SYS_REFCURSOR":
            return CursorType()
        scalar = SCALARS.get(name)
        if scalar is not None:
            if sized and name in SIZED and not node.sizes:
                raise CompileError("PLS-00215: String length constraints must be in range (1 .. 32767)", node.offset)
            return _limited(scalar, node)
    known = package_type(".".join(node.names))
    if known is not None:
        return known
    raise undeclared(".".join(node.names), node.offset)


def find_symbol(comp: Compilation, names: tuple[str, ...]) -> Symbol | None:
    """Return what a name, perhaps qualified by a label or subprogram, means."""
    symbol = comp.names.find(names[0]) or _package_names(comp, names[0])
    for name in names[1:]:
        if isinstance(symbol, SubprogramSymbol):
            symbol = symbol.names
        if not isinstance(symbol, LexicalScope):
            return None
        symbol = symbol.names.get(name)
    return symbol


def _package_names(comp: Compilation, name: str) -> LexicalScope | None:
    """Return what a stored package shows, None if the name is no package's."""
    from emulator.plsql.units import load_package  # noqa: PLC0415 - packages are compiled by what names them

    unit = comp.port.catalogue.unit(comp.rights, None, name, ("PACKAGE",))
    package = load_package(comp.port, unit) if unit is not None else None
    return package.public if package is not None else None


def _limited(scalar: ScalarType, node: syntax.TypeReference) -> ScalarType:
    if node.zone:
        name = TypeName.TIMESTAMP_TZ if node.zone == "TIME ZONE" else TypeName.TIMESTAMP_LTZ
        return ScalarType(SqlType(name, scale=6))
    if node.names[-1] in {"CHAR", "CHARACTER"} and not node.sizes:
        return ScalarType(SqlType(TypeName.CHAR, size=1))
    if not node.sizes:
        return scalar
    kind = scalar.sql_type.name
    if kind in {TypeName.VARCHAR2, TypeName.CHAR, TypeName.RAW}:
        if not 1 <= node.sizes[0] <= 32767:
            raise CompileError("PLS-00215: String length constraints must be in range (1 .. 32767)", node.offset)
        return ScalarType(dataclasses.replace(scalar.sql_type, size=node.sizes[0]))
    if kind is TypeName.NUMBER and not scalar.is_integer:
        if node.names[-1] in {"FLOAT", "REAL"}:
            raise NotEmulated("FLOAT with a binary precision")
        scale = node.sizes[1] if len(node.sizes) > 1 else 0 if node.sizes[0] else -127
        return ScalarType(SqlType(TypeName.NUMBER, precision=node.sizes[0], scale=scale))
    if kind is TypeName.TIMESTAMP:
        return ScalarType(SqlType(kind, scale=node.sizes[0]))
    raise CompileError("PLS-00566: type name cannot be constrained", node.offset)


def _type_of(comp: Compilation, node: syntax.TypeReference) -> PlsqlType:
    symbol = find_symbol(comp, node.names)
    if isinstance(symbol, Variable):
        return symbol.type
    if len(node.names) > 1:
        holder = find_symbol(comp, node.names[:-1])
        if isinstance(holder, Variable) and isinstance(holder.type, RecordType):
            if node.names[-1] not in holder.type.fields:
                raise CompileError(f"PLS-00302: component '{node.names[-1]}' must be declared", node.offset)
            return holder.type.types[holder.type.fields.index(node.names[-1])]
    if len(node.names) not in {2, 3}:
        raise undeclared(".".join(node.names), node.offset)
    owner = node.names[0] if len(node.names) == 3 else None
    try:
        relation = comp.port.relation(comp.rights, owner, node.names[-2])
    except OraError as error:
        if isinstance(error, NotEmulated):
            raise
        raise undeclared(".".join(node.names[:-1]), node.offset) from None
    column = relation.by_name.get(node.names[-1])
    if column is None:
        raise CompileError(f"PLS-00302: component '{node.names[-1]}' must be declared", node.offset)
    return scalar_of(column.type)


def _row_type(comp: Compilation, node: syntax.TypeReference) -> PlsqlType:
    symbol = find_symbol(comp, node.names)
    if isinstance(symbol, CursorSymbol):
        return symbol.row_type
    if len(node.names) > 2:
        raise undeclared(".".join(node.names), node.offset)
    owner = node.names[0] if len(node.names) == 2 else None
    try:
        relation = comp.port.relation(comp.rights, owner, node.names[-1])
    except OraError as error:
        if isinstance(error, NotEmulated):
            raise
        raise undeclared(".".join(node.names), node.offset) from None
    columns = relation.columns
    return RecordType(
        relation.name, tuple(column.name for column in columns), tuple(scalar_of(column.type) for column in columns)
    )
