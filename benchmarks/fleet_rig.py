"""A whole fleet for one measurement: emulated databases with pictures, Redis, and a worker for each standby.

Installing is done once, into a template; each measurement copies it, so that every one begins from the same data.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import io
import os
import secrets
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from PIL import Image

from demo.drawing.album import write_album
from demo.interrupts import uninterrupted
from demo.preparation import MODELS
from demo.processes import Process, says_ready, start_process, stop_processes, wait_until_ready
from demo.redis_server import start_redis, wait_until_answers
from emulator.cluster import Cluster
from emulator.cluster_config import InstanceConfig, load_cluster_config
from emulator.instance_process import data_path
from emulator.ports import free_port, free_ports
from emulator.store.role_changes import copy_data
from fleet.celery_app import create_app
from fleet.sessions import Connection, Database, declare_blob, session
from fleet.settings import Settings, load_settings, without_settings
from fleet.state import FleetState
from fleet.statements import statement
from loader.install import install, recompile, scripts_directory
from loader.models import load_model
from producer.reconcile import Reconciler

PRIMARY = "prim"
_DRAWN, _DRAWN_BAD = 60, 6
#: Ids have gaps, as those of real tables: every id is a multiple of this, plus a little.
_STRIDE = 3
_ROWS = 200
#: Width and height of the pictures, as a rule.
_PIXELS = 64
_READY_SECONDS = 120.0
_STOP_SECONDS = 15.0
_POLL_SECONDS = 0.05
_WARMED_AT_ONCE = 4


class BenchmarkError(Exception):
    """A benchmark could not be run, or its run is worth nothing; the text says why."""


@dataclass(frozen=True, slots=True)
class FleetPlan:
    """What a measurement runs on."""

    standbys: int
    #: Ranges that each worker embeds at once.
    sessions: int
    pictures: int
    #: How many of them are corrupt.
    bad: int = 0
    #: Modelled times: of a picture, and of a redirected statement.
    inference_ms: float = 500.0
    redirect_ms: float = 20.0
    #: When a redirecting session waits for its redo: ``commit`` or ``dml``.
    redirect_wait: str = "commit"
    #: Standbys, from the first on, that embed at half speed.
    slow_standbys: int = 0
    #: 0: as the producer chooses.
    range_size: int = 30
    batch_size: int = 16

    @property
    def modelled(self) -> str:
        """The modelled times, in words."""
        wait = "at commit, as 26ai" if self.redirect_wait == "commit" else "at each DML, as 23ai"
        return (
            f"Modelled time: {self.inference_ms:g} ms a picture, {self.redirect_ms:g} ms a redirected statement, "
            f"waiting for redo {wait}. The databases are emulated."
        )

    @property
    def names(self) -> list[str]:
        """The standbys' names."""
        return [f"sby{number}" for number in range(1, self.standbys + 1)]


@dataclass(frozen=True, slots=True)
class FleetTemplate:
    """A stopped primary with everything installed and no picture, and drawings to fill it with."""

    databases: Path
    good: tuple[bytes, ...]
    bad: tuple[bytes, ...]
    owner_password: str = field(repr=False)
    dba_password: str = field(repr=False)


def make_template(
    directory: Path, *, image_model: Path = MODELS / "image.onnx", pixels: int | None = _PIXELS
) -> FleetTemplate:
    """Create a primary, install ``sql/`` and the models, and stop it.

    Args:
        directory: For the databases and the drawings.
        image_model: The picture model's file.
        pixels: Width and height of the pictures, so small that decoding them costs little beside the modelled time;
            None: as they are drawn.
    """
    owner, dba = secrets.token_urlsafe(12), secrets.token_urlsafe(12)
    album = write_album(directory / "album", pictures=_DRAWN, bad=_DRAWN_BAD)
    template = FleetTemplate(
        directory / "databases",
        tuple(_drawing(picture.path, pixels) for picture in album if picture.sketch is not None),
        tuple(picture.path.read_bytes() for picture in album if picture.sketch is None),
        owner,
        dba,
    )
    cluster = Cluster.create(template.databases, primary=PRIMARY, standbys=(), dba_password=dba)
    try:
        with uninterrupted():
            cluster.start()
        settings = load_settings(overrides=_database_values(template, cluster), environment={})
        install(settings, scripts_directory(), lambda _line: None)
        with session(Database.primary(settings), module="benchmark") as connection:
            for file, name in ((image_model, settings.image_model), (MODELS / "text.onnx", settings.text_model)):
                load_model(connection, file, name=name, input_name="data", replace=True)
            recompile(connection, scripts_directory())
    finally:
        cluster.stop()
    return template


