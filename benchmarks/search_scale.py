"""What a search costs by the number of vectors: exact and approximate, beside the same computation in numpy.

The searches are those of ``search.queries``, each in a session of the standby; the vector to search for is there
already. Vectors lie around random directions, as pictures of the same thing do; what is searched for comes from the
same directions and is none of them.
"""

from __future__ import annotations

import array
import contextlib
import functools
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.fleet_rig import BenchmarkError, FleetPlan, FleetRig, FleetTemplate, fleet_rig
from benchmarks.stored_rows import store_pictures, store_vectors
from fleet.sessions import Connection, Database, connect, session
from fleet.statements import statement
from search.queries import nearest_pictures

HITS = 10
_SEED = 11
#: Directions that vectors lie around, and how far from them: the length of what is added to a unit vector.
_DIRECTIONS, _SPREAD = 500, 0.6
_QUERIES = 200
#: Neighbours at nearly the same distance may change places: numpy computes in 32 bits, the database in 64.
_LEAST_RECALL = 0.98
#: No latency is that of fewer searches.
_LEAST_SEARCHES = 3

Matrix = np.ndarray[Any, np.dtype[np.float32]]


@dataclass(frozen=True, slots=True)
class SearchPlan:
    """What to measure."""

    vectors: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000)
    dimensions: int = 64
    #: Sessions that search at the same time where throughput is measured.
    clients: int = 4
    #: TARGET ACCURACY of approximate searches, percent.
    accuracy: int = 90
    #: Least time of each measurement.
    seconds: float = 5.0

    @property
    def conditions(self) -> str:
        """What ran, in words."""
        return (
            f"The {HITS} nearest of vectors of {self.dimensions} dimensions, TARGET ACCURACY {self.accuracy}. The "
            "databases are emulated, one standby answers: its times say nothing about Oracle's."
        )


@dataclass(frozen=True, slots=True)
class SearchRow:
    """One way to search, at one size."""

    vectors: int
    #: ``exact``, ``approximate`` or ``numpy``.
    way: str
    searches: int
    p50_ms: float
    p95_ms: float
    #: Of all clients together.
    searches_per_second: float
    #: Share of the hits that are among those which numpy finds.
    recall: float
    #: Of the vector index; 0: none.
    build_seconds: float = 0.0


def measure_search(
    plan: SearchPlan, template: FleetTemplate, directory: Path, say: Callable[[str], None]
) -> list[SearchRow]:
    """Measure all sizes.

    Raises:
        BenchmarkError: An exact search does not find what numpy finds.
    """
    rows = []
    for count in plan.vectors:
        say(f"{count:,} vectors")
        vectors, queries = make_vectors(count, plan.dimensions)

        def fill(path: Path, vectors: Matrix = vectors) -> None:
            ids = range(1, len(vectors) + 1)
            store_pictures(path, ids)
            store_vectors(path, ids, vectors)

        fleet = FleetPlan(standbys=1, sessions=1, pictures=0, range_size=0)
        with fleet_rig(template, directory / f"vectors-{count}", fleet, fill) as rig:
            for row in _measure(plan, rig, vectors, queries):
                say(
                    f"  {row.way}: {row.p50_ms:,.1f} ms, {row.searches_per_second:,.1f} searches/s, "
                    f"recall {row.recall:.3f}"
                )
                rows.append(row)
    return rows


def make_vectors(count: int, dimensions: int) -> tuple[Matrix, Matrix]:
    """Return vectors and others to search for; shapes (count, dimensions) and (200, dimensions)."""
    rng = np.random.default_rng(_SEED)
    directions = rng.normal(size=(_DIRECTIONS, dimensions))
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)

    def around(number: int) -> Matrix:
        noise = rng.normal(scale=_SPREAD / dimensions**0.5, size=(number, dimensions))
        return np.asarray(directions[rng.integers(_DIRECTIONS, size=number)] + noise, np.float32)

    return around(count), around(_QUERIES)


