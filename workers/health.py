"""Whether a standby's worker beats, on this host: ``python -m workers.health STANDBY``, for a container's health check.

Ends with status 0 or 1. A worker that is paused, or whose standby is unreachable, is healthy: starting it again would
change nothing. A module of its own: it is asked again and again, and the whole command line would take twice as long
to import.
"""

from __future__ import annotations

import contextlib
import socket
import sys

import redis

from fleet.errors import FleetError
from fleet.settings import Settings, load_settings
from fleet.state import FleetState

_ANSWER_SECONDS = 3.0


def check(settings: Settings, standby: str) -> str | None:
    """Return what is wrong with the worker of a standby, None if it beats on this host.

    Raises:
        redis.RedisError: Redis does not answer.
    """
    with contextlib.closing(FleetState(settings, timeout_seconds=_ANSWER_SECONDS)) as state:
        beat = state.live_workers().get(standby)
    if beat is None:
        return "no worker has beaten for some seconds"
    if beat.host != socket.gethostname():
        return f"its worker is process {beat.pid} on {beat.host}"
    return None


def main(standby: str) -> None:
    """Check, and end with a status."""
    try:
        problem = check(load_settings(), standby)
    except (FleetError, redis.RedisError) as error:
        problem = str(error)
    if problem is not None:
        sys.exit(f"{standby}: {problem}")


if __name__ == "__main__":
    main(sys.argv[1])
