"""The standby guard: decides from what is observed whether the worker may take ranges, and how many at once.

It only thinks. Others bring it what they see (``workers.probe`` the standby, ``workers.pulse`` the operator's wishes,
the task what became of ranges), and others act on its verdict (``workers.gate`` the queue, ``workers.worker`` the
calls).
Priority of the reasons: operator, fleet fault, reachability, role, lag, commit latency.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from fleet.dataguard import APPLYING, EMBEDDING_ROLES, FRESH_LAG_SECONDS
from fleet.errors import DatabaseError, WrongRoleError
from fleet.heartbeat import Wishes, WorkerState
from fleet.ora_codes import LOGON_REFUSED

#: A worker that paused itself for a fault of the fleet tries one range again after so long, doubled up to the second.
_FLEET_REST_SECONDS = (15.0, 600.0)
#: After a range failed by the standby's fault though the standby answers: rest, doubled up to the second.
_SUSPECT_SECONDS = (1.0, 30.0)
#: The rest after slow commits is not doubled beyond this.
_LONGEST_COMMIT_REST_SECONDS = 600.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What a standby may do before its worker pauses; all in seconds."""

    apply_lag_seconds: float
    commit_seconds: float
    commit_rest_seconds: float
    #: An observation counts for so long.
    observation_seconds: float


