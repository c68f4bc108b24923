"""Data Guard: redo from the primary to its standbys, and DML from a standby to its primary."""

from __future__ import annotations

from emulator.dataguard.dataguard import DataGuard
from emulator.dataguard.redirected_session import RedirectedSession

__all__ = ["DataGuard", "RedirectedSession"]
