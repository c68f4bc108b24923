"""The process of one instance: ``python -m emulator.instance_process DIRECTORY NAME``.

It writes ``NAME.ready`` beside its data when clients can connect, and ends in order at SIGTERM.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from pathlib import Path

from emulator.cluster_config import load_cluster_config
from emulator.control import ControlServer
from emulator.dataguard import DataGuard
from emulator.dataguard.redo_transport import RedoTransport
from emulator.faults import Faults
from emulator.inference import InferenceService
from emulator.instance import Instance, prepare_connection
from emulator.instance_control import make_commands
from emulator.instance_roles import InstanceRoles
from emulator.server import Server
from emulator.startup_triggers import fire_startup_triggers
from emulator.store import Store

#: Threads of pure Python would make each return from SQLite wait a whole interval, with the latch held.
#: Source: measured, facts on the store: 32 sessions beside one busy thread 12.5 s at 5 ms, 0.8 s at 0.1 ms.
_SWITCH_INTERVAL_SECONDS = 0.0001
_DATA_SUFFIX = ".db"
_READY_SUFFIX = ".ready"


def data_path(directory: Path, name: str) -> Path:
    """Return where an instance keeps its data."""
    return directory / f"{name}{_DATA_SUFFIX}"


def ready_path(directory: Path, name: str) -> Path:
    """Return the file that tells that an instance takes connections."""
    return directory / f"{name}{_READY_SUFFIX}"


def run(directory: Path, name: str) -> None:
    """Run an instance until SIGTERM or SIGINT."""
    sys.setswitchinterval(_SWITCH_INTERVAL_SECONDS)
    cluster = load_cluster_config(directory)
    config = cluster.instance(name)
    stopping = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stopping.set())
    store = Store(data_path(directory, name), on_connect=prepare_connection, writable=False)
    others = tuple(instance.name for instance in cluster.instances if instance.name != name)
    transport = RedoTransport(
        store, host=config.host, port=config.redo_port, secret=cluster.redo_secret, standbys=others
    )
    dataguard = DataGuard(transport=transport, redirect_ms=config.redirect_ms)
    faults = Faults()
    inference = InferenceService(config.inference_processes, config.inference_deadline_seconds, faults)
    instance = Instance(config, store, dataguard, inference, faults)
    server = Server(
        instance,
        host=config.host,
        port=config.port,
        field_version=config.field_version,
        fast_auth=config.fast_auth,
        end_of_response=config.end_of_response,
        faults=faults,
    )
    roles = InstanceRoles(directory, instance, server)
    commands = make_commands(instance, server, roles)
    control = ControlServer(config.host, config.control_port, cluster.control_secret, commands)
    roles.start()
    dataguard.start()
    server.start()
    fire_startup_triggers(instance)
    control.start()
    ready = ready_path(directory, name)
    ready.write_text(f"{os.getpid()}\n", encoding="utf-8")
    logging.getLogger("emulator").info("%s is open as %s on port %d", name, instance.role_name, server.port)
    stopping.wait()
    ready.unlink(missing_ok=True)
    control.stop()
    roles.stop()
    faults.set_deaf(on=False)
    server.stop()
    inference.stop()
    dataguard.stop()
    store.close()


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    run(Path(sys.argv[1]), sys.argv[2])
