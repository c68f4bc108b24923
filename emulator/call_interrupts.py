"""Why a session's running call has to end before its time: its client, a DBA, or the instance's memory."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from emulator.errors import OraError

#: How often a running call looks whether its client has broken off, seconds.
_PROBE_SECONDS = 0.02
_CANCELLED, _KILLED, _OUT_OF_MEMORY = 1013, 28, 4036


class CallInterrupts:
    """What may break into one session's calls; asked by the call itself, while it works."""

    def __init__(self, is_short_of_memory: Callable[[], bool]) -> None:
        """Begin with nothing to interrupt for; the function is asked now and then."""
        self._is_short_of_memory = is_short_of_memory
        self._probe: Callable[[], bool] | None = None
        self._next_probe = 0.0
        self._cancelled = threading.Event()
        self._out_of_memory = False
        self.is_killed = False

    def set_probe(self, probe: Callable[[], bool]) -> None:
        """Ask this function, now and then, whether the client wants the running call to end."""
        self._probe = probe

    def cancel(self) -> None:
        """Make the running call end; from whatever thread."""
        self._cancelled.set()

    def begin_call(self) -> None:
        """Forget what was meant for an earlier call."""
        self._cancelled.clear()
        self._out_of_memory = False

    def are_due(self) -> bool:
        """Tell whether the running call is to end."""
        if self.is_killed or self._cancelled.is_set() or self._out_of_memory:
            return True
        now = time.monotonic()
        if now >= self._next_probe:
            self._next_probe = now + _PROBE_SECONDS
            if self._probe is not None and self._probe():
                self._cancelled.set()
                return True
            self._out_of_memory = self._is_short_of_memory()
        return self._out_of_memory

    def error(self) -> OraError:
        """Return what the call ends with: ORA-00028, ORA-04036 or ORA-01013."""
        return OraError(_KILLED if self.is_killed else _OUT_OF_MEMORY if self._out_of_memory else _CANCELLED)
