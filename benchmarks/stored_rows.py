"""Rows by the million, written straight into the file of an emulated database that is stopped.

By INSERT they would cost redo and minutes, and nothing of that is to be measured.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from random import Random

import apsw
import numpy as np

from emulator.engine.stored_values import pack_vector
from emulator.number import encode_number

#: Rows of one of SQLite's transactions.
_ROWS = 100_000
#: Ids have gaps: every id is a multiple of this, plus a little.
_STRIDE = 3
#: Not to be embedded: one byte is enough.
_PICTURE = b"\x00"


def ids_with_gaps(count: int) -> Iterator[int]:
    """Give ascending ids with gaps, the same for the same number."""
    rng = Random(count)  # noqa: S311 - ids, not secrets
    for number in range(1, count + 1):
        yield number * _STRIDE + int(rng.random() * _STRIDE)


def store_pictures(path: Path, ids: Iterable[int]) -> None:
    """Add rows of ``pictures`` with a picture of one byte each.

    Args:
        path: Data of an emulated database that is stopped and has the tables of ``sql/``.
        ids: Ascending, not there yet.
    """
    size = encode_number(len(_PICTURE))
    insert = 'INSERT INTO "ADGVEC.PICTURES" ("ID", "IMG_SIZE", "IMG") VALUES (?, ?, ?)'
    _insert(path, insert, ((encode_number(each), size, _PICTURE) for each in ids))


def store_vectors(path: Path, ids: Iterable[int], vectors: np.ndarray) -> None:
    """Add rows of ``picture_embeddings``; their pictures are there.

    Args:
        path: As above.
        ids: As many as there are vectors.
        vectors: Shape (n, dimensions), dtype float32.
    """
    insert = 'INSERT INTO "ADGVEC.PICTURE_EMBEDDINGS" ("ID", "EMBEDDING") VALUES (?, ?)'
    rows = zip(ids, vectors, strict=True)
    _insert(path, insert, ((encode_number(each), pack_vector(vector)) for each, vector in rows))


def _insert(path: Path, insert: str, rows: Iterator[tuple[bytes, ...]]) -> None:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
    try:
        connection.execute("PRAGMA synchronous = OFF").fetchall()
        while some := list(itertools.islice(rows, _ROWS)):
            with connection:
                connection.executemany(insert, some).fetchall()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.close()
