"""Services: what DBMS_SERVICE stores of them."""

from __future__ import annotations

import json
from collections.abc import Mapping

from emulator.engine.catalogue import Catalogue
from emulator.engine.definitions.work import forget_object, store_object
from emulator.engine.prepared import DefinitionPlan
from emulator.errors import OraError


def plan_service(name: str, parameters: Mapping[str, str]) -> DefinitionPlan:
    """Plan the storing of a service, new or changed."""
    definition = json.dumps({"name": name, "parameters": dict(parameters)})
    return DefinitionPlan((store_object("SYS", name.upper(), "SERVICE", definition),))


def plan_drop_service(name: str, catalogue: Catalogue) -> DefinitionPlan:
    """Plan the removal of a service; ORA-44304 if there is none."""
    if name.upper() not in catalogue.services:
        raise OraError(44304, name)
    return DefinitionPlan(tuple(forget_object("SYS", name.upper(), "SERVICE")))
