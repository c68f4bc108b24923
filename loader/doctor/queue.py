"""Redis: reachable, durable, evicting nothing, usable as Celery's queue."""

from __future__ import annotations

from typing import Any

from fleet.celery_app import SHARED_QUEUE, create_app
from fleet.console import counted
from fleet.settings import Settings
from fleet.state import FleetState
from loader.doctor.findings import Findings, Verdict, bad, doubtful, good

PLACE = "redis"
#: kombu 5.7 uses commands that came with this version. Source: measured with kombu 5.7.0.
_LEAST_VERSION = (6, 2)
_CONNECT_SECONDS = 5.0
_HOW_TO_SET = "in redis.conf, or by CONFIG SET"


class QueueChecks:
    """One look at the Redis of the settings; writes nothing."""

    def __init__(self, settings: Settings) -> None:
        """Connect at the first check."""
        self._settings = settings
        self._state = FleetState(settings)
        self._about: dict[str, Any] = {}

    def examine(self, findings: Findings) -> None:
        """Make all checks."""
        try:
            if not findings.check(PLACE, "reachable", self._reachable).has_failed:
                findings.check(PLACE, "version", self._version)
                findings.check(PLACE, "eviction", self._eviction)
                findings.check(PLACE, "persistence", self._persistence)
                findings.check(PLACE, "queue", self._queue)
        finally:
            self._state.close()

    def _reachable(self) -> Verdict:
        self._state.check()
        self._about = dict(self._state.client.info())
        return good(f"Redis answers at {self._settings.redis_place}")

    def _version(self) -> Verdict:
        text = str(self._about.get("redis_version", ""))
        numbers = tuple(int(part) for part in text.split(".")[:2] if part.isdigit())
        if numbers < _LEAST_VERSION:
            return bad(f"version {text or 'unknown'}", "update Redis to 6.2 or newer")
        return good(f"version {text}")

    def _eviction(self) -> Verdict:
        policy, most = self._about.get("maxmemory_policy"), int(self._about.get("maxmemory", 0))
        advice = f"set maxmemory-policy noeviction {_HOW_TO_SET}"
        if policy == "noeviction":
            return good("noeviction: a full Redis refuses new messages and loses none")
        if most == 0:
            return doubtful(f"maxmemory-policy {policy} without maxmemory: nothing is evicted yet", advice)
        return bad(f"maxmemory-policy {policy}: a full Redis throws messages away (maxmemory {most:,} bytes)", advice)

    def _persistence(self) -> Verdict:
        if not int(self._about.get("aof_enabled", 0)):
            return doubtful(
                "no append-only file: a restart of Redis loses what is queued and the operators' wishes",
                f"set appendonly yes {_HOW_TO_SET}, or run adgfleet produce --watch, which enqueues it again",
            )
        return good("the append-only file is on: a restart keeps the queue")

    def _queue(self) -> Verdict:
        kind = str(self._state.client.type(SHARED_QUEUE))
        if kind not in {"none", "list"}:
            return bad(
                f"the key {SHARED_QUEUE} is a {kind}: somebody else uses this Redis database",
                "give the fleet a database of its own: redis://host:6379/1",
            )
        with create_app(self._settings).connection_for_write(connect_timeout=_CONNECT_SECONDS) as connection:
            connection.ensure_connection(max_retries=1, timeout=_CONNECT_SECONDS)
        waiting = self._state.queue_depth(list(self._settings.standbys or {}))
        workers = ", ".join(self._state.live_workers()) or "no worker"
        return good(f"Celery connects; {counted(waiting, 'range')} waiting, live: {workers}")
