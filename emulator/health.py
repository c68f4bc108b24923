"""Whether one instance is open: ``python -m emulator.health DIRECTORY NAME``, for the health check of a container.

Asks its control channel and ends with status 0 or 1. A module of its own: it is asked every few seconds, and the whole
command line would cost ten times as much to import.
"""

from __future__ import annotations

import sys
from pathlib import Path

from emulator.cluster_config import load_cluster_config
from emulator.control import ControlError, ask

_ANSWER_SECONDS = 3.0


def check(directory: Path, name: str) -> str | None:
    """Return what is wrong with an instance, None if it is open."""
    try:
        cluster = load_cluster_config(directory)
        instance = cluster.instance(name)
        address = (instance.host, instance.control_port, cluster.control_secret)
        status = ask(*address, "status", timeout_seconds=_ANSWER_SECONDS)
    except FileNotFoundError:
        return f"there are no databases in {directory}"
    except KeyError:
        return "it is none of the databases there"
    except ControlError as error:
        return str(error)
    return None if status["is_open"] else "it is not open"


if __name__ == "__main__":
    if problem := check(Path(sys.argv[1]), sys.argv[2]):
        sys.exit(f"{sys.argv[2]}: {problem}")
