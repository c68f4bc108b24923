"""Measures the search API under load: ``python -m benchmarks.search_latency --save benchmarks/results``.

Clients with a connection each ask, pause, ask again. For each answer the whole time and the time of its SQL alone
(``Server-Timing``, measured around the statements) are taken in the same run; their difference is what HTTP, routing,
pools and JSON cost. Then one standby is killed in the middle of as many searches, and the failed ones are counted.
"""

from __future__ import annotations

import argparse
import csv
import http.client
import json
import os
import random
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from urllib.parse import quote, urlsplit

from benchmarks.searchable_cluster import SearchableCluster, searchable_cluster
from demo.drawing.album import all_pairs

_START_SECONDS = 60.0
#: The clients share one interpreter: what they wait for each other must not look like the server's time, seconds.
_SWITCH_SECONDS = 0.0005


@dataclass(frozen=True, slots=True)
class Sample:
    """One search."""

    client: int
    #: Since the run began.
    at_seconds: float
    status: int
    #: Until the whole answer was read.
    whole_milliseconds: float
    #: Of its statements.
    sql_milliseconds: float
    standby: str

    @property
    def overhead_milliseconds(self) -> float:
        """What everything but SQL took."""
        return self.whole_milliseconds - self.sql_milliseconds


@contextmanager
def search_server(made: SearchableCluster) -> Iterator[str]:
    """Run ``adgfleet serve`` on a free port; gives host and port."""
    command = [sys.executable, "-m", "adgfleet", "--env-file", str(made.env_file), "serve", "--port", "0"]
    log = made.env_file.with_suffix(".log")
    with log.open("wb") as output, subprocess.Popen(command, stderr=output) as process:  # noqa: S603 - our own command
        try:
            end = time.monotonic() + _START_SECONDS
            while " ready." not in (text := log.read_text(encoding="utf-8")):
                if process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"the search page did not start: {text}")
                time.sleep(0.05)
            yield urlsplit(text.split()[2]).netloc
        finally:
            process.terminate()
            process.wait(timeout=30)


def ask(connection: http.client.HTTPConnection, text: str) -> tuple[int, float, float, str]:
    """Search once; return status, whole and SQL milliseconds, and who answered."""
    started = time.perf_counter()
    connection.request("GET", f"/api/search?hits=10&q={quote(text)}")
    answer = connection.getresponse()
    body = answer.read()
    whole = 1000 * (time.perf_counter() - started)
    if answer.status != 200:
        return answer.status, whole, 0.0, ""
    found = json.loads(body)
    return answer.status, whole, float(found["sql_milliseconds"]), str(found["standby"])


def run(place: str, *, clients: int, searches: int, pause_seconds: float, after: threading.Event) -> list[Sample]:
    """Let clients search at the same time; ``after`` is set when a third of the searches is done."""
    texts = [pair.text for pair in all_pairs()]
    samples: list[Sample] = []
    lock = threading.Lock()
    begun = time.perf_counter()

    def client(number: int) -> None:
        rng = random.Random(number)  # noqa: S311 - pauses, not secrets
        connection = http.client.HTTPConnection(place, timeout=60)
        for _ in range(searches // clients):
            time.sleep(rng.uniform(0, 2 * pause_seconds))
            at = time.perf_counter() - begun
            try:
                sample = Sample(number, round(at, 4), *ask(connection, rng.choice(texts)))
            except (OSError, http.client.HTTPException):
                connection.close()
                sample = Sample(number, round(at, 4), 0, 0.0, 0.0, "")
            with lock:
                samples.append(sample)
                if len(samples) * 3 >= searches:
                    after.set()
        connection.close()

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return samples


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """Return p50, p95 and p99."""
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return {name: round(cuts[number - 1], 2) for name, number in (("p50", 50), ("p95", 95), ("p99", 99))}


def summary(samples: Sequence[Sample]) -> dict[str, object]:
    """Return the figures of a run."""
    good = [sample for sample in samples if sample.status == 200]
    return {
        "searches": len(samples),
        "failed": len(samples) - len(good),
        "seconds": round(max(sample.at_seconds for sample in samples), 1),
        "whole_milliseconds": percentiles([sample.whole_milliseconds for sample in good]),
        "sql_milliseconds": percentiles([sample.sql_milliseconds for sample in good]),
        "overhead_milliseconds": percentiles([sample.overhead_milliseconds for sample in good]),
        "answered_by": {
            name: sum(sample.standby == name for sample in good) for name in sorted({each.standby for each in good})
        },
    }


def save(samples: Sequence[Sample], path: Path) -> None:
    """Write the raw data as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([entry.name for entry in fields(Sample)])
        writer.writerows(
            [round(value, 3) if isinstance(value, float) else value for value in astuple(sample)] for sample in samples
        )


def main() -> None:
    """Measure and say; status 1 when a search failed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--searches", type=int, default=1000, help="of all clients together, in each of the two runs")
    parser.add_argument("--pause", type=float, default=4.0, help="mean pause of a client before each search, seconds")
    parser.add_argument("--pictures", type=int, default=200, help="drawings to search in")
    parser.add_argument("--save", type=Path, help="directory for the raw data")
    options = parser.parse_args()
    sys.setswitchinterval(_SWITCH_SECONDS)
    figures: dict[str, object] = {
        "clients": options.clients,
        "pause_seconds": options.pause,
        "processors": os.cpu_count(),
        "load_before": round(os.getloadavg()[0], 1),
    }
    failed = 0
    with searchable_cluster(pictures=options.pictures, seed=7) as made, search_server(made) as place:
        for name in ("steady", "failover"):
            after = threading.Event()
            victim = threading.Thread(target=_kill_one, args=(made, after))
            if name == "failover":
                victim.start()
            samples = run(
                place, clients=options.clients, searches=options.searches, pause_seconds=options.pause, after=after
            )
            if name == "failover":
                victim.join()
            figures[name] = summary(samples)
            failed += sum(sample.status != 200 for sample in samples)
            if options.save:
                save(samples, options.save / f"search_latency_{name}.csv")
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")
    sys.exit(1 if failed else 0)


def _kill_one(made: SearchableCluster, after: threading.Event) -> None:
    """Kill the standby that answers, once a third of the searches is done."""
    after.wait()
    made.cluster.kill(next(iter(made.settings.require("standbys"))))


if __name__ == "__main__":
    main()
