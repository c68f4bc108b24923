"""Inverted-file (IVF) vector indexes: partitions around centroids, and how many of them a search has to look into.

An index is kept in tables of its own beside the indexed one: the centroids, and the partition of each row, which
triggers keep up to date. Each instance fills them from its own rows when the index's definition reaches it in redo;
the same rows give the same partitions everywhere.

A search looks into the partitions nearest to its vector: as few as gave the wanted recall on rows of the table when the
index was built. So an approximate search really may miss rows, and does, the more so the less its vector resembles the
rows'.
"""

from __future__ import annotations

import functools
import io
import json
from dataclasses import dataclass
from typing import Any

import apsw
import numpy as np

from emulator.engine.objects import sqlite_identifier
from emulator.engine.stored_values import VECTOR_DTYPES, unpack_vector
from emulator.errors import OraError

#: Metrics that an index can be built for; others are refused.
INDEX_METRICS = frozenset({"COSINE", "EUCLIDEAN", "EUCLIDEAN_SQUARED", "L2_SQUARED"})
_ROUNDS = 12
#: Rows for each partition that the centroids are found with; more make them no better. Source: the same number is the
#: default of Faiss, ``ClusteringParameters.max_points_per_centroid``.
_TRAINING_ROWS = 256
#: Distances that are in memory at once.
_DISTANCES_AT_ONCE = 2**24
#: How the names of an index's own tables begin; no owner's does, whose small letters are marked.
INDEX_TABLES_PREFIX = "_ivf."
#: Rows that the number of partitions to look into is measured with, and the hits that are counted.
_SAMPLE_ROWS = 64
_HITS = 10
_SEED = 26

Matrix = np.ndarray[Any, np.dtype[np.float32]]
Numbers = np.ndarray[Any, np.dtype[np.signedinteger[Any]]]


@dataclass(frozen=True, slots=True)
class Partitions:
    """The centroids of an index."""

    #: Shape (partitions, dimensions); (0, 0) for an index that was built on no rows.
    centroids: Matrix
    #: Recall that looking into 1, 2, … partitions gave on rows of the table.
    recalls: Matrix
    is_cosine: bool

    def nearest(self, stored: bytes) -> Numbers:
        """Return the partitions' numbers, the nearest to a stored vector first.

        Raises:
            OraError: 51808, the vector has another length than the index's.
        """
        vector = unpack_vector(stored).astype(np.float32)
        if vector.size != self.centroids.shape[1]:
            raise OraError(51808, vector.size, self.centroids.shape[1])
        rows = _directions(vector[np.newaxis]) if self.is_cosine else vector[np.newaxis]
        return np.argsort(_squared_distances(rows, self.centroids)[0], kind="stable")

    def partition_of(self, stored: bytes) -> int:
        """Return the partition that a row belongs to."""
        return int(self.nearest(stored)[0]) if len(self.centroids) else 0

    def partitions_of(self, rows: list[bytes]) -> list[int]:
        """Return the partition of each row: ``partition_of`` for many.

        Raises:
            OraError: 51808, a vector has another length than the index's.
        """
        if not rows or not len(self.centroids):
            return [0] * len(rows)
        points = _matrix(rows)
        if points.shape[1] != self.centroids.shape[1]:
            raise OraError(51808, points.shape[1], self.centroids.shape[1])
        return [int(number) for number in _nearest(_directions(points) if self.is_cosine else points, self.centroids)]

    def probes(self, stored: bytes, accuracy: int) -> list[int]:
        """Return the partitions to look into for a target accuracy in percent; all of them for 100."""
        if not len(self.centroids):
            return [0]
        enough = np.flatnonzero(self.recalls >= accuracy / 100)
        count = int(enough[0]) + 1 if len(enough) and accuracy < 100 else len(self.centroids)
        return [int(number) for number in self.nearest(stored)[:count]]

    def to_bytes(self) -> bytes:
        """Write them as the index's table keeps them."""
        file = io.BytesIO()
        np.savez(file, centroids=self.centroids, recalls=self.recalls, is_cosine=np.array(self.is_cosine))
        return file.getvalue()


@functools.lru_cache(maxsize=32)
def read_partitions(data: bytes) -> Partitions:
    """Read what ``to_bytes`` wrote."""
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return Partitions(file["centroids"], file["recalls"], bool(file["is_cosine"]))


