"""DBMS_VECTOR: loading and dropping ONNX models."""

from __future__ import annotations

import errno
from pathlib import Path

from emulator.datatypes import BLOB, CLOB, Value
from emulator.engine.definitions import model_fingerprint, plan_drop_model, plan_model
from emulator.engine.objects import Model
from emulator.errors import NotEmulated, OraError
from emulator.inference import DEFAULT_METADATA
from emulator.plsql.packages.registry import BOOLEAN, TEXT, enter, parameter
from emulator.plsql.runtime import Frame
from emulator.plsql.values import ScalarType


def _model_name(frame: Frame, text: str | None) -> tuple[str, str]:
    """Return owner and name of a model as its name is written."""
    parts = (text or "").split(".")
    names = [part[1:-1] if part.startswith('"') and part.endswith('"') else part.strip().upper() for part in parts]
    if len(names) > 2 or not all(names):
        raise OraError(40281, text="ORA-40281: invalid model name")
    return (names[0], names[1]) if len(names) == 2 else (frame.scope.schema, names[0])


@enter(
    "DBMS_VECTOR",
    "LOAD_ONNX_MODEL",
    parameter("MODEL_NAME", TEXT),
    parameter("MODEL_DATA", ScalarType(BLOB)),
    parameter("METADATA", ScalarType(CLOB), "IN", None),
)
def _load_onnx_model(frame: Frame, values: list[Value]) -> None:
    _load(frame, values[0], values[1], values[2])


@enter(
    "DBMS_VECTOR",
    "LOAD_ONNX_MODEL",
    parameter("DIRECTORY", TEXT),
    parameter("FILE_NAME", TEXT),
    parameter("MODEL_NAME", TEXT),
    parameter("METADATA", ScalarType(CLOB), "IN", None),
    parameter("EXTERNAL_DATA_FILE_NAME", TEXT, "IN", None),
)
def _load_onnx_model_file(frame: Frame, values: list[Value]) -> None:
    if values[4] is not None:
        raise NotEmulated("DBMS_VECTOR.LOAD_ONNX_MODEL with an external data file")
    directory = frame.run.port.catalogue.directory(frame.scope, str(values[0] or ""))
    try:
        name = Path(str(values[1] or ""))
        if name.name != str(name):
            raise FileNotFoundError(errno.ENOENT, "a file's name alone", str(name))
        data = (Path(directory.path) / name).read_bytes()
    except OSError as error:
        raise OraError(22288, "FILEOPEN", f"{error.strerror}: {values[1]}") from None
    _load(frame, values[2], data, values[3])


def _load(frame: Frame, written_name: str | None, data: bytes | None, metadata: str | None) -> None:
    port = frame.run.port
    owner, name = _model_name(frame, written_name)
    privilege = "CREATE MINING MODEL" if owner == frame.scope.user else "CREATE ANY MINING MODEL"
    if not port.catalogue.has_privilege(frame.scope.user, privilege):
        raise OraError(1031)
    if (owner, name) in port.catalogue.models:
        raise OraError(955)
    if not data:
        raise OraError(54400)
    found = port.inspect_model(data, metadata)
    model = Model(
        owner=owner,
        name=name,
        size_bytes=len(data),
        metadata=metadata or DEFAULT_METADATA,
        dimensions=found.dimensions,
        input_name=found.input_name,
        input_kind=found.kind,
        fingerprint=model_fingerprint(owner, name, data),
    )
    port.check_writable()
    port.define(lambda _catalogue: plan_model(model, data))


@enter(
    "DBMS_VECTOR",
    "DROP_ONNX_MODEL",
    parameter("MODEL_NAME", TEXT),
    parameter("FORCE", BOOLEAN, "IN", False),
)
def _drop_onnx_model(frame: Frame, values: list[Value]) -> None:
    port = frame.run.port
    owner, name = _model_name(frame, values[0])
    if (owner, name) not in port.catalogue.models and values[1]:
        return
    if owner != frame.scope.user and not port.catalogue.has_privilege(frame.scope.user, "DROP ANY MINING MODEL"):
        raise OraError(40284)
    port.check_writable()
    port.define(lambda catalogue: plan_drop_model(owner, name, catalogue))
