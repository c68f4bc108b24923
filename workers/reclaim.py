"""Hands out again what dead workers had taken.

What a worker has taken and not acknowledged is kept under its standby's name. A starting worker gives back what its
predecessor left, and every worker does so for standbys whose worker has gone. A range may be handed out twice that way
(a worker that was only frozen): harmless, see ``workers.embed_range``.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Container, Mapping
from typing import Any

import redis

from fleet.celery_app import SHARED_QUEUE, standby_queue, unacked_index_key, unacked_key
from fleet.errors import MessageError
from fleet.range_queue import QueueEntry, read_taken
from fleet.state import count_redelivery, push_dead_letter

log = logging.getLogger("adgfleet.worker")

#: Header of a message: how often its worker died with it in hand.
RECLAIMS_HEADER = "adgfleet_reclaims"


class Reclaimer:
    """Moves unacknowledged messages back to their queues, to the front."""

    def __init__(self, client: redis.Redis) -> None:
        """Use a connection that decodes answers."""
        self._redis = client

    def reclaim(self, standby: str, *, while_missing: str | None = None, keep: Container[str] = ()) -> int:
        """Give back what was taken under a standby's name; what cannot be read is put aside as a dead letter.

        Args:
            standby: The name.
            while_missing: A key that must not exist: the heartbeat of the worker that is thought to be dead.
            keep: Tags that are in work and stay.

        Returns:
            The number of messages moved.
        """
        tags: list[str] = self._redis.hkeys(unacked_key(standby))  # type: ignore[assignment]
        return sum(self._restore(standby, tag, while_missing) for tag in tags if tag not in keep)

    def taken(self, standby: str) -> set[str]:
        """Return the tags that were taken under a standby's name and not acknowledged."""
        return set(self._redis.hkeys(unacked_key(standby)))  # type: ignore[arg-type]

    def share(self, standby: str) -> int:
        """Move what waits for one standby only, which does not serve, to the shared queue; returns how many."""
        moved = 0
        while self._redis.lmove(standby_queue(standby), SHARED_QUEUE, "RIGHT", "RIGHT") is not None:
            moved += 1
        return moved

    def _restore(self, standby: str, tag: str, while_missing: str | None) -> int:
        """Move one message, unless somebody else has moved it; the same steps as kombu 5.7.0, ``restore_by_tag``."""
        source, index = unacked_key(standby), unacked_index_key(standby)
        watched = [source, *([while_missing] if while_missing else [])]
        with self._redis.pipeline() as pipe:
            while True:
                try:
                    pipe.watch(*watched)  # type: ignore[no-untyped-call]  # redis-py has left this one out
                    text = pipe.hget(source, tag)
                    if text is None or (while_missing and pipe.exists(while_missing)):
                        return 0
                    pipe.multi()
                    pipe.zrem(index, tag)
                    pipe.hdel(source, tag)
                    moved = _push(pipe, standby, str(text))
                    pipe.execute()
                except redis.WatchError:
                    continue  # somebody has moved this message or another one: look again
                return int(moved)


def _push(pipe: redis.client.Pipeline, standby: str, text: str) -> bool:
    """Put a taken message back on its queue, or among the dead letters: then False."""
    try:
        entry, queue = read_taken(text)
    except MessageError as error:
        log.error("put aside what was taken by %s: %s", standby, error)  # noqa: TRY400 - no traceback for bad input
        push_dead_letter(pipe, reason=f"a taken message cannot be read: {error}", standby=standby, message=text)
        return False
    pipe.rpush(queue, _as_redelivery(entry))
    count_redelivery(pipe, standby=standby)
    return True


def reclaims_of(headers: Mapping[str, Any]) -> int:
    """Return how often a message's worker died with it in hand; what is no number counts as never."""
    count = headers.get(RECLAIMS_HEADER)
    return count if isinstance(count, int) else 0


def _as_redelivery(entry: QueueEntry) -> str:
    """Set the flags by which Celery knows a redelivery, and count it; return the message."""
    entry.headers["redelivered"] = True
    entry.headers[RECLAIMS_HEADER] = reclaims_of(entry.headers) + 1
    entry.payload["properties"]["delivery_info"]["redelivered"] = True
    return json.dumps(entry.payload)
