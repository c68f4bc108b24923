"""Ends commands that run until they are told to: SIGTERM and Ctrl-C, once in order, twice at once."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator

from fleet.console import STATUS_FAILED, restore_terminal, say

#: A command that does not end within this time after the first signal, because a database or Redis does not answer, is
#: ended, seconds.
GRACE_SECONDS = 5.0
#: Status of a process that a signal ended. Source: POSIX shells.
_SIGNALLED = 128


@contextlib.contextmanager
def stopped_by_signals(
    stop: Callable[[], None],
    *,
    grace_seconds: float = GRACE_SECONDS,
    late_status: int = STATUS_FAILED,
    left_behind: str = "",
) -> Iterator[None]:
    """Let the first SIGTERM or Ctrl-C call ``stop`` instead of breaking off; the second one ends the process at once.

    Args:
        stop: Must not wait: it is called between two steps of the main thread. It may raise KeyboardInterrupt there.
        grace_seconds: When the block has not ended so long after the first signal, the process is ended.
        late_status: The exit status then.
        left_behind: What is said then.
    """
    too_late = threading.Timer(grace_seconds, _end, [late_status, left_behind])
    too_late.daemon = True
    seen = threading.Event()

    def on_signal(number: int, _frame: object) -> None:
        if seen.is_set():
            _end(_SIGNALLED + number, "")
        seen.set()
        too_late.start()
        stop()

    previous = {number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
        too_late.cancel()


def _end(status: int, text: str) -> None:
    """End without waiting for anything: threads and calls may hang."""
    restore_terminal()
    if text:
        say(text)
    os._exit(status)
