"""Ranges that are queued or running, read from the queue itself.

The messages are the only record: those that wait in a queue, and those that a worker has taken and not acknowledged.
So nothing can go stale when a worker dies or cannot report; when Redis has been emptied, nothing is open, and all that
is pending is planned again.
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import redis

from fleet.celery_app import SHARED_QUEUE
from fleet.errors import MessageError
from fleet.messages import RangeMessage
from fleet.range_queue import FOLLOWS_HEADER, UNACKED_PATTERN

#: Messages read at once.
_PAGE = 1000
#: While a worker takes a message it is in no list for about a millisecond; two looks so far apart cannot both miss it.
_SECOND_LOOK_SECONDS = 0.1


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


def read_open_work(client: redis.Redis) -> OpenWork:
    """Look twice what is queued or running; memory grows with the open ranges, not with what is pending."""
    found: dict[tuple[int, int], OpenRange] = {}
    for look in range(2):
        if look:
            time.sleep(_SECOND_LOOK_SECONDS)
        for open_range in _read_open_ranges(client):
            found[open_range.message.first_id, open_range.message.last_id] = open_range
    return OpenWork(
        tuple(merge_blocks(open_range.block for open_range in found.values())),
        len(found),
        sum(open_range.message.pictures for open_range in found.values()),
        tuple(sorted({open_range.message.run_id for open_range in found.values()})),
    )


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
        if block.first_id > first_id:
            yield Block(first_id, block.first_id - 1)
        first_id = max(first_id, block.last_id + 1)
    if first_id <= highest:
        yield Block(first_id, highest)


def _read_open_ranges(client: redis.Redis) -> Iterator[OpenRange]:
    # Taken messages first and last: one that is given back while the queues are read is still seen.
    yield from _taken(client)
    for queue in client.scan_iter(f"{SHARED_QUEUE}*", _type="list"):
        start = 0
        # From the end that is published to, so that consumers at the other end make nobody be skipped.
        while page := client.lrange(str(queue), start, start + _PAGE - 1):
            yield from _parsed(json.loads(text) for text in page)
            start += _PAGE
    yield from _taken(client)


def _taken(client: redis.Redis) -> Iterator[OpenRange]:
    for key in client.scan_iter(UNACKED_PATTERN, _type="hash"):
        for _tag, text in client.hscan_iter(str(key)):
            yield from _parsed([json.loads(text)[0]])


def _parsed(payloads: Iterable[dict[str, Any]]) -> Iterator[OpenRange]:
    """Yield the ranges of messages; one that no worker could read either is left out."""
    for payload in payloads:
        try:
            body = payload["body"]
            if payload.get("properties", {}).get("body_encoding") == "base64":
                body = base64.b64decode(body)
            kwargs = json.loads(body)[1]
            message = RangeMessage.from_kwargs(kwargs)
        except (MessageError, KeyError, TypeError, IndexError, ValueError, AttributeError, binascii.Error):
            continue
        follows = payload.get("headers", {}).get(FOLLOWS_HEADER)
        yield OpenRange(message, follows if type(follows) is int else None)