class FleetRig:
    """Everything that one measurement runs, below one directory."""

    def __init__(
        self, template: FleetTemplate, directory: Path, plan: FleetPlan, fill: Callable[[Path], None] | None = None
    ) -> None:
        """Copy the template; nothing runs yet.

        Args:
            template: What the databases begin with.
            directory: For databases and logs.
            plan: What runs, and the pictures that are loaded.
            fill: Fills the stopped primary's file instead (``stored_rows``); then no picture is loaded, and nothing
                is embedded to warm up.
        """
        self._fill = fill
        self.plan = plan
        self.directory = directory
        self._template = template
        (directory / "redis").mkdir(parents=True)
        self.cluster = _make_cluster(template, directory / "databases", plan)
        self.ids, self.bad_ids = _choose_ids(plan)
        self.env_file = directory / "fleet.env"
        #: As the rig is reached once it has started.
        self.settings = Settings()
        self._processes: list[Process] = []
        self._warmed: dict[str, int] = {}
        self._redis: Process | None = None

    # ------------------------------------------------------------------ start and stop

    def start(self) -> None:
        """Start databases and Redis; the standbys are up to date and have run the model when this returns."""
        self._start_databases()
        port, password = free_port(), secrets.token_urlsafe(12)
        values = {
            **_database_values(self._template, self.cluster),
            "redis_url": f"redis://:{password}@127.0.0.1:{port}/0",
            "batch_size": str(self.plan.batch_size),
        }
        if self.plan.range_size:
            values["range_size"] = str(self.plan.range_size)
        self.settings = load_settings(overrides=values, environment={})
        self.env_file.touch(mode=0o600)
        self.env_file.write_text("".join(f"{name.upper()}={value}\n" for name, value in values.items()))
        self._start_redis(port, password)
        if self._fill is None:
            with ThreadPoolExecutor(max_workers=_WARMED_AT_ONCE) as executor:
                list(executor.map(self._warm_up, ["primary", *self.plan.names]))
        self._warmed = self.inferences()

    def _warm_up(self, name: str) -> None:
        """Embed one picture: starting the emulator's inference process is nothing that anybody wants to measure."""
        good = next(number for number in self.ids if number not in self.bad_ids)
        with session(Database.named(self.settings, name), module="warm-up") as connection:
            cursor = connection.cursor()
            if name != "primary":
                cursor.execute("ALTER SESSION SYNC WITH PRIMARY")
            cursor.execute("SELECT VECTOR_EMBEDDING(clipimg USING img AS data) FROM pictures WHERE id = :id", id=good)
            cursor.fetchall()

    def _start_databases(self) -> None:
        """Fill the primary, copy it to the standbys, start them."""
        databases = self.cluster.directory
        if self._fill is not None:
            self._fill(data_path(databases, PRIMARY))
        else:
            with uninterrupted():
                self.cluster.start([PRIMARY])
            settings = load_settings(overrides=_database_values(self._template, self.cluster), environment={})
            with session(Database.primary(settings), module="benchmark") as connection:
                _load(connection, self._template, self.ids, self.bad_ids)
        for name in self.plan.names:
            copy_data(data_path(databases, PRIMARY), data_path(databases, name))
        _renew_ports(self.cluster)
        with uninterrupted():
            self.cluster.start()

    def _start_redis(self, port: int, password: str) -> None:
        """Start an empty Redis; it answers when this returns."""
        with uninterrupted():
            log = self.directory / "redis.log"
            self._redis = start_redis(self.directory / "redis", log=log, port=port, password=password)
        wait_until_answers(self._redis, port=port, password=password, deadline_seconds=_READY_SECONDS)

    def start_workers(self, names: Sequence[str]) -> None:
        """Start a worker for each of some standbys; all serve when this returns."""
        started = [self.start_worker(name) for name in names]
        for process in started:
            wait_until_ready(process, functools.partial(says_ready, process), deadline_seconds=_READY_SECONDS)
        with contextlib.closing(FleetState(self.settings)) as state:

            def all_serve() -> bool:
                live = state.live_workers()
                return all(name in live and live[name].is_serving for name in names)

            wait_for(all_serve, "all workers serve", seconds=_READY_SECONDS)

    def start_worker(self, name: str) -> Process:
        """Start a worker and wait for nothing."""
        return self.start_command(f"worker-{name}", "worker", name, "--sessions", str(self.plan.sessions))

    def start_command(self, name: str, *arguments: str) -> Process:
        """Start a command of ``adgfleet``; it is stopped with the rig."""
        with uninterrupted():
            process = start_process(
                name,
                [sys.executable, "-m", "adgfleet", "--env-file", str(self.env_file), *arguments],
                log=self.directory / f"{name}.log",
                environment=without_settings(os.environ),
            )
            self._processes.append(process)
        return process

    def produce(self, *, range_size: int | None = None, most_ranges: int | None = None) -> None:
        """Plan and enqueue as ``adgfleet produce`` does once its process has started: everything, unless told.

        Raises:
            FleetError: That failed.
        """
        with contextlib.closing(FleetState(self.settings)) as state:
            app = create_app(self.settings)
            reconciler = Reconciler(self.settings, app, state, lambda _line: None, range_size=range_size)
            reconciler.enqueue_missing(most_ranges=most_ranges)

    def stop_workers(self) -> None:
        """Stop workers and other commands."""
        stop_processes(self._processes, grace_seconds=_STOP_SECONDS)

    def stop(self) -> None:
        """Stop everything and delete the data; logs stay with the directory's owner."""
        self.stop_workers()
        self.cluster.stop()
        if self._redis is not None:
            stop_processes([self._redis], grace_seconds=_STOP_SECONDS)
        shutil.rmtree(self.directory / "databases", ignore_errors=True)

    # ------------------------------------------------------------------ what can be asked

    def process_groups(self) -> dict[int, str]:
        """Return what runs by its process group: primary, standby, worker, Redis."""
        groups = {process.pid: "worker" for process in self._processes if process.is_alive()}
        if self._redis is not None:
            groups[self._redis.pid] = "redis"
        for name in self.cluster.instances:
            pid = self.cluster.pid(name)
            if pid is not None:
                groups[pid] = "primary" if name == PRIMARY else "standby"
        return groups

    def inferences(self) -> dict[str, int]:
        """Return the inferences of each database since the rig was ready."""
        return {
            name: int(self.cluster.levers(name).status()["inferences"]) - self._warmed.get(name, 0)
            for name in self.cluster.instances
        }

    def counts(self) -> tuple[int, int, int]:
        """Return (embedded, failed, pending) pictures, as the primary's tables say."""
        with session(Database.primary(self.settings), module="benchmark") as connection, connection.cursor() as cursor:
            cursor.execute(statement("table_counts"))
            _, embedded, failed = cursor.fetchone()
            cursor.execute(statement("pending_count"))
            (pending,) = cursor.fetchone()
        return int(embedded), int(failed), int(pending)


