"""Command group `emulator`: databases alone, without the fleet."""

from __future__ import annotations

import secrets
from pathlib import Path

import click

from emulator.cluster import Cluster, ClusterError

_DEFAULT_DIRECTORY = Path("state/emulator")
_DBA_FILE = "dba_password"


def _directory_option(command: click.decorators.FC) -> click.decorators.FC:
    return click.option(
        "--directory",
        type=click.Path(path_type=Path, file_okay=False),
        default=_DEFAULT_DIRECTORY,
        show_default=True,
        help="Where the databases are kept.",
    )(command)


@click.group()
def emulator() -> None:
    """Run an emulated primary and its standbys, for development and rehearsal.

    Example: adgfleet emulator start --standbys 3
    """


@emulator.command("start")
@_directory_option
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
def start(directory: Path, standbys: int, inference_ms: float, redirect_ms: float, redirect_wait: str) -> None:
    """Start the databases of a directory; new ones are made if there are none.

    Example: adgfleet emulator start --standbys 3
    """
    try:
        try:
            cluster = Cluster.open(directory)
        except ClusterError:
            password = secrets.token_urlsafe(18)
            cluster = Cluster.create(
                directory,
                standbys=[f"sby{number}" for number in range(1, standbys + 1)],
                dba_password=password,
                inference_ms=inference_ms,
                redirect_ms=redirect_ms,
                redirect_wait=redirect_wait,
            )
            file = directory / _DBA_FILE
            file.touch(mode=0o600)
            file.write_text(f"{password}\n", encoding="utf-8")
        cluster.start()
    except ClusterError as error:
        raise click.ClickException(str(error)) from error
    _show(cluster)


@emulator.command("stop")
@_directory_option
@click.argument("names", nargs=-1)
def stop(directory: Path, names: tuple[str, ...]) -> None:
    """Stop databases in order: all, or those named.

    Example: adgfleet emulator stop sby1
    """
    cluster = _open(directory, names)
    cluster.stop(names)


@emulator.command("kill")
@_directory_option
@click.argument("name")
def kill(directory: Path, name: str) -> None:
    """End a database at once, as a crash would.

    Example: adgfleet emulator kill sby2
    """
    _open(directory, (name,)).kill(name)


@emulator.command("list")
@_directory_option
def list_(directory: Path) -> None:
    """Show the databases, where they listen and which of them run.

    Example: adgfleet emulator list
    """
    _show(_open(directory, ()))


def _open(directory: Path, names: tuple[str, ...]) -> Cluster:
    try:
        cluster = Cluster.open(directory)
    except ClusterError as error:
        raise click.ClickException(str(error)) from error
    for name in names:
        if name not in cluster.instances:
            raise click.ClickException(f"there is no database {name}; there are {', '.join(cluster.instances)}")
    return cluster


def _show(cluster: Cluster) -> None:
    for name, instance in cluster.instances.items():
        state = "running" if cluster.is_running(name) else "stopped"
        service = f"{instance.pdb}_rw" if instance.is_primary else f"{instance.pdb}_ro"
        click.echo(f"{name:10} {instance.role:17} {state:8} {instance.dsn(service)}")
    password = cluster.directory / _DBA_FILE
    if password.exists():
        click.echo(f"user system, password in {password}")


commands: list[click.Command] = [emulator]
