"""CREATE VIEW and DROP VIEW: a view is its query's text; its columns are those that the query had when it was made."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from emulator.engine.binds import BindList
from emulator.engine.dialect import parse_statement
from emulator.engine.objects import Relation, RelationKind, Scope, TableColumn
from emulator.engine.queries import StatementWriter
from emulator.errors import NotEmulated, OraError
from emulator.statement_text import StatementKind, scan_statement

if TYPE_CHECKING:
    from emulator.engine.catalogue import Catalogue
    from emulator.engine.definition_parser import DefinitionParser

_READ_ONLY = re.compile(r"\s+WITH\s+READ\s+ONLY\s*\Z", re.IGNORECASE)
_CHECK_OPTION = re.compile(r"\s+WITH\s+CHECK\s+OPTION\b[^)]*\Z", re.IGNORECASE)


def read_view(parser: DefinitionParser, catalogue: Catalogue, scope: Scope, owner: str, name: str) -> Relation:
    """Read a view's definition from its columns on.

    Args:
        parser: Behind the view's name.
        catalogue: The data dictionary.
        scope: Who creates it.
        owner: Whose it is to be; its query is bound in this schema, with its rights.
        name: Its name.

    Raises:
        OraError: What the query is refused with; 1730 for another number of columns; 998 for an expression without a
            name.
    """
    names = parser.names() if parser.token.word == "(" else None
    parser.expect("AS", code=905)
    offset = parser.token.offset
    query = parser.rest_text()
    if _CHECK_OPTION.search(query):
        raise NotEmulated("views WITH CHECK OPTION")
    query = _READ_ONLY.sub("", query)
    text = scan_statement(query)
    if text.kind is not StatementKind.QUERY:
        raise OraError(928, offset=offset)
    if text.placeholder_names:
        raise OraError(1027, text="ORA-01027: bind variables not allowed for data definition operations")
    rights = scope if owner == scope.user else Scope(user=owner, schema=owner)
    try:
        written = StatementWriter(text, catalogue, rights, BindList(text, (), None)).query(parse_statement(query), None)
    except OraError as error:
        error.offset += offset
        raise
    if names is None:
        names = tuple(field.name for field in written.fields)
        if not all(re.fullmatch(r"[^\W\d][\w$#]*", each) for each in names):
            raise OraError(998, text="ORA-00998: must name this expression with a column alias", offset=offset)
    if len(names) != len(written.fields):
        raise OraError(1730, text="ORA-01730: invalid number of column names specified")
    if len(set(names)) < len(names):
        raise OraError(957)
    columns = tuple(
        TableColumn(new, field.type, field.nullable) for new, field in zip(names, written.fields, strict=True)
    )
    return Relation(owner, name, RelationKind.VIEW, columns, query=query)
