"""The types that CAST names."""

from __future__ import annotations

from sqlglot import exp

from emulator.datatypes import SqlType, TypeName
from emulator.errors import NotEmulated


def cast_type(node: exp.DataType) -> SqlType:
    """Return the type that CAST converts to; ORA-03001 for one that is not emulated."""
    kind = node.this.value if hasattr(node.this, "value") else str(node.this)
    sizes = [int(str(item.this.this)) for item in node.expressions if isinstance(item.this, exp.Literal)]
    national = kind.startswith("N")
    if kind in {"VARCHAR", "NVARCHAR", "TEXT"}:
        return SqlType(TypeName.VARCHAR2, size=sizes[0] if sizes else 4000, national=national)
    if kind in {"CHAR", "NCHAR"}:
        return SqlType(TypeName.CHAR, size=sizes[0] if sizes else 1, national=national)
    if kind in {"DECIMAL", "INT", "BIGINT", "NUMERIC", "SMALLINT"}:
        if not sizes and kind in {"INT", "SMALLINT", "BIGINT"}:
            return SqlType(TypeName.NUMBER, precision=38, scale=0)
        return SqlType(
            TypeName.NUMBER,
            precision=sizes[0] if sizes else 0,
            scale=(sizes[1] if len(sizes) > 1 else 0) if sizes else -127,
        )
    fixed = {
        "DATE": TypeName.DATE,
        "DATETIME": TypeName.DATE,
        "TIMESTAMP": TypeName.TIMESTAMP,
        "TIMESTAMPTZ": TypeName.TIMESTAMP_TZ,
        "TIMESTAMPLTZ": TypeName.TIMESTAMP_LTZ,
    }
    if kind in fixed:
        return SqlType(fixed[kind], scale=6)
    if kind in {"DOUBLE", "FLOAT"}:
        return SqlType(TypeName.BINARY_DOUBLE if kind == "DOUBLE" else TypeName.NUMBER)
    raise NotEmulated(f"CAST to {kind}")
