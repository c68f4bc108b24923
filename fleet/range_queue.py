"""Puts one range on a queue, reads what is there, counts those taken.

A message's looks are decided here and in ``fleet.messages`` only.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import redis
from celery import Celery

from fleet.celery_app import SHARED_QUEUE, TASK_EMBED_RANGE, unacked_key
from fleet.errors import MessageError
from fleet.messages import RangeMessage

#: What Celery would do besides running the task; a range wants none of it.
_EXTRAS = ("eta", "expires", "group", "chord", "callbacks", "errbacks", "chain")
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


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """What stands in a queue: a Celery message of protocol 2, in JSON, for ``embed_range``."""

    #: The whole message, as kombu writes it.
    payload: dict[str, Any]
    #: The task's keyword arguments: a range, if ``RangeMessage.from_kwargs`` says so.
    kwargs: dict[str, Any]

    @property
    def headers(self) -> dict[str, Any]:
        """The message's headers."""
        headers: dict[str, Any] = self.payload["headers"]
        return headers


def read_entry(text: bytes | str) -> QueueEntry:
    """Read an entry of a queue.

    Celery and kombu trust what they read, so all that they would trip over is refused.

    Raises:
        MessageError: It is not what ``send_range`` writes; the text says why.
    """
    try:
        return _checked(json.loads(text))
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise MessageError(f"it is no Celery message ({type(error).__name__}: {error!s:.200})") from None


def read_taken(text: str) -> tuple[QueueEntry, str]:
    """Read what kombu keeps of a taken message: ``[message, exchange, queue]``; return the message and its queue.

    Raises:
        MessageError: It is not that. Source: kombu 5.7.0, ``kombu.transport.redis.QoS.append``.
    """
    try:
        payload, _exchange, queue = json.loads(text)
        if not isinstance(queue, str) or not queue:
            raise MessageError(f"it is of no queue: {queue!r:.100}")
        return _checked(payload), queue
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise MessageError(f"it is no Celery message ({type(error).__name__}: {error!s:.200})") from None


def _checked(payload: dict[str, Any]) -> QueueEntry:
    """Return the entry of a message; what it trips over itself is no message either."""
    properties, headers = payload["properties"], payload["headers"]
    if headers["task"] != TASK_EMBED_RANGE or not isinstance(headers["id"], str):
        raise MessageError(f"its task is {headers['task']!r:.100}, not {TASK_EMBED_RANGE}")
    if headers.get("timelimit") not in (None, [None, None]):
        raise MessageError("it has a time limit of its own")
    if payload["content-type"] != "application/json" or payload["content-encoding"] != "utf-8":
        raise MessageError(f"it is {payload['content-type']!r:.100}, not JSON in UTF-8")
    info = properties["delivery_info"]
    places = (properties["delivery_tag"], info["exchange"], info["routing_key"])
    if not all(isinstance(place, str) for place in places):
        raise MessageError("it does not say where it came from")
    if properties.get("body_encoding") != "base64":
        raise MessageError("its body is not in base64")
    args, kwargs, embed = json.loads(base64.b64decode(payload["body"], validate=True))
    if args != [] or not isinstance(kwargs, dict) or not isinstance(embed, dict):
        raise MessageError("its body does not hold a range")
    if any(part.get(name) for part in (headers, embed) for name in _EXTRAS):
        raise MessageError("it wants more than a range")
    return QueueEntry(payload, kwargs)


def count_running(client: redis.Redis, standbys: Iterable[str]) -> int:
    """Return how many messages the workers of some standbys have taken and not acknowledged."""
    return sum(running_by_standby(client, standbys).values())


def running_by_standby(client: redis.Redis, standbys: Iterable[str]) -> dict[str, int]:
    """Return how many messages the worker of each standby has taken and not acknowledged."""
    return {standby: int(client.hlen(unacked_key(standby))) for standby in standbys}
