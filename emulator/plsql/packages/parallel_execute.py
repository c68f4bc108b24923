"""DBMS_PARALLEL_EXECUTE: a task, its chunks, and sessions that work on them side by side; on a primary only.

Source: PL/SQL Packages and Types Reference 23ai, DBMS_PARALLEL_EXECUTE, and the error pages of ORA-29490 to ORA-29499.
That it does not work on a standby is said by the text that the system comes from.
"""

from __future__ import annotations

import datetime
import threading
from collections.abc import Callable, Sequence
from typing import cast

from emulator.datatypes import CLOB, NUMBER, SqlType, Value, varchar2
from emulator.engine.objects import Scope
from emulator.errors import NotEmulated, OraError
from emulator.number import Number, parse_number
from emulator.plsql.packages.registry import BOOLEAN, TEXT, enter, enter_constant, enter_exception, parameter
from emulator.plsql.port import SqlPort
from emulator.plsql.runtime import Frame, fetch_all
from emulator.plsql.values import PLS_INTEGER, ScalarType
from emulator.statement_text import scan_statement

_PACKAGE = "DBMS_PARALLEL_EXECUTE"
_TASKS = "SYS.DBMS_PARALLEL_EXECUTE_TASK$"
_CHUNKS = "SYS.DBMS_PARALLEL_EXECUTE_CHUNKS$"
#: Its tables belong to SYS, whoever calls.
_RIGHTS = Scope(user="SYS", schema="SYS")
_TABLES = (
    (
        f"CREATE TABLE IF NOT EXISTS {_TASKS} (owner VARCHAR2(128), name VARCHAR2(128), chunk_type VARCHAR2(12), "
        "status NUMBER, table_owner VARCHAR2(128), table_name VARCHAR2(128), number_column VARCHAR2(128), "
        "task_comment VARCHAR2(4000), sql_stmt CLOB, language_flag NUMBER, parallel_level NUMBER, "
        "job_prefix VARCHAR2(128), PRIMARY KEY (owner, name))"
    ),
    (
        f"CREATE TABLE IF NOT EXISTS {_CHUNKS} (id NUMBER PRIMARY KEY, owner VARCHAR2(128), task VARCHAR2(128), "
        "status NUMBER, start_rowid VARCHAR2(4000), end_rowid VARCHAR2(4000), start_id NUMBER, end_id NUMBER, "
        "job_name VARCHAR2(128), start_ts TIMESTAMP, end_ts TIMESTAMP, error_code NUMBER, "
        "error_message VARCHAR2(4000))"
    ),
)
_TASK_STATES = (
    "CREATED",
    "CHUNKING",
    "CHUNKING_FAILED",
    "CHUNKED",
    "PROCESSING",
    "FINISHED",
    "FINISHED_WITH_ERROR",
    "CRASHED",
)
_CHUNK_STATES = ("UNASSIGNED", "ASSIGNED", "PROCESSED", "PROCESSED_WITH_ERROR")
_EXCEPTIONS = {
    "MISSING_ROLE": 29490,
    "INVALID_TABLE": 29491,
    "INVALID_STATE_FOR_CHUNK": 29492,
    "INVALID_STATUS": 29493,
    "INVALID_STATE_FOR_RUN": 29494,
    "INVALID_STATE_FOR_RESUME": 29495,
    "DUPLICATE_TASK_NAME": 29497,
    "TASK_NOT_FOUND": 29498,
    "CHUNK_NOT_FOUND": 29499,
}
_STATUS = {name: number for number, name in enumerate(_TASK_STATES, 1)}
_CHUNK_STATUS = {name: number for number, name in enumerate(_CHUNK_STATES)}
for _name, _number in (_STATUS | _CHUNK_STATUS).items():
    enter_constant(_PACKAGE, _name, PLS_INTEGER, _number)
for _name, _number in _EXCEPTIONS.items():
    enter_exception(_PACKAGE, _name, _number)
