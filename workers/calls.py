"""Database calls that can be broken off, and left behind when the database does not even answer that.

The driver waits for an answer inside the call. A standby that is frozen never gives one, and its session would hold its
range until the call's time limit. So each call runs in a thread of its own, and whoever waits for it can be sent away.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import threading
from collections.abc import Callable
from enum import Enum, auto
from typing import Any, TypeVar

from fleet.errors import FleetError, TransientDatabaseError
from fleet.sessions import Connection

#: A call that was broken off has so long to end by itself, seconds.
_BREAK_SECONDS = 2.0

T = TypeVar("T")


class AbandonedCallError(TransientDatabaseError):
    """The standby does not answer; the call was left behind and its range goes back. The session is not used again."""


class UnexpectedCallError(TransientDatabaseError):
    """Driver or worker tripped over an answer; the range goes back, counted like one whose session was lost."""


class _Phase(Enum):
    RUNNING = auto()
    #: A break is sent, or about to be.
    BROKEN = auto()
    #: It did not end after its break: nobody waits for it any more, it closes its session when it ends.
    ABANDONED = auto()
    ENDED = auto()


class _Call:
    """One call: its phase changes under its lock only, so that each of ``run``, break and end knows of the others."""

    def __init__(self, connection: Connection, action: Callable[[], Any]) -> None:
        self.result: concurrent.futures.Future[Any] = concurrent.futures.Future()
        #: Why it was broken off; empty: it was not.
        self.reason = ""
        self._connection = connection
        self._action = action
        self._phase = _Phase.RUNNING
        self._lock = threading.Lock()
        #: Set when it has ended or was left behind.
        self._settled = threading.Event()
        self._breaker: threading.Thread | None = None
        self._leaver: threading.Timer | None = None

    def execute(self) -> None:
        """Run the action; in a thread of its own."""
        try:
            self.result.set_result(self._action())
        except Exception as error:  # noqa: BLE001 - handed to whoever waits, who sorts it
            self.result.set_exception(error)
        with self._lock:
            abandoned = self._phase is _Phase.ABANDONED
            if not abandoned:
                self._phase = _Phase.ENDED
                self._settled.set()
        if abandoned:
            self._close()

    def wait(self) -> bool:
        """Wait until it has ended, and its break with it; False: it was left behind."""
        self._settled.wait()
        with self._lock:
            leaver, breaker, phase = self._leaver, self._breaker, self._phase
        if leaver is not None:
            leaver.cancel()
        if phase is _Phase.ABANDONED:
            return False
        if breaker is not None:  # a break that is on its way must not meet whatever the session is used for next
            breaker.join(_BREAK_SECONDS)
            if breaker.is_alive():
                threading.Thread(target=self._close, name="close", daemon=True).start()
                return False
        return True

    def break_off(self, reason: str) -> bool:
        """Break it off; leave it behind if it does not end within two seconds. False: there is nothing to break off."""
        with self._lock:
            if self._phase is not _Phase.RUNNING:
                return False
            self._phase, self.reason = _Phase.BROKEN, reason
            # Sending the break can block, too, when the network swallows everything.
            self._breaker = threading.Thread(target=self._cancel, name="break", daemon=True)
            self._breaker.start()
            self._leaver = threading.Timer(_BREAK_SECONDS, self._leave)
            self._leaver.daemon = True
            self._leaver.start()
            return True

    def _cancel(self) -> None:
        with self._lock:
            if self._phase is not _Phase.BROKEN:
                return
        with contextlib.suppress(Exception):  # a dead connection ends its call by itself
            self._connection.cancel()

    def _close(self) -> None:
        """Close the session, which nobody uses any more, when its break has been sent."""
        if self._breaker is not None:
            self._breaker.join()
        with contextlib.suppress(Exception):
            self._connection.close()

    def _leave(self) -> None:
        with self._lock:
            if self._phase is _Phase.BROKEN:
                self._phase = _Phase.ABANDONED
                self._settled.set()


class RunningCalls:
    """The calls that a worker has in its standby now."""

    def __init__(self, standby: str) -> None:
        """Know the fleet's name of the standby, for errors."""
        self._standby = standby
        self._lock = threading.Lock()
        self._calls: set[_Call] = set()

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._calls)

    def run(self, connection: Connection, action: Callable[[], T]) -> T:
        """Run ``action``, which makes calls on ``connection``, and return its result.

        After an error the connection is not to be used again: a break may still be on its way to it.

        Raises:
            AbandonedCallError: It was broken off and did not end; the connection must not even be closed.
            UnexpectedCallError: The action raised what is no error of the fleet's.
            TransientDatabaseError: It ended well, but was broken off at the same moment.
            FleetError: What the action raises, ORA-01013 among it when it was broken off.
        """
        call = _Call(connection, action)
        with self._lock:
            self._calls.add(call)
        try:
            threading.Thread(target=call.execute, name=f"call-{self._standby}", daemon=True).start()
            has_ended = call.wait()
        finally:
            with self._lock:
                self._calls.discard(call)
        name = self._standby
        if not has_ended:
            raise AbandonedCallError(f"{name}: a call was left behind because {call.reason}", database=name)
        try:
            result: T = call.result.result()
        except FleetError:
            raise
        except Exception as error:
            text = f"{name}: a call failed with {type(error).__name__}: {error}"
            raise UnexpectedCallError(text, database=name) from error
        if call.reason:
            text = f"{name}: a call ended only when it had been broken off because {call.reason}"
            raise TransientDatabaseError(text, database=name)
        return result

    def break_off(self, reason: str) -> int:
        """Break off all calls; one that does not end within two seconds is left behind. Returns how many there were."""
        with self._lock:
            calls = tuple(self._calls)
        return sum(call.break_off(reason) for call in calls)
