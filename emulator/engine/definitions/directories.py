"""Directory objects: folders of the instance's machine that models are loaded from."""

from __future__ import annotations

import json

from emulator.engine.definitions.work import Work, forget_object, grant_statement, store_object
from emulator.engine.prepared import DefinitionPlan
from emulator.errors import OraError


def create_directory(work: Work, *, replaces: bool = False) -> DefinitionPlan:
    """Plan CREATE [OR REPLACE] DIRECTORY; its creator may read from it and write to it."""
    work.need("CREATE ANY DIRECTORY")
    exists_allowed = work.parser.accept("IF", "NOT", "EXISTS")
    name = work.parser.name()
    work.parser.expect("AS")
    token = work.parser.advance()
    if token.kind != "string":
        raise OraError(1780, text="ORA-01780: string literal required", offset=token.offset)
    if name in work.catalogue.directories and not replaces:
        if exists_allowed:
            return DefinitionPlan(())
        raise OraError(955)
    path = token.text[1:-1].replace("''", "'")
    grants = [grant_statement(work.scope.user, privilege, "SYS", name) for privilege in ("READ", "WRITE")]
    return DefinitionPlan((store_object("SYS", name, "DIRECTORY", json.dumps({"path": path})), *grants))


def drop_directory(work: Work) -> DefinitionPlan:
    """Plan DROP DIRECTORY; the folder stays."""
    work.need("DROP ANY DIRECTORY")
    missing_allowed = work.parser.accept("IF", "EXISTS")
    name = work.parser.name()
    if name not in work.catalogue.directories:
        if missing_allowed:
            return DefinitionPlan(())
        raise OraError(4043, name)
    return DefinitionPlan(tuple(forget_object("SYS", name, "DIRECTORY")))
