"""Commands `db install`, `db index`, `load model`, `load pictures`; `db doctor` is in `loader.doctor`."""

from __future__ import annotations

import dataclasses
import sys
from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from fleet.console import STATUS_PARTLY, pass_settings, print_json, say, stderr
from fleet.errors import InputError
from fleet.sessions import Database, session
from fleet.settings import Settings
from loader.accounts import Account, create_account
from loader.doctor.cli import doctor_command
from loader.install import install, recompile, scripts_directory
from loader.models import load_model
from loader.pictures import load_pictures
from loader.vector_index import build_vector_index

#: Rejected files that are listed one by one on a terminal.
_LISTED = 20


@click.group()
def db() -> None:
    """Install the database side, and check it."""


db.add_command(doctor_command)


@db.command("install")
@click.option(
    "--scripts", type=click.Path(path_type=Path, file_okay=False), help="Directory of the scripts, if not sql/."
)
@click.option("--worker-account", metavar="NAME", help="Also an account that can embed, and nothing else.")
@click.option("--search-account", metavar="NAME", help="Also an account that can only read.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@pass_settings
def install_command(
    settings: Settings, scripts: Path | None, worker_account: str | None, search_account: str | None, as_json: bool
) -> None:
    """Create user, tables and procedures on the primary, or upgrade them; run again, it changes nothing that is right.

    An existing installation of the seed is adopted; one of a newer version is refused. The accounts of least privilege
    want their models loaded, and WORKER_PASSWORD or SEARCH_PASSWORD.
    Example: adgfleet db install --worker-account adgworker
    """
    directory = scripts or scripts_directory()
    wanted = {"worker": worker_account, "search": search_account}
    accounts = [Account.checked(settings, role, name) for role, name in wanted.items() if name is not None]
    report = install(settings, directory, say)
    for account in accounts:
        create_account(settings, directory, account, say)
    for name in report.waiting:
        say(f"{name} waits for a model: adgfleet load model FILE --name {settings.image_model}")
    if as_json:
        print_json(
            {
                "user_created": report.user_created,
                "scripts": report.scripts,
                "waiting": report.waiting,
                "version": report.version,
                "version_before": report.version_before,
                **{f"{account.role}_account": account.name for account in accounts},
            }
        )
    else:
        since = "" if report.version_before in {None, report.version} else f", before: {report.version_before}"
        say(f"installed; the database side has version {report.version}{since}")


@db.command("index")
@click.option("--rebuild", is_flag=True, help="Build it anew; searches are exact meanwhile.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@pass_settings
def index_command(settings: Settings, rebuild: bool, as_json: bool) -> None:
    """Build the vector index that `search --approx` uses: IVF, COSINE; after a backfill, on the primary.

    Without it approximate searches are exact. Example: adgfleet db index --rebuild
    """
    with session(Database.primary(settings), module="index") as connection:
        report = build_vector_index(connection, rebuild=rebuild)
    if as_json:
        print_json(dataclasses.asdict(report))
    else:
        verb = "rebuilt" if report.rebuilt else "built"
        say(f"{verb} {report.name} over {report.embeddings:,} embeddings in {report.seconds:.1f} s")


@click.group()
def load() -> None:
    """Load models and pictures into the primary."""


@load.command("model")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", required=True, help="The model's name in SQL, such as clipimg.")
@click.option("--input", "input_name", default="data", show_default=True, help="Name of the graph's input tensor.")
@click.option("--replace", is_flag=True, help="Replace a model of that name.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@pass_settings
def load_model_command(
    settings: Settings, file: Path, name: str, input_name: str, replace: bool, as_json: bool
) -> None:
    """Load an ONNX model; redo brings it to every standby.

    Files of OML4Py call their input `input`. Example: adgfleet load model clip_img.onnx --name clipimg --input input
    """
    with session(Database.primary(settings), module="load model") as connection:
        model = load_model(connection, file, name=name, input_name=input_name, replace=replace)
        recompile(connection, scripts_directory())
    if as_json:
        print_json({"name": model.name, "size_bytes": model.size_bytes, "replaced": model.replaced})
    else:
        say(f"{'replaced' if model.replaced else 'loaded'} model {model.name}, {model.size_bytes:,} bytes")


@load.command("pictures")
@click.argument("directory", type=click.Path(path_type=Path), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@pass_settings
def load_pictures_command(settings: Settings, directory: Path | None, as_json: bool) -> None:
    """Load the picture files of a directory; the file's stem is the id.

    Ids that are there already are skipped. Ends in 3 when files were rejected; the others are loaded then.
    Example: adgfleet load pictures ~/pictures
    """
    if directory is None:
        if settings.image_directory is None:
            raise InputError("name a directory, or set IMAGE_DIRECTORY")
        directory = Path(settings.image_directory)
    with session(Database.primary(settings), module="load pictures") as connection, _progress() as progress:
        task = progress.add_task("pictures", total=None)
        report = load_pictures(
            connection, directory, lambda done, total: progress.update(task, completed=done, total=total)
        )
    if as_json:
        rejected = [{"file": entry.file, "reason": entry.reason} for entry in report.rejected]
        print_json({"loaded": report.loaded, "skipped": report.skipped, "rejected": rejected})
    say(f"loaded {report.loaded}, skipped {report.skipped} that were there, rejected {len(report.rejected)}")
    for entry in report.rejected[:_LISTED]:
        say(f"  rejected {entry.file}: {entry.reason}")
    if len(report.rejected) > _LISTED:
        say(f"  … and {len(report.rejected) - _LISTED} more; --json lists all")
    if report.rejected:
        sys.exit(STATUS_PARTLY)


def _progress() -> Progress:
    """A bar on a terminal, nothing in a pipe (the closing line says it all)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=stderr, disable=not stderr.is_terminal, transient=True)


commands: list[click.Command] = [db, load]
