"""Measures the emulator's own cost: ``python -m benchmarks.emulator_speed --save benchmarks/results``.

Two things, each several times in turn with plain apsw in the same run, so that what else the machine does meets
both: round trips of ``select 1 from dual`` by the unmodified driver, and the fetch of a table's rows. The ratio to
apsw, which runs in the client's own process, is what a benchmark of the fleet pays for the emulator.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import apsw
import oracledb

from emulator.cluster import Cluster

_DBA_PASSWORD = "dba-of-the-benchmark"  # noqa: S105 - of a database that lives as long as this program
_TEXT = "a text of a usual length"
#: Rows that the driver asks for at once.
_ARRAY_SIZE = 1_000


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement."""

    round: int
    #: ``round trips`` or ``fetched rows``.
    what: str
    #: ``emulator`` or ``apsw``.
    who: str
    count: int
    seconds: float

    @property
    def per_second(self) -> float:
        """Round trips or rows."""
        return self.count / self.seconds


class Emulator:
    """The driver and an emulated primary in a process of its own."""

    def __init__(self, connected: oracledb.Connection, rows: int) -> None:
        """Make the table."""
        self._connected = connected
        with connected.cursor() as cursor:
            cursor.execute("create table measured (id number primary key, amount number(12, 2), t varchar2(40))")
            cursor.executemany("insert into measured values (:1, :2, :3)", _rows(rows))
        connected.commit()

    def round_trips(self, count: int) -> None:
        """Run a query again and again."""
        with self._connected.cursor() as cursor:
            for _ in range(count):
                cursor.execute("select 1 from dual")
                cursor.fetchall()

    def fetch(self, count: int) -> None:
        """Read the table."""
        with self._connected.cursor() as cursor:
            cursor.arraysize = cursor.prefetchrows = _ARRAY_SIZE
            cursor.execute("select id, amount, t from measured")
            if len(cursor.fetchall()) != count:
                raise RuntimeError("rows are missing")


class Plain:
    """SQLite in this process, through apsw."""

    def __init__(self, path: Path, rows: int) -> None:
        """Make the table."""
        self._connection = apsw.Connection(str(path))
        self._connection.execute("create table measured (id integer primary key, amount real, t text)")
        with self._connection:
            self._connection.executemany("insert into measured values (?, ?, ?)", _rows(rows))

    def round_trips(self, count: int) -> None:
        """Run a query again and again."""
        for _ in range(count):
            self._connection.execute("select 1").fetchall()

    def fetch(self, count: int) -> None:
        """Read the table."""
        if len(self._connection.execute("select id, amount, t from measured").fetchall()) != count:
            raise RuntimeError("rows are missing")


def _rows(count: int) -> list[tuple[int, float, str]]:
    return [(number, number / 4, f"{_TEXT} {number}") for number in range(count)]


def measure(emulator: Emulator, plain: Plain, *, rounds: int, round_trips: int, rows: int) -> list[Sample]:
    """Measure in turn; the first round of each is not kept."""
    samples: list[Sample] = []
    works: Sequence[tuple[str, str, int, Callable[[int], None]]] = (
        ("round trips", "emulator", round_trips, emulator.round_trips),
        ("round trips", "apsw", round_trips, plain.round_trips),
        ("fetched rows", "emulator", rows, emulator.fetch),
        ("fetched rows", "apsw", rows, plain.fetch),
    )
    for number in range(rounds + 1):
        for what, who, count, work in works:
            began = time.perf_counter()
            work(count)
            seconds = time.perf_counter() - began
            if number:
                samples.append(Sample(number, what, who, count, round(seconds, 6)))
    return samples


def summary(samples: Sequence[Sample]) -> dict[str, object]:
    """Return medians, and how many times as fast apsw is."""
    found: dict[str, object] = {}
    for what in ("round trips", "fetched rows"):
        rates = {
            who: statistics.median(sample.per_second for sample in samples if (sample.what, sample.who) == (what, who))
            for who in ("emulator", "apsw")
        }
        found[what] = {
            "emulator_per_second": round(rates["emulator"]),
            "microseconds_each": round(1e6 / rates["emulator"], 1),
            "apsw_per_second": round(rates["apsw"]),
            "ratio": round(rates["apsw"] / rates["emulator"], 1),
        }
    return found


def save(samples: Sequence[Sample], path: Path) -> None:
    """Write the raw data as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([entry.name for entry in fields(Sample)])
        writer.writerows(astuple(sample) for sample in samples)


def main() -> None:
    """Measure and say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7, help="measurements of each kind")
    parser.add_argument("--round-trips", type=int, default=2_000, help="in each round")
    parser.add_argument("--rows", type=int, default=100_000, help="of the table")
    parser.add_argument("--save", type=Path, help="directory for the raw data")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="emulator-speed-") as folder:
        cluster = Cluster.create(Path(folder) / "databases", standbys=(), dba_password=_DBA_PASSWORD)
        cluster.start()
        try:
            dsn = cluster.config.primary.dsn("mypdb_rw")
            with oracledb.connect(user="system", password=_DBA_PASSWORD, dsn=dsn) as connected:
                emulator = Emulator(connected, options.rows)
                plain = Plain(Path(folder) / "plain.db", options.rows)
                load_before = os.getloadavg()[0]
                samples = measure(
                    emulator, plain, rounds=options.rounds, round_trips=options.round_trips, rows=options.rows
                )
        finally:
            cluster.stop()
    figures: dict[str, object] = {
        "processors": os.cpu_count(),
        "load_average": [round(load_before, 1), round(os.getloadavg()[0], 1)],
        "rounds": options.rounds,
        "round_trips": options.round_trips,
        "rows": options.rows,
        **summary(samples),
    }
    if options.save:
        save(samples, options.save / "emulator_speed.csv")
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
