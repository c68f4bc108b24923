"""A worker's pulse: every half second it reads the operator's wishes, says how it is, and looks after the queue.

Also after what others left behind: messages of standbys whose worker has gone, and its own that nobody works on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import redis

from fleet.celery_app import SHARED_QUEUE, standby_queue
from fleet.heartbeat import Heartbeat, Wishes, WorkerState
from fleet.state import FleetState, worker_key
from workers.guard import Guard
from workers.reclaim import Reclaimer

log = logging.getLogger("adgfleet.worker")

_TICK_SECONDS = 0.5
_BEAT_SECONDS = 1.0
#: How often a worker looks for its own messages that it does not work on, seconds: such are left by an
#: acknowledgement that Redis lost.
_ORPHANS_SECONDS = 20.0
#: So many failures at a stretch, each no fault of Redis's, are no accident: the process is started anew.
_MOST_FAILURES = 20


@dataclass(slots=True)
class Watchdog:
    """Ends a worker that is connected and serving, but receives nothing though there is work.

    A known fault of the transport: after some losses of the connection a worker stays up and never consumes again.
    Source: celery issues 8030, 10205, 10302.
    """

    limit_seconds: float
    clock: Callable[[], float] = time.monotonic
    _quiet_since: float | None = field(default=None, repr=False)

    def is_stuck(self, *, is_open: bool, busy: int, waiting: int) -> bool:
        """Tell whether nothing has moved for too long."""
        if not is_open or busy or not waiting:
            self._quiet_since = None
            return False
        if self._quiet_since is None:
            self._quiet_since = self.clock()
        return self.clock() - self._quiet_since > self.limit_seconds


@dataclass(frozen=True, slots=True)
class Vitals:
    """What the pulse needs of its worker."""

    standby: str
    heartbeat: Callable[[], Heartbeat]
    #: Tags of the messages in work.
    tags_in_work: Callable[[], set[str]]
    #: Another worker has the name: this one must end, and says nothing more.
    name_lost: Callable[[], None]
    #: Nothing arrives any more, or the pulse itself does not work: this process must end at once.
    stuck: Callable[[], None]
    #: Sessions that are not wanted any more are closed.
    trim_sessions: Callable[[], None]


class Pulse:
    """The thread that talks with Redis beside Celery."""

    def __init__(
        self, vitals: Vitals, state: FleetState, guard: Guard, reclaimer: Reclaimer, watchdog: Watchdog
    ) -> None:
        """Beat nothing yet."""
        self._vitals = vitals
        self._state = state
        self._guard = guard
        self._reclaimer = reclaimer
        self._watchdog = watchdog
        self._suspected: set[str] = set()
        #: What the last heartbeat said; a change is said at once.
        self._beaten_state: WorkerState | None = None
        self._beaten_at = self._orphans_at = float("-inf")
        self._silent = False
        self._failures = 0
        self._malformed: tuple[str, ...] = ()
        self._name_is_lost = False

    def run(self, stopping: threading.Event) -> None:
        """Beat until ``stopping``, or until another worker has the name."""
        while not self._name_is_lost and not stopping.wait(_TICK_SECONDS):
            try:
                self._tick()
                self._silent = False
            except redis.RedisError as error:
                if not self._silent:
                    log.warning("Redis does not answer the worker's pulse: %s", error)
                self._silent = True
            except Exception as error:  # noqa: BLE001 - without a pulse the worker works on, and another takes its name
                self._fail(error)

    def _fail(self, error: Exception) -> None:
        self._failures += 1
        if self._failures == 1:
            log.error("the worker's pulse failed; it goes on", exc_info=error)
        if self._failures >= _MOST_FAILURES:
            log.critical("the worker's pulse failed %d times in a row; the worker ends", self._failures)
            self._vitals.stuck()

    def _follow(self, wishes: Wishes) -> None:
        if wishes.malformed and wishes.malformed != self._malformed:
            names = " and ".join(wishes.malformed)
            log.warning("the wish for %s of %s is no number and is ignored", names, self._vitals.standby)
        self._malformed = wishes.malformed
        self._guard.wished(wishes)

    def _tick(self) -> None:
        vitals = self._vitals
        self._follow(self._state.wishes(vitals.standby))
        vitals.trim_sessions()
        now, state = time.monotonic(), self._guard.verdict().state
        if now - self._beaten_at < _BEAT_SECONDS and state is self._beaten_state:
            return
        self._beaten_at, self._beaten_state = now, state
        heartbeat = vitals.heartbeat()
        if not self._state.beat(heartbeat):
            self._name_is_lost = True
            vitals.name_lost()
            return
        is_open = self._guard.verdict().is_open
        self._look_after_the_gone()
        if not is_open:
            self._reclaimer.share(vitals.standby)
        waiting = self._state.waiting((SHARED_QUEUE, standby_queue(vitals.standby)))
        if self._watchdog.is_stuck(is_open=is_open, busy=heartbeat.busy, waiting=waiting):
            log.critical("%s serves, but nothing arrives although %d ranges wait", vitals.standby, waiting)
            vitals.stuck()
        if now - self._orphans_at >= _ORPHANS_SECONDS:
            self._orphans_at = now
            self._reclaim_orphans()
        self._failures = 0

    def _look_after_the_gone(self) -> None:
        for standby, heartbeat in self._state.workers().items():
            if heartbeat.is_live or standby == self._vitals.standby:
                continue
            moved = self._reclaimer.reclaim(standby, while_missing=worker_key(standby))
            shared = self._reclaimer.share(standby)
            if moved or shared:
                log.warning("the worker of %s has gone; %d ranges of it are handed out again", standby, moved + shared)

    def _reclaim_orphans(self) -> None:
        """Give back own messages that nobody has worked on at two looks in a row."""
        orphans = self._reclaimer.taken(self._vitals.standby) - self._vitals.tags_in_work()
        kept = self._reclaimer.taken(self._vitals.standby) - (orphans & self._suspected)
        if orphans & self._suspected:
            moved = self._reclaimer.reclaim(self._vitals.standby, keep=kept)
            log.warning("%d ranges were taken but not in work; they are handed out again", moved)
        self._suspected = orphans
