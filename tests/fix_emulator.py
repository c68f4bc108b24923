"""Databases for tests: one in this process, or a primary and its standbys in processes of their own."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import oracledb
import pytest

from demo.preparation import MODELS
from emulator.auth import make_verifier
from emulator.cluster import Cluster
from emulator.cluster_config import InstanceConfig
from emulator.dataguard import DataGuard
from emulator.engine.definitions import bootstrap_statements
from emulator.inference import InferenceService
from emulator.instance import LINK_USER, Instance, prepare_connection
from emulator.server import Server
from emulator.store import Store
from fleet.sessions import Database, session
from fleet.settings import Settings, load_settings
from loader.install import install, recompile, scripts_directory
from loader.models import load_model

DBA_PASSWORD = "dba-secret"
OWNER_PASSWORD = "owner-secret"
_PRIVILEGES = "create session, create table, create procedure, create mining model"
_names = itertools.count(1)


@dataclass(frozen=True, slots=True)
class Primary:
    """A primary without standbys, in this process."""

    instance: Instance
    port: int

    @property
    def dsn(self) -> str:
        return f"127.0.0.1:{self.port}/mypdb_rw"

    def dba(self) -> oracledb.Connection:
        return oracledb.connect(user="system", password=DBA_PASSWORD, dsn=self.dsn)


@dataclass(frozen=True, slots=True)
class Owner:
    """A schema of a test's own."""

    name: str
    dsn: str

    def connect(self, **options: Any) -> oracledb.Connection:
        return oracledb.connect(user=self.name, password=OWNER_PASSWORD, dsn=self.dsn, **options)


@contextmanager
def primary_below(folder: Path, *copies: str) -> Iterator[Primary]:
    """Open a new primary in this process, with its data below a folder, and copies of them as they are at first."""
    path = folder / "prim.db"
    dba, link = make_verifier(DBA_PASSWORD), make_verifier("link-secret")
    Store.create(path, bootstrap_statements(dba=dba, link=link, link_user=LINK_USER))
    for copy in copies:
        shutil.copyfile(path, folder / copy)
    store = Store(path, on_connect=prepare_connection, writable=True)
    inference = InferenceService(1, 10.0)
    config = InstanceConfig(name="prim", port=0, redo_port=0, is_primary=True)
    instance = Instance(config, store, DataGuard(), inference)
    server = Server(instance)
    server.start()
    yield Primary(instance, server.port)
    server.stop()
    inference.stop()
    store.close()


@pytest.fixture(scope="session")
def primary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Primary]:
    with primary_below(tmp_path_factory.mktemp("primary")) as made:
        yield made


@pytest.fixture
def owner(primary: Primary) -> Iterator[Owner]:
    name = f"OWNER{next(_names)}"
    with primary.dba() as dba, dba.cursor() as cursor:
        cursor.execute(f'create user {name} identified by "{OWNER_PASSWORD}" quota unlimited on users')
        cursor.execute(f"grant {_PRIVILEGES} to {name}")
    yield Owner(name, primary.dsn)
    with primary.dba() as dba, dba.cursor() as cursor:
        cursor.execute(f"drop user {name} cascade")


@pytest.fixture
def connection(owner: Owner) -> Iterator[oracledb.Connection]:
    with owner.connect() as connected:
        yield connected


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A primary and two standbys in processes of their own, empty."""
    made = Cluster.create(tmp_path_factory.mktemp("cluster") / "databases", dba_password=DBA_PASSWORD)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture(scope="module")
def stack_settings(cluster: Cluster) -> Callable[..., Settings]:
    """Settings for the cluster, with whatever a test changes."""

    def make(**overrides: str) -> Settings:
        return load_settings(overrides={**cluster_values(cluster), **overrides}, environment={})

    return make


def cluster_values(cluster: Cluster) -> Mapping[str, str]:
    standbys = [name for name, instance in cluster.instances.items() if not instance.is_primary]
    return {
        "db_user": "adgvec",
        "db_password": OWNER_PASSWORD,
        "db_dsn": cluster.instances["prim"].dsn("mypdb_rw"),
        "dba_user": "system",
        "dba_password": DBA_PASSWORD,
        "standbys": ",".join(f"{name}={cluster.instances[name].dsn('mypdb_ro')}" for name in standbys),
    }


@pytest.fixture(scope="module")
def installed(stack_settings: Callable[..., Settings]) -> Settings:
    """The cluster with ``sql/`` installed and the tiny models loaded, on all databases."""
    settings = stack_settings()
    install(settings, scripts_directory(), lambda _line: None)
    with session(Database.primary(settings), module="test") as connected:
        for file, name in (("image.onnx", "clipimg"), ("text.onnx", "cliptxt")):
            load_model(connected, MODELS / file, name=name, input_name="data", replace=True)
        recompile(connected, scripts_directory())
    wait_for_standbys(settings)
    return settings


def wait_for_standbys(settings: Settings) -> None:
    """Wait until the standbys have applied what the primary has committed."""
    for name in settings.require("standbys"):
        with session(Database.standby(settings, name), module="test") as connected, connected.cursor() as cursor:
            cursor.execute("alter session enable adg_redirect_dml")
            cursor.execute("alter session sync with primary")


def fetch(connected: oracledb.Connection, query: str, *binds: Any) -> list[tuple[Any, ...]]:
    """Run a query and return its rows."""
    with connected.cursor() as cursor:
        cursor.execute(query, list(binds))
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def run(connected: oracledb.Connection, *statements: str) -> None:
    """Run statements without binds."""
    with connected.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def code_of(error: oracledb.Error) -> int:
    """Return the number of ORA-nnnnn."""
    code: int = error.args[0].code
    return code


def write_env_file(path: Path, values: Mapping[str, str]) -> Path:
    """Write settings as a file for ``adgfleet --env-file``."""
    path.write_text("".join(f"{name.upper()}={value}\n" for name, value in values.items()), encoding="utf-8")
    return path
