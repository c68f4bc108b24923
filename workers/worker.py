"""A worker: a Celery process pinned to one standby. Puts its parts together, starts them and ends them."""

from __future__ import annotations

import dataclasses
import logging
import os
import secrets
import signal
import socket
import threading
import time
from importlib import metadata
from typing import Any

import redis
from celery import Celery
from celery.signals import worker_ready, worker_shutting_down
from celery.worker import state as celery_state

from fleet.celery_app import SHARED_QUEUE, TASK_EMBED_RANGE, create_app, standby_queue
from fleet.errors import ConfigurationError, DatabaseError
from fleet.heartbeat import Heartbeat, WorkerState
from fleet.logs import working_on
from fleet.sessions import Database, use_thick_mode
from fleet.settings import Settings
from fleet.state import HEARTBEAT_LIFETIME_SECONDS, FleetState
from workers.calls import RunningCalls
from workers.embed_range import InsertMode
from workers.embed_task import EmbedTask, Workshop
from workers.gate import Gate
from workers.guard import Guard, Limits, Verdict
from workers.probe import Probe
from workers.pulse import Pulse, Vitals, Watchdog
from workers.rates import Rates
from workers.reclaim import Reclaimer, reclaims_of
from workers.session_pool import SessionPool
from workers.transport import checked_transport

log = logging.getLogger("adgfleet.worker")

#: A worker that cannot go on ends with this status; its supervisor starts it again. Source: sysexits.h, EX_TEMPFAIL.
STATUS_RESTART = 75
#: After the grace, and the time that broken calls get, a stopping worker ends in any case, seconds.
_LAST_SECONDS = 10.0
#: States in which no call can do good any more: it is broken off at once.
_HOPELESS = frozenset({WorkerState.WRONG_ROLE, WorkerState.UNREACHABLE})
_WATCH_SECONDS = 0.25


