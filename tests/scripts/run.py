"""Runs scripts against an emulated primary and its standby, statement by statement, as SQL*Plus would."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import oracledb

from demo.drawing.album import write_album
from demo.preparation import MODELS
from emulator.cluster import Cluster
from fleet.scripts import ScriptStatement
from tests.scripts.model_files import with_input
from tests.scripts.script import ANSWER, Script

_PICTURES = 30
_ROWS_SHOWN = 12
#: Models as the manual loading path calls them, and the demo's that stand for them.
_MODEL_FILES = {"clip_img.onnx": "image.onnx", "clip_txt.onnx": "text.onnx"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement answered."""

    line: int
    statement: str
    #: Lines that it printed: rows, DBMS_OUTPUT, or what SQL*Plus says.
    printed: tuple[str, ...] = ()
    #: ORA- or DPY-code with its text, "" where it succeeded.
    error: str = ""

    @property
    def code(self) -> str:
        """The error's code, "" where it succeeded."""
        return self.error.partition(":")[0]


@dataclass(slots=True)
class Rig:
    """A primary, a standby, and what scripts ask for besides."""

    cluster: Cluster
    #: Where the models and pictures are.
    files: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    def run(self, script: Script, *, on_standby: bool | None = None) -> list[Answer]:
        """Run a script where it wants to be, or where ``on_standby`` says."""
        where = "sby1" if (script.on_standby if on_standby is None else on_standby) else "prim"
        paths = {"/home/oracle/onnx": str(self.files)}
        try:
            statements = list(script.statements(self.variables, paths))
        except Exception as error:  # noqa: BLE001 - whatever the file holds, the next one is to be run
            return [Answer(1, script.name, error=f"not split: {error}")]
        if not statements:
            return []
        try:
            with self._session(script.user, where) as connected:
                answers = []
                for statement in statements:
                    answers += self._answers(connected, statement, is_program=script.is_program)
                connected.commit()
                return answers
        except oracledb.Error as error:
            return [Answer(1, f"connect {script.user.lower()}", error=_one_line(error))]

    @contextlib.contextmanager
    def _session(self, user: str, where: str) -> Iterator[oracledb.Connection]:
        with self._connect("system", "prim") as dba, dba.cursor() as cursor:
            if user != "SYSTEM":
                cursor.execute("select count(*) from all_users where username = :1", [user])
                if cursor.fetchone() == (1,):
                    cursor.execute(f'alter user {user} identified by "{ANSWER}"')
        with self._connect("system", "sby1") as standby, standby.cursor() as cursor:
            cursor.execute("alter session sync with primary")
        with self._connect(user, where) as connected:
            connected.call_timeout = 60_000
            with connected.cursor() as cursor:
                cursor.callproc("dbms_output.enable", [None])
            yield connected

    def _connect(self, user: str, where: str) -> oracledb.Connection:
        instance = self.cluster.instances[where]
        service = "mypdb_rw" if where == "prim" else "mypdb_ro"
        return oracledb.connect(user=user, password=ANSWER, dsn=instance.dsn(service))

    def _answers(
        self, connected: oracledb.Connection, statement: ScriptStatement, *, is_program: bool
    ) -> Iterator[Answer]:
        text = " ".join(statement.text.split())
        short = text if len(text) <= 70 else f"{text[:69]}…"
        with connected.cursor() as cursor:
            try:
                if is_program:
                    printed = self._run_with_pictures(cursor, statement.text)
                else:
                    cursor.execute(statement.text)
                    printed = [*_rows(cursor), *_output(connected)]
                    if cursor.warning is not None:
                        yield Answer(statement.line, short, _compile_errors(connected), str(cursor.warning))
                        return
                yield Answer(statement.line, short, tuple(printed))
            except oracledb.Error as error:
                yield Answer(statement.line, short, tuple(_output(connected)), _one_line(error))

    def _run_with_pictures(self, cursor: oracledb.Cursor, text: str) -> list[str]:
        pictures = sorted((self.files / "pictures").iterdir(), key=lambda path: int(path.stem))
        binds: list[dict[str, Any]] = []
        for path in pictures:
            data = path.read_bytes()
            binds.append({"id": int(path.stem), "img_size": len(data), "img": data})
        cursor.parse(text)
        if {name.lower() for name in cursor.bindnames()} != set(binds[0]):
            return ["parsed"]
        cursor.executemany(text, binds)
        return [f"{cursor.rowcount} rows, from pictures of ours"]


@contextlib.contextmanager
def rig(variables: Mapping[str, str] | None = None) -> Iterator[Rig]:
    """Start a primary and a standby with models and pictures at hand; all is gone afterwards."""
    directory = Path(tempfile.mkdtemp(prefix="scripts-"))
    try:
        files = directory / "files"
        files.mkdir()
        for theirs, ours in _MODEL_FILES.items():
            (files / theirs).write_bytes(with_input((MODELS / ours).read_bytes(), "input"))
        write_album(files / "pictures", pictures=_PICTURES, bad=0)
        cluster = Cluster.create(directory / "databases", standbys=("sby1",), dba_password=ANSWER)
        try:
            cluster.start()
            yield Rig(cluster, files, variables or {})
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def _rows(cursor: oracledb.Cursor) -> Iterator[str]:
    if not cursor.description:
        return
    rows = cursor.fetchmany(_ROWS_SHOWN)
    yield " | ".join(column[0] for column in cursor.description)
    for row in rows:
        yield " | ".join(_value(value) for value in row)
    more = len(cursor.fetchall())
    if more:
        yield f"… and {more} rows more"


def _value(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, oracledb.LOB):
        return f"<{value.size()} bytes>"
    return str(value)


def _output(connected: oracledb.Connection) -> Iterator[str]:
    with connected.cursor() as cursor:
        line, status = cursor.var(str), cursor.var(int)
        while True:
            cursor.callproc("dbms_output.get_line", [line, status])
            if status.getvalue() != 0:
                return
            yield line.getvalue() or ""


def _compile_errors(connected: oracledb.Connection) -> tuple[str, ...]:
    with connected.cursor() as cursor:
        cursor.execute("select line, position, text from user_errors order by name, sequence")
        return tuple(f"{line}/{position} {text.strip()}" for line, position, text in cursor)


def _one_line(error: oracledb.Error) -> str:
    lines = [line for line in str(error).splitlines() if line and not line.startswith("Help: ")]
    return " / ".join(lines)
