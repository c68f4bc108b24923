"""The same pictures by what people would do instead, side by side with the fleet.

Every contender begins from the same databases; then each runs once more with some corrupt pictures among them, to see
whether it comes to an end.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from benchmarks.fleet_rig import PRIMARY, BenchmarkError, FleetPlan, FleetRig, FleetTemplate, fleet_rig
from fleet.errors import DatabaseError
from fleet.sessions import Connection, Database, connect, session, translated
from fleet.statements import statement

#: A run of the fleet in which nothing has moved for so long will not end any more, seconds.
_IDLE_SECONDS = 20.0
_POLL_SECONDS = 0.1
#: As in the script that the seed brings (``sql/07``): pictures of a batch; 0 iterations: until nothing is left.
_SEED_BATCH = 10
#: Of the sessions that embed, as ``fleet.sessions`` writes it.
_CLIENT_MODULE = "adgfleet embed"
_WORKER_MODULE = "adgfleet worker"
_TRAFFIC = (
    "SELECT t.value FROM v$session s JOIN v$sesstat t ON t.sid = s.sid JOIN v$statname n "
    'ON n."STATISTIC#" = t."STATISTIC#" WHERE s.module = :module AND n.name LIKE :name'
)
_STATISTIC = "SELECT value FROM v$sysstat WHERE name = :name"
_SELECT = "SELECT id, VECTOR_EMBEDDING(clipimg USING img AS data) FROM pictures WHERE id BETWEEN :first_id AND :last_id"
_INSERT = "INSERT INTO picture_embeddings (id, embedding) VALUES (:1, :2)"
_PARALLEL_EXECUTE = """
BEGIN
  DBMS_PARALLEL_EXECUTE.CREATE_TASK('embed');
  DBMS_PARALLEL_EXECUTE.CREATE_CHUNKS_BY_NUMBER_COL('embed', 'ADGVEC', 'PICTURES', 'ID', :chunk);
  DBMS_PARALLEL_EXECUTE.RUN_TASK('embed',
    'INSERT INTO picture_embeddings (id, embedding)
     SELECT p.id, VECTOR_EMBEDDING(clipimg USING p.img AS data) FROM pictures p
      WHERE p.id BETWEEN :start_id AND :end_id', DBMS_SQL.NATIVE, parallel_level => :sessions);
END;"""


@dataclass(frozen=True, slots=True)
class VersusPlan:
    """What to compare."""

    standbys: int = 2
    sessions: int = 4
    pictures: int = 256
    inference_ms: float = 200.0
    redirect_ms: float = 20.0
    redirect_wait: str = "dml"
    range_size: int = 32
    #: Corrupt pictures of the second run.
    bad: int = 3
    #: Of CONTENDERS; empty: all.
    only: tuple[str, ...] = ()

    def fleet(self) -> FleetPlan:
        """Return the databases and the fleet."""
        return FleetPlan(
            standbys=self.standbys,
            sessions=self.sessions,
            pictures=self.pictures,
            inference_ms=self.inference_ms,
            redirect_ms=self.redirect_ms,
            redirect_wait=self.redirect_wait,
            range_size=self.range_size,
            batch_size=self.range_size,
        )

    @property
    def modelled(self) -> str:
        """What is modelled, in words."""
        return (
            f"{self.fleet().modelled} {self.pictures} pictures, {self.standbys} standbys, {self.sessions} sessions for "
            "each database."
        )


@dataclass(frozen=True, slots=True)
class Result:
    """What one contender did; counts are those of the databases."""

    name: str
    seconds: float
    embedded: int
    inferences: int
    #: Beyond one for each picture embedded.
    duplicate_inferences: int
    inferences_on_primary: int
    redirected_statements: int
    commits: int
    #: Between the clients that embed and the databases, both ways.
    bytes_per_picture: float
    round_trips: int
    #: Modelled waiting for redirected statements.
    redirect_ms_per_picture: float
    #: First error that it met; empty: none.
    error: str = ""
    #: With corrupt pictures: whether all good ones are embedded, and what became of the run.
    finishes_with_corrupt: bool | None = None
    corrupt_embedded: int = 0
    corrupt_error: str = ""


@dataclass(slots=True)
class _Sessions:
    """Sessions whose traffic is counted; errors that ended one."""

    rig: FleetRig
    opened: list[Connection]
    errors: list[str]

    def open(self, database: Database) -> Connection:
        connection = connect(database, module="embed")
        self.opened.append(connection)
        return connection

    def standby(self, name: str) -> Connection:
        return self.open(Database.standby(self.rig.settings, name))

    def primary(self) -> Connection:
        return self.open(Database.primary(self.rig.settings))

    def in_threads(self, works: list[Callable[[], None]]) -> None:
        """Run side by side to the end; what ends one by an error is noted."""

        def guarded(work: Callable[[], None]) -> None:
            try:
                with translated("database"):
                    work()
            except DatabaseError as error:
                self.errors.append(str(error).splitlines()[0])

        threads = [threading.Thread(target=guarded, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()


_Contender = Callable[[_Sessions], str]


def _seed_once(used: _Sessions) -> str:
    used.in_threads([lambda: _run_seed(used.standby(used.rig.plan.names[0]))])
    return _CLIENT_MODULE


def _seed_everywhere(used: _Sessions) -> str:
    connections = [used.standby(name) for name in used.rig.plan.names]
    used.in_threads([lambda each=each: _run_seed(each) for each in connections])  # type: ignore[misc]  # bound now
    return _CLIENT_MODULE


def _run_seed(connection: Connection) -> None:
    connection.cursor().callproc("process_embeddings", [_SEED_BATCH, 0])


def _client_side(used: _Sessions) -> str:
    """Fetch vectors from the standbys, insert them on the primary."""
    plan, ids = used.rig.plan, used.rig.ids
    parts = [ids[start : start + plan.range_size] for start in range(0, len(ids), plan.range_size)]
    takers = [(used.standby(name), used.primary()) for name in plan.names for _ in range(plan.sessions)]
    waiting, lock = iter(parts), threading.Lock()

    def work(standby: Connection, primary: Connection) -> None:
        while True:
            with lock:
                part = next(waiting, None)
            if part is None:
                return
            with standby.cursor() as cursor:
                cursor.execute(_SELECT, first_id=part[0], last_id=part[-1])
                rows = cursor.fetchall()
            with primary.cursor() as cursor:
                cursor.executemany(_INSERT, rows)
            primary.commit()

    used.in_threads([lambda pair=pair: work(*pair) for pair in takers])  # type: ignore[misc]  # bound now
    return _CLIENT_MODULE


def _parallel_execute(used: _Sessions) -> str:
    plan = used.rig.plan
    connection = used.primary()

    def run() -> None:
        with connection.cursor() as cursor:
            # Ids are every third on average, and chunks are cut by id.
            cursor.execute(_PARALLEL_EXECUTE, chunk=3 * plan.range_size, sessions=plan.sessions)
            cursor.execute("SELECT error_message FROM user_parallel_execute_chunks WHERE error_code IS NOT NULL")
            used.errors.extend(str(message).splitlines()[0] for (message,) in cursor)

    used.in_threads([run])
    return _CLIENT_MODULE


def _fleet(used: _Sessions) -> str:
    """Enqueue; the workers run already."""
    used.rig.produce()
    since, last = time.monotonic(), -1
    with session(Database.primary(used.rig.settings), module="observer") as connection, connection.cursor() as cursor:
        while True:
            cursor.execute(statement("pending_count"))
            (pending,) = cursor.fetchone()
            if pending == 0:
                return _WORKER_MODULE
            if pending != last:
                since, last = time.monotonic(), pending
            if time.monotonic() - since > _IDLE_SECONDS + used.rig.plan.range_size * used.rig.plan.inference_ms / 1000:
                used.errors.append(f"nothing has moved while {pending} pictures are pending")
                return _WORKER_MODULE
            time.sleep(_POLL_SECONDS)


@dataclass(frozen=True, slots=True)
class _Entry:
    name: str
    run: _Contender
    needs_workers: bool = False
    #: Pictures of a range and of a batch; None: the plan's.
    range_size: int | None = None


#: By the name that the command line has for them.
CONTENDERS = {
    "seed": _Entry("the seed's procedure, one session", _seed_once),
    "seed-everywhere": _Entry("the seed's procedure on every standby", _seed_everywhere),
    "task-per-picture": _Entry("one Celery task per picture", _fleet, needs_workers=True, range_size=1),
    "client-side": _Entry("client-side SELECT + executemany", _client_side),
    "parallel-execute": _Entry("DBMS_PARALLEL_EXECUTE on the primary", _parallel_execute),
    "fleet": _Entry("the fleet", _fleet, needs_workers=True),
}


def measure_versus(
    plan: VersusPlan, template: FleetTemplate, directory: Path, say: Callable[[str], None]
) -> list[Result]:
    """Run the contenders without and with corrupt pictures.

    Raises:
        BenchmarkError: One of them could not be run at all.
    """
    results = []
    for key in plan.only or CONTENDERS:
        entry = CONTENDERS[key]
        say(entry.name)
        fleet = plan.fleet()
        if entry.range_size is not None:
            fleet = replace(fleet, range_size=entry.range_size, batch_size=entry.range_size)
        clean = _run(entry, fleet, template, directory / f"clean-{key}")
        say(f"  {clean.embedded} embedded in {clean.seconds:.1f} s{clean.error and f'; {clean.error}'}")
        dirty = _run(entry, replace(fleet, bad=plan.bad), template, directory / f"corrupt-{key}")
        finishes = dirty.embedded == plan.pictures - plan.bad
        say(f"  with {plan.bad} corrupt: {dirty.embedded} embedded{dirty.error and f'; {dirty.error}'}")
        results.append(
            replace(
                clean,
                finishes_with_corrupt=finishes,
                corrupt_embedded=dirty.embedded,
                corrupt_error=dirty.error,
            )
        )
    return results


def _run(entry: _Entry, fleet: FleetPlan, template: FleetTemplate, directory: Path) -> Result:
    with fleet_rig(template, directory, fleet) as rig, contextlib.ExitStack() as closing:
        if entry.needs_workers:
            rig.start_workers(fleet.names)
        used = _Sessions(rig, [], [])
        closing.callback(lambda: [connection.close() for connection in used.opened if connection.is_healthy()])
        scn = int(rig.cluster.levers(PRIMARY).status()["scn"])
        started = time.monotonic()
        module = entry.run(used)
        seconds = time.monotonic() - started
        commits = int(rig.cluster.levers(PRIMARY).status()["scn"]) - scn
        inferences = rig.inferences()
        embedded, failed, _ = rig.counts()
        databases = [PRIMARY, *fleet.names]
        statements = sum(
            _sum(rig, name, _STATISTIC, name="emulator: redirected DML statements") for name in fleet.names
        )
        traffic = sum(_sum(rig, name, _TRAFFIC, module=module, name="bytes %") for name in databases)
        trips = sum(_sum(rig, name, _TRAFFIC, module=module, name="SQL*Net roundtrips%") for name in databases)
    if embedded == 0 and not used.errors:
        raise BenchmarkError(f"{entry.name} embedded nothing and met no error")
    total = sum(inferences.values())
    return Result(
        name=entry.name,
        seconds=round(seconds, 2),
        embedded=embedded,
        inferences=total,
        duplicate_inferences=total - embedded - failed,
        inferences_on_primary=inferences[PRIMARY],
        redirected_statements=statements,
        commits=commits,
        bytes_per_picture=round(traffic / max(embedded, 1), 1),
        round_trips=trips,
        redirect_ms_per_picture=round(statements * fleet.redirect_ms / max(embedded, 1), 2),
        error=used.errors[0] if used.errors else "",
    )


def _sum(rig: FleetRig, database: str, query: str, **binds: str) -> int:
    where = "primary" if database == PRIMARY else database
    with session(Database.named(rig.settings, where), module="observer") as connection, connection.cursor() as cursor:
        cursor.execute(query, **binds)
        return sum(int(value) for (value,) in cursor)
