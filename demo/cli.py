"""Commands `demo`, `up`, `down`, `fill`."""

from __future__ import annotations

import dataclasses
import functools
import signal
from collections.abc import Callable
from pathlib import Path
from typing import ParamSpec

import click

from demo.interrupts import interruptible
from demo.job import JobError, JobPlan, JobResult, run_job
from demo.preparation import fill, prepare_stack
from demo.processes import ProcessFailedError
from demo.redis_server import RedisMissingError
from demo.stack import Stack, StackAddresses, StackError, StackPlan, is_running, open_stack
from emulator.cluster import ClusterError
from emulator.ports import NoFreePortError
from fleet.console import fail, pass_settings, print_json, print_table, reports_errors, say
from fleet.settings import Settings

_UP_DIRECTORY = Path("state")
_DEMO_DIRECTORY = Path("state/demo")

P = ParamSpec("P")


def _reports_failures(command: Callable[P, None]) -> Callable[P, None]:
    """Decorate a command: what goes wrong on this machine becomes one line, too."""

    @functools.wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (StackError, ProcessFailedError, RedisMissingError, ClusterError, NoFreePortError, JobError) as error:
            fail(str(error))

    return reports_errors(guarded)


def _stop(stack: Stack) -> None:
    """Stop a stack; a second Ctrl-C does not leave half of it behind."""
    previous = {number: signal.signal(number, signal.SIG_IGN) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        stack.stop()
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


def _directory_option(default: Path) -> Callable[[click.decorators.FC], click.decorators.FC]:
    return click.option(
        "--directory",
        type=click.Path(path_type=Path, file_okay=False),
        default=default,
        show_default=True,
        help="Where data, logs and secrets are kept.",
    )


@click.command()
@click.option("--pictures", type=click.IntRange(1, 100_000), default=300, show_default=True, help="How many to draw.")
@click.option("--bad", type=click.IntRange(0), default=6, show_default=True, help="How many of them are corrupt.")
@click.option("--standbys", type=click.IntRange(1, 16), default=2, show_default=True)
@click.option("--keep", is_flag=True, help="Leave everything running.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@_directory_option(_DEMO_DIRECTORY)
@_reports_failures
def demo(pictures: int, bad: int, standbys: int, keep: bool, as_json: bool, directory: Path) -> None:
    """Do the whole main job on this machine: emulated databases, fleet, search.

    Example: adgfleet demo --pictures 1000 --bad 20 --standbys 3
    """
    if bad >= pictures:
        raise click.UsageError("--bad must be smaller than --pictures: a picture is blamed only beside a good one")
    stack = Stack(directory, StackPlan(standbys=standbys), say)
    started = False
    with interruptible():
        try:
            stack.check_free()
            started = True
            result = run_job(stack, JobPlan(pictures, bad), say)
            started = not keep
        finally:
            if started:
                say("stopping everything")
                _stop(stack)
    if as_json:
        print_json(result.to_json())
    else:
        _show_result(result)
    if keep:
        say(f"still running; stop it: adgfleet down --directory {directory}")
        say(f"search page: {stack.addresses().search_url}, fleet page: {stack.addresses().search_url}fleet")
        say(f"use it: adgfleet --env-file {stack.env_file} search 'a blue bird'")


def _show_result(result: JobResult) -> None:
    rows = [
        [database.name, database.role.lower(), str(database.embedded), str(database.inferences)]
        for database in result.databases
    ]
    print_table(
        f"{result.pictures} pictures: {result.embedded} embedded, {result.failed} failed, {result.pending} pending, "
        f"in {result.seconds:.1f} s",
        ["database", "role", "pictures embedded", "inferences"],
        rows,
    )
    for text, hits in result.searches:
        print_table(f"“{text}”", ["id", "distance"], [[str(hit.id), f"{hit.distance:.4f}"] for hit in hits])
    click.echo(f"contact sheet: {result.contact_sheet}")
    click.echo(f"report of the run: {result.report}")


@click.command()
@click.option("--standbys", type=click.IntRange(1, 16), default=2, show_default=True)
@click.option("--sessions", type=click.IntRange(1, 64), default=2, show_default=True, help="Of each worker.")
@click.option("--fresh", is_flag=True, help="Begin with empty databases; else those of the last `up` go on.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@_directory_option(_UP_DIRECTORY)
@_reports_failures
def up(standbys: int, sessions: int, fresh: bool, as_json: bool, directory: Path) -> None:
    """Start emulated databases, Redis, workers, Flower and the search page, and leave them running.

    What was loaded stays over `down` and `up`. If the stack runs already, its addresses are shown.
    Example: adgfleet up --standbys 3
    """
    if is_running(directory) and not fresh:
        say(f"a stack already runs in {directory.resolve()}; stop it: adgfleet down")
        stack = open_stack(directory, say)
        if ended := stack.ended():
            raise StackError(f"{', '.join(ended)} of it ended; adgfleet down, then adgfleet up starts all of it again")
    else:
        stack = Stack(directory, StackPlan(standbys=standbys, sessions=sessions), say)
        _start(stack, fresh=fresh)
    addresses = stack.addresses()
    if as_json:
        print_json(dataclasses.asdict(addresses))
    else:
        _show_addresses(addresses)


def _start(stack: Stack, *, fresh: bool) -> None:
    stack.check_free()
    with interruptible():
        try:
            prepare_stack(stack, say, fresh=fresh)
        except BaseException:
            say("stopping what was started")
            _stop(stack)
            raise


def _show_addresses(addresses: StackAddresses) -> None:
    rows = [
        [addresses.primary, "primary", addresses.primary_dsn, addresses.db_user, addresses.db_password_file],
        ["", "as DBA", addresses.primary_dsn, addresses.dba_user, addresses.dba_password_file],
        *(
            [name, "standby", dsn, addresses.db_user, addresses.db_password_file]
            for name, dsn in addresses.standbys.items()
        ),
        ["redis", "queue", f"127.0.0.1:{addresses.redis_port}", "", addresses.redis_password_file],
    ]
    click.echo(f"{'search':7} {'web page':9} {addresses.search_url}")
    click.echo(f"{'fleet':7} {'web page':9} {addresses.search_url}fleet")
    if addresses.flower_url is not None:
        rows.append(["flower", "web page", addresses.flower_url, addresses.flower_user, addresses.flower_password_file])
    for name, what, where, user, password_file in rows:
        click.echo(f"{name:7} {what:9} {where:34} {user and f'user {user}, '}password in {password_file}")
    click.echo(f"settings in {addresses.env_file}")
    say("stop it: adgfleet down")


@click.command()
@_directory_option(_UP_DIRECTORY)
@_reports_failures
def down(directory: Path) -> None:
    """Stop what `adgfleet up` started; what was loaded stays for the next `up`.

    Example: adgfleet down
    """
    _stop(open_stack(directory, say))
    say("stopped")


@click.command("fill")
@click.option(
    "--databases",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Directory of the emulated databases that DB_DSN leads to; any other database is refused.",
)
@click.option("--pictures", type=click.IntRange(1, 100_000), default=300, show_default=True, help="How many to draw.")
@click.option("--bad", type=click.IntRange(0), default=6, show_default=True, help="How many of them are corrupt.")
@pass_settings
@_reports_failures
def fill_command(settings: Settings, databases: Path, pictures: int, bad: int) -> None:
    """Install sql/ and the tiny models in emulated databases, and load pictures; what is there stays.

    Example: adgfleet fill --databases /databases --pictures 300
    """
    if bad >= pictures:
        raise click.UsageError("--bad must be smaller than --pictures: a picture is blamed only beside a good one")
    loaded = fill(settings, databases, pictures=pictures, bad=bad, say=say)
    say(f"loaded {loaded} pictures" if loaded else "there are pictures already; none were loaded")


commands: list[click.Command] = [demo, up, down, fill_command]
