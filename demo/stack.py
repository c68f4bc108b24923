"""The local stack: an own Redis, the emulated databases, a worker for each standby, Flower, the search page.

Everything it keeps is below one directory: data, logs, secrets (readable by the owner only), and ``stack.json``, from
which another command finds the processes again.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import secrets
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from demo.interrupts import uninterrupted
from demo.processes import Process, says_ready, start_process, stop_processes, wait_until_ready
from demo.redis_server import find_redis_server, start_redis, wait_until_answers
from emulator.cluster import Cluster
from emulator.cluster_config import FILE_NAME as CLUSTER_FILE
from emulator.ports import free_port
from fleet.console import counted
from fleet.settings import without_settings

_READY_SECONDS = 60.0
#: Longer than a worker needs to finish the batch that it is in.
_STOP_SECONDS = 20.0
_STATE_FILE = "stack.json"
_MODEL_FACTS = Path(__file__).parent / "model" / "model.json"


class StackError(Exception):
    """The stack cannot be started or found; the text says what to do."""


@dataclass(frozen=True, slots=True)
class StackPlan:
    """What to start."""

    standbys: int = 2
    #: Ranges that a worker embeds at once.
    sessions: int = 2
    flower: bool = True


@dataclass(frozen=True, slots=True)
class StackAddresses:
    """Where the parts of a running stack are; never a password, only where it is kept."""

    directory: str
    env_file: str
    primary: str
    primary_dsn: str
    standbys: dict[str, str]
    db_user: str
    db_password_file: str
    dba_user: str
    dba_password_file: str
    redis_port: int
    redis_password_file: str
    search_url: str
    flower_url: str | None
    flower_user: str
    flower_password_file: str


class Stack:
    """The stack below one directory."""

    def __init__(self, directory: Path, plan: StackPlan, say: Callable[[str], None]) -> None:
        """Prepare a stack; nothing is started yet.

        Args:
            directory: Where everything is kept; made if it is missing.
            plan: What to start.
            say: Told what is being done, one line each.
        """
        self.directory = directory.resolve()
        self.plan = plan
        self.cluster: Cluster | None = None
        self._say = say
        self._processes: list[Process] = []
        self._redis_port = 0
        self._flower_port = 0
        self._search_port = 0

    # ------------------------------------------------------------------ starting

    def check_free(self) -> None:
        """Refuse to start over a running stack.

        Raises:
            StackError: One runs there already.
        """
        if is_running(self.directory):
            raise StackError(
                f"a stack already runs in {self.directory}; stop it first: adgfleet down --directory {self.directory}"
            )

    def start_services(self, *, fresh: bool) -> None:
        """Start Redis and the databases; they answer when this returns.

        Args:
            fresh: Begin with empty databases and an empty queue; else go on with what an earlier stack left here.

        Raises:
            StackError: A stack runs there already, or was made with another number of standbys.
            ProcessFailedError, RedisMissingError: A part does not start.
        """
        self.check_free()
        databases = self.directory / "databases"
        goes_on = not fresh and (databases / CLUSTER_FILE).exists()
        if goes_on:
            self.cluster = Cluster.open(databases)
            self._check_standbys(len(self.cluster.instances) - 1)
        self.directory.mkdir(parents=True, exist_ok=True)
        for name in ("secrets", "logs"):
            (self.directory / name).mkdir(mode=0o700, exist_ok=True)
        for name in ("db", "dba", "redis", "flower"):
            if not goes_on or not self._secret_file(name).exists():
                self._write_secret(name, secrets.token_urlsafe(18))
        self._start_redis(fresh=not goes_on)
        self._say(f"starting the emulated databases: prim and {counted(self.plan.standbys, 'standby')}")
        if self.cluster is None:
            standbys = tuple(f"sby{number}" for number in range(1, self.plan.standbys + 1))
            self.cluster = Cluster.create(databases, standbys=standbys, dba_password=self._secret("dba"), replace=True)
        self._save()
        with uninterrupted():
            self.cluster.start()
        self._flower_port = free_port() if self.plan.flower else 0
        self._search_port = free_port()
        self._write_env_file()
        self._save()

    def _check_standbys(self, there: int) -> None:
        if there != self.plan.standbys:
            raise StackError(
                f"{self.directory} has {counted(there, 'standby')}, not {self.plan.standbys}; "
                f"go on with them: --standbys {there}, or begin anew, without its pictures: --fresh"
            )

    def start_fleet(self) -> None:
        """Start a worker for each standby, Flower and the search page; the schema must be installed."""
        assert self.cluster is not None  # noqa: S101 - start_services() came first
        standbys = [name for name, instance in self.cluster.instances.items() if instance.role != "PRIMARY"]
        self._say(f"starting {len(standbys)} workers with {self.plan.sessions} sessions each")
        workers = []
        for name in standbys:
            command = ["worker", name, "--sessions", str(self.plan.sessions)]
            workers.append(self._start_command(f"worker-{name}", command))
        if self.plan.flower:
            workers.append(self._start_command("flower", ["flower"]))
        workers.append(self._start_command("search", ["serve"]))
        self._save()
        for process in workers:
            wait_until_ready(process, functools.partial(self._is_ready, process), deadline_seconds=_READY_SECONDS)

    def _start_redis(self, *, fresh: bool) -> None:
        program = find_redis_server()
        self._redis_port = free_port()
        self._say(f"starting Redis ({program.name}) on port {self._redis_port}")
        data = self.directory / "redis"
        if fresh and data.exists():
            shutil.rmtree(data)
        data.mkdir(mode=0o700, exist_ok=True)
        with uninterrupted():
            process = start_redis(data, log=self._log("redis"), port=self._redis_port, password=self._secret("redis"))
            self._processes.append(process)
        self._save()
        wait_until_answers(
            process, port=self._redis_port, password=self._secret("redis"), deadline_seconds=_READY_SECONDS
        )

    def _start_command(self, name: str, arguments: list[str]) -> Process:
        return self._start(name, [sys.executable, "-m", "adgfleet", "--env-file", str(self.env_file), *arguments])

    def _start(self, name: str, command: list[str]) -> Process:
        environment = without_settings(os.environ)
        with uninterrupted():  # a process that nobody has noted would be left running
            process = start_process(name, command, log=self._log(name), environment=environment)
            self._processes.append(process)
        return process

    def _is_ready(self, process: Process) -> bool:
        if process.name == "flower":
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{self._flower_port}/healthcheck", timeout=1) as answer:
                    return bool(answer.status == 200)
            except (urllib.error.URLError, OSError):
                return False
        return says_ready(process)

    # ------------------------------------------------------------------ stopping

    def stop(self) -> None:
        """Stop everything that was started: the fleet first, then databases and Redis."""
        fleet = [process for process in self._processes if process.name != "redis"]
        stop_processes(fleet, grace_seconds=_STOP_SECONDS)
        if self.cluster is not None:
            self.cluster.stop()
        stop_processes([process for process in self._processes if process.name == "redis"], grace_seconds=_STOP_SECONDS)
        (self.directory / _STATE_FILE).unlink(missing_ok=True)

    def ended(self) -> list[str]:
        """Return the names of the parts that were started and run no longer."""
        names = [process.name for process in self._processes if not process.is_alive()]
        if self.cluster is not None:
            names += [name for name in self.cluster.instances if not self.cluster.is_running(name)]
        return names

    # ------------------------------------------------------------------ what is where

    @property
    def env_file(self) -> Path:
        """Settings of this stack, for ``adgfleet --env-file``."""
        return self.directory / "stack.env"

    def addresses(self) -> StackAddresses:
        """Say where everything is."""
        assert self.cluster is not None  # noqa: S101 - start_services() came first
        return StackAddresses(
            directory=str(self.directory),
            env_file=str(self.env_file),
            primary=self._primary_name(),
            primary_dsn=self._primary_dsn(),
            standbys=self._standby_dsns(),
            db_user="adgvec",
            db_password_file=str(self._secret_file("db")),
            dba_user="system",
            dba_password_file=str(self._secret_file("dba")),
            redis_port=self._redis_port,
            redis_password_file=str(self._secret_file("redis")),
            search_url=f"http://127.0.0.1:{self._search_port}/",
            flower_url=f"http://127.0.0.1:{self._flower_port}" if self._flower_port else None,
            flower_user="operator",
            flower_password_file=str(self._secret_file("flower")),
        )

    def _primary_name(self) -> str:
        assert self.cluster is not None  # noqa: S101 - start_services() came first
        return self.cluster.primary

    def _primary_dsn(self) -> str:
        """Return a DSN that finds the primary after role changes too."""
        assert self.cluster is not None  # noqa: S101 - start_services() came first
        return self.cluster.config.primary_dsn()

    def _standby_dsns(self) -> dict[str, str]:
        assert self.cluster is not None  # noqa: S101 - start_services() came first
        names = [name for name, instance in self.cluster.instances.items() if instance.role != "PRIMARY"]
        return {name: self._dsn(name, "mypdb_ro") for name in names}

    def _dsn(self, name: str, service: str) -> str:
        assert self.cluster is not None  # noqa: S101 - start_services() came first
        return self.cluster.instances[name].dsn(service)

    def _write_env_file(self) -> None:
        settings = {
            "DB_USER": "adgvec",
            "DB_PASSWORD_FILE": self._secret_file("db"),
            "DB_DSN": self._primary_dsn(),
            "DBA_USER": "system",
            "DBA_PASSWORD_FILE": self._secret_file("dba"),
            "STANDBYS": ",".join(f"{name}={dsn}" for name, dsn in self._standby_dsns().items()),
            "REDIS_URL": f"redis://127.0.0.1:{self._redis_port}/0",
            "REDIS_PASSWORD_FILE": self._secret_file("redis"),
            "FLOWER_USER": "operator",
            "FLOWER_PASSWORD_FILE": self._secret_file("flower"),
            "FLOWER_PORT": self._flower_port or 5555,
            "SEARCH_PORT": self._search_port,
            "SEARCH_LEAST_GAP": least_gap(),
        }
        self._write_private(self.env_file, "".join(f"{name}={value}\n" for name, value in settings.items()))

    # ------------------------------------------------------------------ files

    def _log(self, name: str) -> Path:
        return self.directory / "logs" / f"{name}.log"

    def _secret_file(self, name: str) -> Path:
        return self.directory / "secrets" / f"{name}_password"

    def _secret(self, name: str) -> str:
        return self._secret_file(name).read_text(encoding="utf-8").strip()

    def _write_secret(self, name: str, value: str) -> None:
        self._write_private(self._secret_file(name), f"{value}\n")

    @staticmethod
    def _write_private(path: Path, text: str) -> None:
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_text(text, encoding="utf-8")

    def _save(self) -> None:
        state = {
            "plan": dataclasses.asdict(self.plan),
            "redis_port": self._redis_port,
            "flower_port": self._flower_port,
            "search_port": self._search_port,
            "processes": [dataclasses.asdict(process) for process in self._processes],
        }
        self._write_private(self.directory / _STATE_FILE, json.dumps(state, indent=2) + "\n")


def open_stack(directory: Path, say: Callable[[str], None]) -> Stack:
    """Find a stack that another command started.

    Raises:
        StackError: There is none.
    """
    try:
        state = json.loads((directory / _STATE_FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise StackError(f"no stack runs in {directory.resolve()}; start one: adgfleet up") from None
    stack = Stack(directory, StackPlan(**state["plan"]), say)
    stack._redis_port = state["redis_port"]  # noqa: SLF001 - rebuilding the same object
    stack._flower_port = state["flower_port"]  # noqa: SLF001
    stack._search_port = state["search_port"]  # noqa: SLF001
    stack._processes = [Process(**entry) for entry in state["processes"]]  # noqa: SLF001
    if (stack.directory / "databases" / CLUSTER_FILE).exists():
        stack.cluster = Cluster.open(stack.directory / "databases")
    return stack


def least_gap() -> float:
    """Return SEARCH_LEAST_GAP for the tiny model, as ``benchmarks.search_quality`` measured it; 0 before it has."""
    described = json.loads(_MODEL_FACTS.read_text(encoding="utf-8"))
    gap: float = described.get("search", {}).get("least_gap", 0.0)
    return gap


def is_running(directory: Path) -> bool:
    """Tell whether a stack below ``directory`` has a live process."""
    try:
        stack = open_stack(directory, lambda _line: None)
    except StackError:
        return False
    return any(process.is_alive() for process in stack._processes)  # noqa: SLF001 - the stack's own module
