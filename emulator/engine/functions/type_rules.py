"""Rules that give a function's result type from its arguments' types."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.datatypes import SqlType, TypeName, varchar2

#: The longest VARCHAR2 of an expression, characters.
LONGEST = 4000


def first(types: Sequence[SqlType]) -> SqlType:
    """The first argument's type; a character type becomes VARCHAR2."""
    return as_varying(types[0])


def second(types: Sequence[SqlType]) -> SqlType:
    """The second argument's type."""
    return as_varying(types[1])


def as_varying(sql_type: SqlType) -> SqlType:
    """CHAR becomes VARCHAR2 of the same size; limits of a NUMBER fall away."""
    if sql_type.name is TypeName.CHAR:
        return varchar2(sql_type.size)
    if sql_type.name is TypeName.NUMBER:
        return SqlType(TypeName.NUMBER)
    return sql_type


def common(types: Sequence[SqlType]) -> SqlType:
    """The type of NVL, COALESCE, CASE and their like: the first one decides, strings are as long as the longest."""
    known = [sql_type for sql_type in types if not is_null_type(sql_type)] or list(types)
    decided = known[0]
    if decided.name in {TypeName.VARCHAR2, TypeName.CHAR}:
        return varchar2(max((sql_type.size for sql_type in known), default=1) or LONGEST)
    return as_varying(decided)


def is_null_type(sql_type: SqlType) -> bool:
    """Tell the type of a bare NULL: VARCHAR2 of size 0."""
    return sql_type.name is TypeName.VARCHAR2 and sql_type.size == 0


def text_of_first(types: Sequence[SqlType]) -> SqlType:
    """A string as long as the first argument."""
    if types[0].name is TypeName.CLOB:
        return types[0]
    return varchar2(min(types[0].size or LONGEST, LONGEST))


def text_of_all(types: Sequence[SqlType]) -> SqlType:
    """A string as long as all arguments together."""
    if any(sql_type.name is TypeName.CLOB for sql_type in types):
        return SqlType(TypeName.CLOB)
    return varchar2(min(sum(sql_type.size or 40 for sql_type in types), LONGEST))


def long_text(_types: Sequence[SqlType]) -> SqlType:
    """A string of any length."""
    return varchar2(LONGEST)


def short_text(_types: Sequence[SqlType]) -> SqlType:
    """The text of a number or date."""
    return varchar2(100)
