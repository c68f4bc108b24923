"""Kills a worker at many points of one range's life, from before it is taken until after it is done."""

from __future__ import annotations

import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from fleet.celery_app import create_app, standby_queue, unacked_key
from fleet.messages import RangeMessage
from fleet.range_queue import send_range
from fleet.sessions import Connection, Database, session
from tests.chaos.judge import read_tables
from tests.chaos.rig import STANDBYS, Rig, Template
from tests.chaos.trial import Reference

#: Pictures of the range.
_PICTURES = 20
_DEADLINE_SECONDS = 60.0
#: A killed worker's range runs again within ten seconds; one that does not in this time is not in the queue any more.
_LOST_SECONDS = 25.0
_POLL_SECONDS = 0.005
#: One message in so many points may be lost, and one in any case: Redis hands it to a process before that can note it.
_POINTS_FOR_A_LOSS = 10
#: The first point lies before the range is taken, the last after it is done, by this share of its duration.
_MARGIN_SHARE = 0.15


@dataclass(slots=True)
class PointsVerdict:
    """What became of a range whose worker was killed."""

    #: How often the worker was killed.
    points: int = 0
    #: Empty where nothing differs from a fault-free run.
    differences: list[str] = field(default_factory=list)
    #: Redis had handed the message to a process that was killed before it could note that; the producer ran again.
    lost_messages: int = 0

    @property
    def is_clean(self) -> bool:
        """Whether nothing differs and no more messages are lost than the moment of taking explains."""
        return not self.differences and self.lost_messages <= max(1, self.points // _POINTS_FOR_A_LOSS)


def run_points(template: Template, reference: Reference, directory: Path, *, points: int) -> PointsVerdict:
    """Kill the worker at so many points of a range's life, evenly spread in time."""
    ids = sorted(template.good | template.bad)[:_PICTURES]
    message = RangeMessage("points", ids[0], ids[-1], len(ids))
    verdict = PointsVerdict(points)
    rig = Rig(template, directory)
    try:
        rig.start()
        duration = _run_once(rig, message, kill_after_seconds=None).seconds
        for point in range(points):
            share = -_MARGIN_SHARE + (1 + 2 * _MARGIN_SHARE) * (point + 0.5) / points
            at = share * duration
            run = _run_once(rig, message, kill_after_seconds=at)
            found = _differences(rig, template, reference.vectors, ids)
            if run.is_lost and run.was_taken:
                found.append("its message is lost although the worker had noted it as taken")
            lost = "; its message was lost, produced again" if run.is_lost else ""
            sys.stderr.write(f"killed at {at:6.3f} s of {duration:.3f} s: {'; '.join(found) or 'equal'}{lost}\n")
            verdict.differences += [f"killed at {at:.3f} s: {line}" for line in found]
            verdict.lost_messages += run.is_lost
    finally:
        rig.stop()
    return verdict


@dataclass(frozen=True, slots=True)
class _Run:
    """One run of the range."""

    #: From the moment that it was taken, or would have been, to its end.
    seconds: float
    #: The worker had noted the message as taken just before it was killed.
    was_taken: bool
    #: The range ended only when the producer had run again.
    is_lost: bool


def _run_once(rig: Rig, message: RangeMessage, *, kill_after_seconds: float | None) -> _Run:
    """Embed the range anew."""
    was_taken = False
    standby = STANDBYS[0]
    with session(Database.primary(rig.settings), module="chaos") as primary:
        _forget(primary, message)
        rig.wait_until_serving(standby)
        app = create_app(rig.settings)
        with session(Database.standby(rig.settings, standby), module="chaos") as watching:
            if kill_after_seconds is not None and kill_after_seconds < 0:
                send_range(app, message, queue=standby_queue(standby))
                was_taken = _is_noted(rig, standby)
                rig.signal_worker(standby, signal.SIGKILL)
                started = time.monotonic()
            else:
                send_range(app, message, queue=standby_queue(standby))
                _wait(lambda: _is_working(watching), "the range is not taken")
                started = time.monotonic()
                if kill_after_seconds is not None:
                    time.sleep(kill_after_seconds)  # the point is the test's input
                    was_taken = _is_noted(rig, standby)
                    rig.signal_worker(standby, signal.SIGKILL)
        is_lost = not _settles(primary, message, _LOST_SECONDS)
        if is_lost:
            rig.produce()
            if not _settles(primary, message, _DEADLINE_SECONDS):
                raise RuntimeError("the range does not come to an end")
        return _Run(time.monotonic() - started, was_taken, is_lost)


def _is_noted(rig: Rig, standby: str) -> bool:
    with rig.redis() as client:
        return bool(client.exists(unacked_key(standby)))


def _settles(primary: Connection, message: RangeMessage, seconds: float) -> bool:
    end = time.monotonic() + seconds
    while _pending(primary, message):
        if time.monotonic() > end:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _wait(condition: Callable[[], bool], problem: str) -> None:
    end = time.monotonic() + _DEADLINE_SECONDS
    while not condition():
        if time.monotonic() > end:
            raise RuntimeError(problem)
        time.sleep(_POLL_SECONDS)


def _forget(primary: Connection, message: RangeMessage) -> None:
    with primary.cursor() as cursor:
        for table in ("picture_embeddings", "embedding_failures"):
            cursor.execute(f"delete from {table} where id between :1 and :2", [message.first_id, message.last_id])
    primary.commit()


def _is_working(standby: Connection) -> bool:
    with standby.cursor() as cursor:
        cursor.execute("select count(*) from v$session where module = 'adgfleet worker' and status = 'ACTIVE'")
        return bool(cursor.fetchone()[0])


def _pending(primary: Connection, message: RangeMessage) -> int:
    query = (
        "select count(*) from pictures p where p.id between :1 and :2 "
        "and not exists (select 1 from picture_embeddings e where e.id = p.id) "
        "and not exists (select 1 from embedding_failures f where f.id = p.id and f.failed_at is not null)"
    )
    with primary.cursor() as cursor:
        cursor.execute(query, [message.first_id, message.last_id])
        return int(cursor.fetchone()[0])


def _differences(rig: Rig, template: Template, reference: dict[int, str], ids: list[int]) -> list[str]:
    with session(Database.primary(rig.settings), module="chaos") as connection:
        found = read_tables(connection)
    expected = {number: reference[number] for number in ids if number in template.good}
    stored = {number: vector for number, vector in found.vectors.items() if number in set(ids)}
    said = [] if stored == expected else [f"{len(stored)} vectors, {len(expected)} expected, or others than expected"]
    bad = template.bad & set(ids)
    if found.failed & set(ids) != bad:
        said.append(f"{len(found.failed & set(ids))} pictures put aside, {len(bad)} expected")
    return said
