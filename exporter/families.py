"""The metrics: their names, kinds, labels and meanings, and how a look at the fleet becomes their values.

Names follow Prometheus's conventions: base units, ``_total`` for what only grows. What is not known has no value. The
table is also what ``docs/reference/metrics.md`` is checked against.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import metadata
from typing import Literal

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

from exporter.observer import FleetLook, Observer, Queues, Tables
from fleet.heartbeat import Heartbeat, WorkerState
from fleet.sampler import DatabaseFacts
from fleet.status import GONE, NO_WORKER, StandbyStatus

#: Every state that `adgfleet status` shows.
STATES = (*(str(state) for state in WorkerState), GONE, NO_WORKER)
#: Values by the labels' values.
Values = Iterable[tuple[tuple[str, ...], float | None]]


@dataclass(frozen=True, slots=True)
class Metric:
    """What one metric is."""

    name: str
    kind: Literal["gauge", "counter"]
    labels: tuple[str, ...]
    meaning: str


def _metrics(*rows: tuple[str, Literal["gauge", "counter"], str, str]) -> dict[str, Metric]:
    return {name: Metric(f"adgfleet_{name}", kind, tuple(labels.split()), text) for name, kind, labels, text in rows}


#: By name without ``adgfleet_``.
METRICS: Mapping[str, Metric] = _metrics(
    ("build_info", "gauge", "version", "1, with the version of adgfleet."),
    # Redis
    ("redis_up", "gauge", "", "1: Redis answers. 0: it does not, and the metrics from Redis are missing."),
    ("queue_ranges", "gauge", "queue", "Ranges that wait in a queue."),
    ("running_ranges", "gauge", "standby", "Ranges that the standby's worker has taken and not finished."),
    (
        *("redelivered_ranges_total", "counter", "standby"),
        "Ranges handed out again because the standby's worker died with them or lost them.",
    ),
    ("dead_letters_total", "counter", "", "Messages that were put aside because no worker can use them."),
    ("eta_seconds", "gauge", "", "Time until nothing is pending at the present rate; missing while nothing moves."),
    # workers
    ("standby_state", "gauge", "standby state", "1 for the state that the standby is in, 0 for the others."),
    ("standby_pause_wished", "gauge", "standby", "1: an operator has paused or drained the standby."),
    ("pictures_per_second", "gauge", "standby", "Pictures that the standby embeds, over the last 30 seconds."),
    ("worker_embedded_pictures_total", "counter", "standby", "Pictures embedded since the standby's worker started."),
    ("worker_failed_pictures_total", "counter", "standby", "Pictures put aside since the standby's worker started."),
    ("apply_lag_seconds", "gauge", "standby", "How late the standby applies redo."),
    (
        *("commit_latency_seconds", "gauge", "standby"),
        "Time that the slowest recent batch took to be written through the primary and committed.",
    ),
    ("sessions", "gauge", "standby", "Ranges that the worker embeds at once."),
    ("busy_sessions", "gauge", "standby", "Sessions that are embedding a range."),
    ("open_sessions", "gauge", "standby", "Sessions that the worker has on the standby, idle ones included."),
    ("worker_start_time_seconds", "gauge", "standby", "When the worker started, Unix time."),
    ("worker_last_error_timestamp_seconds", "gauge", "standby", "When the worker had its last error, Unix time."),
    # tables
    ("pictures", "gauge", "", "Pictures in the table."),
    ("embedded_pictures", "gauge", "", "Pictures that have an embedding."),
    ("pending_pictures", "gauge", "", "Pictures that have none and are not put aside."),
    ("failed_pictures", "gauge", "error", "Pictures that are put aside, by error; unknown: it had no code."),
    ("tables_counted_timestamp_seconds", "gauge", "", "When the tables were counted last, Unix time."),
    ("tables_count_duration_seconds", "gauge", "", "How long that took."),
    # databases
    ("database_up", "gauge", "database", "1: the database answers. A drained one is not asked and has none."),
    (
        *("database_cpu_busy_seconds_total", "counter", "database db_unique_name"),
        "Busy time of all processors of the database's host or container.",
    ),
    ("database_cpu_idle_seconds_total", "counter", "database db_unique_name", "Their idle time."),
)


class FleetCollector(Collector):
    """Turns a look at the fleet into metrics, at each reading."""

    def __init__(self, observer: Observer) -> None:
        """Look with an observer."""
        self._observer = observer

    def collect(self) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
        """Return every metric, also those without a value."""
        return families(self._observer.look())


def families(look: FleetLook) -> Iterator[GaugeMetricFamily | CounterMetricFamily]:
    """Return every metric of a look."""
    values = dict(_values(look))
    for name, metric in METRICS.items():
        make: type[CounterMetricFamily | GaugeMetricFamily] = (
            CounterMetricFamily if metric.kind == "counter" else GaugeMetricFamily
        )
        family = make(metric.name, metric.meaning, labels=metric.labels)
        for labels, value in values.get(name, ()):
            if value is not None:
                family.add_metric(labels, value)
        yield family


def _values(look: FleetLook) -> Iterator[tuple[str, Values]]:
    yield "build_info", [((metadata.version("adgfleet"),), 1)]
    yield "redis_up", [((), look.queues is not None)]
    if look.queues is not None:
        yield from _of_queues(look.queues)
        for name, read in _OF_A_STANDBY.items():
            yield name, [((standby.name,), read(standby)) for standby in look.queues.status.standbys]
    if look.tables is not None:
        yield from _of_tables(look.tables)
    if look.counted_at:
        yield "tables_counted_timestamp_seconds", [((), look.counted_at)]
        yield "tables_count_duration_seconds", [((), look.count_seconds)]
    yield from _of_databases(look.databases)


def _of_queues(queues: Queues) -> Iterator[tuple[str, Values]]:
    standbys = queues.status.standbys
    yield "queue_ranges", _by_label(queues.waiting)
    yield "running_ranges", _by_label(queues.running)
    # A counter that appears with its first event has no rate: every standby has one from the beginning.
    yield "redelivered_ranges_total", _by_label({**{each.name: 0 for each in standbys}, **queues.redelivered})
    yield "dead_letters_total", [((), queues.dead_letters_total)]
    yield "eta_seconds", [((), queues.status.eta_seconds)]
    states = [((each.name, state), float(each.state == state)) for each in standbys for state in STATES]
    yield "standby_state", states


def _live(standby: StandbyStatus) -> Heartbeat:
    """Return the heartbeat of a live worker; of another one what nobody is heard of says."""
    beat = standby.heartbeat
    return beat if beat is not None and beat.is_live else Heartbeat(standby.name)


def _apply_lag_seconds(standby: StandbyStatus) -> float | None:
    beat = _live(standby)
    # What was seen last says nothing of a standby that does not answer.
    return None if beat.state == WorkerState.UNREACHABLE else beat.apply_lag_seconds


def _embedded(standby: StandbyStatus) -> float | None:
    return None if standby.heartbeat is None else standby.heartbeat.embedded


def _failed(standby: StandbyStatus) -> float | None:
    return None if standby.heartbeat is None else standby.heartbeat.failed


_OF_A_STANDBY: Mapping[str, Callable[[StandbyStatus], float | None]] = {
    "standby_pause_wished": lambda standby: float(standby.wishes.paused),
    "pictures_per_second": lambda standby: _live(standby).pictures_per_second,
    # These two go on after the worker has gone: a counter that vanishes loses what was added last.
    "worker_embedded_pictures_total": _embedded,
    "worker_failed_pictures_total": _failed,
    "apply_lag_seconds": _apply_lag_seconds,
    "commit_latency_seconds": lambda standby: _live(standby).commit_seconds,
    "sessions": lambda standby: _live(standby).sessions,
    "busy_sessions": lambda standby: _live(standby).busy,
    "open_sessions": lambda standby: _live(standby).open_sessions,
    "worker_start_time_seconds": lambda standby: _live(standby).started_at or None,
    "worker_last_error_timestamp_seconds": lambda standby: _live(standby).last_error_at or None,
}


def _of_tables(tables: Tables) -> Iterator[tuple[str, Values]]:
    counts = tables.counts
    yield "pictures", [((), counts.pictures)]
    yield "embedded_pictures", [((), counts.embedded)]
    yield "pending_pictures", [((), counts.pending)]
    yield "failed_pictures", _by_label({error or "unknown": count for error, count in tables.failures.items()})


def _of_databases(databases: Mapping[str, DatabaseFacts]) -> Iterator[tuple[str, Values]]:
    asked = {name: facts for name, facts in databases.items() if facts.is_asked}
    yield "database_up", [((name,), float(facts.answers)) for name, facts in asked.items()]
    answering = {name: facts for name, facts in asked.items() if facts.answers}
    for name, field in (("busy", "busy_seconds"), ("idle", "idle_seconds")):
        yield (
            f"database_cpu_{name}_seconds_total",
            [((each, facts.db_unique_name), getattr(facts, field)) for each, facts in answering.items()],
        )


def _by_label(values: Mapping[str, float]) -> Values:
    return [((label,), value) for label, value in sorted(values.items())]
