"""Breaks off calls to the primary whose own client has given up."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from emulator.errors import OraError

_INTERVAL_SECONDS = 0.05


class CallWatch:
    """One thread that looks after all calls under way."""

    def __init__(self) -> None:
        """Watch nothing yet."""
        self._changed = threading.Condition()
        self._calls: dict[int, tuple[Callable[[], None], Callable[[], None]]] = {}
        self._thread: threading.Thread | None = None
        self._stopping = False

    @contextmanager
    def during(self, check_cancelled: Callable[[], None], cancel: Callable[[], None]) -> Iterator[None]:
        """Call ``cancel`` once, should ``check_cancelled`` raise ORA-01013 before the block ends."""
        key = threading.get_ident()
        with self._changed:
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="call watch", daemon=True)
                self._thread.start()
            self._calls[key] = (check_cancelled, cancel)
            self._changed.notify()
        try:
            yield
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
                for key, (check_cancelled, cancel) in list(self._calls.items()):
                    try:
                        check_cancelled()
                    except OraError:
                        del self._calls[key]
                        with contextlib.suppress(Exception):  # the call may have ended by itself
                            cancel()
