"""A cluster of emulated databases full of embedded drawings, made for one measurement."""

from __future__ import annotations

import contextlib
import secrets
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from demo.drawing.album import AlbumPicture, write_album
from demo.preparation import MODELS
from emulator.cluster import Cluster
from fleet.sessions import Database, output_number, session
from fleet.settings import Settings, load_settings
from fleet.statements import statement
from loader.install import install, recompile, scripts_directory
from loader.models import load_model
from loader.pictures import load_pictures

#: Pictures that one call of the range procedure embeds.
_RANGE = 200


@dataclass(frozen=True, slots=True)
class SearchableCluster:
    """Databases, how to reach them, and what is in them."""

    cluster: Cluster
    settings: Settings
    env_file: Path
    album: list[AlbumPicture]


@contextlib.contextmanager
def searchable_cluster(*, pictures: int, seed: int, **settings: str) -> Iterator[SearchableCluster]:
    """Start a primary and two standbys, load and embed drawings; everything is gone afterwards.

    Args:
        pictures: How many drawings.
        seed: Of the drawings.
        **settings: By field name, such as ``search_timeout``.
    """
    with tempfile.TemporaryDirectory(prefix="adgfleet-") as name:
        directory = Path(name)
        dba = secrets.token_urlsafe(12)
        cluster = Cluster.create(directory / "databases", dba_password=dba)
        try:
            cluster.start()
            env_file = directory / "search.env"
            env_file.write_text(_settings_text(cluster, dba, settings), encoding="utf-8")
            found = load_settings(env_file, environment={})
            album = write_album(directory / "album", pictures=pictures, bad=0, seed=seed)
            _fill(found, directory / "album", pictures)
            yield SearchableCluster(cluster, found, env_file, album)
        finally:
            cluster.stop()


def _settings_text(cluster: Cluster, dba: str, settings: dict[str, str]) -> str:
    standbys = [name for name, instance in cluster.instances.items() if not instance.is_primary]
    values = {
        "db_user": "adgvec",
        "db_password": secrets.token_urlsafe(12),
        "db_dsn": cluster.instances["prim"].dsn("mypdb_rw"),
        "dba_user": "system",
        "dba_password": dba,
        "standbys": ",".join(f"{name}={cluster.instances[name].dsn('mypdb_ro')}" for name in standbys),
        "redis_url": "redis://127.0.0.1:1/0",
        **settings,
    }
    return "".join(f"{name.upper()}={value}\n" for name, value in values.items())


def _fill(settings: Settings, album: Path, pictures: int) -> None:
    install(settings, scripts_directory(), lambda _line: None)
    with session(Database.primary(settings), module="benchmark") as connection:
        for file, name in (("image.onnx", settings.image_model), ("text.onnx", settings.text_model)):
            load_model(connection, MODELS / file, name=name, input_name="data", replace=True)
        recompile(connection, scripts_directory())
        load_pictures(connection, album, lambda _done, _total: None)
    standby = next(iter(settings.require("standbys")))
    catch_up(settings)
    with session(Database.standby(settings, standby), module="benchmark") as connection, connection.cursor() as cursor:
        for first in range(1, pictures + 1, _RANGE):
            outputs = [output_number(cursor) for _ in range(5)]
            cursor.callproc("process_embedding_range", [first, first + _RANGE - 1, 16, "BULK", *outputs])
    catch_up(settings)
    with session(Database.primary(settings), module="benchmark") as connection, connection.cursor() as cursor:
        cursor.execute(statement("pending_count"))
        (pending,) = cursor.fetchone()
    if pending:
        raise RuntimeError(f"{pending} pictures were not embedded")


def catch_up(settings: Settings) -> None:
    """Wait until the standbys have applied what the primary has committed."""
    for name in settings.require("standbys"):
        with session(Database.standby(settings, name), module="benchmark") as connection, connection.cursor() as cursor:
            cursor.execute("alter session enable adg_redirect_dml")
            cursor.execute("alter session sync with primary")
