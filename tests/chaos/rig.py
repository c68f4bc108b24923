"""The rig: Redis, emulated databases, a worker for each standby and a supervisor, below one directory.

Installing and loading is done once, into a template; each trial copies it.
"""

from __future__ import annotations

import dataclasses
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

import redis

from demo.drawing.album import write_album
from demo.preparation import MODELS
from demo.processes import Process, says_ready, start_process, stop_processes, wait_until_ready
from demo.redis_server import start_redis, wait_until_answers
from emulator.cluster import Cluster
from emulator.cluster_config import load_cluster_config
from emulator.ports import free_port, free_ports
from fleet.sessions import Connection, Database, declare_blob, session
from fleet.settings import Settings, load_settings
from fleet.state import FleetState
from loader.install import install, recompile, scripts_directory
from loader.models import load_model
from tests.fix_command import clean_environment

STANDBYS = ("sby1", "sby2", "sby3")
_DBA_PASSWORD, _OWNER_PASSWORD, _REDIS_PASSWORD = "dba-secret", "owner-secret", "redis-secret"
_DRAWN, _DRAWN_BAD = 60, 6
#: Ids have gaps: every id is a multiple of this, plus a little.
_STRIDE = 3
_READY_SECONDS = 60.0
_SUPERVISOR_POLL_SECONDS = 0.1


@dataclasses.dataclass(frozen=True, slots=True)
class Template:
    """Stopped databases with everything installed and loaded."""

    directory: Path
    good: frozenset[int]
    bad: frozenset[int]


def make_template(directory: Path, *, pictures: int, bad: int, inference_ms: float) -> Template:
    """Create databases, install ``sql/``, load the models and the pictures, and stop.

    Args:
        directory: Where; made by this.
        pictures: In all.
        bad: How many of them are corrupt.
        inference_ms: Modelled time of an inference, added to the real one.
    """
    cluster = Cluster.create(
        directory / "databases", standbys=STANDBYS, dba_password=_DBA_PASSWORD, inference_ms=inference_ms
    )
    rng = Random(pictures)
    album = write_album(directory / "album", pictures=_DRAWN, bad=_DRAWN_BAD)
    good_files = [picture.path for picture in album if picture.sketch is not None]
    bad_files = [picture.path for picture in album if picture.sketch is None]
    ids = [number * _STRIDE + rng.randrange(_STRIDE) for number in range(1, pictures + 1)]
    bad_ids = frozenset(rng.sample(ids, bad))
    rows = [(number, rng.choice(bad_files if number in bad_ids else good_files).read_bytes()) for number in ids]
    try:
        cluster.start()
        settings = load_settings(overrides=database_values(cluster), environment={})
        install(settings, scripts_directory(), lambda _line: None)
        with session(Database.primary(settings), module="chaos") as connection:
            for file, name in (("image.onnx", "clipimg"), ("text.onnx", "cliptxt")):
                load_model(connection, MODELS / file, name=name, input_name="data", replace=True)
            recompile(connection, scripts_directory())
            _load(connection, rows)
        for name in STANDBYS:
            with session(Database.standby(settings, name), module="chaos") as connection:
                connection.cursor().execute("alter session sync with primary")
    finally:
        cluster.stop()
    return Template(directory / "databases", frozenset(ids) - bad_ids, bad_ids)


def _load(connection: Connection, rows: list[tuple[int, bytes]]) -> None:
    with connection.cursor() as cursor:
        for start in range(0, len(rows), 100):
            declare_blob(cursor, "img")
            cursor.executemany(
                "insert into pictures (id, img_size, img) values (:id, :img_size, :img)",
                [{"id": number, "img_size": len(data), "img": data} for number, data in rows[start : start + 100]],
            )
            connection.commit()


def database_values(cluster: Cluster) -> dict[str, str]:
    """Return the settings that name a cluster's databases, by field name."""
    standbys = [name for name, instance in cluster.instances.items() if not instance.is_primary]
    return {
        "db_user": "adgvec",
        "db_password": _OWNER_PASSWORD,
        "db_dsn": cluster.config.primary_dsn(),
        "dba_user": "system",
        "dba_password": _DBA_PASSWORD,
        "standbys": ",".join(f"{name}={cluster.instances[name].dsn('mypdb_ro')}" for name in standbys),
    }


def _copy_cluster(template: Path, directory: Path) -> Cluster:
    """Copy stopped databases; the copy listens elsewhere."""
    shutil.copytree(template, directory)
    config = load_cluster_config(directory)
    ports = iter(free_ports(3 * len(config.instances)))
    moved = tuple(
        dataclasses.replace(instance, port=next(ports), redo_port=next(ports), control_port=next(ports))
        for instance in config.instances
    )
    dataclasses.replace(config, instances=moved).save(directory)
    return Cluster.open(directory)


