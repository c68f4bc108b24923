"""What `adgfleet produce` costs by the number of pending pictures: python -m benchmarks.produce_scale 10000 1000000.

An emulated primary with one standby holds so many rows; each count has a producer of its own, whose peak memory and
time are measured. The time is that of the emulator's queries for the most part: it tells how the producer grows, not
how fast it is on Oracle. Prints one JSON object a count.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import redis

from demo.processes import stop_processes
from demo.redis_server import start_redis, wait_until_answers
from emulator.cluster import Cluster
from emulator.ports import free_port
from fleet.celery_app import create_app
from fleet.console import print_json, say
from fleet.sessions import Database, session
from fleet.settings import Settings, load_settings
from fleet.state import FleetState
from loader.install import install, scripts_directory
from producer.reconcile import Reconciler

_DBA_PASSWORD = "bench-secret"  # noqa: S105 - of a database that lives as long as this process
_START_SECONDS = 10.0
_REDIS_PASSWORD = "bench-secret"  # noqa: S105
#: Rows that one statement generates.
_ROWS = 50_000


def main() -> None:
    """Measure, or be the producer that is measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("pictures", type=int, nargs="*", default=[10_000, 100_000, 1_000_000])
    parser.add_argument("--produce", metavar="ENV_FILE", type=Path, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.produce is not None:
        _produce(load_settings(arguments.produce, environment={}))
        return
    with tempfile.TemporaryDirectory() as name:
        _measure(Path(name), sorted(arguments.pictures))


def _measure(directory: Path, counts: list[int]) -> None:
    cluster = Cluster.create(directory / "databases", standbys=["sby1"], dba_password=_DBA_PASSWORD)
    port = free_port()
    values = {
        "db_user": "adgvec",
        "db_password": _DBA_PASSWORD,
        "dba_password": _DBA_PASSWORD,
        "db_dsn": cluster.instances["prim"].dsn("mypdb_rw"),
        "standbys": f"sby1={cluster.instances['sby1'].dsn('mypdb_ro')}",
        "redis_url": f"redis://127.0.0.1:{port}/0",
        "redis_password": _REDIS_PASSWORD,
    }
    env_file = directory / "env"
    env_file.write_text("".join(f"{name.upper()}={value}\n" for name, value in values.items()), encoding="utf-8")
    settings = load_settings(env_file, environment={})
    server = start_redis(directory, log=directory / "redis.log", port=port, password=_REDIS_PASSWORD)
    try:
        wait_until_answers(server, port=port, password=_REDIS_PASSWORD, deadline_seconds=_START_SECONDS)
        cluster.start()
        install(settings, scripts_directory(), lambda _line: None)
        there = 0
        for count in counts:
            _add(settings, there, count)
            there = count
            with redis.Redis(port=port, password=_REDIS_PASSWORD) as client:
                client.flushall()
            command = [sys.executable, "-m", "benchmarks.produce_scale", "--produce", str(env_file)]
            subprocess.run(command, check=True)  # noqa: S603 - our own command
    finally:
        stop_processes([server], grace_seconds=_START_SECONDS)
        cluster.stop()


def _add(settings: Settings, there: int, count: int) -> None:
    """Fill up to ``count`` pictures of one byte: they are planned, never embedded."""
    with session(Database.primary(settings), module="bench") as connection, connection.cursor() as cursor:
        for first in range(there, count, _ROWS):
            cursor.execute(
                "insert into pictures (id, img_size, img) "
                "select level + :first, 1, hextoraw('00') from dual connect by level <= :rows_wanted",
                first=first,
                rows_wanted=min(_ROWS, count - first),
            )
            connection.commit()
    with session(Database.standby(settings, "sby1"), module="bench") as connection, connection.cursor() as cursor:
        cursor.execute("alter session sync with primary")


def _produce(settings: Settings) -> None:
    state = FleetState(settings)
    reconciler = Reconciler(settings, create_app(settings), state, say)
    figures: dict[str, object] = {}
    for name in ("first", "again"):
        began = time.monotonic()
        done = reconciler.enqueue_missing()
        figures |= {
            "pictures": done.enqueued.pictures + done.open_work.pictures,
            "ranges": done.enqueued.ranges + done.open_work.ranges,
            f"{name}_seconds": round(time.monotonic() - began, 2),
            f"{name}_peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, 1),
        }
    print_json(figures)


if __name__ == "__main__":
    main()