def typical_drawing() -> bytes:
    """Return one of the drawings that a template has, as it is drawn."""
    with tempfile.TemporaryDirectory() as name:
        (picture,) = write_album(Path(name), pictures=1, bad=0)
        return picture.path.read_bytes()


def _drawing(path: Path, pixels: int | None) -> bytes:
    """Return a drawing's file, made smaller if that is wanted."""
    if pixels is None:
        return path.read_bytes()
    buffer = io.BytesIO()
    with Image.open(path) as picture:
        picture.convert("RGB").resize((pixels, pixels)).save(buffer, "JPEG")
    return buffer.getvalue()


@contextlib.contextmanager
def fleet_rig(
    template: FleetTemplate, directory: Path, plan: FleetPlan, fill: Callable[[Path], None] | None = None
) -> Iterator[FleetRig]:
    """Give a rig whose databases and Redis run; everything is stopped afterwards. ``fill``: see ``FleetRig``."""
    rig = FleetRig(template, directory, plan, fill)
    try:
        rig.start()
        yield rig
    finally:
        rig.stop()


def wait_for(is_true: Callable[[], bool], what: str, *, seconds: float, every_seconds: float = _POLL_SECONDS) -> None:
    """Poll until something is true.

    Raises:
        BenchmarkError: It is not in time.
    """
    end = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > end:
            raise BenchmarkError(f"after {seconds:g} s it is still not so that {what}")
        time.sleep(every_seconds)


