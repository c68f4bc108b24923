"""The task ``embed_range``: takes one message to its end, whatever that is, and charges every fault to whose it is.

===============  ==========================================================================================
fault of         what becomes of the range
===============  ==========================================================================================
the standby      goes back to the queue and spends nothing; the guard rests
the fleet        goes back and spends nothing; the worker pauses itself and says what to do
a range          another standby, then halves, then one picture and the canary: ``workers.poison``
a picture        recorded inside the database, with the canary's proof; the range goes on
nobody knows     a lost session, or an answer that the driver trips over: goes back, counted; after six the range
                 is halved
===============  ==========================================================================================
"""

from __future__ import annotations

import functools
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import redis
from celery import Celery
from celery.exceptions import Reject
from kombu.exceptions import OperationalError

from fleet.celery_app import SHARED_QUEUE, standby_queue
from fleet.errors import DatabaseError, Fault, MessageError
from fleet.logs import working_on
from fleet.messages import RangeMessage, RangeResult
from fleet.ora_codes import LOGON_REFUSED, LOST_SESSION
from fleet.range_queue import send_range
from fleet.sessions import Connection
from fleet.settings import Settings
from fleet.state import FleetState
from workers.calls import RunningCalls, UnexpectedCallError
from workers.embed_range import InsertMode, PinnedStandby, embed_range
from workers.gate import Gate
from workers.guard import Guard
from workers.poison import MOST_LOSSES, Step, halve, next_step, put_aside
from workers.rates import Rates
from workers.session_pool import LogonError, SessionPool

log = logging.getLogger("adgfleet.worker")
T = TypeVar("T")

#: A range that came although the gate is closing waits for that at most so long before it goes back, seconds.
_CLOSING_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Workshop:
    """What ranges are worked on with: one of each per worker."""

    settings: Settings
    standby: str
    app: Celery
    state: FleetState
    guard: Guard
    gate: Gate
    pool: SessionPool
    calls: RunningCalls
    rates: Rates
    insert_mode: InsertMode
    #: Set when the worker ends.
    stopping: threading.Event
    #: Told every error that an operator should see.
    note_error: Callable[[DatabaseError], None]


