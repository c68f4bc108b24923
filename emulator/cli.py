"""Command group `emulator`: databases alone, without the fleet, and what can be done to them while they run."""

from __future__ import annotations

import json
import os
import secrets
import sys
import time
from pathlib import Path
from typing import Any

import click

from emulator.cli_options import DIRECTORIES, directory_option, find_cluster, json_option, pull, told
from emulator.cluster import Cluster, ClusterError
from emulator.cluster_config import FILE_NAME
from emulator.control import ControlError, Json
from emulator.fault_commands import FAULT_COMMANDS
from emulator.role_commands import ROLE_COMMANDS

_DBA_FILE = "dba_password"


@click.group()
def emulator() -> None:
    """Run an emulated primary and its standbys, and rehearse faults and role changes.

    Example: adgfleet emulator start --standbys 3
    """


@emulator.command("start")
@directory_option
@click.argument("names", nargs=-1)
@click.option(
    "--standbys", type=click.IntRange(0, 64), default=2, show_default=True, help="How many, for new databases."
)
@click.option("--inference-ms", type=click.FloatRange(min=0), default=0.0, help="Modelled time of an inference.")
@click.option(
    "--redirect-ms", type=click.FloatRange(min=0), default=0.0, help="Modelled time of a redirected statement."
)
@click.option(
    "--redirect-wait",
    type=click.Choice(["commit", "dml"]),
    default="commit",
    show_default=True,
    help="When a redirecting session waits for its redo: as 26ai, or after each statement as 23ai.",
)
def start(
    directory: Path | None,
    names: tuple[str, ...],
    standbys: int,
    inference_ms: float,
    redirect_ms: float,
    redirect_wait: str,
) -> None:
    """Start databases: all, or those named; new ones are made if there are none.

    Example: adgfleet emulator start --standbys 3
    """
    with told():
        if names:
            cluster = find_cluster(directory, *names)
        else:
            directory = directory or DIRECTORIES[0]
            cluster = _open_or_create(
                directory,
                standbys,
                inference_ms=inference_ms,
                redirect_ms=redirect_ms,
                redirect_wait=redirect_wait,
            )
        cluster.start(names)
        _show(cluster)


def _open_or_create(
    directory: Path,
    standbys: int,
    **settings: Any,  # noqa: ANN401 - fields of InstanceConfig, checked by it
) -> Cluster:
    try:
        return Cluster.open(directory)
    except ClusterError:
        password = secrets.token_urlsafe(18)
        names = [f"sby{number}" for number in range(1, standbys + 1)]
        cluster = Cluster.create(directory, standbys=names, dba_password=password, **settings)
        file = directory / _DBA_FILE
        file.touch(mode=0o600)
        file.write_text(f"{password}\n", encoding="utf-8")
        return cluster


@emulator.command("create")
@directory_option
@click.argument("databases", nargs=-1, required=True, metavar="NAME=HOST…")
@click.option(
    "--dba-password-file",
    type=click.Path(path_type=Path, dir_okay=False, exists=True),
    required=True,
    help="File with the password that user SYSTEM gets.",
)
def create(directory: Path | None, databases: tuple[str, ...], dba_password_file: Path) -> None:
    """Make empty databases for hosts of their own, such as containers that share the directory; start none.

    The first is the primary. Each listens on its host's ports 1521 to 1523. What is there already is kept.

    Example: adgfleet emulator create prim=host1 sby1=host2 --dba-password-file dba_password
    """
    directory = directory or DIRECTORIES[0]
    hosts = {}
    for entry in databases:
        name, separator, host = entry.partition("=")
        if not (name and separator and host):
            raise click.UsageError(f"{entry!r} is not NAME=HOST")
        hosts[name] = host
    with told():
        if (directory / FILE_NAME).exists():
            there = {name: instance.host for name, instance in Cluster.open(directory).instances.items()}
            if there != hosts:
                raise ClusterError(f"{directory} has other databases: {_pairs(there)}; delete the directory's content")
            click.echo(f"kept: {_pairs(there)}")
            return
        password = dba_password_file.read_text(encoding="utf-8").strip()
        primary, *standbys = hosts
        Cluster.create(directory, primary=primary, standbys=standbys, dba_password=password, hosts=hosts)
        click.echo(f"made: {_pairs(hosts)}")


