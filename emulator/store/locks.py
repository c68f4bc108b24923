"""Row and key locks of open transactions.

A row lock stands for a row that a transaction changed. A key lock stands for a value of a unique key that it added or
removed (exclusive), or that a child row of its refers to (shared).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, TypeAlias

from emulator.errors import OraError

if TYPE_CHECKING:
    from emulator.store.transaction import Transaction

#: ("R", table, primary key) or ("K", table, columns, values).
LockKey: TypeAlias = tuple[object, ...]
#: Keys that a statement wants; True for exclusive.
Wishes: TypeAlias = Mapping[LockKey, bool]


class LockTable:
    """Who holds what; every call is made under the store's latch."""

    def __init__(self) -> None:
        """Nobody holds anything."""
        self._exclusive: dict[LockKey, Transaction] = {}
        self._shared: dict[LockKey, set[Transaction]] = {}

    def holders(self, transaction: Transaction, wishes: Wishes) -> set[Transaction]:
        """Return the other transactions that hold what is wished for, in a mode that excludes it."""
        found: set[Transaction] = set()
        for key, is_exclusive in wishes.items():
            holder = self._exclusive.get(key)
            if holder is not None and holder is not transaction:
                found.add(holder)
            if is_exclusive:
                found.update(self._shared.get(key, ()))
        found.discard(transaction)
        return found

    def take(self, transaction: Transaction, wishes: Wishes) -> None:
        """Give a transaction locks that nobody else holds."""
        for key, is_exclusive in wishes.items():
            if is_exclusive:
                self._exclusive[key] = transaction
                self._leave_shared(transaction, key)
                transaction.held[key] = True
            elif not transaction.held.get(key):
                self._shared.setdefault(key, set()).add(transaction)
                transaction.held[key] = False

    def give_back(self, transaction: Transaction, keys: Iterable[LockKey]) -> None:
        """Free locks of a transaction."""
        for key in list(keys):
            if transaction.held.pop(key, False):
                del self._exclusive[key]
            else:
                self._leave_shared(transaction, key)

    def _leave_shared(self, transaction: Transaction, key: LockKey) -> None:
        sharing = self._shared.get(key)
        if sharing is not None:
            sharing.discard(transaction)
            if not sharing:
                del self._shared[key]

    def transactions(self) -> set[Transaction]:
        """Return everybody who holds something."""
        return set(self._exclusive.values()).union(*self._shared.values())

    @property
    def is_empty(self) -> bool:
        """Whether nobody holds anything."""
        return not self._exclusive and not self._shared


def check_deadlock(transaction: Transaction, holders: set[Transaction]) -> None:
    """Look whether waiting for ``holders`` would never end.

    Raises:
        OraError: 60, one of them waits for this transaction, directly or over others.
    """
    seen: set[Transaction] = set()
    open_ = list(holders)
    while open_:
        other = open_.pop()
        if other is transaction:
            raise OraError(60)
        if other not in seen:
            seen.add(other)
            open_.extend(other.waits_for)
