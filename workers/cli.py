"""Commands `worker` and `flower`."""

from __future__ import annotations

import os
import sys

import click

from fleet.console import pass_settings
from fleet.logs import log_to_stderr
from fleet.settings import Settings
from workers.worker import Worker


@click.command()
@click.argument("standby")
@click.option("--sessions", type=click.IntRange(1, 256), help="Ranges embedded at once; default: SESSIONS.")
@pass_settings
def worker(settings: Settings, standby: str, sessions: int | None) -> None:
    """Embed ranges on one standby until stopped; the name is one of STANDBYS.

    Stops on SIGTERM or Ctrl-C after the ranges it is in. Example: adgfleet worker sby1 --sessions 8
    """
    log_to_stderr(settings, standby=standby)
    # Celery warns about root; a container's user is decided elsewhere, and messages are JSON only.
    os.environ.setdefault("C_FORCE_ROOT", "1")
    sys.exit(Worker(settings, standby, sessions=sessions or settings.sessions).run())


@click.command()
@pass_settings
def flower(settings: Settings) -> None:
    """Show the queue's work in a browser, behind FLOWER_USER and FLOWER_PASSWORD.

    Each task shows its ids, its standby, how many pictures and how fast. Example: adgfleet flower
    """
    from workers.flower_page import run_flower  # noqa: PLC0415 - slow to import, and no other command needs it

    run_flower(settings)


commands: list[click.Command] = [worker, flower]