class NumpySearch:
    """The same computation without a database: cosine distances to all vectors, the nearest ten."""

    def __init__(self, vectors: Matrix) -> None:
        """Keep the vectors in memory, with their lengths."""
        self._vectors = vectors
        self._norms = np.linalg.norm(vectors, axis=1)

    def nearest(self, query: Matrix) -> list[int]:
        """Return the ids of the nearest vectors, nearest first; ids begin with 1."""
        distances = 1 - self._vectors @ query / (self._norms * np.linalg.norm(query))
        some = np.argpartition(distances, HITS)[:HITS]
        return [int(number) + 1 for number in some[np.argsort(distances[some], kind="stable")]]


_Search = Callable[[Matrix], list[int]]


def _measure(plan: SearchPlan, rig: FleetRig, vectors: Matrix, queries: Matrix) -> Iterator[SearchRow]:
    reference = NumpySearch(vectors)
    timed = functools.partial(_time, plan, queries, [reference.nearest(query) for query in queries], count=len(vectors))
    yield timed([reference.nearest], way="numpy")  # one client: numpy takes the cores that it wants by itself
    database = Database.standby(rig.settings, rig.plan.names[0])
    with contextlib.ExitStack() as closing:
        connections = [connect(database, module="search") for _ in range(plan.clients)]
        for connection in connections:
            closing.callback(connection.close)
        exact = timed([_searcher(each) for each in connections], way="exact")
        if exact.recall < _LEAST_RECALL:
            raise BenchmarkError(f"exact searches found {exact.recall:.1%} of what numpy found")
        yield exact
        build_seconds = _build_index(rig, connections[0])
        searches = [_searcher(each, plan.accuracy) for each in connections]
        yield timed(searches, way="approximate", build_seconds=build_seconds)


def _searcher(connection: Connection, accuracy: int | None = None) -> _Search:
    def search(query: Matrix) -> list[int]:
        vector = array.array("f", query.tobytes())
        return [hit.id for hit in nearest_pictures(connection, vector, hits=HITS, accuracy=accuracy)]

    return search


def _build_index(rig: FleetRig, standby: Connection) -> float:
    """Build the index on the primary; return how long until the standby has it too."""
    began = time.monotonic()
    with session(Database.primary(rig.settings), module="index") as connection, connection.cursor() as cursor:
        cursor.execute(statement("create_vector_index"))
    with standby.cursor() as cursor:
        cursor.execute("ALTER SESSION SYNC WITH PRIMARY")
    return round(time.monotonic() - began, 2)


def _time(
    plan: SearchPlan,
    queries: Matrix,
    right: Sequence[list[int]],
    searches: Sequence[_Search],
    *,
    count: int,
    way: str,
    build_seconds: float = 0.0,
) -> SearchRow:
    """Search with one client for the latency, then with all of them for the throughput."""
    searches[0](queries[0])
    took, found = _run(searches[0], queries, plan.seconds)
    counts: list[int] = []

    def client(search: _Search) -> None:
        counts.append(len(_run(search, queries, plan.seconds)[0]))

    began = time.monotonic()
    threads = [threading.Thread(target=client, args=(search,)) for search in searches]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seconds = time.monotonic() - began
    if len(counts) < len(searches):
        raise BenchmarkError(f"a client of {way} searches failed: see above")
    cuts = statistics.quantiles(took, n=20, method="inclusive")
    hits = [len(set(mine) & set(right[number])) / HITS for number, mine in enumerate(found)]
    return SearchRow(
        vectors=count,
        way=way,
        searches=len(took) + sum(counts),
        p50_ms=round(1000 * statistics.median(took), 3),
        p95_ms=round(1000 * cuts[18], 3),
        searches_per_second=round(sum(counts) / seconds, 2),
        recall=round(statistics.fmean(hits), 4),
        build_seconds=build_seconds,
    )


def _run(search: _Search, queries: Matrix, seconds: float) -> tuple[list[float], list[list[int]]]:
    """Search for one query after the other; return seconds each and, once for each query, what was found."""
    took: list[float] = []
    found: list[list[int]] = []
    end = time.monotonic() + seconds
    while len(took) < _LEAST_SEARCHES or time.monotonic() < end:
        number = len(took) % len(queries)
        began = time.perf_counter()
        hits = search(queries[number])
        took.append(time.perf_counter() - began)
        if len(found) == number:
            found.append(hits)
    return took, found
