"""Reads how the whole fleet is: heartbeats and queue from Redis, the truth from a database.

Nothing here waits long: a database that does not answer costs a remark, not the rest.
"""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from fleet.errors import FleetError
from fleet.heartbeat import Heartbeat, Wishes
from fleet.range_queue import count_running
from fleet.sessions import Database, session
from fleet.settings import Settings
from fleet.state import FleetState
from fleet.statements import statement

#: Longest wait for one database, to log on and to count, seconds.
_LOGON_SECONDS = 3.0
_COUNT_SECONDS = 10.0
#: A standby that STANDBYS does not name is forgotten when its worker has been gone for so long, seconds: a day.
_FORGET_SECONDS = 24 * 3600.0
#: What is shown where no worker was ever heard of, and where one has gone.
NO_WORKER = "NO WORKER"
GONE = "GONE"


@dataclass(frozen=True, slots=True)
class StandbyStatus:
    """One standby, as its worker sees it."""

    name: str
    #: None: no worker was ever heard of.
    heartbeat: Heartbeat | None
    wishes: Wishes

    @property
    def state(self) -> str:
        """The worker's state; one that is not heard of has none."""
        if self.heartbeat is None:
            return NO_WORKER
        return str(self.heartbeat.state) if self.heartbeat.is_live else GONE

    @property
    def reason(self) -> str:
        """Why it does not serve, one line; empty while it does."""
        if self.heartbeat is None:
            return f"start its worker: adgfleet worker {self.name}"
        if not self.heartbeat.is_live:
            silent = f"nothing heard for {self.heartbeat.age_seconds:.0f} s"
            return f"{silent}; start its worker: adgfleet worker {self.name}"
        return self.heartbeat.state_reason

    def to_json(self) -> dict[str, Any]:
        """Return it for scripts."""
        beat = {} if self.heartbeat is None else dataclasses.asdict(self.heartbeat)
        wishes = dataclasses.asdict(self.wishes)
        return {**beat, "standby": self.name, "state": self.state, "state_reason": self.reason, "wishes": wishes}


@dataclass(frozen=True, slots=True)
class TableCounts:
    """The truth, as one database tells it."""

    #: Which one.
    database: str
    pictures: int
    embedded: int
    failed: int
    pending: int


@dataclass(frozen=True, slots=True)
class FleetStatus:
    """The fleet at one moment."""

    #: Unix time, seconds.
    at: float
    standbys: tuple[StandbyStatus, ...]
    #: Ranges that wait, and ranges that workers have taken.
    waiting: int
    running: int
    #: None: no database answered.
    counts: TableCounts | None
    #: Why not, one line.
    counts_problem: str
    #: Messages that were put aside: those kept, newest first; empty when they were not to be read.
    dead_letters: tuple[dict[str, Any], ...]
    #: How many are kept.
    dead_letters_kept: int = 0

    @property
    def pictures_per_second(self) -> float:
        """What all live workers embed."""
        beats = [standby.heartbeat for standby in self.standbys]
        return sum(beat.pictures_per_second for beat in beats if beat is not None and beat.is_live)

    @property
    def eta_seconds(self) -> float | None:
        """Seconds until nothing is pending at the present rate; None: nothing moves, or nobody knows."""
        if self.counts is None:
            return None
        if self.counts.pending == 0:
            return 0.0
        rate = self.pictures_per_second
        return self.counts.pending / rate if rate > 0 else None

    @property
    def errors(self) -> list[tuple[str, str, str]]:
        """Last errors of the workers: standby, error, what to do about it."""
        beats = [standby.heartbeat for standby in self.standbys]
        return [(beat.standby, beat.last_error, beat.last_error_advice) for beat in beats if beat and beat.last_error]

    def to_json(self) -> dict[str, Any]:
        """Return it for scripts; what is not known is null."""
        eta = self.eta_seconds
        return {
            "at": self.at,
            "standbys": {standby.name: standby.to_json() for standby in self.standbys},
            "queue": {"waiting": self.waiting, "running": self.running},
            "counts": None if self.counts is None else dataclasses.asdict(self.counts),
            "counts_problem": self.counts_problem,
            "pictures_per_second": round(self.pictures_per_second, 2),
            "eta_seconds": None if eta is None else round(eta, 1),
            "dead_letters": list(self.dead_letters),
        }


