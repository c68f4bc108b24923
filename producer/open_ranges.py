"""Ranges that are queued or running, read from the queue itself.

The messages are the only record: those that wait in a queue, and those that a worker has taken and not acknowledged.
So nothing can go stale when a worker dies or cannot report; when Redis has been emptied, nothing is open, and all that
is pending is planned again. Redis may be shared with other applications: only the fleet's own keys are read.
"""

from __future__ import annotations

import bisect
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import redis

from fleet.celery_app import SHARED_QUEUE, standby_queue, unacked_key
from fleet.errors import MessageError
from fleet.messages import RangeMessage
from fleet.range_queue import FOLLOWS_HEADER, read_entry, read_taken

#: Messages read at once.
_PAGE = 500
#: While a worker takes a message it is in no list for about a millisecond; a look so much later cannot miss it.
_SECOND_LOOK_SECONDS = 0.1
#: Blocks that are kept single before they are merged.
_RECENT_BLOCKS = 2000


@dataclass(frozen=True, slots=True)
class OpenRange:
    """A range that is queued or running."""

    message: RangeMessage
    #: Last id of the range before it; None: not known.
    follows: int | None

    @property
    def block(self) -> Block:
        """The ids that need no planning while it is open."""
        first_id = self.message.first_id if self.follows is None else self.follows + 1
        return Block(min(first_id, self.message.first_id), self.message.last_id)


@dataclass(frozen=True, slots=True, order=True)
class Block:
    """Ids ``first_id`` to ``last_id``, both included."""

    first_id: int
    last_id: int


@dataclass(frozen=True, slots=True)
class OpenWork:
    """Everything that is queued or running."""

    #: Ascending, apart from each other.
    blocks: tuple[Block, ...] = ()
    ranges: int = 0
    pictures: int = 0
    run_ids: tuple[str, ...] = ()
    #: Messages that are no ranges; workers put them aside as dead letters.
    unreadable: int = 0


def read_open_work(client: redis.Redis, standbys: Iterable[str]) -> OpenWork:
    """Look what is queued or running; memory grows with the gaps between open ranges, not with their number.

    Args:
        client: A connection that decodes answers.
        standbys: All that have, or had, a queue or a worker.
    """
    names = list(standbys)
    tally = _Tally()
    # Taken messages first and last: one that is given back while the queues are read is still seen, and so is one that
    # is taken meanwhile.
    tally.add_all(_taken(client, names))
    for queue in (SHARED_QUEUE, *map(standby_queue, names)):
        tally.add_all(_queued(client, queue))
    time.sleep(_SECOND_LOOK_SECONDS)
    tally.add_all(_taken(client, names), again=True)
    return tally.result()


def merge_blocks(blocks: Iterable[Block]) -> list[Block]:
    """Return blocks in ascending order, those that touch or overlap made one."""
    merged: list[Block] = []
    for block in sorted(blocks):
        if merged and block.first_id <= merged[-1].last_id + 1:
            merged[-1] = Block(merged[-1].first_id, max(merged[-1].last_id, block.last_id))
        else:
            merged.append(block)
    return merged


def gaps_between(blocks: Iterable[Block], *, lowest: int, highest: int) -> Iterator[Block]:
    """Yield what is left of ``lowest`` to ``highest`` beside the merged blocks, ascending."""
    first_id = lowest
    for block in blocks:
        if block.first_id > highest:
            break
        if block.first_id > first_id:
            yield Block(first_id, block.first_id - 1)
        first_id = max(first_id, block.last_id + 1)
    if first_id <= highest:
        yield Block(first_id, highest)


@dataclass(slots=True)
class _Tally:
    """Counts open ranges, each once, and merges their blocks as they come."""

    ranges: int = 0
    pictures: int = 0
    unreadable: int = 0
    run_ids: set[str] = field(default_factory=set)
    _merged: list[Block] = field(default_factory=list)
    _recent: dict[tuple[int, int], Block] = field(default_factory=dict)

    def add_all(self, messages: Iterable[OpenRange | None], *, again: bool = False) -> None:
        """Add messages, None for unreadable ones; ``again``: those have been counted before."""
        for open_range in messages:
            if open_range is not None:
                self._add(open_range)
            elif not again:
                self.unreadable += 1

    def result(self) -> OpenWork:
        self._merge()
        return OpenWork(tuple(self._merged), self.ranges, self.pictures, tuple(sorted(self.run_ids)), self.unreadable)

    def _add(self, open_range: OpenRange) -> None:
        message = open_range.message
        ids = (message.first_id, message.last_id)
        if ids in self._recent or self._has_merged(message):
            return  # seen a moment ago, in another place
        self.ranges += 1
        self.pictures += message.pictures
        self.run_ids.add(message.run_id)
        self._recent[ids] = open_range.block
        if len(self._recent) >= max(_RECENT_BLOCKS, len(self._merged)):
            self._merge()

    def _has_merged(self, message: RangeMessage) -> bool:
        at = bisect.bisect_right(self._merged, message.first_id, key=lambda block: block.first_id) - 1
        return at >= 0 and message.last_id <= self._merged[at].last_id

    def _merge(self) -> None:
        self._merged = merge_blocks([*self._merged, *self._recent.values()])
        self._recent = {}


def _queued(client: redis.Redis, queue: str) -> Iterator[OpenRange | None]:
    start = 0
    # From the end that is published to, so that consumers at the other end make nobody be skipped.
    while True:
        page: list[str] = client.lrange(queue, start, start + _PAGE - 1)  # type: ignore[assignment]
        if not page:
            return
        yield from map(_parsed, page)
        start += _PAGE


def _taken(client: redis.Redis, standbys: Sequence[str]) -> Iterator[OpenRange | None]:
    for standby in standbys:
        # It holds as many as its worker has sessions.
        taken: list[str] = client.hvals(unacked_key(standby))  # type: ignore[assignment]
        yield from (_parsed(text, is_taken=True) for text in taken)


def _parsed(text: str, *, is_taken: bool = False) -> OpenRange | None:
    """Return the range of a message; None for what no worker could read either."""
    try:
        entry = read_taken(text)[0] if is_taken else read_entry(text)
        message = RangeMessage.from_kwargs(entry.kwargs)
    except MessageError:
        return None
    follows = entry.headers.get(FOLLOWS_HEADER)
    return OpenRange(message, follows if type(follows) is int else None)
