"""Shows a fleet's status to people: one table, and what is to be known beside it."""

from __future__ import annotations

import datetime

from rich.console import Group, RenderableType
from rich.text import Text

from fleet.console import counted, make_table
from fleet.heartbeat import WorkerState
from fleet.status import GONE, NO_WORKER, FleetStatus, StandbyStatus

_COLUMNS = ("standby", "state", "sessions", "busy", "pictures/s", "lag", "commit", "embedded", "failed")
_STYLES = {
    WorkerState.SERVING: "green",
    WorkerState.PAUSED: "yellow",
    WorkerState.LAGGING: "yellow",
    WorkerState.SLOW_COMMIT: "yellow",
    WorkerState.WRONG_ROLE: "red",
    WorkerState.UNREACHABLE: "red",
    GONE: "red",
    NO_WORKER: "red",
}


def render_status(status: FleetStatus) -> RenderableType:
    """Return the table and the lines below it."""
    table = make_table(_COLUMNS, [_cells(standby) for standby in status.standbys])
    return Group(table, *(Text(line) for line in _lines(status)))


def duration(seconds: float) -> str:
    """Say a time as people do: ``42 s``, ``3 min 05 s``, ``2 h 10 min``, ``3 d 04 h``."""
    whole = round(seconds)
    for unit, parts, small, size in (("d", 86400, "h", 3600), ("h", 3600, "min", 60), ("min", 60, "s", 1)):
        if whole >= parts:
            return f"{whole // parts} {unit} {whole % parts // size:02d} {small}"
    return f"{whole} s"


def _cells(standby: StandbyStatus) -> list[Text]:
    beat = standby.heartbeat
    state = Text(standby.state, style=_STYLES.get(standby.state, ""))
    if beat is None:
        return [Text(standby.name), state, *(Text("-") for _ in _COLUMNS[2:])]
    rate = beat.pictures_per_second if beat.is_live else 0.0
    return [
        Text(standby.name),
        state,
        Text(str(beat.sessions)),
        Text(str(beat.busy if beat.is_live else 0)),
        Text(f"{rate:.1f}"),
        # What was seen last says nothing of a standby that does not answer.
        _seconds(beat.apply_lag_seconds if beat.is_live and beat.state != WorkerState.UNREACHABLE else None, 0),
        _seconds(beat.commit_seconds if beat.is_live else None, 2),
        Text(str(beat.embedded)),
        Text(str(beat.failed)),
    ]


def _seconds(value: float | None, digits: int) -> Text:
    return Text("-" if value is None else f"{value:.{digits}f} s")


def _lines(status: FleetStatus) -> list[str]:
    lines = [f"{each.name} is {each.state}: {each.reason}" for each in status.standbys if each.reason]
    lines += [f"queue: {counted(status.waiting, 'range')} waiting, {status.running:,} running"]
    counts = status.counts
    if counts is None:
        lines.append(f"tables: not counted, {status.counts_problem}")
    else:
        lines.append(
            f"tables ({counts.database}): {counted(counts.pictures, 'picture')}, {counts.embedded:,} embedded, "
            f"{counts.failed:,} failed, {counts.pending:,} pending"
        )
        lines.append(f"rate: {status.pictures_per_second:.1f} pictures/s, {_eta(status)}")
        if counts.failed:
            lines.append("failed pictures: adgfleet failures list")
        if counts.pending and not status.waiting and not status.running:
            lines.append("pictures are pending and nothing is queued: adgfleet produce")
    versions = _versions(status)
    if len(versions) > 1:
        lines.append("workers of several versions: " + "; ".join(f"{name} {each}" for name, each in versions.items()))
    if status.dead_letters:
        last = status.dead_letters[0]
        at = datetime.datetime.fromtimestamp(float(last.get("at", 0)), datetime.UTC)
        lines.append(
            f"dead letters: {len(status.dead_letters):,}; the last, {at:%Y-%m-%d %H:%M:%S} UTC: {last.get('reason')}"
        )
    for standby, error, advice in status.errors:
        text = " ".join(error.split()).removeprefix(f"{standby}: ")
        lines.append(f"last error of {standby}{_ago(status, standby)}: {text}")
        if advice and advice not in error:
            lines.append(f"  what to do: {advice}")
    return lines


def _versions(status: FleetStatus) -> dict[str, str]:
    """Return the standbys whose live workers have a version, by version."""
    found: dict[str, list[str]] = {}
    for each in status.standbys:
        if each.heartbeat is not None and each.heartbeat.is_live:
            found.setdefault(each.heartbeat.version or "older", []).append(each.name)
    return {version: ", ".join(names) for version, names in sorted(found.items())}


def _ago(status: FleetStatus, standby: str) -> str:
    """Say when a worker's last error was; nothing when its heartbeat does not tell."""
    beats = [each.heartbeat for each in status.standbys if each.name == standby]
    at = beats[0].last_error_at if beats and beats[0] is not None else 0.0
    return f", {duration(max(0.0, status.at - at))} ago" if at else ""


def _eta(status: FleetStatus) -> str:
    eta = status.eta_seconds
    if eta is None:
        return "nothing moves"
    return "nothing pending" if eta == 0 else f"ready in about {duration(eta)}"
