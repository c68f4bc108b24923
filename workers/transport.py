"""The way to the queue, with a check: what is no message of this fleet is put aside before anybody trips over it.

kombu decodes what it takes from Redis without a guard: one entry that is no JSON ends the worker, one without
properties ends its connection. So the answer of BRPOP is looked at first, in redis-py's hook for answers; what is
nonsense becomes a dead letter, and kombu is told that nothing came.
Source: measured with kombu 5.7.0 and redis-py; ``kombu.transport.redis.Channel._brpop_read``.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

from kombu.transport.redis import Channel, Transport

from fleet.celery_app import TASK_EMBED_RANGE

#: Told the reason and what was found.
PutAside = Callable[[str, str], None]


def checked_transport(put_aside: PutAside) -> type[Transport]:
    """Return kombu's Redis transport, for ``broker_transport``, with the check.

    Args:
        put_aside: Keeps what is no message; it is gone from the queue already.
    """

    class CheckedChannel(Channel):
        def _create_client(self, asynchronous: bool = False) -> Any:  # noqa: ANN401 - kombu's signature
            client = super()._create_client(asynchronous)  # type: ignore[no-untyped-call]  # kombu ships no types
            usual = client.response_callbacks.get("BRPOP")

            def check(answer: Any, **options: Any) -> Any:  # noqa: ANN401 - as redis-py calls it
                popped = usual(answer, **options) if usual is not None else answer
                if popped:
                    reason = nonsense_in(popped[1])
                    if reason:
                        put_aside(reason, _text(popped[1]))
                        return None
                return popped

            client.set_response_callback("BRPOP", check)
            return client

    class CheckedTransport(Transport):
        Channel = CheckedChannel

    return CheckedTransport


def nonsense_in(item: bytes | str) -> str:
    """Return why a queue's entry is no Celery message in JSON for our task; empty if it is one.

    Whether its arguments make sense is judged later.
    """
    try:
        message = json.loads(item)
        properties, headers, body = message["properties"], message["headers"], message["body"]
        if not isinstance(headers["id"], str) or headers["task"] != TASK_EMBED_RANGE:
            return f"its task is {headers['task']!r:.100}, not {TASK_EMBED_RANGE}"
        if message["content-type"] != "application/json":
            return f"it is {message['content-type']}, not JSON"
        if not isinstance(properties["delivery_tag"], str) or not isinstance(properties["delivery_info"], dict):
            return "it has no delivery tag"
        if properties.get("body_encoding") == "base64":
            body = base64.b64decode(body, validate=True)
        args, kwargs, _embed = json.loads(body)
        if not isinstance(args, list) or not isinstance(kwargs, dict):
            return "its body has no arguments"
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        return f"it is no Celery message ({type(error).__name__}: {error})"
    return ""


def _text(item: bytes | str) -> str:
    return item.decode("utf-8", "backslashreplace") if isinstance(item, bytes) else item
