"""Ctrl-C and SIGTERM while processes are being started: neither may come between a start and the note of it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Interrupts:
    """How deep in what must not be interrupted, and whether a signal waits for its end."""

    depth = 0
    is_pending = False


def _interrupt(_number: int, _frame: object) -> None:
    if _Interrupts.depth:
        _Interrupts.is_pending = True
    else:
        raise KeyboardInterrupt


@contextmanager
def interruptible() -> Iterator[None]:
    """Turn SIGINT and SIGTERM into KeyboardInterrupt, outside of ``uninterrupted``; for the main thread."""
    previous = {number: signal.signal(number, _interrupt) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Let a signal wait until the end of the block.

    Raises:
        KeyboardInterrupt: At the end, when one came meanwhile.
    """
    _Interrupts.depth += 1
    try:
        yield
    finally:
        _Interrupts.depth -= 1
    if _Interrupts.is_pending and not _Interrupts.depth:
        _Interrupts.is_pending = False
        raise KeyboardInterrupt
