"""Loads ONNX models into the primary; redo brings them to every standby."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fleet.errors import DatabaseError, InputError, PermanentDatabaseError
from fleet.sessions import Connection, as_blob, translated

_MODEL_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_$#]{0,127}")
_LONGEST_NAME = 128
_TRIAL = "_trial"
#: The file is no ONNX model, or not of the wanted shape. Source: error pages of docs.oracle.com/en/error-help/db.
_NO_MODEL = frozenset({"ORA-54400", "ORA-54401", "ORA-54408", "ORA-54426"})
#: Oracle refuses a larger ONNX file in one piece. Source: OML4Py, "Support For Large ONNX Format Model".
_LARGEST_BYTES = 2 * 1024**3


@dataclass(frozen=True, slots=True)
class LoadedModel:
    """A model in the data dictionary."""

    name: str
    size_bytes: int
    replaced: bool


def load_model(connection: Connection, path: Path, *, name: str, input_name: str, replace: bool) -> LoadedModel:
    """Load an ONNX file by DBMS_VECTOR.LOAD_ONNX_MODEL's BLOB form, which needs no directory on the server.

    Args:
        connection: A session of the owner on the primary.
        path: The ONNX file.
        name: The model's name in SQL.
        input_name: Name of the graph's input tensor; it becomes the SQL attribute DATA.
        replace: Replace a model of that name; without it an existing one is an error.

    Raises:
        InputError: The file cannot be used.
        DatabaseError: The database refused the model.

    Source: Oracle AI Vector Search User's Guide 26ai, LOAD_ONNX_MODEL procedure.
    """
    if not _MODEL_NAME.fullmatch(name):
        raise InputError(f"--name must be an unquoted Oracle name such as clipimg, not {name!r}")
    data = _read_model(path)
    exists = model_exists(connection, name)
    if exists and not replace:
        raise InputError(f"a model {name} is loaded already; replace it with --replace")
    metadata = json.dumps({"function": "embedding", "embeddingOutput": "embedding", "input": {input_name: ["DATA"]}})
    grantees = _grantees(connection, name)
    with translated("primary"), connection.cursor() as cursor:
        if exists:
            # A file that the database refuses must not cost the model that is there, so it is tried beside it first.
            trial = f"{name[: _LONGEST_NAME - len(_TRIAL)]}{_TRIAL}"
            _load(connection, cursor, trial, data, metadata, path)
            _drop(cursor, trial)
            _drop(cursor, name)
        _load(connection, cursor, name, data, metadata, path)
        for grantee in grantees:  # dropping the model has taken their privilege away
            cursor.execute(f'GRANT SELECT ON MINING MODEL {name} TO "{grantee}"')
    connection.commit()
    return LoadedModel(name, len(data), exists)


def _load(connection: Connection, cursor: Any, name: str, data: bytes, metadata: str, path: Path) -> None:  # noqa: ANN401 - the driver's
    try:
        with translated("primary"):
            cursor.execute(
                "BEGIN DBMS_VECTOR.LOAD_ONNX_MODEL("
                "model_name => :name, model_data => :data, metadata => JSON(:meta)); END;",
                name=name,
                data=as_blob(connection, data),
                meta=metadata,
            )
    except DatabaseError as error:
        if not _NO_MODEL.intersection(error.codes):
            raise
        hint = " (give the name of its input tensor with --input)" if "ORA-54408" in error.codes else ""
        said = str(error).removesuffix(f" — {error.advice}")
        raise PermanentDatabaseError(f"{said}: {path} is not accepted as a model{hint}", codes=error.codes) from error


def _drop(cursor: Any, name: str) -> None:  # noqa: ANN401 - the driver's
    cursor.execute("BEGIN DBMS_VECTOR.DROP_ONNX_MODEL(model_name => :name, force => TRUE); END;", name=name)


def model_exists(connection: Connection, name: str) -> bool:
    """Tell whether the session's user has a model of that name."""
    with translated("primary"), connection.cursor() as cursor:
        cursor.execute("SELECT COUNT(*) FROM user_mining_models WHERE model_name = :name", name=name.upper())
        return bool(cursor.fetchone()[0])


def _grantees(connection: Connection, name: str) -> list[str]:
    """Return who may use the session's user's model of that name besides the user."""
    with translated("primary"), connection.cursor() as cursor:
        cursor.execute(
            "SELECT grantee FROM user_tab_privs WHERE owner = user AND table_name = :name AND privilege = 'SELECT'",
            name=name.upper(),
        )
        return [grantee for (grantee,) in cursor]


def _read_model(path: Path) -> bytes:
    if not path.is_file():
        raise InputError(f"the model file {path} does not exist")
    size = path.stat().st_size
    if size == 0:
        raise InputError(f"the model file {path} is empty")
    if size > _LARGEST_BYTES:
        raise InputError(f"the model file {path} is larger than 2 GiB, more than the database takes in one piece")
    try:
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"the model file {path} cannot be read: {error.strerror}") from error