for _number, _name in enumerate(("V6", "NATIVE", "V7")):
    enter_constant("DBMS_SQL", _name, PLS_INTEGER, _number)


def _decoded(column: str, names: Sequence[str], first: int) -> str:
    pairs = ", ".join(f"{number}, '{name}'" for number, name in enumerate(names, first))
    return f"DECODE({column}, {pairs})"


#: What the USER_ views show, by name: queries with the user as the one bind.
VIEW_QUERIES = {
    "USER_PARALLEL_EXECUTE_TASKS": (
        f"SELECT name, chunk_type, {_decoded('status', _TASK_STATES, 1)}, table_owner, table_name, number_column, "
        f"task_comment, job_prefix, sql_stmt, language_flag, parallel_level FROM {_TASKS} WHERE owner = :1"
    ),
    "USER_PARALLEL_EXECUTE_CHUNKS": (
        f"SELECT id, task, {_decoded('status', _CHUNK_STATES, 0)}, start_rowid, end_rowid, start_id, end_id, "
        f"job_name, start_ts, end_ts, error_code, error_message FROM {_CHUNKS} WHERE owner = :1 ORDER BY id"
    ),
}
#: Tables without which the views are empty: the package was never used.
_USED_TABLES = frozenset({("SYS", name.partition(".")[2]) for name in (_TASKS, _CHUNKS)})

_Binds = Sequence[tuple[SqlType, Value]]
_NAME = varchar2(128)


def _change(port: SqlPort, sql: str, *binds: tuple[SqlType, Value]) -> int:
    return port.execute_text(sql, binds, scope=_RIGHTS).row_count


def _rows(port: SqlPort, sql: str, binds: _Binds, scope: Scope) -> list[tuple[Value, ...]]:
    rows = port.execute_text(sql, binds, scope=scope).rows
    if rows is None:
        raise OraError(29491, text="ORA-29491: invalid table for chunking")
    try:
        return list(fetch_all(rows))
    finally:
        rows.close()


def view_rows(port: SqlPort, name: str) -> Sequence[tuple[Value, ...]]:
    """Return the rows of a USER_ view of the package for the session's user."""
    if not port.catalogue.relations.keys() >= _USED_TABLES:
        return []
    return _rows(port, VIEW_QUERIES[name], [(_NAME, port.scope.user)], _RIGHTS)


class _Task:
    """A task of one user."""

    def __init__(self, port: SqlPort, owner: str, name: Value) -> None:
        """Look it up; whatever the caller has changed is committed, as each subprogram does.

        Raises:
            OraError: 29498, there is none; 16000 on a standby.
        """
        port.check_writable()
        port.commit()
        self.port = port
        self._key: _Binds = ((_NAME, owner), (_NAME, name))
        if not port.catalogue.relations.keys() >= _USED_TABLES:
            raise _not_found(name)
        found = self.query(f"SELECT status, sql_stmt, parallel_level FROM {_TASKS} WHERE owner = :1 AND name = :2")
        if not found:
            raise _not_found(name)
        self.owner, self.name = owner, cast("str", name)
        self.status = cast("int", found[0][0])
        self.statement = cast("str | None", found[0][1])
        self.parallel_level = cast("int | None", found[0][2])

    def query(self, sql: str) -> list[tuple[Value, ...]]:
        """Run a query of the package's tables with owner and name as its binds."""
        return _rows(self.port, sql, self._key, _RIGHTS)

    def set(self, assignments: str, *binds: tuple[SqlType, Value]) -> None:
        """Change the task's row and commit."""
        _change(self.port, f"UPDATE {_TASKS} SET {assignments} WHERE owner = :o AND name = :n", *binds, *self._key)
        self.port.commit()

    def set_status(self, status: str) -> None:
        """Change the task's state and commit."""
        self.set("status = :s", (NUMBER, _STATUS[status]))

    def drop_chunks(self) -> None:
        """Delete its chunks."""
        _change(self.port, f"DELETE FROM {_CHUNKS} WHERE owner = :1 AND task = :2", *self._key)

    def add_chunks(self, chunk_type: str, chunks: Sequence[tuple[Value, Value]]) -> None:
        """Store chunks and make the task CHUNKED."""
        last = _rows(self.port, f"SELECT MAX(id) FROM {_CHUNKS}", (), _RIGHTS)[0][0]
        first_id = (cast("int", last) if last is not None else 0) + 1
        is_rowid = chunk_type == "ROWID_RANGE"
        columns, sql_type = ("start_rowid, end_rowid", varchar2(4000)) if is_rowid else ("start_id, end_id", NUMBER)
        for number, (start, end) in enumerate(chunks, first_id):
            _change(
                self.port,
                f"INSERT INTO {_CHUNKS} (id, owner, task, status, {columns}) VALUES (:1, :2, :3, 0, :4, :5)",
                (NUMBER, number),
                *self._key,
                (sql_type, start),
                (sql_type, end),
            )
        self.set("status = :s, chunk_type = :t", (NUMBER, _STATUS["CHUNKED"]), (_NAME, chunk_type))