class Worker:
    """One worker process."""

    def __init__(self, settings: Settings, standby: str, *, sessions: int) -> None:
        """Prepare; nothing is connected yet but Redis. The standby may be down, or in another role.

        Raises:
            ConfigurationError: STANDBYS does not name the standby, or there is no Oracle client in ORACLE_HOME.
        """
        self._settings = settings
        self._standby = standby
        database = Database.standby(settings, standby)
        use_thick_mode(database.oracle_home, database.tns_admin)
        self._limit = max(sessions, settings.sessions_limit)
        self._boot_id = secrets.token_hex(8)
        self._started_at = time.time()
        self._version = metadata.version("adgfleet")
        self._last_error = self._last_advice = ""
        self._last_error_at = 0.0
        self._status = 0
        #: Ranges in work get so long when the worker ends, seconds.
        self._grace = settings.stop_grace
        limits = Limits(
            apply_lag_seconds=settings.apply_lag_limit,
            commit_seconds=settings.commit_latency_limit,
            commit_rest_seconds=settings.commit_rest,
            observation_seconds=settings.probe_timeout + 2 * settings.probe_interval,
        )
        self._guard = Guard(limits, sessions=sessions, sessions_limit=self._limit)
        app = create_app(settings, standby=standby)
        app.conf.broker_transport = checked_transport(self._put_aside)
        queues = [SHARED_QUEUE, standby_queue(standby)]
        gate = Gate(self._guard, queues)
        app.steps["consumer"].add(gate.step())
        self.shop = Workshop(
            settings=settings,
            standby=standby,
            app=app,
            state=FleetState(settings),
            guard=self._guard,
            gate=gate,
            pool=SessionPool(database),
            calls=RunningCalls(standby),
            rates=Rates(),
            insert_mode=InsertMode(settings.insert_mode),
            stopping=threading.Event(),
            note_error=self._note_error,
        )
        self._reclaimer = Reclaimer(self.shop.state.client)
        self._probe = Probe(
            database,
            self._guard,
            interval_seconds=settings.probe_interval,
            timeout_seconds=settings.probe_timeout,
        )
        self._queues = queues
        self._register(app)

    def run(self) -> int:
        """Consume until SIGTERM or Ctrl-C; returns the exit status.

        Ranges in work get STOP_GRACE to end, then they are broken off and handed over; batches that they have committed
        stand.

        Raises:
            ConfigurationError: Another worker for the standby is alive.
            QueueError: Redis does not answer.
        """
        state = self.shop.state
        state.check()
        self._claim()
        self._guard.wished(state.wishes(self._standby))
        moved = self._reclaimer.reclaim(self._standby)
        if moved:
            log.warning("%d ranges that an earlier worker of %s left are handed out again", moved, self._standby)
        ended = threading.Event()
        threads = (
            ("probe", self._probe.run, self.shop.stopping),
            ("watch", self._watch, self.shop.stopping),
            # It beats until the last range is handed over: before that nobody may think that the worker has gone.
            ("pulse", self._pulse().run, ended),
        )
        for name, work, until in threads:
            threading.Thread(target=work, args=(until,), name=name, daemon=True).start()
        status = self._consume(self.shop.app)
        self.shop.stopping.set()
        ended.set()
        self.shop.pool.close()
        try:
            state.forget_worker(self._heartbeat())
        except redis.RedisError:
            log.warning("Redis is gone; the heartbeat of %s ends by itself", self._standby)
        return self._status or status

    # ------------------------------------------------------------------ Celery

    def _register(self, app: Celery) -> None:
        task = EmbedTask(self.shop)

        @app.task(name=TASK_EMBED_RANGE, bind=True, acks_late=True, ignore_result=True)
        def embed(this: Any, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401 - a message says what it likes
            """Embed a range. Redelivery: see ``EmbedTask.run``."""
            with working_on(task_id=this.request.id):
                return task.run(kwargs, reclaims=reclaims_of(vars(this.request)))

    def _consume(self, app: Celery) -> int:
        @worker_ready.connect(weak=False)
        def ready(**_: object) -> None:
            log.info("worker of %s is ready.", self._standby)

        @worker_shutting_down.connect(weak=False)
        def stopping(**_: object) -> None:
            if self.shop.stopping.is_set():
                return  # a signal more changes nothing
            self.shop.stopping.set()
            threading.Thread(target=self._hand_over, name="hand-over", daemon=True).start()

        worker = app.Worker(
            hostname=f"{self._standby}@{socket.gethostname()}",
            pool_cls="threads",
            concurrency=self._limit,
            queues=self._queues,
            without_gossip=True,
            without_mingle=True,
            loglevel="INFO",
            task_events=True,
            # Its banner is a picture for people.
            quiet=self._settings.log_format == "JSON",
        )
        worker.start()
        status: int | None = worker.exitcode
        return status or 0

    def _hand_over(self) -> None:
        """Let ranges end, then break them off; if even that does not end the process, end it."""
        began = time.monotonic()
        while len(self.shop.calls) and time.monotonic() < began + self._grace:
            time.sleep(_WATCH_SECONDS)
        broken = self.shop.calls.break_off("the worker stops")
        if broken:
            log.info("%d ranges did not end within %g s and are handed over", broken, self._grace)
        time.sleep(_LAST_SECONDS)
        log.critical(
            "the worker of %s does not end by itself; its ranges are left to be handed out again", self._standby
        )
        self._leave(1)

    # ------------------------------------------------------------------ threads

    def _pulse(self) -> Pulse:
        vitals = Vitals(
            standby=self._standby,
            heartbeat=self._heartbeat,
            tags_in_work=_tags_in_work,
            name_lost=self._name_lost,
            stuck=lambda: self._leave(STATUS_RESTART),
            trim_sessions=self._trim_sessions,
        )
        watchdog = Watchdog(self._settings.watchdog_limit)
        return Pulse(vitals, self.shop.state, self._guard, self._reclaimer, watchdog)

    def _watch(self, stopping: threading.Event) -> None:
        """Break off the ranges in work when the guard's verdict does not let them go on."""
        state, since = WorkerState.UNREACHABLE, time.monotonic()
        while not stopping.wait(_WATCH_SECONDS):
            verdict = self._guard.verdict()
            if verdict.state is not state:
                state, since = verdict.state, time.monotonic()
                self._announce(verdict)
            if verdict.is_open or verdict.is_suspicion:
                continue
            grace = 0.0 if state in _HOPELESS else self._settings.stop_grace
            if time.monotonic() - since >= grace:
                self.shop.calls.break_off(f"the standby is {verdict.state}: {verdict.reason}")

    def _announce(self, verdict: Verdict) -> None:
        log.log(
            logging.INFO if verdict.is_open else logging.WARNING,
            "%s is %s%s",
            self._standby,
            verdict.state,
            f": {verdict.reason}" if verdict.reason else "",
        )

    def _trim_sessions(self) -> None:
        self.shop.pool.keep(0 if self._guard.is_drained else self._guard.wanted_sessions)

    # ------------------------------------------------------------------ the standby's name

    def _claim(self) -> None:
        """Claim the standby's name; a predecessor that died holds it for a few seconds more.

        Raises:
            ConfigurationError: Another worker that lives holds it.
        """
        end = time.monotonic() + HEARTBEAT_LIFETIME_SECONDS + 1
        while not self.shop.state.beat(self._heartbeat()):
            if time.monotonic() > end:
                holder = self.shop.state.workers()[self._standby]
                raise ConfigurationError(
                    f"a worker for {self._standby} is alive already: process {holder.pid} on {holder.host}; "
                    "there is one worker for each standby, give it more sessions instead"
                )
            time.sleep(_WATCH_SECONDS)

    def _name_lost(self) -> None:
        log.critical("another worker has taken over %s; this one ends", self._standby)
        self._status = 1
        self._grace = 0.0  # the other one hands the ranges out again anyway
        os.kill(os.getpid(), signal.SIGTERM)

    def _leave(self, status: int) -> None:
        """End at once; what is taken is handed out again, here after a restart or by another worker."""
        try:
            self.shop.state.forget_worker(self._heartbeat())
        finally:
            logging.shutdown()
            os._exit(status)

    # ------------------------------------------------------------------ heartbeat

    def _put_aside(self, reason: str, entry: str) -> None:
        """Keep what was in a queue and is no message."""
        log.error("put aside an entry of the queue: %s", reason)
        try:
            self.shop.state.add_dead_letter(reason=reason, standby=self._standby, message=entry)
        except redis.RedisError as error:
            log.warning("a dead letter could not be kept: %s; it was: %.1000s", error, entry)

    def _note_error(self, error: DatabaseError) -> None:
        self._last_error, self._last_advice, self._last_error_at = str(error), error.advice, time.time()
        log.error("%s", error)

    def _heartbeat(self) -> Heartbeat:
        shop, guard = self.shop, self._guard
        verdict, seen, busy = guard.verdict(), guard.observation, shop.pool.busy
        if shop.stopping.is_set():
            verdict = dataclasses.replace(verdict, state=WorkerState.PAUSED, reason="the worker stops")
        return Heartbeat(
            standby=self._standby,
            db_unique_name=guard.pinned_name,
            state=verdict.state,
            state_reason=verdict.reason,
            role=seen.role if seen else "",
            open_mode=seen.open_mode if seen else "",
            sessions=guard.wanted_sessions,
            sessions_limit=self._limit,
            busy=busy,
            open_sessions=shop.pool.open + self._probe.may_be_connected,
            embedded=shop.rates.embedded,
            failed=shop.rates.failed,
            pictures_per_second=round(shop.rates.pictures_per_second(busy), 2),
            apply_lag_seconds=guard.apply_lag_seconds,
            commit_seconds=guard.commit_seconds,
            insert_mode=shop.insert_mode.current,
            last_error=self._last_error,
            last_error_at=self._last_error_at,
            last_error_advice=self._last_advice,
            version=self._version,
            host=socket.gethostname(),
            pid=os.getpid(),
            boot_id=self._boot_id,
            started_at=self._started_at,
            at=time.time(),
        )


def _tags_in_work() -> set[str]:
    """Return the tags of the messages that Celery has handed to a session, or is about to."""
    return {str(request.message.delivery_tag) for request in tuple(celery_state.reserved_requests)}