def build_partitions(rows: list[bytes], count: int, metric: str) -> Partitions:
    """Find partitions by k-means with a fixed beginning.

    Args:
        rows: Stored vectors; sorted, so that the same rows give the same partitions.
        count: Partitions; 0: the square root of the number of rows.
        metric: One of INDEX_METRICS.

    Raises:
        OraError: 51808, the vectors differ in length.
    """
    is_cosine = metric == "COSINE"
    if not rows:
        return Partitions(np.zeros((0, 0), np.float32), np.zeros(0, np.float32), is_cosine)
    points = _matrix(rows)
    if is_cosine:
        points = _directions(points)
    count = min(count or round(len(points) ** 0.5), len(points))
    rng = np.random.default_rng(_SEED)
    centroids = points[rng.choice(len(points), count, replace=False)].copy()
    most = _TRAINING_ROWS * count
    training = points if len(points) <= most else points[rng.choice(len(points), most, replace=False)]
    for _ in range(_ROUNDS):
        members = _nearest(training, centroids)
        for number in range(count):
            inside = training[members == number]
            if len(inside):
                centroids[number] = inside.mean(axis=0)
        if is_cosine:
            centroids = _directions(centroids)
    return Partitions(centroids, _measure(points, centroids, rng), is_cosine)


def _matrix(rows: list[bytes]) -> Matrix:
    """Return stored vectors as one array.

    Raises:
        OraError: 51808, the vectors differ in length.
    """
    first = rows[0]
    if all(len(row) == len(first) and row[0] == first[0] for row in rows):
        stored = np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), len(first))
        return np.ascontiguousarray(stored[:, 1:]).view(VECTOR_DTYPES[first[0]]).astype(np.float32)
    vectors = [unpack_vector(row).astype(np.float32) for row in rows]
    odd = next((vector for vector in vectors if vector.size != vectors[0].size), None)
    if odd is not None:
        raise OraError(51808, vectors[0].size, odd.size)
    return np.stack(vectors)


