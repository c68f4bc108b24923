"""What a role change does to a store: each is one step under the latch, so that no commit can slip in between."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import apsw

from emulator.store.incarnations import History, begin_incarnation, read_history, write_history

if TYPE_CHECKING:
    from emulator.store.store import Store


def restore_point_path(data: Path) -> Path:
    """Return where a snapshot standby keeps the data to which it will return."""
    return data.with_suffix(".restore")


def demote(store: Store) -> int:
    """Stop writing: open transactions are lost; returns the last SCN, after which nothing can come."""
    with store.latch:
        store.writable = False
        store.begin_epoch()
        store.writer.execute("PRAGMA foreign_keys = OFF").fetchall()
        return store.scn


def promote(store: Store, *, incarnations: int) -> None:
    """Start writing after the last SCN that was applied.

    Args:
        store: A standby's, with everything applied that is to be kept.
        incarnations: How many there must have been: a failover begins a new one.
    """
    with store.latch:
        store.begin_epoch()
        while len(store.history) < incarnations:
            begin_incarnation(store.writer, store.scn)
            store.history = read_history(store.writer)
        store.writer.execute("PRAGMA foreign_keys = ON").fetchall()
        store.writable = True


def adopt_history(store: Store, history: History, epoch: int) -> None:
    """Take over the incarnations of the primary whose redo this standby is going to apply."""
    with store.latch:
        if store.epoch == epoch and not store.writable and store.history != history:
            write_history(store.writer, history)
            store.history = history


def begin_snapshot(store: Store, *, restart: bool = False) -> None:
    """Make a standby writable for itself; what it has now is kept in a restore point.

    Args:
        store: A standby's.
        restart: It was a snapshot standby already: its restore point is there.
    """
    path = restore_point_path(store.path)
    with store.latch:
        store.begin_epoch()
        if not (restart and path.exists()):
            fresh = path.with_suffix(".new")
            fresh.unlink(missing_ok=True)
            _copy(store.writer, fresh)
            fresh.replace(path)
        store.base_scn = _scn_of(path)
        store.writer.execute("PRAGMA foreign_keys = ON").fetchall()
        store.writable = True


def end_snapshot(store: Store) -> None:
    """Throw away what a snapshot standby has written: its data are those of the restore point again."""
    with store.latch:
        store.writable = False
        store.begin_epoch()
        store.writer.execute("PRAGMA foreign_keys = OFF").fetchall()
        source = apsw.Connection(str(restore_point_path(store.path)), flags=apsw.SQLITE_OPEN_READWRITE)
        try:
            with store.writer.backup("main", source, "main") as backup:
                backup.step(-1)
        finally:
            source.close()
        store.base_scn = None
        store.reload()


def copy_data(source: Path, target: Path) -> None:
    """Copy a database's data while it runs; a standby made of the copy continues at its SCN."""
    for suffix in ("", "-wal", "-shm"):
        target.with_name(target.name + suffix).unlink(missing_ok=True)
    restore_point_path(target).unlink(missing_ok=True)
    connection = apsw.Connection(str(source), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        _copy(connection, target)
    finally:
        connection.close()


def _copy(source: apsw.Connection, target: Path) -> None:
    destination = apsw.Connection(str(target))
    try:
        with destination.backup("main", source, "main") as backup:
            backup.step(-1)
    finally:
        destination.close()


def _scn_of(path: Path) -> int:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        return int(next(connection.execute("SELECT value FROM _scn"))[0])
    finally:
        connection.close()
