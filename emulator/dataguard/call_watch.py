"""Breaks off calls to the primary whose own client has given up."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from emulator.errors import OraError

_INTERVAL_SECONDS = 0.05


@dataclass(slots=True)
class WatchedCall:
    """A call under way."""

    check_cancelled: Callable[[], None]
    cancel: Callable[[], None]
    #: Whether it was broken off.
    is_cancelled: bool = False


class CallWatch:
    """One thread that looks after all calls under way."""

    def __init__(self) -> None:
        """Watch nothing yet."""
        self._changed = threading.Condition()
        self._calls: dict[int, WatchedCall] = {}
        self._thread: threading.Thread | None = None
        self._stopping = False

    @contextmanager
    def during(self, check_cancelled: Callable[[], None], cancel: Callable[[], None]) -> Iterator[WatchedCall]:
        """Call ``cancel`` once, should ``check_cancelled`` raise ORA-01013 before the block ends."""
        key = threading.get_ident()
        call = WatchedCall(check_cancelled, cancel)
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="call watch", daemon=True)
                self._thread.start()
            self._calls[key] = call
            self._changed.notify()
        try:
            yield call
        finally:
            with self._changed:
                self._calls.pop(key, None)

    def stop(self) -> None:
        """End the thread."""
        with self._changed:
            self._stopping = True
            self._changed.notify()

    def _run(self) -> None:
        with self._changed:
            while not self._stopping:
                self._changed.wait(_INTERVAL_SECONDS if self._calls else None)
                for key, call in list(self._calls.items()):
                    try:
                        call.check_cancelled()
                    except OraError:
                        del self._calls[key]
                        call.is_cancelled = True
                        with contextlib.suppress(Exception):  # the call may have ended by itself
                            call.cancel()
