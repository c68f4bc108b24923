"""Commands of `adgfleet emulator` that change the roles of databases."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import click

from emulator.broker import Broker, RoleChange
from emulator.cli_options import directory_option, find_cluster, json_option, switch_argument, told

_opening_option = click.option(
    "--opening-seconds",
    type=click.FloatRange(min=0),
    default=0.0,
    show_default=True,
    help="How long the databases stay mounted (ORA-01033), besides the time that the change needs; 25 to 40 is real.",
)


@click.command("switchover")
@directory_option
@click.argument("name")
@click.option("--preserve-sessions", is_flag=True, help="The standby's sessions go on, as sessions of the new primary.")
@_opening_option
@json_option
def switchover(
    directory: Path | None, name: str, *, preserve_sessions: bool, opening_seconds: float, as_json: bool
) -> None:
    """Make a standby the primary, and the primary a standby; no commit is lost.

    Sessions of both end. Services follow the roles.

    Example: adgfleet emulator switchover sby1 --preserve-sessions
    """
    with told():
        broker = Broker(find_cluster(directory, name))
        change = broker.switchover(name, preserve_sessions=preserve_sessions, opening_seconds=opening_seconds)
        _show(change, as_json=as_json)


@click.command("failover")
@directory_option
@click.argument("name")
@_opening_option
@json_option
def failover(directory: Path | None, name: str, *, opening_seconds: float, as_json: bool) -> None:
    """Make a standby the primary because the primary is lost.

    Commits that had not reached the standby are lost. An old primary that has some of them must be reinstated.

    Example: adgfleet emulator failover sby1
    """
    with told():
        change = Broker(find_cluster(directory, name)).failover(name, opening_seconds=opening_seconds)
        _show(change, as_json=as_json)


@click.command("reinstate")
@directory_option
@click.argument("name")
def reinstate(directory: Path | None, name: str) -> None:
    """Make a database a standby again by copying the primary's data, and start it.

    Example: adgfleet emulator reinstate prim
    """
    with told():
        Broker(find_cluster(directory, name)).reinstate(name)
        click.echo(f"{name} is a standby again, with the primary's data")


@click.command("snapshot")
@directory_option
@click.argument("name")
@switch_argument
def snapshot(directory: Path | None, name: str, switch: str) -> None:
    """Convert a standby to a snapshot standby, writable for itself, or back.

    Converted back, it throws away what was written to it and applies the redo that has come in meanwhile.

    Example: adgfleet emulator snapshot sby2 on
    """
    with told():
        Broker(find_cluster(directory, name)).snapshot(name, on=switch == "on")
        click.echo(f"{name} is a {'snapshot' if switch == 'on' else 'physical'} standby")


def _show(change: RoleChange, *, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(dataclasses.asdict(change)))
    else:
        click.echo(
            f"{change.new_primary} is the primary, {change.old_primary} was it up to SCN {change.scn}; "
            f"{change.seconds:.2f} s"
        )


ROLE_COMMANDS: tuple[click.Command, ...] = (switchover, failover, reinstate, snapshot)
