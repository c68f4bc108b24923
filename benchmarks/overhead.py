"""Where a range's time goes, and what of it is the fleet's own.

One session, one standby, so that ranges follow each other and what lies between them shows. The statements that every
way of embedding needs are measured by themselves, on the same databases.
"""

from __future__ import annotations

import contextlib
import itertools
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.fleet_rig import PRIMARY, BenchmarkError, FleetPlan, FleetRig, FleetTemplate, fleet_rig, wait_for
from benchmarks.range_times import RangeTime, recorded_ranges
from fleet.sessions import Database, session
from workers.embed_range import PinnedStandby, check_pinned

_PATIENCE = 4.0
_START_PATIENCE_SECONDS = 60.0
_ROLE_CHECKS = 50
_WORKER_MODULE = "adgfleet worker"
_TRAFFIC = (
    "SELECT n.name, SUM(t.value) FROM v$session s JOIN v$sesstat t ON t.sid = s.sid JOIN v$statname n "
    'ON n."STATISTIC#" = t."STATISTIC#" WHERE s.module = :module GROUP BY n.name'
)
_SELECT = "SELECT id, VECTOR_EMBEDDING(clipimg USING img AS data) FROM pictures WHERE id BETWEEN :first_id AND :last_id"
_INSERT = "INSERT INTO picture_embeddings (id, embedding) VALUES (:1, :2)"


@dataclass(frozen=True, slots=True)
class OverheadPlan:
    """What to measure."""

    inference_ms: float = 500.0
    redirect_ms: float = 20.0
    redirect_wait: str = "commit"
    #: What the fleet itself chooses at 500 ms a picture.
    range_size: int = 120
    batch_size: int = 32
    ranges: int = 4

    def fleet(self) -> FleetPlan:
        """Return one standby with one session; beside the ranges' pictures those for the bare statements, and one."""
        return FleetPlan(
            standbys=1,
            sessions=1,
            pictures=self.range_size * (self.ranges + 1) + 1,
            inference_ms=self.inference_ms,
            redirect_ms=self.redirect_ms,
            redirect_wait=self.redirect_wait,
            range_size=self.range_size,
            batch_size=self.batch_size,
        )

    @property
    def modelled(self) -> str:
        """What is modelled, in words."""
        return (
            f"{self.fleet().modelled} Ranges of {self.range_size} pictures and batches of "
            f"{self.batch_size}, one session."
        )


@dataclass(frozen=True, slots=True)
class BareWork:
    """The statements of one range by themselves, seconds."""

    select_seconds: float
    insert_seconds: float
    commit_seconds: float


@dataclass(frozen=True, slots=True)
class Overhead:
    """Medians over the ranges, seconds, and counts for each range."""

    #: From the acknowledgement of one range to the start of the next.
    queue_seconds: float
    #: The procedure's call: everything in the database, the check of role and name in the same round trip.
    call_seconds: float
    #: Of it: from the first redirected INSERT to the end of the COMMIT of the slowest batch.
    write_seconds: float
    #: In the task before and after the database: session, report, acknowledgement.
    task_seconds: float
    bare: BareWork
    #: What asking for role and name in a round trip of its own would take.
    bare_role_check_seconds: float
    round_trips_per_range: float
    statements_per_range: float
    #: Of a session that is there.
    bytes_per_range: float
    bytes_per_picture: float
    #: Once for each session: logon, first call, and one range of one picture.
    bytes_per_session: int
    redirected_statements_per_range: float
    commits_per_range: float
    ranges: list[RangeTime] = field(repr=False)

    @property
    def range_seconds(self) -> float:
        """From the start of one range to the start of the next."""
        return self.queue_seconds + self.call_seconds + self.task_seconds

    @property
    def own_share(self) -> float:
        """The fleet's own part of it: all but the procedure's call."""
        return 1 - self.call_seconds / self.range_seconds