class Rig:
    """Everything that a trial runs, and the means to break it."""

    def __init__(self, template: Template, directory: Path) -> None:
        """Copy the template; nothing is started yet."""
        self.template = template
        self.directory = directory
        (directory / "redis").mkdir(parents=True)
        self.cluster = _copy_cluster(template.directory, directory / "databases")
        self._redis_port = free_port()
        values = database_values(self.cluster)
        self.settings: Settings = load_settings(
            overrides={**values, "redis_url": f"redis://:{_REDIS_PASSWORD}@127.0.0.1:{self._redis_port}/0"},
            environment={},
        )
        self.env_file = directory / "rig.env"
        lines = {**values, "redis_url": self.settings.redis_url, "range_size": "25", "batch_size": "8"}
        self.env_file.write_text("".join(f"{name.upper()}={value}\n" for name, value in lines.items()))
        self._redis: Process | None = None
        self._workers: dict[str, Process] = {}
        #: Workers that the supervisor leaves alone.
        self._held: set[str] = set()
        self._lock = threading.Lock()
        self._ending = threading.Event()
        self._supervisor = threading.Thread(target=self._supervise, name="supervisor", daemon=True)

    def start(self) -> None:
        """Start everything; workers are ready when this returns."""
        self.start_redis()
        self.cluster.start()
        for name in STANDBYS:
            self._workers[name] = self._start_worker(name)
        for process in self._workers.values():
            wait_until_ready(process, lambda p=process: says_ready(p), deadline_seconds=_READY_SECONDS)  # type: ignore[misc]
        self._supervisor.start()

    def stop(self) -> None:
        """Stop everything, frozen processes too."""
        self._ending.set()
        if self._supervisor.is_alive():
            self._supervisor.join()
        for process in self._workers.values():
            process.send(signal.SIGCONT)
        stop_processes(list(self._workers.values()), grace_seconds=10)
        for name in self.cluster.instances:
            self.cluster.thaw(name)
        self.cluster.stop()
        if self._redis is not None:
            stop_processes([self._redis], grace_seconds=5)

    # ------------------------------------------------------------------ Redis

    def start_redis(self) -> None:
        """Start Redis on its data; returns when it answers."""
        log, port = self.directory / "redis.log", self._redis_port
        self._redis = start_redis(self.directory / "redis", log=log, port=port, password=_REDIS_PASSWORD)
        wait_until_answers(self._redis, port=port, password=_REDIS_PASSWORD, deadline_seconds=_READY_SECONDS)

    def kill_redis(self) -> None:
        """End Redis at once."""
        assert self._redis is not None
        stop_processes([self._redis], grace_seconds=0)

    @contextmanager
    def redis(self) -> Iterator[redis.Redis]:
        """Give a client for a ``with`` block."""
        client = redis.Redis(port=self._redis_port, password=_REDIS_PASSWORD, socket_timeout=5, retry=None)
        try:
            yield client
        finally:
            client.close()

    # ------------------------------------------------------------------ workers

    def _start_worker(self, name: str) -> Process:
        log = self.directory / f"worker-{name}.log"
        log.write_bytes(b"")
        return start_process(
            f"worker-{name}",
            [sys.executable, "-m", "adgfleet", "--env-file", str(self.env_file), "worker", name, "--sessions", "2"],
            log=log,
            environment=clean_environment(),
        )

    def wait_until_serving(self, name: str) -> None:
        """Wait until a standby's worker takes ranges.

        Raises:
            RuntimeError: It does not.
        """
        state = FleetState(self.settings)
        end = time.monotonic() + _READY_SECONDS
        try:
            while True:
                beat = state.live_workers().get(name)
                with self._lock:
                    process = self._workers[name]
                # A killed worker's last heartbeat outlives it for some seconds.
                if beat is not None and beat.is_serving and beat.pid == process.pid and process.is_alive():
                    return
                if time.monotonic() > end:
                    raise RuntimeError(f"the worker of {name} does not serve")
                time.sleep(_SUPERVISOR_POLL_SECONDS)
        finally:
            state.close()

    def signal_worker(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a worker."""
        with self._lock:
            self._workers[name].send(number)

    def _supervise(self) -> None:
        """Start workers that have ended again, as any site's supervisor does."""
        while not self._ending.wait(_SUPERVISOR_POLL_SECONDS):
            with self._lock:
                for name, process in self._workers.items():
                    if not process.is_alive():
                        self._workers[name] = self._start_worker(name)

    # ------------------------------------------------------------------ the producer

    def produce(self) -> None:
        """Run the producer once, as an operator does."""
        done = subprocess.run(
            [sys.executable, "-m", "adgfleet", "--env-file", str(self.env_file), "produce"],
            env=clean_environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(f"produce ended in {done.returncode}: {done.stderr}")
