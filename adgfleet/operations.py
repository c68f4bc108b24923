"""Operators' commands: `status`, `pause`, `resume`, `drain`, `scale`.

A wish is kept in Redis and outlives the worker; each command waits until the worker has obeyed, and says what came of
it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import click
import redis
from rich.console import RenderableType
from rich.live import Live
from rich.text import Text

from adgfleet.status_view import render_status
from fleet.console import counted, fail, pass_settings, print_json, say, stdout
from fleet.errors import InputError
from fleet.heartbeat import Heartbeat, WorkerState
from fleet.settings import Settings
from fleet.state import FleetState
from fleet.status import StatusReader
from fleet.stop_signals import stopped_by_signals

#: A worker reads wishes with each heartbeat, every second; after so long it is said that it has not obeyed, seconds.
_OBEY_SECONDS = 10.0
_POLL_SECONDS = 0.1

_json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.command()
@click.option("--watch", "watching", is_flag=True, help="Show it again and again until Ctrl-C.")
@click.option(
    "--every", type=click.FloatRange(min=0.1), default=1.0, show_default=True, help="Seconds between two looks."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; with --watch one for each look.")
@pass_settings
def status(settings: Settings, watching: bool, every: float, as_json: bool) -> None:
    """Show every standby, the queue, what is pending, and what is wrong.

    Embedded and failed of a standby count since its worker started; the tables are the truth, counted every 10 s.
    Example: adgfleet status --watch
    """
    state = FleetState(settings)
    state.check()
    reader = StatusReader(settings, state)
    if not watching:
        found = reader.read()
        if as_json:
            print_json(found.to_json())
        else:
            stdout.print(render_status(found))
        return
    stopping = threading.Event()
    with stopped_by_signals(stopping.set):
        if as_json or not stdout.is_terminal:
            _print_again_and_again(reader, stopping, every, as_json=as_json)
        else:
            _show_live(reader, stopping, every)


def _print_again_and_again(
    reader: StatusReader, stopping: threading.Event, every_seconds: float, *, as_json: bool
) -> None:
    while not stopping.is_set():
        try:
            found = reader.read()
        except redis.RedisError as error:
            say(_no_redis(error))
        else:
            if as_json:
                print_json(found.to_json())
            else:
                stdout.print(render_status(found))
                stdout.file.flush()
        stopping.wait(every_seconds)


def _show_live(reader: StatusReader, stopping: threading.Event, every_seconds: float) -> None:
    def look() -> RenderableType:
        try:
            return render_status(reader.read())
        except redis.RedisError as error:
            return Text(_no_redis(error))

    with Live(look(), console=stdout, auto_refresh=False, screen=True) as live:
        while not stopping.wait(every_seconds):
            live.update(look(), refresh=True)


def _no_redis(error: redis.RedisError) -> str:
    return f"Redis does not answer ({type(error).__name__}: {error}); looking again"


@click.command()
@click.argument("standby")
@_json_option
@pass_settings
def pause(settings: Settings, standby: str, as_json: bool) -> None:
    """Let a standby's worker take no more ranges; what it is in goes on for STOP_GRACE, then is handed over.

    The pause outlives a restart of the worker, until `adgfleet resume`. Example: adgfleet pause sby1
    """
    state = _state(settings, standby)
    state.pause(standby)
    _obeyed(state, standby, lambda beat: beat.state == WorkerState.PAUSED, "pause", as_json=as_json)


@click.command()
@click.argument("standby")
@_json_option
@pass_settings
def drain(settings: Settings, standby: str, as_json: bool) -> None:
    """Pause a standby's worker, and wait until no range and no session of it is left there, for maintenance.

    Ends in 1 when that takes much longer than STOP_GRACE. `adgfleet resume` undoes it. Example: adgfleet drain sby1
    """
    state = _state(settings, standby)
    state.drain(standby)
    _obeyed(
        state,
        standby,
        lambda beat: beat.state == WorkerState.PAUSED and beat.busy == 0 and beat.open_sessions == 0,
        "drain",
        as_json=as_json,
        # The guard's session is closed when its next question is due.
        seconds=settings.stop_grace + settings.probe_interval + _OBEY_SECONDS,
    )


@click.command()
@click.argument("standby")
@_json_option
@pass_settings
def resume(settings: Settings, standby: str, as_json: bool) -> None:
    """Let a paused or drained standby's worker take ranges again, also one that had paused itself.

    Example: adgfleet resume sby1
    """
    state = _state(settings, standby)
    state.resume(standby)
    _obeyed(
        state,
        standby,
        lambda beat: beat.is_serving,
        "resume",
        as_json=as_json,
        # A standby that lags or cannot be reached is not the wish's fault.
        suffices=lambda beat: beat.state != WorkerState.PAUSED,
    )


@click.command(context_settings={"ignore_unknown_options": True})  # -1 is a number that is too small, no option
@click.argument("standby")
@click.argument("sessions", type=click.IntRange(min=0))
@_json_option
@pass_settings
def scale(settings: Settings, standby: str, sessions: int, as_json: bool) -> None:
    """Let a standby's worker embed so many ranges at once, without a restart; 0: as many as it was started with.

    Example: adgfleet scale sby1 8
    """
    state = _state(settings, standby)
    beat = state.live_workers().get(standby)
    limit = settings.sessions_limit if beat is None else beat.sessions_limit
    if sessions > limit:
        raise InputError(f"{standby} can have {limit} sessions at most; restart its worker with --sessions {sessions}")
    state.scale(standby, sessions)
    _obeyed(state, standby, lambda beat: sessions in {0, beat.sessions}, "scale", as_json=as_json)


def _state(settings: Settings, standby: str) -> FleetState:
    """Return the fleet's state, once it is sure that there is such a standby and that Redis answers."""
    settings.standby_dsn(standby)
    state = FleetState(settings)
    state.check()
    return state


