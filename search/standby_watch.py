"""Which standbys can answer searches, the least lag first.

A worker knows its standby best and says so in its heartbeat; where no worker beats, the standby is asked itself.
"""

from __future__ import annotations

import contextlib
import itertools
import json
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import redis

from fleet.dataguard import ApplyLag, read_identity
from fleet.errors import DatabaseError, PermanentDatabaseError
from fleet.heartbeat import Wishes
from fleet.ora_codes import REFUSED_REST_SECONDS
from fleet.sessions import Connection, Database, session, translated
from fleet.settings import Settings
from fleet.state import control_key, worker_key
from fleet.statements import statement

log = logging.getLogger("adgfleet.search")

#: How often standbys are looked at, seconds.
_INTERVAL_SECONDS = 2.0
#: A standby that failed is tried last for so long, seconds.
_REST_SECONDS = 3.0
#: What a worker's heartbeat calls a standby that works.
SERVING = "SERVING"
#: States in which a standby answers queries, if later or less freshly; the worker rests for reasons of writing.
_READABLE = frozenset({"SLOW_COMMIT", "PAUSED"})


@dataclass(frozen=True, slots=True)
class StandbyView:
    """A standby as searches see it."""

    name: str
    #: SERVING, LAGGING, WRONG_ROLE, UNREACHABLE, …; UNKNOWN before the first look.
    state: str = "UNKNOWN"
    #: Seconds; None where nobody says.
    apply_lag_seconds: float | None = None
    #: Why it does not serve; one line, empty while it does.
    reason: str = ""
    #: Who says so: ``worker`` or ``standby``.
    source: str = ""

    @property
    def rank(self) -> tuple[int, float]:
        """Sorts the best first: serving, then readable, then the rest; by lag within each."""
        lag = self.apply_lag_seconds if self.apply_lag_seconds is not None else float("inf")
        if self.state == SERVING:
            return 0, lag
        return (1 if self.state in _READABLE else 2), lag


