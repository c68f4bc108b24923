"""One producer plans at a time: two that look at the queue at once would both enqueue what is missing."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator

import redis
from redis.exceptions import LockError

from fleet.errors import QueueError

_KEY = "adgfleet:planning"
#: A producer that has died holds the others up no longer than this, seconds.
_LIFETIME_SECONDS = 15.0
#: After so long the waiting is said, seconds.
_QUIET_SECONDS = 1.0


@contextlib.contextmanager
def planning_lock(client: redis.Redis, say: Callable[[str], None], *, patience_seconds: float) -> Iterator[None]:
    """Plan alone; wait ``patience_seconds`` for another producer.

    A lock that is lost (Redis emptied) lets another producer in; then ranges may be queued twice, which is harmless.

    Raises:
        QueueError: Another producer is planning all the time.
    """
    lock = client.lock(_KEY, timeout=_LIFETIME_SECONDS, sleep=0.05, thread_local=False)
    if not lock.acquire(blocking_timeout=_QUIET_SECONDS):
        say("another producer is planning; waiting for it")
        if not lock.acquire(blocking_timeout=patience_seconds):
            raise QueueError("another producer is planning all the time; see who runs `adgfleet produce`")
    done = threading.Event()

    def renew() -> None:
        while not done.wait(_LIFETIME_SECONDS / 3):
            with contextlib.suppress(LockError, redis.RedisError):
                lock.reacquire()

    keeper = threading.Thread(target=renew, name="planning-lock", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
        with contextlib.suppress(LockError, redis.RedisError):
            lock.release()
