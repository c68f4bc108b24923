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
    """Return why a queue's entry is no message that ``fleet.range_queue`` has written; empty if it is one.

    Celery and kombu trust what they read, so everything that they would trip over is refused. Whether the range that it
    carries makes sense is judged later.
    """
    try:
        message = json.loads(item)
        properties, headers, body = message["properties"], message["headers"], message["body"]
        if headers["task"] != TASK_EMBED_RANGE or not isinstance(headers["id"], str):
            return f"its task is {headers['task']!r:.100}, not {TASK_EMBED_RANGE}"
        if any(headers.get(name) for name in ("eta", "expires", "group", "chord", "callbacks", "errbacks", "chain")):
            return "it wants more than a range"
        if headers.get("timelimit") not in (None, [None, None]):
            return "it has a time limit of its own"
        if message["content-type"] != "application/json" or message["content-encoding"] != "utf-8":
            return f"it is {message['content-type']!r:.100}, not JSON in UTF-8"
        info = properties["delivery_info"]
        if not all(
            isinstance(text, str) for text in (properties["delivery_tag"], info["exchange"], info["routing_key"])
        ):
            return "it does not say where it came from"
        if properties.get("body_encoding") != "base64":
            return "its body is not in base64"
        args, kwargs, embed = json.loads(base64.b64decode(body, validate=True))
        if args != [] or not isinstance(kwargs, dict) or not isinstance(embed, dict):
            return "its body does not hold a range"
        if any(embed.get(name) for name in ("callbacks", "errbacks", "chain", "chord")):
            return "it wants more than a range"
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        return f"it is no Celery message ({type(error).__name__}: {error!s:.200})"
    return ""


def _text(item: bytes | str) -> str:
    return item.decode("utf-8", "backslashreplace") if isinstance(item, bytes) else item
