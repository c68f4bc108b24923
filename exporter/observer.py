"""Looks at the fleet for whoever reads the metrics, so that a reading never waits for a database.

Redis is asked when the metrics are read, at most once a second; the databases' CPU time by the sampler, once a second;
the tables every METRICS_COUNT_INTERVAL, on a standby and never on the primary. Each of the three may be missing: then
its figures are, and the rest is there.
"""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field, replace
from typing import Self

import redis

from fleet.errors import DatabaseError
from fleet.failures import count_by_error
from fleet.range_queue import running_by_standby
from fleet.sampler import PRIMARY, DatabaseFacts, Sampler
from fleet.sessions import Database, session
from fleet.settings import Settings
from fleet.state import FleetState
from fleet.status import FleetStatus, StatusReader, TableCounts

log = logging.getLogger("adgfleet.metrics")

#: Longest wait for Redis, seconds; a reader waits for it.
_REDIS_SECONDS = 2.0
#: What Redis said counts for so long: several readers cost no more than one, seconds.
_FRESH_SECONDS = 1.0
#: Counting a large table takes long: no database is kept busy by it for more than a tenth of the time.
_REST = 9.0
#: The sampler has asked every database once after so long, or never will, seconds.
_FIRST_LOOK_SECONDS = 5.0
#: How often it is looked whether it has.
_POLL_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Queues:
    """What Redis says."""

    status: FleetStatus
    #: Ranges that wait, by queue.
    waiting: dict[str, int]
    #: Ranges that workers have taken, by standby.
    running: dict[str, int]
    #: Ranges that were handed out again, by the standby whose worker had lost them.
    redelivered: dict[str, int]
    dead_letters_total: int


@dataclass(frozen=True, slots=True)
class Tables:
    """What a standby counted."""

    counts: TableCounts
    #: Pictures that are put aside, by the error's name; empty for those without one.
    failures: dict[str, int]


@dataclass(frozen=True, slots=True)
class FleetLook:
    """The fleet at one moment, as far as anybody answered."""

    #: None: Redis does not answer.
    queues: Queues | None
    #: None: no standby could count when it was tried last.
    tables: Tables | None
    #: When the tables were counted last, Unix time, seconds, and how long it took; 0: never.
    counted_at: float
    count_seconds: float
    #: By the fleet's names: the primary, if DB_DSN is set, and the standbys.
    databases: dict[str, DatabaseFacts] = field(default_factory=dict)


class Observer:
    """Looks between ``start`` and ``stop``."""

    def __init__(self, settings: Settings) -> None:
        """Connect to nothing yet.

        Raises:
            ConfigurationError: STANDBYS, DB_USER or DB_PASSWORD is missing.
        """
        self._settings = settings
        self._state = FleetState(settings, timeout_seconds=_REDIS_SECONDS)
        self._reader = StatusReader(settings, self._state)
        self._sampler = Sampler.of(settings, self._state)
        self._lock = threading.Lock()
        self._queues: Queues | None = None
        self._asked_at = float("-inf")
        self._redis_problem = self._tables_problem = ""
        self._tables: Tables | None = None
        self._counted_at = self._count_seconds = 0.0
        self._stopping = threading.Event()

    def start(self) -> None:
        """Begin to sample and to count."""
        self._sampler.start()
        threading.Thread(target=self._keep_counting, name="count-tables", daemon=True).start()

    def stop(self) -> None:
        """Look no more; sessions that hang are left behind."""
        self._stopping.set()
        self._sampler.stop()
        self._state.close()

    def __enter__(self) -> Self:
        """Look for a ``with`` block."""
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        """End it."""
        self.stop()

    def look(self) -> FleetLook:
        """Return the fleet as it is now; waits for Redis, at most two seconds, and for nothing else."""
        with self._lock:
            if time.monotonic() - self._asked_at > _FRESH_SECONDS:
                self._queues = self._ask_redis()
                self._asked_at = time.monotonic()
            queues = self._queues
        tables = self._tables
        if queues is not None and tables is not None:
            queues = replace(queues, status=replace(queues.status, counts=tables.counts))
        return FleetLook(queues, tables, self._counted_at, self._count_seconds, self._sampler.facts())

    def wait_for_first_look(self) -> None:
        """Wait until every database was asked and the tables were counted, or could not be; not for long."""
        end = time.monotonic() + _FIRST_LOOK_SECONDS
        while self._tables is None and not self._tables_problem and time.monotonic() < end:
            time.sleep(_POLL_SECONDS)

    # ------------------------------------------------------------------ Redis

    def _ask_redis(self) -> Queues | None:
        try:
            status = self._reader.read(counting=False, letters=False)
            names = [standby.name for standby in status.standbys]
            found = Queues(
                status,
                self._state.queue_depths(names),
                running_by_standby(self._state.client, dict.fromkeys((*names, *self._state.known_standbys()))),
                self._state.redelivered(),
                self._state.dead_letters_total(),
            )
        except redis.RedisError as error:
            problem = f"Redis does not answer at {self._settings.redis_place} ({type(error).__name__})"
            if problem != self._redis_problem:
                log.warning("%s; its figures are missing until it does", problem)
            self._redis_problem = problem
            return None
        if self._redis_problem:
            log.info("Redis answers again")
        self._redis_problem = ""
        return found

    # ------------------------------------------------------------------ tables

    def _keep_counting(self) -> None:
        while not self._stopping.is_set() and any(facts.is_new for facts in self._standbys().values()):
            self._stopping.wait(_POLL_SECONDS)
        while not self._stopping.is_set():
            began = time.monotonic()
            try:
                self._count()
            except Exception:
                log.exception("the tables could not be counted; it is tried again")
            took = time.monotonic() - began
            self._stopping.wait(max(self._settings.metrics_count_interval - took, _REST * took))

    def _standbys(self) -> dict[str, DatabaseFacts]:
        return {name: facts for name, facts in self._sampler.facts().items() if name != PRIMARY}

    def _count(self) -> None:
        """Count on a standby that answers; one that has become the primary is left alone.

        No logon is tried where the sampler's was just refused: repeating a wrong password locks the account.
        """
        known = self._standbys()
        asked = {name for name, facts in known.items() if facts.answers and facts.role != "PRIMARY"}
        began = time.monotonic()
        counts, problem = self._reader.count(self._serving(), primary=False, without=set(known) - asked)
        failures: dict[str, int] = {}
        if counts is not None and counts.failed:
            try:
                with session(Database.named(self._settings, counts.database), module="metrics") as connection:
                    failures = count_by_error(connection)
            except DatabaseError as error:
                counts, problem = None, str(error)
        if problem and problem != self._tables_problem:
            log.warning("the tables are not counted: %s", problem)
        self._tables_problem = problem
        self._tables = None if counts is None else Tables(counts, failures)
        if counts is not None:
            self._counted_at, self._count_seconds = time.time(), time.monotonic() - began

    def _serving(self) -> list[str]:
        queues = self.look().queues
        standbys = queues.status.standbys if queues is not None else ()
        return [each.name for each in standbys if each.heartbeat is not None and each.heartbeat.is_serving]
