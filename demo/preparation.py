"""Makes a stack ready for pictures: databases up, ``sql/`` installed, models loaded, workers waiting."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from demo.stack import Stack
from fleet.sessions import Database, session
from fleet.settings import Settings, load_settings
from loader.install import install, recompile, scripts_directory
from loader.models import load_model, model_exists

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
    say("installing sql/ on the primary")
    install(settings, scripts_directory(), say)
    say("loading the models clipimg and cliptxt")
    with session(Database.primary(settings), module="demo") as connection:
        for file, name in (("image.onnx", settings.image_model), ("text.onnx", settings.text_model)):
            if not model_exists(connection, name):
                load_model(connection, MODELS / file, name=name, input_name="data", replace=False)
        recompile(connection, scripts_directory())
    stack.start_fleet()
    return stack_settings(stack)
