"""What the fleet page shows, put together in the background while somebody looks.

Redis is asked every second, the tables every few seconds, the databases' CPU by the sampler all the time. Each of the
three may be missing: the rest is shown, and what is missing is said.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import redis

from fleet.errors import FleetError
from fleet.failures import Failure, list_failures
from fleet.runs import known_runs
from fleet.sampler import PRIMARY, DatabaseFacts, Sampler
from fleet.samples import Sample
from fleet.state import FleetState, RunProgress
from fleet.status import FleetStatus, StatusReader, TableCounts
from search.service import SearchService
from search.standby_watch import SERVING, StandbyView

log = logging.getLogger("adgfleet.search")

_STATUS_SECONDS = 1.0
_TABLES_SECONDS = 2.0
#: Counting a large table takes long: no database is kept busy by it for more than a tenth of the time.
_TABLES_REST = 9.0
#: Nobody has looked for so long: nothing is asked but what the sampler needs, seconds.
_UNWATCHED_SECONDS = 10.0
#: Longest wait for Redis, seconds.
_REDIS_SECONDS = 2.0
#: Failures that are shown.
_MOST_FAILURES = 12
#: Runs that are shown.
_MOST_RUNS = 3


@dataclass(frozen=True, slots=True)
class FailureList:
    """The latest pictures that could not be embedded."""

    failures: tuple[Failure, ...] = ()
    total: int | None = None
    #: Why they are not known, one line.
    problem: str = ""


@dataclass(frozen=True, slots=True)
class FleetLook:
    """The fleet at one moment, as far as anybody answered."""

    #: Unix time, seconds.
    at: float
    #: None: Redis does not answer.
    status: FleetStatus | None
    #: Why not; one line.
    redis_problem: str
    #: None: no database has counted.
    counts: TableCounts | None
    counts_problem: str
    #: By the fleet's names: the primary, if DB_DSN is set, and the standbys.
    databases: dict[str, DatabaseFacts]
    #: The standbys as the searches see them.
    standbys: dict[str, StandbyView]
    failures: FailureList
    #: The newest first.
    runs: tuple[tuple[str, RunProgress], ...]


class FleetWatch:
    """Looks again and again while somebody asks for what it has seen."""

    def __init__(self, service: SearchService) -> None:
        """Look at nothing yet."""
        settings = service.settings
        self._service = service
        self._state = FleetState(settings, timeout_seconds=_REDIS_SECONDS)
        self._redis_place = settings.redis_place
        self._reader = StatusReader(settings, self._state)
        self._sampler = Sampler.of(settings, self._state)
        self._counts: tuple[TableCounts | None, str] = (None, "")
        self._failures = FailureList()
        self._look: FleetLook | None = None
        self._wanted_at = float("-inf")
        self._wanted = threading.Event()
        self._stopping = threading.Event()

    def start(self) -> None:
        """Begin to sample, and to look whenever somebody asks."""
        self._sampler.start()
        for name, work in (
            ("fleet-status", (self._look_at_redis, lambda: None, _STATUS_SECONDS, 0.0)),
            ("fleet-tables", (self._look_at_tables, self._forget_tables, _TABLES_SECONDS, _TABLES_REST)),
        ):
            threading.Thread(target=self._repeat, args=work, name=name, daemon=True).start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        self._wanted.set()
        self._sampler.stop()
        self._state.close()

    def look(self) -> FleetLook | None:
        """Return the latest look, and keep looking for a while; None: there is no fresh one yet, ask again at once."""
        self._wanted_at = time.monotonic()
        self._wanted.set()
        found = self._look
        return found if found is not None and time.time() - found.at < _UNWATCHED_SECONDS else None

    def samples(self) -> list[Sample]:
        """Return the samples of the last minutes, the oldest first."""
        return self._sampler.recent()

    # ------------------------------------------------------------------ in the background

    def _repeat(self, step: Callable[[], None], forget: Callable[[], None], seconds: float, rest: float) -> None:
        """Repeat a step every so many seconds; one that took long rests for ``rest`` times as long.

        What it found is forgotten when nobody looks any more: whoever comes next is not to take it for the present.
        """
        while not self._stopping.is_set():
            if not self._wanted.is_set():
                forget()
            self._wanted.wait()
            if time.monotonic() - self._wanted_at > _UNWATCHED_SECONDS:
                self._wanted.clear()
                continue
            began = time.monotonic()
            try:
                step()
            except Exception:
                log.exception("the fleet could not be looked at; it is tried again")
            self._stopping.wait(max(seconds, rest * (time.monotonic() - began)))

    def _look_at_redis(self) -> None:
        status: FleetStatus | None = None
        runs: list[tuple[str, RunProgress]] = []
        problem = ""
        counts, counts_problem = self._counts
        try:
            status = replace(
                self._reader.read(counting=False, letters=False), counts=counts, counts_problem=counts_problem
            )
            newest = known_runs(self._state.client, most=_MOST_RUNS)
            runs = [(run_id, self._state.progress(run_id)) for run_id in newest]
        except redis.RedisError as error:
            problem = f"Redis does not answer at {self._redis_place} ({type(error).__name__})"
        self._look = FleetLook(
            at=time.time(),
            status=status,
            redis_problem=problem,
            counts=counts,
            counts_problem=counts_problem,
            databases=self._sampler.facts(),
            standbys={view.name: view for view in self._service.watch.views()},
            failures=self._failures,
            runs=tuple(runs),
        )

    def _forget_tables(self) -> None:
        self._counts, self._failures = (None, ""), FailureList()

    def _look_at_tables(self) -> None:
        may_ask_primary = self._service.settings.search_on_primary
        known = {name: each for name, each in self._sampler.facts().items() if name != PRIMARY or may_ask_primary}
        if not any(facts.answers for facts in known.values()):
            if any(facts.is_new for facts in known.values()):
                return
            # No further logon is tried where one was just refused: repeating a wrong password locks the account.
            problem = next((facts.problem for facts in known.values()), "")
            self._counts, self._failures = (None, problem), FailureList(problem=problem)
            return
        serving = [view.name for view in self._service.watch.views() if view.state == SERVING]
        answering = {name for name, facts in known.items() if facts.answers}
        self._counts = self._reader.count(
            [name for name in serving if name in answering],
            primary=may_ask_primary,
            without=set(known) - answering,
        )
        try:
            (failures, total), _ = self._service.run(
                lambda connection: list_failures(connection, error_code=None, most=_MOST_FAILURES)
            )
        except FleetError as error:
            self._failures = FailureList(problem=str(error))
        else:
            self._failures = FailureList(tuple(failures), total)
