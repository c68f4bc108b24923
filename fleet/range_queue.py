"""Puts one range on a queue, counts those taken. A message's looks are decided here and in ``fleet.messages`` only."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import redis
from celery import Celery

from fleet.celery_app import SHARED_QUEUE, TASK_EMBED_RANGE, unacked_key
from fleet.messages import RangeMessage

#: Header of a range's message: the last id of the range before it, between which and its first id nothing was pending.
FOLLOWS_HEADER = "adgfleet_follows"


def send_range(
    app: Celery,
    message: RangeMessage,
    *,
    queue: str = SHARED_QUEUE,
    producer: Any = None,  # noqa: ANN401 - kombu ships no types
    follows: int | None = None,
) -> None:
    """Publish a range.

    Args:
        app: The Celery application.
        message: The range.
        queue: The shared queue, or that of one standby.
        producer: A kombu producer that collects messages into batches; None: one from the pool, sent at once.
        follows: Last id of the range before it, if the two were planned together.

    Raises:
        kombu.exceptions.OperationalError: Redis failed.
    """
    app.send_task(
        TASK_EMBED_RANGE,
        kwargs=message.to_kwargs(),
        task_id=message.task_id,
        queue=queue,
        producer=producer,
        argsrepr="()",
        kwargsrepr=str(message),
        ignore_result=True,
        headers={} if follows is None else {FOLLOWS_HEADER: follows},
    )


def count_running(client: redis.Redis, standbys: Iterable[str]) -> int:
    """Return how many messages the workers of some standbys have taken and not acknowledged."""
    return sum(int(client.hlen(unacked_key(standby))) for standby in standbys)
