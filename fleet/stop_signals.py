"""Ends commands that run until they are told to: SIGTERM and Ctrl-C, once in order, twice at once."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterator

from fleet.console import STATUS_FAILED, restore_terminal, say

#: A command that does not end within this time after the first signal, because a database or Redis does not answer, is
#: ended, seconds. Shorter than a session waits for its logoff: one that is left behind can hold the interpreter's end.
GRACE_SECONDS = 4.0
#: Status of a process that a signal ended. Source: POSIX shells.
_SIGNALLED = 128


@contextlib.contextmanager
def stopped_by_signals(
    stop: Callable[[], None],
    *,
    interrupts: bool = False,
    grace_seconds: float = GRACE_SECONDS,
    late_status: int = STATUS_FAILED,
    left_behind: str = "",
) -> Iterator[None]:
    """Let the first SIGTERM or Ctrl-C call ``stop`` instead of breaking off; the second one ends the process at once.

    A thread hears the signals: Python's own handlers wait until the main thread's call returns when a signal comes just
    before that call blocks. Source: Python documentation, ``signal.set_wakeup_fd``; seen with a database that hangs.

    Args:
        stop: Called in a thread of its own. It must not wait.
        interrupts: The block is left by KeyboardInterrupt as well, as soon as its call returns.
        grace_seconds: When the process has not ended so long after the first signal, it is ended.
        late_status: The exit status then.
        left_behind: What is said then.
    """
    ears, mouth = socket.socketpair()
    mouth.setblocking(False)
    heard = threading.Event()

    def listen() -> None:
        with ears:
            if not ears.recv(1):
                return  # the block has ended
            heard.set()
            stop()
            ears.settimeout(grace_seconds)
            try:
                again = ears.recv(1)
            except TimeoutError:
                _end(late_status, left_behind)
            if again:
                _end(_SIGNALLED + again[0], "")

    def on_signal(_number: int, _frame: object) -> None:
        if interrupts:
            raise KeyboardInterrupt

    previous = {number: signal.signal(number, on_signal) for number in (signal.SIGTERM, signal.SIGINT)}
    woken_before = signal.set_wakeup_fd(mouth.fileno(), warn_on_full_buffer=False)
    threading.Thread(target=listen, name="stop-signals", daemon=True).start()
    try:
        yield
    finally:
        signal.set_wakeup_fd(woken_before)
        for number, handler in previous.items():
            signal.signal(number, handler)
        if not heard.is_set():  # else the process has its grace to end in: what was left behind can hold that, too
            mouth.close()


def _end(status: int, text: str) -> None:
    """End without waiting for anything: threads and calls may hang."""
    restore_terminal()
    if text:
        say(text)
    os._exit(status)
