"""The vector index that approximate searches use: built after a backfill, built anew after the next large one.

An inverted-file index is made for the rows that are there when it is built; rows that come later are put into its
partitions, which fit them the less the more they are.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from fleet.errors import InputError
from fleet.sessions import Connection
from fleet.statements import statement


@dataclass(frozen=True, slots=True)
class IndexReport:
    """What was built."""

    name: str
    embeddings: int
    #: There was one already.
    rebuilt: bool
    seconds: float


def build_vector_index(connection: Connection, *, rebuild: bool) -> IndexReport:
    """Build the index on the primary; redo brings it to every standby.

    Args:
        connection: A session of the owner on the primary.
        rebuild: Replace one that is there.

    Raises:
        InputError: There is one already, or nothing to build it from.
        oracledb.Error: The database refused.
    """
    started = time.monotonic()
    with connection.cursor() as cursor:
        cursor.execute(statement("search_counts"))
        _pictures, embeddings = cursor.fetchone()
        if not embeddings:
            raise InputError("no picture has an embedding yet; build the index after: adgfleet produce --follow")
        cursor.execute(statement("vector_index"))
        found = cursor.fetchone() is not None
        if found and not rebuild:
            raise InputError("the vector index is there already; build it anew: adgfleet db index --rebuild")
        if found:
            cursor.execute(statement("drop_vector_index"))
        cursor.execute(statement("create_vector_index"))
        cursor.execute(statement("vector_index"))
        name, _status = cursor.fetchone()
    return IndexReport(name, int(embeddings), found, time.monotonic() - started)
