"""The store: many Oracle transactions over one SQLite writer, with row locks, snapshots and redo."""

from __future__ import annotations

from emulator.store.redo_log import RedoKind, RedoRecord
from emulator.store.store import DivergedError, Snapshot, StaleEpochError, Store
from emulator.store.transaction import ChangeResult, Transaction

__all__ = [
    "ChangeResult",
    "DivergedError",
    "RedoKind",
    "RedoRecord",
    "Snapshot",
    "StaleEpochError",
    "Store",
    "Transaction",
]
