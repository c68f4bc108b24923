"""Views and synonyms."""

from __future__ import annotations

import json

from emulator.engine.catalogue import relation_to_json
from emulator.engine.definitions.work import (
    Work,
    forget_object,
    store_object,
)
from emulator.engine.objects import (
    RelationKind,
)
from emulator.engine.prepared import DefinitionPlan
from emulator.engine.view_definitions import read_view
from emulator.errors import OraError


def create_view(work: Work, *, replaces: bool = False) -> DefinitionPlan:
    """Plan CREATE [OR REPLACE] VIEW."""
    parser, catalogue = work.parser, work.catalogue
    exists_allowed = parser.accept("IF", "NOT", "EXISTS")
    offset = parser.token.offset
    owner, name = parser.qualified_name()
    owner = owner or work.scope.schema
    work.need("CREATE VIEW", owner)
    known = catalogue.relations.get((owner, name))
    is_view = known is not None and known.kind is RelationKind.VIEW
    if catalogue.name_is_used(owner, name) and not (is_view and (replaces or exists_allowed)):
        raise OraError(955, offset=offset)
    relation = read_view(parser, catalogue, work.scope, owner, name)
    if is_view and exists_allowed:
        return DefinitionPlan(())
    return DefinitionPlan((store_object(owner, name, "VIEW", relation_to_json(relation)),))


def drop_view(work: Work) -> DefinitionPlan:
    """Plan DROP VIEW."""
    missing_allowed = work.parser.accept("IF", "EXISTS")
    owner, name = work.parser.qualified_name()
    owner = owner or work.scope.schema
    found = work.catalogue.relations.get((owner, name))
    if found is None or found.kind is not RelationKind.VIEW:
        if missing_allowed:
            return DefinitionPlan(())
        raise OraError(942, f'"{owner}"."{name}"')
    if owner != work.scope.user:
        work.need("DROP VIEW", owner)
    work.parser.accept("CASCADE", "CONSTRAINTS")
    return DefinitionPlan(tuple(forget_object(owner, name, "VIEW")))


def create_synonym(work: Work, *, public: bool = False) -> DefinitionPlan:
    """Plan CREATE [PUBLIC] SYNONYM."""
    owner, name = work.parser.qualified_name()
    owner = "PUBLIC" if public else owner or work.scope.schema
    if public:
        work.need("CREATE PUBLIC SYNONYM")
    else:
        work.need("CREATE SYNONYM", owner)
    work.parser.expect("FOR")
    target_owner, target = work.parser.qualified_name()
    definition = json.dumps({"owner": target_owner or work.scope.schema, "name": target})
    return DefinitionPlan((store_object(owner, name, "SYNONYM", definition),))
