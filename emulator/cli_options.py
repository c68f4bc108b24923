"""What the commands of `adgfleet emulator` share: which databases are meant, and how failures are told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from emulator.cluster import Cluster, ClusterError
from emulator.cluster_config import FILE_NAME
from emulator.control import ControlError

#: Where `emulator start`, `up` and `demo --keep` keep databases.
DIRECTORIES = (Path("state/emulator"), Path("state/databases"), Path("state/demo/databases"))

#: Of a command with a numeric argument: ``-1`` is a number that is refused as such, not an unknown option.
NUMBERS_BELOW_ZERO = {"ignore_unknown_options": True}


def directory_option(command: click.decorators.FC) -> click.decorators.FC:
    """Add --directory; without it, the databases that run below ``state`` are meant."""
    return click.option(
        "--directory",
        type=click.Path(path_type=Path, file_okay=False),
        help="Where the databases are kept; default: the ones that run, those of `up` included.",
    )(command)


def json_option(command: click.decorators.FC) -> click.decorators.FC:
    """Add --json."""
    return click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")(command)


def switch_argument(command: click.decorators.FC) -> click.decorators.FC:
    """Add an argument ``on`` or ``off``."""
    return click.argument("switch", type=click.Choice(["on", "off"]))(command)


def find_cluster(directory: Path | None, *names: str) -> Cluster:
    """Open the databases that are meant.

    Args:
        directory: What --directory said.
        *names: Names of databases that must be among them.

    Raises:
        click.ClickException: There are none, or several clusters run.
        click.UsageError: A name is unknown.
    """
    cluster = Cluster.open(directory) if directory is not None else _running_cluster()
    instances = cluster.instances
    for name in names:
        if name not in instances:
            raise click.UsageError(f"there is no database {name}; there are {', '.join(instances)}")
    return cluster


def _running_cluster() -> Cluster:
    found = [Cluster.open(each) for each in DIRECTORIES if (each / FILE_NAME).exists()]
    running = [cluster for cluster in found if any(cluster.is_running(name) for name in cluster.instances)]
    if len(running) > 1:
        places = ", ".join(str(cluster.directory) for cluster in running)
        raise click.ClickException(f"databases run in {places}; say which are meant: --directory")
    if not running and len(found) != 1:
        raise click.ClickException("no databases run below state; start them: adgfleet up, or adgfleet emulator start")
    return (running or found)[0]


@contextmanager
def told() -> Iterator[None]:
    """Turn failures of the cluster and its control channels into one line and exit status 1."""
    try:
        yield
    except (ClusterError, ControlError) as error:
        raise click.ClickException(str(error)) from error


def pull(directory: Path | None, name: str, act: Callable[[Cluster], object], done: str) -> None:
    """Do something to one database of the cluster that is meant, and say what is so now."""
    with told():
        act(find_cluster(directory, name))
        click.echo(f"{name} {done}")


def pull_standby(directory: Path | None, name: str, act: Callable[[Cluster], object], done: str) -> None:
    """Do something to a standby; a primary is refused.

    Raises:
        click.ClickException: It is the primary.
    """
    with told():
        if find_cluster(directory, name).config.instance(name).is_primary:
            raise click.ClickException(f"{name} is the primary; this is done to a standby")
    pull(directory, name, act, done)
