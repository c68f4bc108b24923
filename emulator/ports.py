"""TCP ports of loopback, handed out so that stacks which start beside each other never pick the same one."""

from __future__ import annotations

import fcntl
import os
import random
import socket
import tempfile
import time
from pathlib import Path

#: Below the range from which Linux hands out ports by itself: a client that retries a port there before its server
#: listens can connect to itself.
_PORTS = range(20_000, 32_000)
#: Nobody else gets a port for so long: its server may not have started yet, or be restarted on it, seconds.
_RESERVED_SECONDS = 1800.0


class NoFreePortError(Exception):
    """Too many ports are in use or reserved; the text says which file has the reservations."""


def free_ports(count: int) -> list[int]:
    """Return TCP ports on loopback that nobody listens on, and that no other process of this user was given lately.

    Raises:
        NoFreePortError: There are not enough.
    """
    path = Path(tempfile.gettempdir()) / f"adgfleet-ports-{os.getuid()}"
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "r+", encoding="ascii") as book:
        fcntl.flock(book, fcntl.LOCK_EX)  # until the file is closed
        now = time.time()
        reserved = {port: at for port, at in _entries(book.read()) if now - at < _RESERVED_SECONDS}
        found: list[int] = []
        for port in random.sample(_PORTS, len(_PORTS)):
            if len(found) == count:
                break
            if port not in reserved and _is_free(port):
                found.append(port)
        if len(found) < count:
            raise NoFreePortError(f"fewer than {count} of the ports {_PORTS[0]} to {_PORTS[-1]} are free; see {path}")
        reserved |= dict.fromkeys(found, now)
        book.seek(0)
        book.truncate()
        book.writelines(f"{port} {at:.0f}\n" for port, at in reserved.items())
    return found


def free_port() -> int:
    """Return one of ``free_ports``."""
    return free_ports(1)[0]


def _entries(text: str) -> list[tuple[int, float]]:
    words = [line.split() for line in text.splitlines()]
    return [(int(port), float(at)) for port, at in (pair for pair in words if len(pair) == 2)]


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