def _not_found(name: Value) -> OraError:
    return OraError(29498, text=f"ORA-29498: Task not found: {name}")


# ---------------------------------------------------------------------- tasks


@enter(_PACKAGE, "CREATE_TASK", parameter("TASK_NAME", TEXT), parameter("COMMENT", TEXT, "IN", None))
def _create_task(frame: Frame, values: list[Value]) -> None:
    port = frame.run.port
    port.check_writable()
    port.commit()
    for table in _TABLES:
        if not port.catalogue.relations.keys() >= _USED_TABLES:
            port.execute_text(table, (), scope=_RIGHTS)
    try:
        _change(
            port,
            f"INSERT INTO {_TASKS} (owner, name, chunk_type, status, task_comment) VALUES (:1, :2, 'UNDELARED', 1, :3)",
            (_NAME, port.scope.user),
            (_NAME, values[0]),
            (varchar2(4000), values[1]),
        )
    except OraError as error:
        if error.code != 1:
            raise
        raise OraError(29497, text=f"ORA-29497: duplicate task name: {values[0]}") from None
    port.commit()


@enter(_PACKAGE, "DROP_TASK", parameter("TASK_NAME", TEXT))
def _drop_task(frame: Frame, values: list[Value]) -> None:
    task = _Task(frame.run.port, frame.run.port.scope.user, values[0])
    task.drop_chunks()
    _change(task.port, f"DELETE FROM {_TASKS} WHERE owner = :1 AND name = :2", (_NAME, task.owner), (_NAME, task.name))
    task.port.commit()


@enter(_PACKAGE, "DROP_CHUNKS", parameter("TASK_NAME", TEXT))
def _drop_chunks(frame: Frame, values: list[Value]) -> None:
    task = _Task(frame.run.port, frame.run.port.scope.user, values[0])
    task.drop_chunks()
    task.set_status("CREATED")


@enter(_PACKAGE, "TASK_STATUS", parameter("TASK_NAME", TEXT), result=PLS_INTEGER)
def _task_status(frame: Frame, values: list[Value]) -> Value:
    return _Task(frame.run.port, frame.run.port.scope.user, values[0]).status


@enter(_PACKAGE, "GENERATE_TASK_NAME", parameter("PREFIX", TEXT, "IN", "TASK$_"), result=TEXT)
def _generate_task_name(_frame: Frame, values: list[Value]) -> Value:
    return f"{values[0] or ''}{datetime.datetime.now(datetime.UTC).timestamp() * 1_000_000:.0f}"


# ---------------------------------------------------------------------- chunks


def _task_to_chunk(frame: Frame, name: Value) -> _Task:
    task = _Task(frame.run.port, frame.run.port.scope.user, name)
    if task.status not in {_STATUS["CREATED"], _STATUS["CHUNKING_FAILED"]}:
        raise OraError(29492, text="ORA-29492: invalid state for chunking the task")
    task.set_status("CHUNKING")
    return task