class StandbyWatch:
    """Looks at the standbys now and then."""

    def __init__(self, settings: Settings, *, leave: Callable[[str], object] = lambda _name: None) -> None:
        """Know the standbys; ``look`` or ``start`` finds out more.

        Args:
            settings: STANDBYS, and where Redis is.
            leave: Told at each look which standbys are drained: no idle session is to stay there.
        """
        self._leave = leave
        #: As the operator wished when Redis answered last.
        self._drained: frozenset[str] = frozenset()
        timeout = min(settings.search_timeout, settings.connect_timeout)
        self._databases = [
            replace(Database.standby(settings, name), connect_timeout_seconds=timeout)
            for name in settings.require("standbys")
        ]
        self._timeout_seconds = timeout
        self._redis = redis.Redis.from_url(
            settings.broker_url,
            decode_responses=True,
            socket_timeout=timeout,
            socket_connect_timeout=timeout,
            retry=None,
        )
        self._views = {database.name: StandbyView(database.name) for database in self._databases}
        self._rests_until: dict[str, float] = {}
        self._turns = itertools.count()
        self._not_before: dict[str, float] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    # ------------------------------------------------------------------ what searches ask

    def views(self) -> list[StandbyView]:
        """Return the standbys as last seen, in the order of STANDBYS."""
        with self._lock:
            return list(self._views.values())

    def order(self) -> list[str]:
        """Return the standbys in the order in which a search should try them.

        All of them: one that seems gone may be back, and is better than no answer; one that is drained is the very
        last. Those that are equally good for the
        first place take turns, so that each does its part.
        """
        now = time.monotonic()
        with self._lock:
            rests = {name for name, until in self._rests_until.items() if until > now}
            views = list(self._views.values())
            drained = self._drained
        keys = {view.name: (view.name in drained, view.name in rests, view.rank) for view in views}
        ordered = sorted(keys, key=lambda name: keys[name])
        best = sum(keys[name] == keys[ordered[0]] for name in ordered)
        turn = next(self._turns) % best
        return [*ordered[turn:best], *ordered[:turn], *ordered[best:]]

    def failed(self, name: str) -> None:
        """Note that a search failed on a standby."""
        with self._lock:
            self._rests_until[name] = time.monotonic() + _REST_SECONDS

    def answered(self, name: str) -> None:
        """Note that a search was answered by a standby."""
        with self._lock:
            self._rests_until.pop(name, None)

    # ------------------------------------------------------------------ looking

    def start(self) -> None:
        """Keep looking in the background until ``stop``."""
        self._thread = threading.Thread(target=self._keep_looking, name="standby-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more."""
        self._stopping.set()
        self._redis.close()

    def _keep_looking(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
            except Exception:
                log.exception("the standbys could not be looked at; searches go on with what is known")
            self._stopping.wait(_INTERVAL_SECONDS)

    def look(self) -> None:
        """Look at all standbys once, at the same time."""
        heartbeats = self._heartbeats()
        threads = [
            threading.Thread(target=self._look_at, args=(database, heartbeats.get(database.name)), daemon=True)
            for database in self._databases
        ]
        for thread in threads:
            thread.start()
        end = time.monotonic() + 2 * self._timeout_seconds
        for thread in threads:
            thread.join(max(0.0, end - time.monotonic()))

    def _look_at(self, database: Database, heartbeat: StandbyView | None) -> None:
        if heartbeat is None and time.monotonic() < self._not_before.get(database.name, 0.0):
            return
        if database.name in self._drained:
            self._leave(database.name)
            view = heartbeat or StandbyView(database.name, "PAUSED", None, "drained by the operator", "operator")
        else:
            view = heartbeat or self._ask(database)
        with self._lock:
            self._views[database.name] = view

    def _heartbeats(self) -> dict[str, StandbyView]:
        """Return what live workers say, and learn what is drained.

        Where Redis does not answer no worker is heard, and what was drained stays so.
        """
        names = [database.name for database in self._databases]
        try:
            with self._redis.pipeline(transaction=False) as pipe:
                pipe.mget([worker_key(name) for name in names])
                for name in names:
                    pipe.hgetall(control_key(name))
                texts, *wishes = pipe.execute()
        except redis.RedisError:
            return {}
        drained = {name for name, values in zip(names, wishes, strict=True) if Wishes.from_hash(values).drained}
        self._drained = frozenset(drained)
        views: dict[str, StandbyView] = {}
        for name, text in zip(names, texts, strict=True):
            if text is None:
                continue
            with contextlib.suppress(
                ValueError, TypeError, AttributeError
            ):  # a heartbeat of another version says nothing
                found = json.loads(text)
                lag = found.get("apply_lag_seconds")
                if found.get("state") and lag is not None:
                    reason = str(found.get("state_reason") or "")
                    views[name] = StandbyView(name, str(found["state"]), float(lag), reason, "worker")
        return views

    def _ask(self, database: Database) -> StandbyView:
        try:
            with session(database, module="search watch") as connection:
                connection.call_timeout = max(1, int(1000 * self._timeout_seconds))
                identity = read_identity(connection)
                if not identity.may_embed:
                    return StandbyView(database.name, "WRONG_ROLE", None, f"its role is {identity.role}", "standby")
                lag = read_apply_lag(connection, database.name)
        except PermanentDatabaseError as error:
            self._not_before[database.name] = time.monotonic() + REFUSED_REST_SECONDS
            return StandbyView(database.name, "UNREACHABLE", None, str(error), "standby")
        except DatabaseError as error:
            return StandbyView(database.name, "UNREACHABLE", None, str(error), "standby")
        return StandbyView(database.name, SERVING, lag, "", "standby")


def read_apply_lag(connection: Connection, name: str) -> float | None:
    """Return a standby's apply lag in seconds, None where it may not be read, is not known, or is of old data."""
    try:
        with translated(name), connection.cursor() as cursor:
            cursor.execute(statement("apply_lag"))
            lag = ApplyLag.of_rows(cursor.fetchall())
    except ValueError:
        return None
    except DatabaseError as error:
        if not {"ORA-00942", "ORA-01031"}.intersection(error.codes):
            raise
        return None
    return lag.seconds if lag.is_fresh else None
