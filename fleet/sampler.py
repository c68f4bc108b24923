"""Samples every database again and again: a thread and a session for each, and one that puts the samples together.

Whoever watches the fleet for long runs one: the search page's server, a producer that follows, the metrics. Exactly one
of them writes to Redis (``SampleStore.claim``); each keeps the last minutes for itself, so that it can show them
without Redis.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

import redis

from fleet.dataguard import read_identity
from fleet.errors import ConfigurationError, DatabaseError, PermanentDatabaseError
from fleet.ora_codes import REFUSED_REST_SECONDS
from fleet.samples import SAMPLE_SECONDS, DatabaseSample, Sample, SampleStore
from fleet.sessions import Connection, Database, close_aside, connect, translated
from fleet.settings import Settings
from fleet.state import FleetState
from fleet.statements import statement

log = logging.getLogger("adgfleet.sampler")

#: Longest wait for a database, seconds.
_PATIENCE_SECONDS = 3.0
#: A sample waits for the databases so long; one that answers later is in the next sample, seconds.
_ANSWER_SECONDS = 0.7 * SAMPLE_SECONDS
#: What a database said counts for so long, seconds.
_FRESH_SECONDS = 5 * SAMPLE_SECONDS
#: What is kept in memory, seconds.
MEMORY_SECONDS = 600.0
#: The account may not read V$OSSTAT.
_NOT_GRANTED = frozenset({"ORA-00942", "ORA-01031"})
PRIMARY = "primary"
_DRAINED = "it is drained, so it is not asked"
_NOT_ASKED = "it has not been asked yet"


@dataclass(frozen=True, slots=True)
class DatabaseFacts:
    """What a database said of itself when it was asked last."""

    #: Empty until it has answered.
    db_unique_name: str = ""
    role: str = ""
    busy_seconds: float | None = None
    idle_seconds: float | None = None
    #: Why it does not answer; one line, empty while it does.
    problem: str = _NOT_ASKED
    #: Why its CPU time is not known although it answers; empty when it is.
    cpu_problem: str = ""
    #: When that was, by the monotonic clock.
    looked_at: float = 0.0

    @property
    def answers(self) -> bool:
        """Whether it has answered just now."""
        return not self.problem

    @property
    def is_new(self) -> bool:
        """Whether it has not been asked yet."""
        return self.problem == _NOT_ASKED

    @property
    def is_asked(self) -> bool:
        """Whether it has been asked and is asked on: it is not drained."""
        return self.problem not in {_NOT_ASKED, _DRAINED}


class DatabaseWatch:
    """Asks one database for its role and CPU time, in a session that it keeps."""

    def __init__(self, database: Database) -> None:
        """Connect to nothing yet."""
        patience = min(_PATIENCE_SECONDS, database.connect_timeout_seconds)
        self._database = replace(database, connect_timeout_seconds=patience)
        self._connection: Connection | None = None
        self._facts = DatabaseFacts()
        self._not_before = 0.0
        self._wanted, self._looked = threading.Event(), threading.Event()

    @property
    def name(self) -> str:
        """The fleet's name of the database."""
        return self._database.name

    def facts(self) -> DatabaseFacts:
        """Return what it said last; one that has been silent for too long has said nothing."""
        facts = self._facts
        if facts.answers and time.monotonic() - facts.looked_at > _FRESH_SECONDS:
            return DatabaseFacts(facts.db_unique_name, facts.role, problem=f"{self.name} does not answer")
        return facts

    def want(self) -> None:
        """Let the thread in ``run`` ask now; one that is still waiting for an answer goes on waiting."""
        self._looked.clear()
        self._wanted.set()

    def rest(self) -> None:
        """Ask no more and keep no session, until it is wanted again: a drained standby is to have none."""
        self.close()
        self._facts = DatabaseFacts(self._facts.db_unique_name, self._facts.role, problem=_DRAINED)
        self._looked.set()

    def wait(self, seconds: float) -> None:
        """Wait until it has answered, or failed to, but not too long."""
        self._looked.wait(max(0.0, seconds))

    def run(self, stopping: threading.Event) -> None:
        """Ask whenever it is wanted, until ``stopping`` is set and it is wanted once more."""
        while True:
            self._wanted.wait()
            self._wanted.clear()
            if stopping.is_set():
                return
            try:
                self.look()
            except Exception:
                log.exception("%s could not be asked; it is tried again", self.name)
            self._looked.set()

    def look(self) -> None:
        """Ask it now."""
        if time.monotonic() < self._not_before:
            return
        try:
            if self._connection is None:
                self._connection = connect(self._database, module="sampler")
                self._connection.call_timeout = int(1000 * _PATIENCE_SECONDS)
            with translated(self.name):
                self._facts = self._ask(self._connection)
        except DatabaseError as error:
            self.close()
            if isinstance(error, PermanentDatabaseError):
                self._not_before = time.monotonic() + REFUSED_REST_SECONDS
            self._facts = DatabaseFacts(self._facts.db_unique_name, self._facts.role, problem=str(error))
        else:
            if self.name == PRIMARY and self._facts.role != "PRIMARY":
                self.close()  # the roles have changed: the next logon finds the new primary

    def _ask(self, connection: Connection) -> DatabaseFacts:
        identity = read_identity(connection)
        facts = DatabaseFacts(identity.db_unique_name, identity.role, problem="", looked_at=time.monotonic())
        try:
            with translated(self.name), connection.cursor() as cursor:
                cursor.execute(statement("cpu_time"))
                values = {str(name): float(value) for name, value in cursor.fetchall()}
        except DatabaseError as error:
            if not _NOT_GRANTED.intersection(error.codes):
                raise
            advice = f"run sql/09_grant_views.sql as SYS for {self._database.user}"
            return replace(facts, cpu_problem=f"{self._database.user} may not read V$OSSTAT; {advice}")
        # Centiseconds. Source: Oracle reference 23ai, V$OSSTAT.
        return replace(facts, busy_seconds=values["BUSY_TIME"] / 100, idle_seconds=values["IDLE_TIME"] / 100)

    def close(self) -> None:
        """Close the session, on the side: closing one whose database hangs would wait for it."""
        connection, self._connection = self._connection, None
        if connection is not None:
            close_aside(connection)