def _database_values(template: FleetTemplate, cluster: Cluster) -> Mapping[str, str]:
    instances = cluster.instances
    standbys = {name: each for name, each in instances.items() if not each.is_primary} or instances
    return {
        "db_user": "adgvec",
        "db_password": template.owner_password,
        "db_dsn": cluster.config.primary_dsn(),
        "dba_user": "system",
        "dba_password": template.dba_password,
        "standbys": ",".join(f"{name}={each.dsn('mypdb_ro')}" for name, each in standbys.items()),
    }


def _make_cluster(template: FleetTemplate, directory: Path, plan: FleetPlan) -> Cluster:
    """Copy the template's primary; the standbys have a configuration and no data yet."""
    directory.mkdir(mode=0o700)
    config = load_cluster_config(template.databases)
    shutil.copyfile(data_path(template.databases, PRIMARY), data_path(directory, PRIMARY))
    ports = iter(free_ports(3 * (1 + plan.standbys)))

    def instance(name: str, inference_ms: float) -> InstanceConfig:
        return InstanceConfig(
            name=name,
            port=next(ports),
            redo_port=next(ports),
            control_port=next(ports),
            is_primary=name == PRIMARY,
            inference_ms=inference_ms,
            redirect_ms=plan.redirect_ms,
            redirect_wait=plan.redirect_wait,
            # With a modelled time the real one is small beside it, and one process serves all sessions.
            inference_processes=1 if plan.inference_ms else plan.sessions,
        )

    factors = [2.0 if number < plan.slow_standbys else 1.0 for number in range(plan.standbys)]
    standbys = [instance(name, plan.inference_ms * factor) for name, factor in zip(plan.names, factors, strict=True)]
    dataclasses.replace(config, instances=(instance(PRIMARY, plan.inference_ms), *standbys)).save(directory)
    return Cluster.open(directory)


def _renew_ports(cluster: Cluster) -> None:
    """Give the standbys, which do not run yet, ports that are free now: those of long ago may be taken."""
    config = cluster.config
    ports = iter(free_ports(3 * len(config.instances)))
    moved = tuple(
        each
        if each.is_primary
        else dataclasses.replace(each, port=next(ports), redo_port=next(ports), control_port=next(ports))
        for each in config.instances
    )
    dataclasses.replace(config, instances=moved).save(cluster.directory)


def _choose_ids(plan: FleetPlan) -> tuple[list[int], frozenset[int]]:
    rng = Random(plan.pictures)  # noqa: S311 - ids, not secrets
    ids = [number * _STRIDE + rng.randrange(_STRIDE) for number in range(1, plan.pictures + 1)]
    return ids, frozenset(rng.sample(ids, plan.bad))


def _load(connection: Connection, template: FleetTemplate, ids: Sequence[int], bad: frozenset[int]) -> None:
    rng = Random(len(ids))  # noqa: S311 - drawings, not secrets
    with connection.cursor() as cursor:
        for start in range(0, len(ids), _ROWS):
            declare_blob(cursor, "img")
            images = [
                (number, rng.choice(template.bad if number in bad else template.good))
                for number in ids[start : start + _ROWS]
            ]
            cursor.executemany(
                "insert into pictures (id, img_size, img) values (:id, :img_size, :img)",
                [{"id": number, "img_size": len(image), "img": image} for number, image in images],
            )
            connection.commit()