def _obeyed(
    state: FleetState,
    standby: str,
    has_obeyed: Callable[[Heartbeat], bool],
    wish: str,
    *,
    as_json: bool,
    seconds: float = _OBEY_SECONDS,
    suffices: Callable[[Heartbeat], bool] | None = None,
) -> None:
    """Wait until a worker has done what was wished, and report; ends in 1 when it has not.

    Args:
        state: Where heartbeats are.
        standby: Whose worker.
        has_obeyed: Whether a heartbeat shows it.
        wish: The command.
        as_json: Whether to print one JSON object, too.
        seconds: Longest wait.
        suffices: What is enough after that wait, if less than ``has_obeyed`` is.
    """
    deadline = time.monotonic() + seconds
    before = state.live_workers().get(standby)
    while True:
        beat = state.live_workers().get(standby)
        # A heartbeat of before the wish proves nothing; only the worker's own clock is asked.
        obeyed = beat is not None and before is not None and beat.at > before.at and has_obeyed(beat)
        if obeyed or beat is None:
            break
        if time.monotonic() >= deadline:
            obeyed = suffices is not None and before is not None and beat.at > before.at and suffices(beat)
            break
        time.sleep(_POLL_SECONDS)
    if as_json:
        known = {}
        if beat is not None:
            known = {"state": beat.state, "sessions": beat.sessions, "busy": beat.busy, "open": beat.open_sessions}
        print_json({"standby": standby, "wish": wish, "obeyed": obeyed, "live": beat is not None, **known})
    if beat is None:
        say(f"{standby} has no live worker; its next one will find the wish to {wish}")
        return
    now = f"{standby} is {beat.state} with {counted(beat.sessions, 'session')}, {beat.busy} busy"
    if wish == "drain":
        now = f"{standby} is {beat.state} with {beat.open_sessions or 'no'} sessions open there, {beat.busy} busy"
    if not obeyed:
        fail(f"{now}; it has not come to {wish} within {seconds:g} s, but the wish stands: see adgfleet status")
    say(now + (f" ({beat.state_reason})" if beat.state_reason else ""))


commands: list[click.Command] = [status, pause, resume, drain, scale]