def _chunk(task: _Task, chunk_type: str, make: Callable[[], Sequence[tuple[Value, Value]]]) -> None:
    try:
        task.add_chunks(chunk_type, make())
    except OraError:
        task.port.rollback()
        task.set_status("CHUNKING_FAILED")
        raise


@enter(
    _PACKAGE,
    "CREATE_CHUNKS_BY_NUMBER_COL",
    parameter("TASK_NAME", TEXT),
    parameter("TABLE_OWNER", TEXT),
    parameter("TABLE_NAME", TEXT),
    parameter("TABLE_COLUMN", TEXT),
    parameter("CHUNK_SIZE", PLS_INTEGER),
)
def _create_chunks_by_number_column(frame: Frame, values: list[Value]) -> None:
    size = values[4]
    if size is None or size < 1:
        raise OraError(29492, text="ORA-29492: invalid chunk size")
    task = _task_to_chunk(frame, values[0])
    port, scope = frame.run.port, frame.scope
    owner, table, column = (str(value or "").strip('"').upper() for value in values[1:4])
    found = port.catalogue.relations.get((owner, table))

    def make() -> Sequence[tuple[Value, Value]]:
        if found is None or column not in found.by_name:
            raise OraError(29491, text="ORA-29491: invalid table for chunking")
        query = f'SELECT MIN("{column}"), MAX("{column}") FROM "{owner}"."{table}"'
        lowest, highest = cast("tuple[Number | None, Number | None]", _rows(port, query, (), scope)[0])
        if lowest is None or highest is None:
            return []
        count = int((highest - lowest) // size) + 1
        starts = [lowest + number * size for number in range(count)]
        return [(start, min(start + size - 1, highest)) for start in starts]

    _chunk(task, "NUMBER_RANGE", make)
    task.set("table_owner = :1, table_name = :2, number_column = :3", (_NAME, owner), (_NAME, table), (_NAME, column))


@enter(
    _PACKAGE,
    "CREATE_CHUNKS_BY_SQL",
    parameter("TASK_NAME", TEXT),
    parameter("SQL_STMT", ScalarType(CLOB)),
    parameter("BY_ROWID", BOOLEAN),
)
def _create_chunks_by_sql(frame: Frame, values: list[Value]) -> None:
    task = _task_to_chunk(frame, values[0])

    def make() -> Sequence[tuple[Value, Value]]:
        rows = _rows(frame.run.port, str(values[1] or ""), (), frame.scope)
        if rows and len(rows[0]) != 2:
            raise OraError(29491, text="ORA-29491: the query for chunking must return two columns")
        return [(row[0], row[1]) for row in rows]

    _chunk(task, "ROWID_RANGE" if values[2] else "NUMBER_RANGE", make)


@enter(
    _PACKAGE,
    "CREATE_CHUNKS_BY_ROWID",
    parameter("TASK_NAME", TEXT),
    parameter("TABLE_OWNER", TEXT),
    parameter("TABLE_NAME", TEXT),
    parameter("BY_ROW", BOOLEAN),
    parameter("CHUNK_SIZE", PLS_INTEGER),
)
def _create_chunks_by_rowid(frame: Frame, values: list[Value]) -> None:
    frame.run.port.check_writable()
    if not values[3]:
        raise NotEmulated("DBMS_PARALLEL_EXECUTE.CREATE_CHUNKS_BY_ROWID by blocks")
    size = values[4]
    if size is None or size < 1:
        raise OraError(29492, text="ORA-29492: invalid chunk size")
    task = _task_to_chunk(frame, values[0])
    owner, table = (str(value or "").strip('"').upper() for value in values[1:3])

    def make() -> Sequence[tuple[Value, Value]]:
        if (owner, table) not in frame.run.port.catalogue.relations:
            raise OraError(29491, text="ORA-29491: invalid table for chunking")
        query = f'SELECT rowid FROM "{owner}"."{table}" ORDER BY rowid'
        rows = [row[0] for row in _rows(frame.run.port, query, (), frame.scope)]
        return [(rows[at], rows[min(at + size, len(rows)) - 1]) for at in range(0, len(rows), size)]

    _chunk(task, "ROWID_RANGE", make)
    task.set("table_owner = :1, table_name = :2", (_NAME, owner), (_NAME, table))


# ---------------------------------------------------------------------- running


class _Work:
    """The chunks of a running task that nobody has taken yet."""

    def __init__(self, task: _Task, statement: str, chunks: Sequence[tuple[Value, ...]], rights: Scope) -> None:
        """Begin.

        Args:
            task: The task.
            statement: What is run for each chunk, with ``:start_id`` and ``:end_id``.
            chunks: Id, start and end of each, the ends as numbers or as ROWIDs.
            rights: Whose rights hold for the statement.
        """
        self.failed = False
        self._task = task
        self._statement = scan_statement(statement)
        self._left = list(reversed(chunks))
        self._rights = rights
        self._lock = threading.Lock()

    def run(self, port: SqlPort, job: str) -> None:
        """Work on chunks until none is left."""
        while True:
            with self._lock:
                if not self._left:
                    return
                number, start, end = self._left.pop()
            self._mark(port, number, "status = 1, job_name = :j, start_ts = SYSTIMESTAMP", (_NAME, job))
            try:
                port.execute_text(self._statement.text, self._binds(start, end), scope=self._rights)
            except OraError as error:
                port.rollback()
                self.failed = True
                self._mark(
                    port,
                    number,
                    "status = 3, end_ts = SYSTIMESTAMP, error_code = :c, error_message = :m",
                    (NUMBER, -error.code),
                    (varchar2(4000), error.text[:4000]),
                )
                port.check_cancelled()
                continue
            self._mark(port, number, "status = 2, end_ts = SYSTIMESTAMP")

    def _binds(self, start: Value, end: Value) -> list[tuple[SqlType, Value]]:
        values = {"START_ID": start, "END_ID": end}
        sql_type = varchar2(4000) if isinstance(start, str) else NUMBER
        if set(self._statement.binds) != set(values):
            raise OraError(1006 if len(set(self._statement.binds)) < len(values) else 1008)
        return [(sql_type, values[name]) for name in self._statement.binds]

    @staticmethod
    def _mark(port: SqlPort, number: Value, assignments: str, *binds: tuple[SqlType, Value]) -> None:
        """Change a chunk's row, and commit it with the chunk's own changes."""
        _change(port, f"UPDATE {_CHUNKS} SET {assignments} WHERE id = :id", *binds, (NUMBER, number))
        port.commit()


def _run(task: _Task, statement: str, parallel_level: int, condition: str, rights: Scope) -> None:
    """Run a task's chunks that meet a condition: in this session with level 0, else in as many jobs."""
    port = task.port
    if parallel_level > 0 and not port.catalogue.has_privilege(rights.user, "CREATE JOB"):
        raise OraError(27486, text="ORA-27486: insufficient privileges")
    prefix = f"TASK$_{task.name}"[:100]
    task.set(
        "status = :s, sql_stmt = :q, language_flag = 1, parallel_level = :p, job_prefix = :j",
        (NUMBER, _STATUS["PROCESSING"]),
        (CLOB, statement),
        (NUMBER, parallel_level),
        (_NAME, prefix),
    )
    chunks = task.query(
        "SELECT id, COALESCE(start_rowid, TO_CHAR(start_id)), COALESCE(end_rowid, TO_CHAR(end_id)), start_rowid "
        f"FROM {_CHUNKS} WHERE owner = :1 AND task = :2 AND {condition} ORDER BY id"
    )
    ends = [
        (number, start, end) if rowid is not None else (number, _parsed(start), _parsed(end))
        for number, start, end, rowid in chunks
    ]
    work = _Work(task, statement, ends, rights)
    try:
        if parallel_level == 0:
            work.run(port, prefix)
        else:
            names = [f"{prefix}_{number}" for number in range(1, min(parallel_level, max(len(ends), 1)) + 1)]
            port.run_jobs([_job(work, name) for name in names])
    except OraError:
        port.rollback()
        task.set_status("CRASHED")
        raise
    task.set_status("FINISHED_WITH_ERROR" if work.failed else "FINISHED")


def _job(work: _Work, name: str) -> Callable[[SqlPort], None]:
    def run(port: SqlPort) -> None:
        port.set_identity({"MODULE": "DBMS_SCHEDULER", "ACTION": name[:64]})
        work.run(port, name)

    return run


def _parsed(text: Value) -> Value:
    return parse_number(str(text))


_LAST_ARGUMENTS = (
    parameter("EDITION", TEXT, "IN", None),
    parameter("APPLY_CROSSEDITION_TRIGGER", TEXT, "IN", None),
    parameter("FIRE_APPLY_TRIGGER", BOOLEAN, "IN", True),
    parameter("PARALLEL_LEVEL", PLS_INTEGER, "IN", 0),
    parameter("JOB_CLASS", TEXT, "IN", "DEFAULT_JOB_CLASS"),
)


def _level(values: Sequence[Value]) -> int:
    edition, trigger, _fires, level, job_class = values
    if edition is not None or trigger is not None or job_class != "DEFAULT_JOB_CLASS":
        raise NotEmulated("DBMS_PARALLEL_EXECUTE with an edition, a crossedition trigger or a job class")
    return 1 if level is None else max(cast("int", level), 0)


@enter(
    _PACKAGE,
    "RUN_TASK",
    parameter("TASK_NAME", TEXT),
    parameter("SQL_STMT", ScalarType(CLOB)),
    parameter("LANGUAGE_FLAG", PLS_INTEGER),
    *_LAST_ARGUMENTS,
)
def _run_task(frame: Frame, values: list[Value]) -> None:
    level = _level(values[3:8])
    task = _Task(frame.run.port, frame.run.port.scope.user, values[0])
    if task.status != _STATUS["CHUNKED"]:
        raise OraError(29494, text="ORA-29494: invalid state for run task")
    _run(task, str(values[1] or ""), level, "status = 0", frame.scope)


#: What RESUME_TASK works on: all chunks that are not processed.
_UNPROCESSED = "status <> 2"


def _resume(frame: Frame, name: Value, statement: Value, level: int | None, *, force: bool) -> None:
    task = _Task(frame.run.port, frame.run.port.scope.user, name)
    states = {_STATUS["CRASHED"], _STATUS["FINISHED_WITH_ERROR"]}
    if task.status not in states and not (force and task.status in {_STATUS["PROCESSING"], _STATUS["FINISHED"]}):
        raise OraError(29495, text="ORA-29495: invalid state for resume task")
    text = str(statement) if statement is not None else task.statement or ""
    chosen = level if level is not None else task.parallel_level or 0
    _run(task, text, chosen, _UNPROCESSED, frame.scope)


@enter(_PACKAGE, "RESUME_TASK", parameter("TASK_NAME", TEXT), parameter("FORCE", BOOLEAN, "IN", False))
def _resume_task(frame: Frame, values: list[Value]) -> None:
    _resume(frame, values[0], None, None, force=bool(values[1]))


@enter(
    _PACKAGE,
    "RESUME_TASK",
    parameter("TASK_NAME", TEXT),
    parameter("SQL_STMT", ScalarType(CLOB)),
    parameter("LANGUAGE_FLAG", PLS_INTEGER),
    *_LAST_ARGUMENTS,
    parameter("FORCE", BOOLEAN, "IN", False),
)
def _resume_task_with(frame: Frame, values: list[Value]) -> None:
    _resume(frame, values[0], values[1], _level(values[3:8]), force=bool(values[8]))
