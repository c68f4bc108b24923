"""A fleet without workers: databases whose inference takes its time, forty pictures, an empty queue.

A module that imports ``cluster`` from here has databases of its own.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator
from dataclasses import dataclass

import oracledb
import pytest

from demo.drawing.album import AlbumPicture, write_album
from emulator.cluster import Cluster
from emulator.levers import Levers
from fleet.celery_app import create_app
from fleet.messages import RangeMessage
from fleet.range_queue import send_range
from fleet.sessions import Database, connect
from fleet.settings import Settings, load_settings
from fleet.state import FleetState
from tests.fix_emulator import DBA_PASSWORD, cluster_values, fetch, run, wait_for_standbys
from tests.fix_redis import RedisServer
from tests.fix_worker import wait_until

_PICTURES = 40
#: Modelled time of one picture: long enough that a range of a few is caught in mid-work.
_INFERENCE_MS = 120.0


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A primary and two standbys whose inference takes its time."""
    made = Cluster.create(
        tmp_path_factory.mktemp("cluster") / "databases", dba_password=DBA_PASSWORD, inference_ms=_INFERENCE_MS
    )
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def album(tmp_path_factory: pytest.TempPathFactory) -> list[AlbumPicture]:
    return write_album(tmp_path_factory.mktemp("album"), pictures=_PICTURES, bad=0, seed=3)


@dataclass
class Fleet:
    """What a test works with."""

    cluster: Cluster
    settings: Settings
    values: dict[str, str]
    state: FleetState

    def enqueue(self, *ranges: tuple[int, int]) -> None:
        app = create_app(self.settings)
        for first, last in ranges:
            send_range(app, RangeMessage("run-1", first, last, last - first + 1))

    @contextlib.contextmanager
    def primary(self) -> Iterator[oracledb.Connection]:
        with connect(Database.primary(self.settings), module="test") as connected:
            yield connected

    def levers(self, database: str) -> Levers:
        return self.cluster.levers(database)

    def kill_sessions(self, standby: str, module: str, most: int) -> int:
        """Kill some sessions of a module on a standby as a DBA does; returns how many there were to kill."""
        there = Database.standby(self.settings, standby).dsn
        dba = dataclasses.replace(Database.primary_as_dba(self.settings), dsn=there)
        with connect(dba, module="test") as connected:
            found = fetch(connected, "select sid, serial# from v$session where module = :1", module)[:most]
            run(connected, *(f"alter system kill session '{sid},{serial}' immediate" for sid, serial in found))
        return len(found)

    def inferences(self, database: str) -> int:
        return int(self.levers(database).status()["inferences"])

    def load(self, pictures: dict[int, bytes]) -> None:
        """Add pictures of a test's own."""
        with self.primary() as connected:
            with connected.cursor() as cursor:
                cursor.setinputsizes(None, None, oracledb.DB_TYPE_LONG_RAW)
                rows = [(number, len(image), image) for number, image in pictures.items()]
                cursor.executemany("insert into pictures (id, img_size, img) values (:1, :2, :3)", rows)
            connected.commit()
        wait_for_standbys(self.settings)

    def failed(self) -> list[int]:
        with self.primary() as connected:
            return [number for (number,) in fetch(connected, "select id from embedding_failures order by id")]

    def stored(self) -> list[int]:
        with self.primary() as connected:
            return [number for (number,) in fetch(connected, "select id from picture_embeddings order by id")]

    def wait_until_stored(self, count: int) -> float:
        return wait_until(lambda: len(self.stored()) >= count, f"{count} stored", every_seconds=0.1)


@pytest.fixture
def fleet(
    installed: Settings, cluster: Cluster, redis_server: RedisServer, album: list[AlbumPicture]
) -> Iterator[Fleet]:
    """Forty pictures, none embedded, an empty queue, no worker."""
    with connect(Database.primary(installed), module="test") as connected:
        run(connected, "delete from picture_embeddings", "delete from embedding_failures", "delete from pictures")
        with connected.cursor() as cursor:
            cursor.setinputsizes(None, None, oracledb.DB_TYPE_LONG_RAW)
            rows = [(one.id, one.path.stat().st_size, one.path.read_bytes()) for one in album]
            cursor.executemany("insert into pictures (id, img_size, img) values (:1, :2, :3)", rows)
        connected.commit()
    wait_for_standbys(installed)
    values = {
        **cluster_values(cluster),
        "redis_url": redis_server.settings().broker_url,
        "apply_lag_limit": "2",
        "stop_grace": "1",
        "batch_size": "4",
    }
    settings = load_settings(overrides=values, environment={})
    state = FleetState(settings)
    yield Fleet(cluster, settings, values, state)
    state.close()
    for name in cluster.instances:
        _heal(cluster, name)


def _heal(cluster: Cluster, name: str) -> None:
    """Take every fault back that a test has injected."""
    if cluster.state(name) == "frozen":
        cluster.thaw(name)
    cluster.start([name])
    levers = cluster.levers(name)
    levers.deaf(on=False)
    levers.refuse(on=False)
    levers.cut_calls(0)
    levers.raise_error(16397, 0)
    levers.bad_picture_code(None)
    levers.slow_commit(0)
    if not cluster.instances[name].is_primary:
        levers.lag(0)
        levers.apply(on=True)
