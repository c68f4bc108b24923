"""An open cursor of a session over the rows of a query."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.datatypes import Row
from emulator.session import RowSource

if TYPE_CHECKING:
    from emulator.store import Snapshot
    from emulator.user_session import UserSession


class SessionRows:
    """A cursor of a session: enters the session's context for each fetch and frees the snapshot at the end."""

    def __init__(self, session: UserSession, source: RowSource, snapshot: Snapshot | None) -> None:
        """Wrap a prepared query's rows."""
        self.columns = source.columns
        self._session = session
        self._source = source
        self._snapshot = snapshot

    def fetch(self, count: int, *, keep_numbers: bool = False) -> list[Row]:
        """Return the next rows; see ``RowSource``."""
        with self._session.call():
            return self._source.fetch(count, keep_numbers=keep_numbers)

    def close(self) -> None:
        """Free the snapshot."""
        self._source.close()
        if self._snapshot is not None:
            self._snapshot.close()
            self._snapshot = None
        self._session.forget_rows(self)