@dataclass(frozen=True, slots=True)
class Observation:
    """What a standby said of itself."""

    role: str
    db_unique_name: str
    #: Empty: the worker's account may not read it.
    open_mode: str = ""
    #: None: not said, or not readable.
    apply_lag_seconds: float | None = None
    #: Whether the worker's account may read it at all.
    lag_is_readable: bool = True
    #: Age of the data that the lag was computed from, seconds.
    lag_age_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether to take ranges, and why not."""

    state: WorkerState
    reason: str = ""
    #: Ranges failed, but the standby itself answers the probe well: the ranges in work are let alone.
    is_suspicion: bool = False

    @property
    def is_open(self) -> bool:
        """Whether the worker takes ranges."""
        return self.state is WorkerState.SERVING


class _Rest:
    """A pause that doubles each time it did not help, then lets one range try."""

    def __init__(self, shortest_seconds: float, longest_seconds: float) -> None:
        self._shortest, self._longest = shortest_seconds, longest_seconds
        self._next = shortest_seconds
        self.until: float | None = None

    def begin(self, now: float) -> None:
        self.until = now + self._next
        self._next = min(2 * self._next, self._longest)

    def end(self) -> None:
        self.until, self._next = None, self._shortest

    def is_resting(self, now: float) -> bool:
        return self.until is not None and now < self.until

    def is_trying(self, now: float) -> bool:
        return self.until is not None and now >= self.until


class Guard:
    """The verdict on one standby; safe to use from all threads of a worker."""

    def __init__(
        self, limits: Limits, *, sessions: int, sessions_limit: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Start unreachable: nothing is known yet.

        Args:
            limits: See there.
            sessions: Ranges at once unless the operator wishes otherwise.
            sessions_limit: Most ranges at once, whatever the operator wishes.
            clock: Seconds that only grow.
        """
        self._limits = limits
        self._sessions = sessions
        self._sessions_limit = sessions_limit
        self._clock = clock
        self._lock = threading.RLock()
        self._wishes = Wishes()
        self._pinned = ""
        self._observation: Observation | None = None
        self._observed_at = 0.0
        self._unreachable = "the standby has not answered yet"
        self._lagging = False
        self._commit_rest = _Rest(limits.commit_rest_seconds, _LONGEST_COMMIT_REST_SECONDS)
        self._suspect_rest = _Rest(*_SUSPECT_SECONDS)
        self._suspect = Verdict(WorkerState.UNREACHABLE)
        self._fleet_rest = _Rest(*_FLEET_REST_SECONDS)
        self._fleet_fault: DatabaseError | None = None
        self._commit_seconds: float | None = None

    # ------------------------------------------------------------------ what is seen

    def observed(self, observation: Observation) -> None:
        """The standby answered; the first standby that may embed is the one that the worker is pinned to."""
        with self._lock:
            self._observation, self._observed_at = observation, self._clock()
            self._unreachable = ""
            if not self._pinned and observation.role in EMBEDDING_ROLES:
                self._pinned = observation.db_unique_name
            lag = observation.apply_lag_seconds
            if not observation.lag_is_readable:
                self._lagging = False
            elif lag is not None:
                limit = self._limits.apply_lag_seconds
                self._lagging = lag > limit or (self._lagging and lag > limit / 2)

    def not_reached(self, error: DatabaseError) -> None:
        """The standby could not be asked."""
        with self._lock:
            if LOGON_REFUSED.intersection(error.codes):
                self.fleet_fault(error)
            self._unreachable = str(error)

    def wished(self, wishes: Wishes) -> None:
        """The operator's wishes as they are now; a new `resume` ends a pause of the worker's own."""
        with self._lock:
            if wishes.resumes > self._wishes.resumes:
                self._fleet_fault = None
                for rest in (self._fleet_rest, self._suspect_rest, self._commit_rest):
                    rest.end()
            self._wishes = wishes

    def range_done(self, commit_seconds: float) -> None:
        """A range was embedded; 0 seconds: nothing had to be written."""
        with self._lock:
            if not self._is_refused():
                self._fleet_fault = None
            self._fleet_rest.end()
            self._suspect_rest.end()
            if commit_seconds <= 0:
                return
            self._commit_seconds = commit_seconds
            if commit_seconds > self._limits.commit_seconds:
                if not self._commit_rest.is_resting(self._clock()):
                    self._commit_rest.begin(self._clock())
            else:
                self._commit_rest.end()

    def standby_fault(self, error: DatabaseError) -> None:
        """A range failed by the standby's fault: take no more for a while, also when the standby answers.

        Others may be well in work there, so only what the probe sees breaks those off.
        """
        with self._lock:
            state = WorkerState.WRONG_ROLE if isinstance(error, WrongRoleError) else WorkerState.UNREACHABLE
            self._suspect = Verdict(state, str(error), is_suspicion=True)
            if not self._suspect_rest.is_resting(self._clock()):
                self._suspect_rest.begin(self._clock())

    def fleet_fault(self, error: DatabaseError) -> None:
        """Something failed that would fail everywhere: the worker pauses itself and says what to do."""
        with self._lock:
            if not self._is_refused():
                self._fleet_fault = error
            if not self._fleet_rest.is_resting(self._clock()):
                self._fleet_rest.begin(self._clock())

    # ------------------------------------------------------------------ what follows

    def verdict(self) -> Verdict:
        """Decide whether to take ranges now."""
        with self._lock:
            return self._paused() or self._unfit() or self._slow() or Verdict(WorkerState.SERVING)

    @property
    def sessions(self) -> int:
        """Ranges to work on at once: one while a try is going on."""
        with self._lock:
            now = self._clock()
            if any(rest.is_trying(now) for rest in (self._commit_rest, self._fleet_rest, self._suspect_rest)):
                return 1
            return self.wanted_sessions

    @property
    def wanted_sessions(self) -> int:
        """Ranges at once when all is well: what the operator wishes, within the limit."""
        return min(self._wishes.sessions or self._sessions, self._sessions_limit)

    @property
    def pinned_name(self) -> str:
        """DB_UNIQUE_NAME of the standby that the worker is pinned to; empty until it has been seen."""
        return self._pinned

    @property
    def observation(self) -> Observation | None:
        """What the standby said last."""
        return self._observation

    @property
    def commit_seconds(self) -> float | None:
        """Seconds that the last range's slowest batch took to be written and committed."""
        return self._commit_seconds

    @property
    def apply_lag_seconds(self) -> float | None:
        """The apply lag, if it was said from fresh data."""
        seen = self._observation
        return seen.apply_lag_seconds if seen is not None and seen.lag_age_seconds < FRESH_LAG_SECONDS else None

    @property
    def is_drained(self) -> bool:
        """Whether the operator wants no session on the standby."""
        return self._wishes.drained

    @property
    def may_log_on(self) -> bool:
        """Whether trying to log on is harmless: a refused password, tried again and again, locks the account."""
        with self._lock:
            return not self._wishes.drained and not self._is_refused()

    def _is_refused(self) -> bool:
        """Whether the database has refused the logon; only the operator ends that."""
        return self._fleet_fault is not None and not LOGON_REFUSED.isdisjoint(self._fleet_fault.codes)

    def _paused(self) -> Verdict | None:
        if self._wishes.drained:
            return Verdict(WorkerState.PAUSED, "drained by the operator")
        if self._wishes.paused:
            return Verdict(WorkerState.PAUSED, "paused by the operator")
        fault = self._fleet_fault
        if fault is None:
            return None
        if self._is_refused():
            return Verdict(WorkerState.PAUSED, f"{fault}; then: adgfleet resume {fault.database}")
        if self._fleet_rest.is_resting(self._clock()):
            return Verdict(WorkerState.PAUSED, str(fault))
        return None

    def _unfit(self) -> Verdict | None:
        seen, now = self._observation, self._clock()
        if self._unreachable or seen is None:
            return Verdict(WorkerState.UNREACHABLE, self._unreachable)
        silence = now - self._observed_at
        if silence > self._limits.observation_seconds:
            return Verdict(WorkerState.UNREACHABLE, f"the standby has not answered for {silence:.0f} s")
        if seen.role not in EMBEDDING_ROLES:
            text = f"{seen.db_unique_name} is {seen.role}; embedding runs on a PHYSICAL STANDBY only"
            return Verdict(WorkerState.WRONG_ROLE, text)
        if seen.db_unique_name != self._pinned:
            text = f"the worker was pinned to {self._pinned}, but the database there is {seen.db_unique_name}"
            return Verdict(WorkerState.WRONG_ROLE, text)
        return self._late(seen) or (self._suspect if self._suspect_rest.is_resting(now) else None)

    def _late(self, seen: Observation) -> Verdict | None:
        if seen.role == "PHYSICAL STANDBY" and seen.open_mode not in {"", APPLYING}:
            return Verdict(WorkerState.LAGGING, f"redo is not applied: open mode {seen.open_mode}")
        limit = self._limits.apply_lag_seconds
        # Who puts up with a longer lag puts up with a primary that is silent for so long.
        if seen.lag_age_seconds >= max(FRESH_LAG_SECONDS, limit):
            text = f"nothing has been heard from the primary for {seen.lag_age_seconds:.0f} s"
            return Verdict(WorkerState.LAGGING, text)
        if self._lagging:
            lag = seen.apply_lag_seconds
            said = "the apply lag is not said any more and was too long" if lag is None else f"apply lag {lag:.0f} s"
            return Verdict(WorkerState.LAGGING, f"{said}, limit {limit:g} s")
        return None

    def _slow(self) -> Verdict | None:
        if not self._commit_rest.is_resting(self._clock()):
            return None
        text = f"a batch took {self._commit_seconds:.1f} s to commit, limit {self._limits.commit_seconds:g} s"
        return Verdict(WorkerState.SLOW_COMMIT, text)