def measure_overhead(
    plan: OverheadPlan, template: FleetTemplate, directory: Path, say: Callable[[str], None]
) -> Overhead:
    """Embed some ranges one after the other.

    Raises:
        BenchmarkError: They were not embedded.
    """
    fleet = plan.fleet()
    (standby,) = fleet.names
    with fleet_rig(template, directory, fleet) as rig:
        say("the statements by themselves")
        bare = _bare_work(rig, rig.ids[: plan.range_size])
        role_check = _role_check_seconds(rig, standby)
        rig.start_workers([standby])
        with recorded_ranges(rig.settings) as first:
            rig.produce(range_size=1, most_ranges=1)
            wait_for(lambda: bool(first.ranges), "the first picture is done", seconds=_START_PATIENCE_SECONDS)
        say(f"{plan.ranges} ranges by the fleet")
        once, scn, redirected = _traffic(rig, standby), _scn(rig), _redirected(rig, standby)
        with recorded_ranges(rig.settings) as times:
            rig.produce()
            wait_for(
                lambda: len(times.ranges) >= plan.ranges,
                f"{plan.ranges} ranges are done",
                seconds=_START_PATIENCE_SECONDS + _PATIENCE * plan.ranges * plan.range_size * plan.inference_ms / 1000,
            )
        counts = _traffic(rig, standby) - once
        commits, statements = _scn(rig) - scn, _redirected(rig, standby) - redirected
    ranges = sorted(times.ranges, key=lambda each: each.started_at)
    if any(each.embedded != plan.range_size for each in ranges):
        raise BenchmarkError("a range was not embedded as a whole")
    traffic = _bytes(counts)
    return Overhead(
        queue_seconds=statistics.median(
            after.started_at - before.ended_at for before, after in itertools.pairwise(ranges)
        ),
        call_seconds=statistics.median(each.work_seconds for each in ranges),
        write_seconds=statistics.median(each.commit_seconds for each in ranges),
        task_seconds=statistics.median(each.ended_at - each.started_at - each.work_seconds for each in ranges),
        bare=bare,
        bare_role_check_seconds=role_check,
        round_trips_per_range=round(counts["SQL*Net roundtrips to/from client"] / len(ranges), 2),
        statements_per_range=round(counts["execute count"] / len(ranges), 2),
        bytes_per_range=round(traffic / len(ranges), 1),
        bytes_per_picture=round(traffic / len(ranges) / plan.range_size, 2),
        bytes_per_session=_bytes(once),
        redirected_statements_per_range=statements / len(ranges),
        commits_per_range=commits / len(ranges),
        ranges=ranges,
    )


@contextlib.contextmanager
def _timed(found: list[float]) -> Iterator[None]:
    began = time.perf_counter()
    yield
    found.append(time.perf_counter() - began)


def _bare_work(rig: FleetRig, ids: Sequence[int]) -> BareWork:
    """Do a range's work by plain statements in one session of the standby."""
    seconds: list[float] = []
    database = Database.standby(rig.settings, rig.plan.names[0])
    with session(database, module="observer") as connection, connection.cursor() as cursor:
        cursor.execute("ALTER SESSION ENABLE ADG_REDIRECT_DML")
        with _timed(seconds):
            cursor.execute(_SELECT, first_id=ids[0], last_id=ids[-1])
            rows = cursor.fetchall()
        with _timed(seconds):
            cursor.executemany(_INSERT, rows)
        with _timed(seconds):
            connection.commit()
    return BareWork(*seconds)


def _role_check_seconds(rig: FleetRig, standby: str) -> float:
    seconds: list[float] = []
    with session(Database.standby(rig.settings, standby), module="observer") as connection:
        for _ in range(_ROLE_CHECKS):
            with _timed(seconds):
                check_pinned(connection, PinnedStandby(standby, standby))
    return statistics.median(seconds)


def _traffic(rig: FleetRig, standby: str) -> Counter[str]:
    with (
        session(Database.standby(rig.settings, standby), module="observer") as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute(_TRAFFIC, module=_WORKER_MODULE)
        return Counter({str(name): int(value) for name, value in cursor})


def _bytes(traffic: Counter[str]) -> int:
    return sum(value for name, value in traffic.items() if name.startswith("bytes"))


def _scn(rig: FleetRig) -> int:
    return int(rig.cluster.levers(PRIMARY).status()["scn"])


def _redirected(rig: FleetRig, standby: str) -> int:
    with (
        session(Database.standby(rig.settings, standby), module="observer") as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT value FROM v$sysstat WHERE name = 'emulator: redirected DML statements'")
        return int(cursor.fetchone()[0])
