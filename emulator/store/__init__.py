"""The store: many Oracle transactions over one SQLite writer, with row locks, snapshots and redo."""

from __future__ import annotations

from emulator.store.redo_log import RedoKind, RedoRecord
from emulator.store.store import Snapshot, Store
from emulator.store.transaction import ChangeResult, Transaction

__all__ = ["ChangeResult", "RedoKind", "RedoRecord", "Snapshot", "Store", "Transaction"]