class StatusReader:
    """Reads the status again and again; the tables are counted less often than the workers are asked."""

    def __init__(self, settings: Settings, state: FleetState, *, count_every_seconds: float = 10.0) -> None:
        """Read nothing yet."""
        self._settings = settings
        self._state = state
        self._count_every_seconds = count_every_seconds
        self._counted_at = float("-inf")
        self._counts: TableCounts | None = None
        self._problem = ""

    def read(self, *, counting: bool = True, letters: bool = True) -> FleetStatus:
        """Read it now.

        Args:
            counting: False leaves the tables to another thread's ``count`` and shows what that last found.
            letters: False counts the dead letters only; there may be a thousand.

        Raises:
            redis.RedisError: Redis does not answer.
        """
        configured: dict[str, str] = self._settings.require("standbys")
        workers = self._state.workers()
        self._forget_removed(configured, workers)
        standbys = tuple(
            StandbyStatus(name, workers.get(name), self._state.wishes(name))
            # A worker that is alive though STANDBYS does not name it here is part of the fleet, too.
            for name in dict.fromkeys((*configured, *(name for name, beat in workers.items() if beat.is_live)))
        )
        if counting and time.monotonic() - self._counted_at >= self._count_every_seconds:
            self.count(
                [each.name for each in standbys if each.heartbeat is not None and each.heartbeat.is_serving],
                without=[each.name for each in standbys if each.wishes.drained],
            )
            self._counted_at = time.monotonic()
        return FleetStatus(
            at=time.time(),
            standbys=standbys,
            waiting=self._state.queue_depth([standby.name for standby in standbys]),
            running=count_running(self._state.client, dict.fromkeys((*configured, *workers))),
            counts=self._counts,
            counts_problem=self._problem,
            dead_letters=tuple(self._state.dead_letters()) if letters else (),
            dead_letters_kept=self._state.dead_letters_kept(),
        )

    def _forget_removed(self, configured: dict[str, str], workers: dict[str, Heartbeat]) -> None:
        """Forget standbys that STANDBYS does not name and whose worker has long gone."""
        for name, beat in workers.items():
            if name not in configured and not beat.is_live and beat.age_seconds > _FORGET_SECONDS:
                self._state.drop_standby(name)

    def count(
        self, serving: Sequence[str] = (), *, primary: bool = True, without: Collection[str] = ()
    ) -> tuple[TableCounts | None, str]:
        """Count in a standby that serves, else in any, and in the primary only if none answers.

        Args:
            serving: Standbys that are tried first.
            primary: Whether the primary may be asked at all.
            without: Standbys that are not asked: drained ones are to have no session.

        Returns:
            The counts, or None and why there are none.
        """
        counts = None
        problems = []
        configured: dict[str, str] = self._settings.require("standbys")
        standbys = dict.fromkeys((*(name for name in serving if name in configured), *configured))
        for name in (*(name for name in standbys if name not in without), *(["primary"] if primary else [])):
            try:
                counts = self._count_in(Database.named(self._settings, name))
            except FleetError as error:
                problems.append(str(error))
            else:
                break
        problem = problems[0] if problems else "no standby may be asked"
        self._counts, self._problem = counts, problem if counts is None else ""
        return self._counts, self._problem

    def _count_in(self, database: Database) -> TableCounts:
        patience = min(_LOGON_SECONDS, database.connect_timeout_seconds)
        quick = dataclasses.replace(database, connect_timeout_seconds=patience)
        with session(quick, module="status") as connection, connection.cursor() as cursor:
            connection.call_timeout = int(1000 * _COUNT_SECONDS)
            cursor.execute(statement("table_counts"))
            pictures, embedded, failed = cursor.fetchone()
            cursor.execute(statement("pending_count"))
            (pending,) = cursor.fetchone()
        return TableCounts(database.name, int(pictures), int(embedded), int(failed), int(pending))
