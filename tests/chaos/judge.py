"""Compares the tables with what a fault-free run leaves, picture by picture, on every database."""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass

from emulator.cluster import Cluster
from fleet.errors import DatabaseError
from fleet.sessions import Connection, Database, session
from tests.chaos.rig import Template

_CONNECT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Tables:
    """What one database holds; a vector as the digest of its elements."""

    vectors: dict[int, str]
    failed: frozenset[int]


def read_tables(connection: Connection) -> Tables:
    """Read both tables as of now."""
    with connection.cursor() as cursor:
        cursor.arraysize = 500
        cursor.execute("select id, embedding from picture_embeddings")
        vectors = {
            int(number): "" if vector is None else hashlib.sha256(repr(list(vector)).encode()).hexdigest()
            for number, vector in cursor
        }
        cursor.execute("select id from embedding_failures where failed_at is not null")
        failed = frozenset(int(number) for (number,) in cursor)
    return Tables(vectors, failed)


def pending_pictures(connection: Connection) -> int:
    """Return how many pictures neither have a vector nor are put aside."""
    query = (
        "select count(*) from pictures p where not exists (select 1 from picture_embeddings e where e.id = p.id) "
        "and not exists (select 1 from embedding_failures f where f.id = p.id and f.failed_at is not null)"
    )
    with connection.cursor() as cursor:
        cursor.execute(query)
        return int(cursor.fetchone()[0])


def find_primary(cluster: Cluster, user: str, password: str, *, deadline_seconds: float) -> Database:
    """Return the database that is the primary now.

    Raises:
        RuntimeError: None is, until the deadline.
    """
    end = time.monotonic() + deadline_seconds
    while True:
        for name, instance in cluster.instances.items():
            database = Database(name, instance.dsn("mypdb_rw"), user, password, _CONNECT_SECONDS)
            try:
                with session(database, module="chaos"):
                    return database
            except DatabaseError:
                continue
        if time.monotonic() > end:
            raise RuntimeError(f"no database is a primary after {deadline_seconds:g} s")
        time.sleep(0.1)


def differences(template: Template, reference: dict[int, str], found: Tables, where: str) -> list[str]:
    """Say what is not as in a fault-free run; empty where all is well.

    Args:
        template: Which pictures are good and which are corrupt.
        reference: The vectors of a fault-free run.
        found: The tables of one database.
        where: Its name.
    """
    said: list[str] = []
    missing = template.good - found.vectors.keys()
    surplus = found.vectors.keys() - template.good
    wrong = [number for number in template.good & found.vectors.keys() if found.vectors[number] != reference[number]]
    if missing:
        said.append(f"{where}: {len(missing)} good pictures have no vector, such as {min(missing)}")
    if surplus:
        said.append(f"{where}: {len(surplus)} vectors too many, such as {min(surplus)}")
    if wrong:
        said.append(f"{where}: {len(wrong)} wrong vectors, such as {min(wrong)}")
    if found.failed != template.bad:
        too_few, too_many = template.bad - found.failed, found.failed - template.bad
        said.append(f"{where}: {len(too_few)} corrupt pictures not put aside, {len(too_many)} good ones put aside")
    return said
