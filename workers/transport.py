"""The way to the queue, with a check: what is no message of this fleet is put aside before anybody trips over it.

kombu decodes what it takes from Redis without a guard: one entry that is no JSON ends the worker, one without
properties ends its connection. So the answer of BRPOP is looked at first, in redis-py's hook for answers; what is
nonsense becomes a dead letter, and kombu is told that nothing came.
Source: measured with kombu 5.7.0 and redis-py; ``kombu.transport.redis.Channel._brpop_read``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kombu.transport.redis import Channel, Transport

from fleet.errors import MessageError
from fleet.range_queue import read_entry

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
                    try:
                        read_entry(popped[1])
                    except MessageError as error:
                        put_aside(str(error), _text(popped[1]))
                        return None
                return popped

            client.set_response_callback("BRPOP", check)
            return client

    class CheckedTransport(Transport):
        Channel = CheckedChannel

    return CheckedTransport


def _text(item: bytes | str) -> str:
    return item.decode("utf-8", "backslashreplace") if isinstance(item, bytes) else item
