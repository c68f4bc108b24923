"""Makes a stack ready for pictures: databases up, ``sql/`` installed, models loaded, workers waiting."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from demo.drawing.album import write_album
from demo.stack import Stack
from emulator.cluster import Cluster
from fleet.errors import InputError
from fleet.sessions import Connection, Database, session
from fleet.settings import Settings, load_settings
from fleet.statements import statement
from loader.install import install, recompile, scripts_directory
from loader.models import load_model, model_exists
from loader.pictures import load_pictures

#: The two ONNX files of the demo.
MODELS = Path(__file__).parent / "model"


def stack_settings(stack: Stack) -> Settings:
    """Return a stack's settings; the process's environment does not count."""
    return load_settings(stack.env_file, environment={})


def prepare_stack(stack: Stack, say: Callable[[str], None], *, fresh: bool) -> Settings:
    """Start everything and fill in what every run needs.

    Args:
        stack: What to start.
        say: Told what is being done.
        fresh: Begin with empty databases; else go on with those that an earlier stack left.

    Raises:
        StackError, ProcessFailedError, RedisMissingError, ClusterError: A part does not start.
        FleetError: The installation failed.
    """
    stack.start_services(fresh=fresh)
    settings = stack_settings(stack)
    install_all(settings, say)
    stack.start_fleet()
    return stack_settings(stack)


def install_all(settings: Settings, say: Callable[[str], None]) -> None:
    """Install ``sql/`` and the two tiny models; what is there stays.

    Raises:
        FleetError: The installation failed.
    """
    say("installing sql/ on the primary")
    install(settings, scripts_directory(), say)
    say("loading the models clipimg and cliptxt")
    with session(Database.primary(settings), module="demo") as connection:
        for file, name in (("image.onnx", settings.image_model), ("text.onnx", settings.text_model)):
            if not model_exists(connection, name):
                load_model(connection, MODELS / file, name=name, input_name="data", replace=False)
        recompile(connection, scripts_directory())


def fill(settings: Settings, databases: Path, *, pictures: int, bad: int, say: Callable[[str], None]) -> int:
    """Install everything in emulated databases and load an album; return how many pictures were loaded.

    Pictures that are there already stay, and nothing is loaded then.

    Raises:
        ClusterError: There are no emulated databases in the directory.
        InputError: DB_DSN leads elsewhere: nothing was connected to.
        FleetError: The installation failed.
    """
    cluster = Cluster.open(databases)
    dsn = str(settings.require("db_dsn"))
    wanted = set(dsn.partition("/")[0].split(","))
    known = {f"{instance.host}:{instance.port}" for instance in cluster.instances.values()}
    if not wanted <= known:
        raise InputError(
            f"DB_DSN={dsn} is not one of the emulated databases in {databases} ({', '.join(sorted(known))}); "
            "the settings are those of another site: look into .env"
        )
    install_all(settings, say)
    with session(Database.primary(settings), module="demo") as connection:
        if _count(connection):
            return 0
        with tempfile.TemporaryDirectory() as album:
            say(f"drawing {pictures} pictures, {bad} of them corrupt")
            write_album(Path(album), pictures=pictures, bad=bad)
            return load_pictures(connection, Path(album), lambda _done, _total: None).loaded


def _count(connection: Connection) -> int:
    with connection.cursor() as cursor:
        cursor.execute(statement("table_counts"))
        return int(cursor.fetchone()[0])
