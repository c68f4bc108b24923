"""Database calls that can be broken off, and left behind when the database does not even answer that.

The driver waits for an answer inside the call. A standby that is frozen never gives one, and its session would hold its
range until the call's time limit. So each call runs in a thread of its own, and whoever waits for it can be sent away.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from fleet.errors import TransientDatabaseError
from fleet.sessions import Connection

#: A call that was broken off has so long to end by itself, seconds.
_BREAK_SECONDS = 2.0

T = TypeVar("T")


class AbandonedCallError(TransientDatabaseError):
    """The standby does not answer; the call was left behind and its range goes back. The session is not used again."""


class _Call:
    def __init__(self, connection: Connection, action: Callable[[], Any]) -> None:
        self.connection = connection
        self.result: concurrent.futures.Future[Any] = concurrent.futures.Future()
        self.reason = ""
        #: Set when it has ended or was left behind.
        self.settled = threading.Event()
        self._action = action

    def execute(self) -> None:
        try:
            self.result.set_result(self._action())
        except Exception as error:  # noqa: BLE001 - handed to whoever waits, who sorts it
            self.result.set_exception(error)
        abandoned = self.settled.is_set()
        self.settled.set()
        if abandoned:
            with contextlib.suppress(Exception):  # nobody uses it any more
                self.connection.close()


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

        Raises:
            AbandonedCallError: It was broken off and did not end; the connection must not be touched any more.
            DatabaseError: What the action raises, ORA-01013 among it when it was broken off.
        """
        call = _Call(connection, action)
        with self._lock:
            self._calls.add(call)
        try:
            threading.Thread(target=call.execute, name=f"call-{self._standby}", daemon=True).start()
            call.settled.wait()
            if call.result.done():
                result: T = call.result.result()
                return result
            raise AbandonedCallError(
                f"{self._standby}: a call was left behind because {call.reason}", database=self._standby
            )
        finally:
            with self._lock:
                self._calls.discard(call)

    def break_off(self, reason: str) -> int:
        """Break off all calls; one that does not end within two seconds is left behind. Returns how many there were."""
        with self._lock:
            calls = [call for call in self._calls if not call.reason]
        for call in calls:
            call.reason = reason
            # Sending the break can block, too, when the network swallows everything.
            threading.Thread(target=_cancel, args=(call.connection,), name="break", daemon=True).start()
            leave = threading.Timer(_BREAK_SECONDS, call.settled.set)
            leave.daemon = True
            leave.start()
        return len(calls)


def _cancel(connection: Connection) -> None:
    with contextlib.suppress(Exception):  # a dead connection ends its call by itself
        connection.cancel()
