"""The one command line; each package brings its commands."""

from __future__ import annotations

import functools
import importlib
import os
import sys
from importlib import metadata
from pathlib import Path

import click

import adgfleet.operations
import exporter.cli
import loader.cli
import producer.cli
import producer.failures_commands
import report.cli
import search.cli
import workers.cli
from adgfleet.sql_command import sql
from fleet.console import STATUS_INTERRUPTED, STATUS_USAGE, fail
from fleet.settings import Settings, load_settings

#: Commands that need the extra ``demo``, and the module that has them: a production install does not carry it.
_EXTRA_COMMANDS = {
    "demo": "demo.cli",
    "up": "demo.cli",
    "down": "demo.cli",
    "fill": "demo.cli",
    "emulator": "emulator.cli",
    "bench": "benchmarks.cli",
}
#: What ``up`` writes; used when nothing else says which databases are meant.
_STACK_ENV_FILE = Path("state/stack.env")


class _Commands(click.Group):
    """Finds the commands of extras only when they are asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return all names, in the order of a day's work."""
        return [*_EXTRA_COMMANDS, *super().list_commands(ctx)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command; one whose extra is not installed only says so."""
        module = _EXTRA_COMMANDS.get(cmd_name)
        if module is None:
            return super().get_command(ctx, cmd_name)
        try:
            found: list[click.Command] = importlib.import_module(module).commands
        except ModuleNotFoundError as error:
            if error.name is not None and error.name.split(".")[0] in {"benchmarks", "demo", "emulator", "fleet"}:
                raise
            return _missing_extra(cmd_name)
        return next(command for command in found if command.name == cmd_name)


def _missing_extra(name: str) -> click.Command:
    @click.command(
        name,
        help="(needs an extra: pip install '.[demo]')",
        context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
    )
    def missing() -> None:
        fail(
            f"{name} needs the emulator, which is not installed; run in its checkout: pip install '.[demo]'",
            STATUS_USAGE,
        )

    return missing


def _load(env_file: Path | None) -> Settings:
    if (
        env_file is None
        and not Path(".env").is_file()
        and not os.environ.get("DB_DSN")
        and not os.environ.get("STANDBYS")
        and _STACK_ENV_FILE.is_file()
    ):
        env_file = _STACK_ENV_FILE
    return load_settings(env_file)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--env-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings; default: .env here, else those of `adgfleet up`.",
)
@click.version_option(metadata.version("adgfleet"), prog_name="adgfleet")
@click.pass_context
def cli(context: click.Context, env_file: Path | None) -> None:
    """Embed pictures on idle Oracle Active Data Guard standbys, and search them.

    Example: adgfleet demo
    """
    context.obj = functools.lru_cache(maxsize=1)(lambda: _load(env_file))


for _command in [
    *loader.cli.commands,
    *producer.cli.commands,
    *producer.failures_commands.commands,
    *workers.cli.commands,
    *report.cli.commands,
    *search.cli.commands,
    *exporter.cli.commands,
    *adgfleet.operations.commands,
    sql,
]:
    cli.add_command(_command)


def main() -> None:
    """Run a command; Ctrl-C ends in 130, a closed pipe quietly."""
    try:
        status = cli.main(prog_name="adgfleet", standalone_mode=False)
    except click.ClickException as error:
        command = error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx is not None else ""
        hint = f" (see {command} --help)" if command else ""
        fail(f"{error.format_message().rstrip('.')}{hint}", error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        fail("interrupted", STATUS_INTERRUPTED)
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    else:
        sys.exit(status if isinstance(status, int) else 0)