class EmbedTask:
    """Takes messages to their end."""

    def __init__(self, workshop: Workshop) -> None:
        """Use what the worker has."""
        self._shop = workshop

    def run(self, kwargs: dict[str, Any], *, reclaims: int = 0) -> dict[str, Any]:
        """Embed a message's range; returns its counts.

        Args:
            kwargs: The message.
            reclaims: How often a worker died with it in hand.

        Raises:
            Reject: The message goes back to the queue.

        Redelivery: safe, see ``workers.embed_range``; progress counts a range once.
        """
        try:
            message = RangeMessage.from_kwargs(kwargs)
        except MessageError as error:
            log.error("put aside an unreadable message: %s", error)  # noqa: TRY400 - no traceback for bad input
            self._dead_letter(str(error), kwargs)
            return {"standby": self._shop.standby, "dead_letter": str(error)}
        with working_on(run_id=message.run_id, first_id=message.first_id, last_id=message.last_id):
            return self._take(message, reclaims)

    def _take(self, message: RangeMessage, reclaims: int) -> dict[str, Any]:
        self._check_open()
        if self._belongs_elsewhere(message):
            return self._pass_on(message)
        if message.losses + reclaims >= MOST_LOSSES:
            return self._halve(message, DatabaseError(f"{message} never came to an end"))
        try:
            result = self._embed(message)
        except DatabaseError as error:
            return self._settle(message, error)
        return self._report(message, result)

    # ------------------------------------------------------------------ the way that works

    def _embed(self, message: RangeMessage) -> RangeResult:
        shop = self._shop
        settings = shop.settings
        seconds = shop.rates.call_timeout_seconds(
            message.pictures,
            picture_timeout_seconds=settings.picture_timeout,
            floor_seconds=settings.call_timeout_floor,
            cap_seconds=settings.call_timeout_cap,
        )
        with shop.pool.session() as connection:
            work = functools.partial(
                embed_range,
                connection,
                PinnedStandby(shop.standby, shop.guard.pinned_name),
                message,
                batch_size=settings.batch_size or shop.rates.batch_size(),
                insert_mode=shop.insert_mode,
                call_timeout_seconds=seconds,
            )
            return shop.calls.run(connection, work)

    def _report(self, message: RangeMessage, result: RangeResult) -> dict[str, Any]:
        shop = self._shop
        shop.rates.note(embedded=result.embedded, failed=result.failed, seconds=result.seconds)
        shop.guard.range_done(result.commit_seconds)
        try:
            shop.state.report_range(message, result)
        except redis.RedisError as error:
            log.warning("progress of %s could not be reported: %s", message, error)
        log.info("%s: embedded %d, failed %d in %.1f s", message, result.embedded, result.failed, result.seconds)
        return result.to_json()

    # ------------------------------------------------------------------ before

    def _check_open(self) -> None:
        """Give a message back that came while the gate was closing."""
        shop = self._shop
        if not shop.stopping.is_set() and shop.guard.verdict().is_open:
            return
        shop.gate.closed.wait(_CLOSING_SECONDS)
        raise Reject(f"{shop.standby} takes no ranges now", requeue=True)

    def _others(self) -> list[str]:
        """Return the other standbys that serve now; none when Redis cannot say."""
        try:
            workers = self._shop.state.live_workers()
        except redis.RedisError:
            return []
        return [name for name, beat in workers.items() if beat.is_serving and name != self._shop.standby]

    def _belongs_elsewhere(self, message: RangeMessage) -> bool:
        return self._shop.standby in message.failed_on and next_step(message, self._others()) is Step.ELSEWHERE

    # ------------------------------------------------------------------ when it fails

    def _settle(self, message: RangeMessage, error: DatabaseError) -> dict[str, Any]:
        shop = self._shop
        shop.note_error(error)
        if LOGON_REFUSED.intersection(error.codes):
            shop.guard.fleet_fault(error)  # whatever else is wrong: it is not tried again
        if not shop.guard.verdict().is_open or shop.stopping.is_set():
            # It was broken off, or the standby is not what it was: neither is charged to anybody.
            raise Reject(str(error), requeue=True) from error
        if error.fault is Fault.FLEET:
            shop.guard.fleet_fault(error)
            return self._give_back(error)
        if error.fault is Fault.STANDBY:
            shop.guard.standby_fault(error)
            is_lost = LOST_SESSION.intersection(error.codes) and not isinstance(error, LogonError)
            if is_lost or isinstance(error, UnexpectedCallError):
                self._send(message.after_loss(), SHARED_QUEUE, error)
                return self._moved("lost", message)
            return self._give_back(error)
        failed = message.after_failure(shop.standby)
        step = next_step(failed, self._others())
        log.warning("%s failed (attempt %d): %s", message, failed.attempts, step.name.lower())
        if step is Step.HALVE:
            return self._halve(failed, error)
        return self._pass_on(failed)

    def _give_back(self, error: DatabaseError) -> dict[str, Any]:
        self._shop.gate.closed.wait(_CLOSING_SECONDS)
        raise Reject(str(error), requeue=True) from error

    def _pass_on(self, message: RangeMessage) -> dict[str, Any]:
        untried = sorted(set(self._others()) - set(message.failed_on))
        queue = standby_queue(untried[0]) if untried else SHARED_QUEUE
        self._send(message, queue, None)
        return self._moved(queue, message)

    def _halve(self, message: RangeMessage, error: DatabaseError) -> dict[str, Any]:
        shop = self._shop
        standby = PinnedStandby(shop.standby, shop.guard.pinned_name)
        model = shop.settings.image_model
        try:
            outcome = self._call(lambda connection: halve(connection, standby, message, error, model=model))
            if outcome.suspect is not None:  # one error proves nothing, least of all a lost session: once more
                outcome = self._call(lambda connection: halve(connection, standby, message, error, model=model))
            if outcome.suspect is not None:
                suspect = outcome.suspect
                self._call(lambda connection: put_aside(connection, standby, suspect))
        except DatabaseError as refused:
            # Halving changes nothing that a range could be blamed for: what fails here is the fleet's or the standby's.
            shop.note_error(refused)
            if refused.fault is Fault.FLEET or LOGON_REFUSED.intersection(refused.codes):
                shop.guard.fleet_fault(refused)
            else:
                shop.guard.standby_fault(refused)
            self._give_back(refused)
        for part in outcome.parts:
            self._send(part, SHARED_QUEUE, error)
        if outcome.parts:
            self._note_parts(message, len(outcome.parts) - 1)
        if outcome.suspect is not None:
            picture_id = outcome.suspect.picture_id
            return self._report(message, RangeResult(shop.standby, picture_id, picture_id, 0, 0, 1, 0, 0.0))
        if outcome.unproven:
            self._dead_letter(outcome.unproven, message.to_kwargs())
        log.warning("%s came to %s", message, outcome)
        return self._moved("halves" if outcome.parts else "an end", message)

    def _call(self, action: Callable[[Connection], T]) -> T:
        """Do something short in a session of the standby."""
        shop = self._shop
        with shop.pool.session() as connection:
            connection.call_timeout = int(1000 * shop.settings.call_timeout_floor)
            result = shop.calls.run(connection, lambda: action(connection))
            if connection.is_healthy():
                connection.call_timeout = 0
            return result

    # ------------------------------------------------------------------ the queue

    def _send(self, message: RangeMessage, queue: str, error: DatabaseError | None) -> None:
        try:
            send_range(self._shop.app, message, queue=queue)
        except OperationalError as lost:
            log.warning("%s goes back as it came, because Redis failed: %s", message, lost)
            raise Reject(str(error or lost), requeue=True) from lost

    def _note_parts(self, message: RangeMessage, more_ranges: int) -> None:
        try:
            self._shop.state.note_parts(message.run_id, more_ranges)
        except redis.RedisError as error:
            log.warning("the parts of %s could not be reported: %s", message, error)

    def _dead_letter(self, reason: str, message: Any) -> None:  # noqa: ANN401 - a message says what it likes
        try:
            self._shop.state.add_dead_letter(reason=reason, standby=self._shop.standby, message=message)
        except redis.RedisError as error:
            log.warning("a dead letter could not be kept: %s; it was: %s", error, message)

    def _moved(self, where: str, message: RangeMessage) -> dict[str, Any]:
        return {"standby": self._shop.standby, "moved_to": where, "range": str(message)}