class Sampler:
    """Samples in the background between ``start`` and ``stop``."""

    def __init__(self, databases: Sequence[Database], state: FleetState) -> None:
        """Connect to nothing yet."""
        self._watches = [DatabaseWatch(database) for database in databases]
        self._state = state
        self._store = SampleStore(state.client)
        self._holder = secrets.token_hex(8)
        #: As the operator wished when Redis answered last.
        self._drained: set[str] = set()
        self._recent: deque[Sample] = deque(maxlen=int(MEMORY_SECONDS / SAMPLE_SECONDS))
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    @classmethod
    def of(cls, settings: Settings, state: FleetState) -> Sampler:
        """Return a sampler of all databases of the settings; of the standbys alone when DB_DSN is not set."""
        databases = [Database.standby(settings, name) for name in settings.require("standbys")]
        with contextlib.suppress(ConfigurationError):
            databases.insert(0, Database.primary(settings))
        return cls(databases, state)

    def facts(self) -> dict[str, DatabaseFacts]:
        """Return what each database said last."""
        return {watch.name: watch.facts() for watch in self._watches}

    def recent(self) -> list[Sample]:
        """Return the samples of the last minutes, the oldest first."""
        return list(self._recent)

    def start(self) -> None:
        """Begin to sample."""
        for watch in self._watches:
            name = f"sample-{watch.name}"
            threading.Thread(target=watch.run, args=(self._stopping,), name=name, daemon=True).start()
        self._thread = threading.Thread(target=self._keep_taking, name="sample", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Sample no more; sessions that hang are left behind."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(SAMPLE_SECONDS)
        for watch in self._watches:
            watch.want()
            watch.close()
        with contextlib.suppress(redis.RedisError):
            self._store.release(self._holder)

    def __enter__(self) -> Self:
        """Sample for a ``with`` block."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.stop()

    def _keep_taking(self) -> None:
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                self._take()
            except Exception:
                log.exception("sampling failed; it goes on")
            self._stopping.wait(max(0.0, SAMPLE_SECONDS - (time.monotonic() - began)))

    def _hear_wishes(self) -> bool:
        """Learn what is drained; False: Redis does not answer, and what was drained stays so."""
        try:
            self._drained = {watch.name for watch in self._watches if self._state.wishes(watch.name).drained}
        except redis.RedisError:
            return False
        return True

    def _take(self) -> None:
        reachable = self._hear_wishes()
        deadline = time.monotonic() + _ANSWER_SECONDS
        for watch in self._watches:
            if watch.name in self._drained:
                watch.rest()
            else:
                watch.want()
        for watch in self._watches:
            watch.wait(deadline - time.monotonic())
        if any(facts.is_new for facts in self.facts().values()):
            return
        rates: dict[str, float] = {}
        try:
            if reachable and not self._recent:  # what another sampler has seen in the last minutes
                self._recent.extend(self._store.between(time.time() - MEMORY_SECONDS, time.time()))
            if reachable:
                rates = {name: beat.pictures_per_second for name, beat in self._state.live_workers().items()}
        except redis.RedisError:
            reachable = False
        sample = Sample(
            time.time(),
            {name: _database_sample(facts, rates.get(name)) for name, facts in self.facts().items()},
        )
        self._recent.append(sample)
        if reachable:
            with contextlib.suppress(redis.RedisError):
                if self._store.claim(self._holder):
                    self._store.add(sample)


def _database_sample(facts: DatabaseFacts, rate: float | None) -> DatabaseSample:
    if not facts.answers:
        return DatabaseSample(pictures_per_second=rate)
    return DatabaseSample(facts.db_unique_name, facts.role, facts.busy_seconds, facts.idle_seconds, rate)
