"""A worker: a Celery process pinned to one standby, its sessions, its heartbeat, and the task it runs."""

from __future__ import annotations

import logging
import os
import secrets
import socket
import threading
import time
from typing import Any

import redis
from celery import Celery
from celery.exceptions import Reject
from celery.signals import worker_ready, worker_shutting_down

from fleet.celery_app import SHARED_QUEUE, TASK_EMBED_RANGE, create_app, standby_queue
from fleet.dataguard import read_identity
from fleet.errors import (
    ConfigurationError,
    DatabaseError,
    MessageError,
    RangeFaultError,
    TransientDatabaseError,
    WrongRoleError,
)
from fleet.heartbeat import Heartbeat, WorkerState
from fleet.messages import RangeMessage
from fleet.sessions import Database, session
from fleet.settings import Settings
from fleet.state import FleetState
from workers.embed_range import InsertMode, PinnedStandby, embed_range
from workers.session_pool import SessionPool

log = logging.getLogger("adgfleet.worker")

_BEAT_SECONDS = 1.0

#: After a fault of the standby a session rests this long before the range goes back, seconds, so that a standby that is
#: down does not spin.
_REST_SECONDS = 2.0


class Worker:
    """One worker process."""

    def __init__(self, settings: Settings, standby: str, *, sessions: int) -> None:
        """Check the standby and prepare; nothing is consumed yet.

        Raises:
            ConfigurationError: STANDBYS does not name the standby.
            WrongRoleError: The database there is no physical standby.
            DatabaseError: It cannot be reached.
        """
        self._settings = settings
        self._sessions = sessions
        database = Database.standby(settings, standby)
        with session(database, module="worker") as connection:
            identity = read_identity(connection)
        if not identity.may_embed:
            raise WrongRoleError(
                f"{standby} ({database.dsn}) is {identity.role}; a worker embeds on a PHYSICAL STANDBY only, "
                "check its entry in STANDBYS",
                database=standby,
            )
        self.standby = PinnedStandby(standby, identity.db_unique_name)
        self.pool = SessionPool(database, sessions)
        self.state = FleetState(settings)
        self.state.check()
        self._boot_id = secrets.token_hex(8)
        self._started_at = time.time()
        self.insert_mode = InsertMode(settings.insert_mode)
        self._stopping = threading.Event()
        self._embedded = self._failed = 0
        self._last_error = ""
        self._started = time.monotonic()
        if not self.state.beat(self._heartbeat()):
            raise ConfigurationError(f"a worker for {standby} is alive already; one worker for each standby")
        self.app = create_app(settings)
        self._register(self.app)

    def run(self) -> int:
        """Consume until SIGTERM or Ctrl-C; ranges in work are finished then. Returns the exit status."""
        beat = threading.Thread(target=self._beat, name="heartbeat", daemon=True)

        @worker_ready.connect(weak=False)
        def ready(**_: object) -> None:
            beat.start()
            log.info("worker of %s (%s) is ready.", self.standby.name, self.standby.db_unique_name)

        @worker_shutting_down.connect(weak=False)
        def stopping(**_: object) -> None:
            self._stopping.set()

        worker = self.app.Worker(
            hostname=f"{self.standby.name}@{socket.gethostname()}",
            pool_cls="threads",
            concurrency=self._sessions,
            queues=[SHARED_QUEUE, standby_queue(self.standby.name)],
            without_gossip=True,
            without_mingle=True,
            loglevel="INFO",
            task_events=True,
        )
        worker.start()
        self._stopping.set()
        self.pool.close()
        try:
            self.state.forget_worker(self._heartbeat())
        except redis.RedisError:
            log.warning("Redis is gone; the heartbeat of %s ends by itself", self.standby.name)
        status: int | None = worker.exitcode
        return status or 0

    # ------------------------------------------------------------------ the task

    def _register(self, app: Celery) -> None:
        @app.task(name=TASK_EMBED_RANGE, bind=True, acks_late=True, ignore_result=True)
        def embed(_task: Any, **kwargs: Any) -> dict[str, Any]:  # noqa: ANN401 - a message says what it likes
            """Embed a range.

            Redelivery: safe, see ``workers.embed_range``; progress counts a range once.
            """
            return self._embed(kwargs)

    def _embed(self, kwargs: dict[str, Any]) -> dict[str, Any]:
        try:
            message = RangeMessage.from_kwargs(kwargs)
        except MessageError as error:
            log.error("put aside an unreadable message: %s", error)  # noqa: TRY400 - no traceback for bad input
            raise Reject(str(error), requeue=False) from error
        try:
            with self.pool.session() as connection:
                result = embed_range(
                    connection,
                    self.standby,
                    message,
                    batch_size=self._settings.batch_size,
                    insert_mode=self.insert_mode,
                    picture_timeout_seconds=self._settings.picture_timeout,
                )
        except (TransientDatabaseError, RangeFaultError) as error:
            # The standby's fault: the range goes back for whoever can, and spends no retry.
            self._note_error(error)
            self._stopping.wait(_REST_SECONDS)
            raise Reject(str(error), requeue=True) from error
        except DatabaseError as error:
            self._note_error(error)
            raise
        self._embedded += result.embedded
        self._failed += result.failed
        try:
            self.state.report_range(message, result)
        except redis.RedisError as error:
            log.warning("progress of %s could not be reported: %s", message, error)
        log.info("%s: embedded %d, failed %d in %.1f s", message, result.embedded, result.failed, result.seconds)
        return result.to_json()

    def _note_error(self, error: DatabaseError) -> None:
        self._last_error = str(error)
        log.error("%s", error)

    # ------------------------------------------------------------------ heartbeat

    def _beat(self) -> None:
        while not self._stopping.is_set():
            try:
                self.state.beat(self._heartbeat())
            except redis.RedisError as error:
                log.warning("no heartbeat: %s", error)
            self._stopping.wait(_BEAT_SECONDS)

    def _heartbeat(self) -> Heartbeat:
        seconds = time.monotonic() - self._started
        return Heartbeat(
            standby=self.standby.name,
            db_unique_name=self.standby.db_unique_name,
            state=WorkerState.SERVING,
            role="PHYSICAL STANDBY",
            sessions=self._sessions,
            sessions_limit=self._sessions,
            busy=self.pool.busy,
            embedded=self._embedded,
            failed=self._failed,
            pictures_per_second=round(self._embedded / max(seconds, 1e-6), 2),
            insert_mode=self.insert_mode.current,
            last_error=self._last_error,
            host=socket.gethostname(),
            pid=os.getpid(),
            boot_id=self._boot_id,
            started_at=self._started_at,
            at=time.time(),
        )