def _pairs(hosts: dict[str, str]) -> str:
    return " ".join(f"{name}={host}" for name, host in hosts.items())


@emulator.command("run")
@directory_option
@click.argument("name")
def run(directory: Path | None, name: str) -> None:
    """Be one database, in the foreground, until SIGTERM or Ctrl-C: the process of a container.

    Example: adgfleet emulator run sby1 --directory /databases
    """
    with told():
        directory = find_cluster(directory, name).directory
    os.execv(sys.executable, [sys.executable, "-m", "emulator.instance_process", str(directory), name])  # noqa: S606


@emulator.command("stop")
@directory_option
@click.argument("names", nargs=-1)
def stop(directory: Path | None, names: tuple[str, ...]) -> None:
    """Stop databases in order: all, or those named.

    Example: adgfleet emulator stop sby1
    """
    with told():
        cluster = find_cluster(directory, *names)
        cluster.stop(names)
        click.echo(f"stopped: {', '.join(names or cluster.instances)}")


@emulator.command("kill")
@directory_option
@click.argument("name")
def kill(directory: Path | None, name: str) -> None:
    """End a database at once, as a crash would.

    Example: adgfleet emulator kill sby2
    """
    pull(directory, name, lambda cluster: cluster.kill(name), "has ended; start it: adgfleet emulator start " + name)


@emulator.command("freeze")
@directory_option
@click.argument("name")
@click.option("--seconds", type=click.FloatRange(min=0), help="Thaw it after that time, and return then.")
def freeze(directory: Path | None, name: str, seconds: float | None) -> None:
    """Stop a database in the middle of whatever it does; its connections stay open and get no answer.

    Example: adgfleet emulator freeze sby1 --seconds 10
    """
    with told():
        cluster = find_cluster(directory, name)
        cluster.freeze(name)
        click.echo(f"{name} is frozen; let it go on: adgfleet emulator thaw {name}")
        if seconds is not None:
            try:
                time.sleep(seconds)
            finally:
                cluster.thaw(name)
                click.echo(f"{name} goes on")


@emulator.command("thaw")
@directory_option
@click.argument("name")
def thaw(directory: Path | None, name: str) -> None:
    """Let a frozen database go on where it stopped.

    Example: adgfleet emulator thaw sby1
    """
    with told():
        cluster = find_cluster(directory, name)
        was_frozen = cluster.state(name) == "frozen"
        cluster.thaw(name)
        click.echo(f"{name} goes on" if was_frozen else f"{name} was not frozen: it is {cluster.state(name)}")


@emulator.command("list")
@directory_option
@json_option
def list_(directory: Path | None, *, as_json: bool) -> None:
    """Show the databases: role, state, apply lag, what is injected, where they listen.

    Example: adgfleet emulator list --json
    """
    with told():
        cluster = find_cluster(directory)
        if as_json:
            click.echo(json.dumps([_record(cluster, name) for name in cluster.instances], indent=2))
        else:
            _show(cluster)


def _record(cluster: Cluster, name: str) -> dict[str, Json]:
    instance = cluster.config.instance(name)
    record: dict[str, Json] = {
        "name": name,
        "role": instance.role,
        "state": cluster.state(name),
        "dsn": instance.dsn(instance.role_service),
    }
    if record["state"] == "running":
        try:
            record |= cluster.levers(name).status()
        except ControlError as error:  # it may have ended, or be frozen by somebody else, since
            record["state"] = str(error)
    return record


def _show(cluster: Cluster) -> None:
    for name in cluster.instances:
        record = _record(cluster, name)
        lag = record.get("apply_lag_seconds")
        notes = [] if lag is None else [f"lag {lag:.0f} s"]
        notes += [f"{fault} {value}" for fault, value in record.get("faults", {}).items()]
        click.echo(f"{name:10} {record['role']:16} {record['state']:8} {record['dsn']:28} {', '.join(notes)}".rstrip())
    password = cluster.directory / _DBA_FILE
    if password.exists():
        click.echo(f"user system, password in {password}")


for _command in (*ROLE_COMMANDS, *FAULT_COMMANDS):
    emulator.add_command(_command)

commands: list[click.Command] = [emulator]
