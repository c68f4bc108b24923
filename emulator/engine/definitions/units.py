"""Stored PL/SQL units: what CREATE stores, and DROP."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence

from emulator.engine.catalogue import UnitError
from emulator.engine.definitions.work import (
    Work,
    forget_object,
    store_object,
)
from emulator.engine.objects import (
    Unit,
)
from emulator.engine.prepared import DefinitionPlan
from emulator.errors import OraError


def drop_unit(kind: str) -> Callable[[Work], DefinitionPlan]:
    """Return the maker of DROP of a kind of unit."""

    def make(work: Work) -> DefinitionPlan:
        missing_allowed = work.parser.accept("IF", "EXISTS")
        owner, name = work.parser.qualified_name()
        owner = owner or work.scope.schema
        if owner != work.scope.user:
            work.need("DROP PROCEDURE", owner)
        if (owner, name, kind) not in work.catalogue.units:
            if missing_allowed:
                return DefinitionPlan(())
            raise OraError(4043, f"{owner}.{name}")
        kinds = ("PACKAGE", "PACKAGE BODY") if kind == "PACKAGE" else (kind,)
        return DefinitionPlan(tuple(item for each in kinds for item in forget_object(owner, name, each)))

    return make


def plan_unit(unit: Unit, errors: Sequence[UnitError]) -> DefinitionPlan:
    """Plan the storing of a compiled PL/SQL unit; with errors it is stored invalid, with a warning (ORA-24344)."""
    definition = json.dumps({"source": unit.source, "invoker_rights": unit.invoker_rights})
    statements = [
        *forget_object(unit.owner, unit.name, unit.kind, keep_grants=True),
        store_object(unit.owner, unit.name, unit.kind, definition, "VALID" if unit.valid else "INVALID"),
    ]
    for sequence, error in enumerate(errors, 1):
        row = (unit.owner, unit.name, unit.kind, sequence, error.line, error.position, error.text)
        statements.append(("INSERT INTO _errors VALUES (?, ?, ?, ?, ?, ?, ?)", row))
    return DefinitionPlan(tuple(statements), warning_code=24344 if errors else 0)
