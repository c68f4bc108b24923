"""Commands of `adgfleet emulator` that make something go wrong in a running database."""

from __future__ import annotations

from pathlib import Path

import click

from emulator.cli_options import (
    NUMBERS_BELOW_ZERO,
    directory_option,
    find_cluster,
    pull,
    pull_standby,
    switch_argument,
    told,
)
from emulator.faults import CUT_POINTS, ERROR_POINTS

#: What a database does now, by the switch.
_REFUSES = {"on": "refuses new connections", "off": "takes new connections"}
_DEAF = {"on": "answers nobody", "off": "answers again"}
_APPLIES = {"on": "applies redo", "off": "applies no redo"}


@click.command("refuse")
@directory_option
@click.argument("name")
@switch_argument
def refuse(directory: Path | None, name: str, switch: str) -> None:
    """Make a database's listener refuse new connections (ORA-12528), or take them again.

    Example: adgfleet emulator refuse sby1 on
    """
    pull(directory, name, lambda cluster: cluster.levers(name).refuse(on=switch == "on"), _REFUSES[switch])


@click.command("deaf")
@directory_option
@click.argument("name")
@switch_argument
def deaf(directory: Path | None, name: str, switch: str) -> None:
    """Make a database accept connections and never answer, as a network that swallows packets.

    Sessions that are there get no answers either. Taken back, everything goes on.

    Example: adgfleet emulator deaf sby1 on
    """
    pull(directory, name, lambda cluster: cluster.levers(name).deaf(on=switch == "on"), _DEAF[switch])


@click.command("cut")
@directory_option
@click.argument("name")
@click.option("--calls", type=click.IntRange(min=0), help="Cut those of the next N calls instead; 0: of none any more.")
@click.option(
    "--at",
    "point",
    type=click.Choice(CUT_POINTS),
    default="answer",
    show_default=True,
    help="With --calls: before a call's work, or after it (a commit stands then) and before its answer.",
)
def cut(directory: Path | None, name: str, calls: int | None, point: str) -> None:
    """Cut all connections of a database now, in the middle of their calls.

    Example: adgfleet emulator cut sby1 --calls 3
    """
    with told():
        levers = find_cluster(directory, name).levers(name)
        if calls is None:
            click.echo(f"{levers.cut()} connections cut")
        else:
            levers.cut_calls(calls, point)
            click.echo(f"{name} cuts the connections of the next {calls} calls" if calls else f"{name} cuts none")


@click.command("lag", context_settings=NUMBERS_BELOW_ZERO)
@directory_option
@click.argument("name")
@click.argument("seconds", type=click.FloatRange(min=0))
def lag(directory: Path | None, name: str, seconds: float) -> None:
    """Apply redo on a standby that much later than it was committed.

    Example: adgfleet emulator lag sby1 30
    """
    pull_standby(directory, name, lambda cluster: cluster.levers(name).lag(seconds), f"applies redo {seconds:g} s late")


@click.command("apply")
@directory_option
@click.argument("name")
@switch_argument
def apply(directory: Path | None, name: str, switch: str) -> None:
    """Stop or start redo apply on a standby; redo is received all the same.

    Example: adgfleet emulator apply sby1 off
    """
    pull_standby(directory, name, lambda cluster: cluster.levers(name).apply(on=switch == "on"), _APPLIES[switch])


@click.command("slow-commit", context_settings=NUMBERS_BELOW_ZERO)
@directory_option
@click.argument("name")
@click.argument("seconds", type=click.FloatRange(min=0))
def slow_commit(directory: Path | None, name: str, seconds: float) -> None:
    """Make redirected commits of a standby take that long.

    Example: adgfleet emulator slow-commit sby1 13.8
    """
    done = f"takes {seconds:g} s for each redirected commit" if seconds else "commits as fast as it can"
    pull_standby(directory, name, lambda cluster: cluster.levers(name).slow_commit(seconds), done)


@click.command("ora")
@directory_option
@click.argument("name")
@click.argument("code", type=click.IntRange(1, 99_999))
@click.option("--count", type=click.IntRange(min=0), default=1, show_default=True, help="How often; 0: no more.")
@click.option(
    "--at",
    "point",
    type=click.Choice(ERROR_POINTS),
    help="Which statements; default: redirected DML for 16397, queries for 3172, else any.",
)
def ora(directory: Path | None, name: str, code: int, count: int, point: str | None) -> None:
    """Raise an Oracle error in the next statements.

    Example: adgfleet emulator ora sby1 16397 --count 5
    """
    with told():
        met = find_cluster(directory, name).levers(name).raise_error(code, count, point)
        click.echo(f"ORA-{code:05d} in the next {count} statements of kind {met}" if count else "no errors any more")


@click.command("bad-picture-code")
@directory_option
@click.argument("name")
@click.argument("code", type=click.UNPROCESSED)
def bad_picture_code(directory: Path | None, name: str, code: str) -> None:
    """Make corrupt pictures raise another code: a number, `random`, or `usual`.

    No public source names Oracle's; nobody may decide by it.

    Example: adgfleet emulator bad-picture-code sby1 random
    """
    if code not in {"random", "usual"} and not code.isdecimal():
        raise click.BadParameter(f"{code} is neither a code nor random nor usual")
    wanted = None if code == "usual" else code if code == "random" else int(code)
    raised = "the usual code" if wanted is None else "random codes" if code == "random" else f"ORA-{int(code):05d}"
    done = f"raises {raised} for corrupt pictures"
    pull(directory, name, lambda cluster: cluster.levers(name).bad_picture_code(wanted), done)


FAULT_COMMANDS: tuple[click.Command, ...] = (
    refuse,
    deaf,
    cut,
    lag,
    apply,
    slow_commit,
    ora,
    bad_picture_code,
)
