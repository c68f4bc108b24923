"""What the modules of dictionary views share: a view's declaration, its columns' types, who sees what."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from emulator.datatypes import FLOATING, SqlType, TypeName, Value, varchar2
from emulator.engine.objects import Scope, TableColumn

if TYPE_CHECKING:
    from emulator.engine.catalogue import Catalogue

NAME = varchar2(128)
TEXT = varchar2(4000)
#: Rows of a view for a user.
Rows: TypeAlias = "Callable[[Catalogue, str], Iterator[tuple[Value, ...]]]"


@dataclass(frozen=True, slots=True)
class View:
    """A dictionary view."""

    columns: tuple[TableColumn, ...]
    #: None: rows come from the call context's ``dynamic_view``.
    rows: Rows | None


def columns_of(**types: SqlType) -> tuple[TableColumn, ...]:
    """Return columns by name."""
    return tuple(TableColumn(name.upper(), sql_type) for name, sql_type in types.items())


def type_text(sql_type: SqlType) -> str:
    """Return DATA_TYPE of USER_TAB_COLUMNS."""
    digits = sql_type.scale if sql_type.scale >= 0 else 6
    if sql_type.name is TypeName.TIMESTAMP:
        return f"TIMESTAMP({digits})"
    if sql_type.name is TypeName.TIMESTAMP_TZ:
        return f"TIMESTAMP({digits}) WITH TIME ZONE"
    if sql_type.name is TypeName.TIMESTAMP_LTZ:
        return f"TIMESTAMP({digits}) WITH LOCAL TIME ZONE"
    if sql_type.name is TypeName.NUMBER and sql_type.precision and sql_type.scale == FLOATING:
        return "FLOAT"
    national = sql_type.national and sql_type.name in {TypeName.VARCHAR2, TypeName.CHAR, TypeName.CLOB}
    return f"N{sql_type.name.value}" if national else str(sql_type.name.value)


def is_visible(catalogue: Catalogue, user: str, owner: str, name: str) -> bool:
    """Tell whether a user finds an object in the ALL_ views."""
    return catalogue.may_see(Scope(user=user, schema=user), owner, name)
