"""ONNX models: what DBMS_VECTOR stores and drops."""

from __future__ import annotations

import hashlib

from emulator.engine.catalogue import Catalogue
from emulator.engine.definitions.work import (
    now,
)
from emulator.engine.objects import (
    Model,
)
from emulator.engine.prepared import DefinitionPlan
from emulator.errors import OraError


def plan_model(model: Model, data: bytes) -> DefinitionPlan:
    """Plan the storing of an ONNX model."""
    row = (
        model.owner,
        model.name,
        data,
        model.metadata,
        model.dimensions,
        model.input_name,
        model.input_kind,
        model.fingerprint,
        now(),
    )
    return DefinitionPlan((("INSERT INTO _models VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row),))


def model_fingerprint(owner: str, name: str, data: bytes) -> str:
    """Return what tells a model from another one that was loaded under the same name."""
    return hashlib.sha256(f"{owner}.{name}:".encode() + data).hexdigest()[:32]


def plan_drop_model(owner: str, name: str, catalogue: Catalogue) -> DefinitionPlan:
    """Plan the dropping of an ONNX model; ORA-40284 if there is none."""
    if (owner, name) not in catalogue.models:
        raise OraError(40284)
    return DefinitionPlan(
        (
            ("DELETE FROM _models WHERE owner = ? AND name = ?", (owner, name)),
            ("DELETE FROM _grants WHERE owner = ? AND object = ?", (owner, name)),
        )
    )