def _nearest(points: Matrix, centroids: Matrix) -> Numbers:
    """Return the number of the nearest centroid of each point."""
    step = max(1, _DISTANCES_AT_ONCE // len(centroids))
    parts = [points[start : start + step] for start in range(0, len(points), step)]
    return np.concatenate([_squared_distances(part, centroids).argmin(axis=1) for part in parts])


def _measure(points: Matrix, centroids: Matrix, rng: np.random.Generator) -> Matrix:
    """Return the mean recall of the nearest rows for 1, 2, … partitions, over some rows of the table."""
    sample = points[rng.choice(len(points), min(_SAMPLE_ROWS, len(points)), replace=False)]
    members = _nearest(points, centroids)
    order = np.argsort(_squared_distances(sample, centroids), axis=1, kind="stable")
    rank_of = np.argsort(order, axis=1)  # of each partition, for each sampled row
    step = max(1, _DISTANCES_AT_ONCE // len(points))
    parts = [sample[start : start + step] for start in range(0, len(sample), step)]
    hits = np.concatenate([_first(_squared_distances(part, points), _HITS) for part in parts])
    ranks = np.take_along_axis(rank_of, members[hits], axis=1)
    return np.array([(ranks <= number).mean() for number in range(len(centroids))], np.float32)


def _first(distances: Matrix, count: int) -> Numbers:
    """Return the columns of the smallest values of each row, in no order."""
    if distances.shape[1] <= count:
        return np.argsort(distances, axis=1)
    return np.argpartition(distances, count, axis=1)[:, :count]


def _directions(points: Matrix) -> Matrix:
    norms = np.linalg.norm(points, axis=1, keepdims=True)
    return (points / np.where(norms == 0, 1, norms)).astype(np.float32)


def _squared_distances(left: Matrix, right: Matrix) -> Matrix:
    squares = (left**2).sum(axis=1)[:, np.newaxis] + (right**2).sum(axis=1)[np.newaxis]
    return np.asarray(squares - 2 * left @ right.T)


class _Build:
    """SQLite's aggregate: all vectors of a column in, the partitions out."""

    def __init__(self) -> None:
        self._rows: list[bytes] = []
        self._count = 0
        self._metric = "COSINE"

    def step(self, *values: Any) -> None:  # noqa: ANN401 - stored values
        stored, self._count, self._metric = values
        if stored is not None:
            self._rows.append(stored)

    def final(self) -> bytes:
        return build_partitions(sorted(self._rows), self._count, self._metric).to_bytes()


class _Members:
    """SQLite's aggregate: the partitions without a number, then all rows with theirs; the rows' partitions out."""

    def __init__(self) -> None:
        self._data = b""
        self._numbers: list[int] = []
        self._rows: list[bytes] = []

    def step(self, *values: Any) -> None:  # noqa: ANN401 - stored values
        number, stored = values
        if number is None:
            self._data = stored
        else:
            self._numbers.append(number)
            self._rows.append(stored)

    def final(self) -> str:
        partitions = read_partitions(self._data).partitions_of(self._rows)
        return "{" + ",".join(f'"{row}":{part}' for row, part in zip(self._numbers, partitions, strict=True)) + "}"


def register_vector_indexes(connection: apsw.Connection) -> None:
    """Install the functions that an index's tables and triggers are written with."""
    create: Any = connection.create_scalar_function  # apsw's types know no callback of fixed arguments
    create("ivf_partition", lambda data, stored: read_partitions(data).partition_of(stored), 2, deterministic=True)
    create(
        "ivf_probes",
        lambda data, stored, accuracy: json.dumps(read_partitions(data).probes(stored, accuracy)),
        3,
        deterministic=True,
    )
    connection.create_aggregate_function("ivf_build", _Build, 3)
    connection.create_aggregate_function("ivf_members", _Members, 2)


# ---------------------------------------------------------------------- the tables of an index


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _own(index: str, part: str) -> str:
    """Return the quoted name of something that belongs to an index."""
    return _quoted(f"{INDEX_TABLES_PREFIX}{index}.{part}")


def _tables(index: str) -> tuple[str, str]:
    return _quoted(f"{INDEX_TABLES_PREFIX}{index}"), _quoted(f"{INDEX_TABLES_PREFIX}{index}.centroids")


def create_statements(index: str, table: str, column: str, *, count: int, metric: str) -> list[tuple[str, tuple[()]]]:
    """Return what builds an index in SQLite.

    Args:
        index: ``Index.storage``.
        table: SQLite name of the indexed table.
        column: The indexed column.
        count: Partitions, 0 for the default.
        metric: One of INDEX_METRICS.
    """
    members, centroids = _tables(index)
    of, col = _quoted(table), _quoted(sqlite_identifier(column))
    partition = f"ivf_partition((SELECT data FROM {centroids}), NEW.{col})"
    forget = f"DELETE FROM {members} WHERE member = OLD.rowid"
    keep = f"INSERT OR REPLACE INTO {members} SELECT NEW.rowid, {partition} WHERE NEW.{col} IS NOT NULL"
    rows = f"SELECT NULL n, data v FROM {centroids} UNION ALL SELECT rowid, {col} FROM {of} WHERE {col} IS NOT NULL"
    partitions = f"SELECT ivf_members(n, v) FROM ({rows})"
    texts = [
        f"CREATE TABLE {centroids} (data BLOB NOT NULL)",
        f"INSERT INTO {centroids} SELECT ivf_build({col}, {int(count)}, '{metric}') FROM {of}",
        f"CREATE TABLE {members} (member INTEGER PRIMARY KEY, partition INTEGER NOT NULL)",
        f"INSERT INTO {members} SELECT CAST(key AS INTEGER), value FROM json_each(({partitions}))",
        f"CREATE INDEX {_own(index, 'partitions')} ON {members} (partition)",
        f"CREATE TRIGGER {_own(index, 'insert')} AFTER INSERT ON {of} BEGIN {keep}; END",
        f"CREATE TRIGGER {_own(index, 'delete')} AFTER DELETE ON {of} BEGIN {forget}; END",
        f"CREATE TRIGGER {_own(index, 'update')} AFTER UPDATE OF {col} ON {of} BEGIN {forget}; {keep}; END",
    ]
    return [(text, ()) for text in texts]


def drop_statements(index: str) -> list[tuple[str, tuple[()]]]:
    """Return what removes an index from SQLite."""
    members, centroids = _tables(index)
    triggers = [f"DROP TRIGGER IF EXISTS {_own(index, kind)}" for kind in ("insert", "delete", "update")]
    return [(text, ()) for text in (*triggers, f"DROP TABLE {members}", f"DROP TABLE {centroids}")]


def candidates(index: str, alias: str, vector: str, accuracy: int) -> str:
    """Write the condition that a row is in one of the partitions to look into."""
    members, centroids = _tables(index)
    probes = f"ivf_probes((SELECT data FROM {centroids}), {vector}, {int(accuracy)})"
    inside = f"SELECT value FROM json_each({probes})"
    return f"{_quoted(sqlite_identifier(alias))}.rowid IN (SELECT member FROM {members} WHERE partition IN ({inside}))"
