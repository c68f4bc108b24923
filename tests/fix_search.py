"""Pictures that can be found, and the search page's server as a process of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from demo.drawing.album import AlbumPicture, write_album
from emulator.cluster import Cluster
from fleet.sessions import Database, output_number, session
from fleet.settings import Settings
from loader.pictures import load_pictures
from tests.fix_emulator import cluster_values, wait_for_standbys, write_env_file
from tests.fix_server import served

ALBUM_PICTURES = 60
#: Stored like a picture; a browser must never take it for a page.
HTML_ID = 900
HTML = b"<html><script>document.title='owned'</script><h1>not a picture</h1></html>"


@dataclass(frozen=True, slots=True)
class Collection:
    """A cluster whose pictures are embedded."""

    settings: Settings
    cluster: Cluster
    album: list[AlbumPicture]

    def ids_of(self, colour: str, subject: str) -> set[int]:
        return {
            picture.id
            for picture in self.album
            if picture.sketch is not None and (picture.sketch.colour, picture.sketch.subject) == (colour, subject)
        }

    def file_of(self, colour: str, subject: str) -> AlbumPicture:
        wanted = self.ids_of(colour, subject)
        return next(picture for picture in self.album if picture.id in wanted)

    def env_file(self, directory: Path, **changes: str) -> Path:
        return write_env_file(directory / "search.env", {**cluster_values(self.cluster), **changes})


@pytest.fixture(scope="module")
def collection(cluster: Cluster, installed: Settings, tmp_path_factory: pytest.TempPathFactory) -> Collection:
    """Sixty drawings, embedded on sby1, among them four blue birds, and a web page that claims to be a picture."""
    directory = tmp_path_factory.mktemp("album")
    album = write_album(directory, pictures=ALBUM_PICTURES, bad=0)
    with session(Database.primary(installed), module="test") as connection, connection.cursor() as cursor:
        load_pictures(connection, directory, lambda _done, _total: None)
    wait_for_standbys(installed)
    with session(Database.standby(installed, "sby1"), module="test") as connection, connection.cursor() as cursor:
        outputs = [output_number(cursor) for _ in range(5)]
        cursor.callproc("process_embedding_range", [1, ALBUM_PICTURES, 16, "BULK", *outputs])
        assert outputs[0].getvalue() == ALBUM_PICTURES
    with session(Database.primary(installed), module="test") as connection, connection.cursor() as cursor:
        cursor.execute("insert into pictures values (:1, :2, :3)", [HTML_ID, len(HTML), HTML])
        cursor.execute(
            "insert into picture_embeddings select :1, embedding from picture_embeddings where id = :2", [HTML_ID, 1]
        )
        connection.commit()
    wait_for_standbys(installed)
    return Collection(installed, cluster, album)


@contextlib.contextmanager
def search_server(env_file: Path, *, port: str = "0") -> Iterator[str]:
    """Run ``adgfleet serve``, on a free port unless it is said; gives its address."""
    with served(env_file, "serve", "--port", port, health="/api/hints") as address:
        yield address


@pytest.fixture(scope="module")
def search_page(collection: Collection, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a running search page over the collection."""
    with search_server(collection.env_file(tmp_path_factory.mktemp("serve"), search_least_gap="0.15")) as address:
        yield address
