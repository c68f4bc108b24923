"""The whole main job on one machine: load, embed on the standbys, count in the databases, search."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from demo.drawing.album import write_album
from demo.preparation import prepare_stack
from demo.stack import Stack
from fleet.console import STATUS_PARTLY
from fleet.dataguard import read_identity
from fleet.sessions import Connection, Database, session
from fleet.settings import Settings, without_settings
from fleet.state import FleetState
from fleet.statements import statement
from loader.pictures import load_pictures
from report.cli import save_report
from report.run_report import read_run
from search.cli import section_of
from search.contact_sheet import Section, draw_contact_sheet
from search.queries import Hit
from search.service import Page, SearchService

#: The first of these pairs was never shown to the model in training.
SEARCHES = ("a blue bird", "a red car in the snow", "a yellow boat at sea")
_HITS = 5
#: Statistic of the emulator's own. Source: docs/explanation/emulator.md.
_INFERENCES = "SELECT value FROM v$sysstat WHERE name = 'emulator: inferences'"
_CONTACT_SHEET = "contact-sheet.png"
_REPORT = "report.html"


class JobError(Exception):
    """The job did not do what it promises; the text says what is different."""


@dataclass(frozen=True, slots=True)
class JobPlan:
    """How much to do."""

    pictures: int = 300
    #: How many of them are corrupt.
    bad: int = 6


@dataclass(frozen=True, slots=True)
class DatabaseFigures:
    """What one database did, as it says itself."""

    name: str
    role: str
    inferences: int
    #: Pictures embedded there, as its worker reported.
    embedded: int


@dataclass(slots=True)
class JobResult:
    """What the tables say after the job."""

    pictures: int
    embedded: int
    failed: int
    pending: int
    #: Time from the first picture loaded to the last one embedded, seconds.
    seconds: float
    primary: str
    databases: list[DatabaseFigures] = field(default_factory=list)
    searches: list[tuple[str, list[Hit]]] = field(default_factory=list)
    contact_sheet: str = ""
    run_id: str = ""
    report: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as the object that ``adgfleet demo --json`` prints."""
        return {
            "pictures": self.pictures,
            "embedded": self.embedded,
            "failed": self.failed,
            "pending": self.pending,
            "seconds": round(self.seconds, 2),
            "primary": self.primary,
            "inferences": {database.name: database.inferences for database in self.databases},
            "embedded_by": {database.name: database.embedded for database in self.databases},
            "search": [
                {"text": text, "hits": [{"id": hit.id, "distance": round(hit.distance, 6)} for hit in hits]}
                for text, hits in self.searches
            ],
            "contact_sheet": self.contact_sheet,
            "run_id": self.run_id,
            "report": self.report,
        }


def run_job(stack: Stack, plan: JobPlan, say: Callable[[str], None]) -> JobResult:
    """Do the job on a stack that is not started yet; it is left running.

    Raises:
        JobError: The figures are not what they have to be.
        FleetError, StackError, ProcessFailedError, RedisMissingError, ClusterError: A part failed.
    """
    settings = prepare_stack(stack, say, fresh=True)
    album = stack.directory / "album"
    if album.exists():
        shutil.rmtree(album)
    say(f"drawing {plan.pictures} pictures, {plan.bad} of them corrupt")
    write_album(album, pictures=plan.pictures, bad=plan.bad)
    start = time.monotonic()
    with session(Database.primary(settings), module="demo") as connection:
        report = load_pictures(connection, album, lambda _done, _total: None)
    say(f"loaded {report.loaded} pictures into the primary")
    run_id, embedded_by = _produce(stack)
    seconds = time.monotonic() - start
    result = _read_result(settings, embedded_by, seconds)
    result.run_id = run_id
    _check(result, plan, list(settings.require("standbys")))
    _search(settings, result, stack.directory / _CONTACT_SHEET)
    _report(settings, result, stack.directory / _REPORT)
    return result


def _produce(stack: Stack) -> tuple[str, dict[str, int]]:
    """Run ``adgfleet produce --follow`` as an operator does; return the run and its pictures embedded by standby."""
    command = [sys.executable, "-m", "adgfleet", "--env-file", str(stack.env_file), "produce", "--follow", "--json"]
    done = subprocess.run(  # noqa: S603 - our own command
        [*command, "--range-size", "20"],
        stdout=subprocess.PIPE,
        text=True,
        check=False,
        env=without_settings(os.environ),
    )
    if done.returncode not in {0, STATUS_PARTLY}:
        raise JobError(f"adgfleet produce ended with status {done.returncode}; logs are in {stack.directory / 'logs'}")
    followed: dict[str, Any] = json.loads(done.stdout) if done.stdout else {}
    return followed.get("run_id", ""), followed.get("standbys", {})


def _read_result(settings: Settings, embedded_by: dict[str, int], seconds: float) -> JobResult:
    with session(Database.primary(settings), module="demo") as connection:
        pictures, embedded, failed = _row(connection, statement("table_counts"))
        (pending,) = _row(connection, statement("pending_count"))
        primary = _figures(connection, 0)
    result = JobResult(pictures, embedded, failed, pending, seconds, primary.name, [primary])
    for name in settings.require("standbys"):
        with session(Database.standby(settings, name), module="demo") as connection:
            result.databases.append(_figures(connection, embedded_by.get(name, 0)))
    return result


def _figures(connection: Connection, embedded: int) -> DatabaseFigures:
    identity = read_identity(connection)
    (inferences,) = _row(connection, _INFERENCES)
    return DatabaseFigures(identity.db_unique_name, identity.role, int(inferences), embedded)


def _row(connection: Connection, query: str) -> Sequence[Any]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        row: Sequence[Any] = cursor.fetchone()
    return row


def _check(result: JobResult, plan: JobPlan, standbys: list[str]) -> None:
    """Compare the tables with what was put in."""
    good = plan.pictures - plan.bad
    found = (result.pictures, result.embedded, result.failed, result.pending)
    if found != (plan.pictures, good, plan.bad, 0):
        raise JobError(
            f"expected {plan.pictures} pictures, {good} embedded, {plan.bad} failed, 0 pending; "
            "the tables say {}, {}, {}, {}".format(*found)
        )
    on_primary = result.databases[0].inferences
    if on_primary:
        raise JobError(f"{on_primary} inferences ran on the primary; there must be none")
    enough_for_all = good >= 40 * len(standbys)
    idle = [database.name for database in result.databases[1:] if not database.inferences]
    if idle and enough_for_all:
        raise JobError(f"standby {', '.join(idle)} took no part")


def _search(settings: Settings, result: JobResult, sheet: Path) -> None:
    sections: list[Section] = []
    with contextlib.closing(SearchService(settings)) as service:
        service.watch.look()
        for text in SEARCHES:
            hits = service.by_text(text, Page(_HITS)).hits
            result.searches.append((text, hits))
            sections.append(section_of(service, f"“{text}”", hits))
    draw_contact_sheet(sections).save(sheet)
    result.contact_sheet = str(sheet)


def _report(settings: Settings, result: JobResult, path: Path) -> None:
    with contextlib.closing(FleetState(settings)) as state:
        save_report(read_run(settings, state, result.run_id), path)
    result.report = str(path)
