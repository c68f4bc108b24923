"""The memory that an instance may have: what a call would take beyond it ends that call, not the instance."""

from __future__ import annotations

import resource
import threading
import time
from pathlib import Path

_PAGE_BYTES = resource.getpagesize()
#: How long a reading holds, seconds.
_READING_SECONDS = 0.05
_STATM = Path("/proc/self/statm")


class MemoryLimit:
    """Compares the process's resident memory with a limit, as PGA_AGGREGATE_LIMIT does with a database's."""

    def __init__(self, mebibytes: int) -> None:
        """Set the limit."""
        self._pages = mebibytes * 1024 * 1024 // _PAGE_BYTES
        self._lock = threading.Lock()
        self._next_reading = 0.0
        self._exceeded = False

    def is_exceeded(self) -> bool:
        """Tell whether the process has more. Source: proc(5), /proc/self/statm, second field."""
        now = time.monotonic()
        if now >= self._next_reading:
            with self._lock:
                self._next_reading = now + _READING_SECONDS
                self._exceeded = int(_STATM.read_text(encoding="ascii").split()[1]) > self._pages
        return self._exceeded
