"""What the commands of ``bench`` share: their files, their options, their errors."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ParamSpec

import click

from benchmarks.conditions import Conditions
from benchmarks.fleet_rig import BenchmarkError
from benchmarks.picture_tower import OnnxMissingError
from demo.interrupts import interruptible
from demo.processes import ProcessFailedError
from demo.redis_server import RedisMissingError
from emulator.cluster import ClusterError
from emulator.control import ControlError
from emulator.ports import NoFreePortError
from fleet.console import fail, reports_errors, say

_DIRECTORY = Path("state/bench")

P = ParamSpec("P")


@dataclass(frozen=True, slots=True)
class Output:
    """Where a benchmark's files go."""

    directory: Path
    name: str

    def write(
        self, conditions: Conditions, records: Iterable[dict[str, Any]], table: list[list[str]], chart: str
    ) -> None:
        """Write ``name.jsonl`` (conditions first), ``name.md`` and ``name.svg``."""
        self.directory.mkdir(parents=True, exist_ok=True)
        lines = [{"conditions": conditions.to_json()}, *records]
        self._path("jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
        head, *rows = table
        marked = [head, ["---"] + ["---:"] * (len(head) - 1), *rows]
        text = "".join(f"| {' | '.join(row)} |\n" for row in marked)
        notes = "".join(f"- {line}\n" for line in conditions.lines())
        self._path("md").write_text(f"{text}\n{notes}", encoding="utf-8")
        self._path("svg").write_text(chart, encoding="utf-8")
        say(f"raw data, table and chart: {self._path('*')}")

    def _path(self, ending: str) -> Path:
        return self.directory / f"{self.name}.{ending}"


def reports_failures(command: Callable[P, None]) -> Callable[P, None]:
    """Decorate a command: what goes wrong on this machine becomes one line; Ctrl-C stops every process."""

    @functools.wraps(command)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            with interruptible():
                command(*args, **kwargs)
        except (
            BenchmarkError,
            OnnxMissingError,
            ProcessFailedError,
            RedisMissingError,
            ClusterError,
            NoFreePortError,
            ControlError,
        ) as error:
            fail(str(error))

    return reports_errors(guarded)


directory_option = click.option(
    "--directory",
    type=click.Path(path_type=Path, file_okay=False),
    default=_DIRECTORY,
    show_default=True,
    help="Where raw data, table and chart are written.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


def counts(_context: click.Context, _parameter: click.Parameter, value: str) -> tuple[int, ...]:
    """Read an option such as ``1,2,4``: numbers of 1 and more, each once, ascending."""
    try:
        found = tuple(sorted({int(part) for part in value.replace("_", "").split(",")}))
    except ValueError:
        found = ()
    if not found or found[0] < 1:
        raise click.BadParameter("numbers such as 1,2,4")
    return found


def command_line() -> str:
    """Return the command that runs, for the conditions."""
    return " ".join(["adgfleet", *sys.argv[1:]])
