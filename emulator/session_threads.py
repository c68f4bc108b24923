"""Threads that run PL/SQL: their stacks are deep enough for its recursion."""

from __future__ import annotations

import threading
from collections.abc import Callable

#: Stack of a session's thread: PL/SQL and nested SQL recurse.
_STACK_BYTES = 64 * 1024 * 1024
#: The stack size of new threads is the process's: one thread is started at a time.
_starting = threading.Lock()


def start_session_thread(target: Callable[..., None], *arguments: object, name: str = "session") -> threading.Thread:
    """Start a thread that serves a session."""
    with _starting:
        previous = threading.stack_size(_STACK_BYTES)
        try:
            thread = threading.Thread(target=target, args=arguments, name=name, daemon=True)
            thread.start()
        finally:
            threading.stack_size(previous)
    return thread
