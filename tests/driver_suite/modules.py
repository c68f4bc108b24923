"""Runs one module of the suite in a process of its own, within a time limit, and counts what came of it."""

from __future__ import annotations

import contextlib
import fnmatch
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.driver_suite.source import HOME, packages_directory

#: For a whole module; most take a few seconds.
_MODULE_SECONDS = 180
#: For one test: one that waits for an answer for ever must not cost the rest of its module.
_TEST_SECONDS = 30
_NOT_EMULATED = "ORA-03001"


@dataclass(slots=True)
class ModuleResult:
    """The tests of one module by outcome; the values of failures are their texts."""

    passed: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    not_emulated: dict[str, str] = field(default_factory=dict)

    def counts(self) -> dict[str, int]:
        """Return the figures of the report."""
        return {"passed": len(self.passed), "failed": len(self.failed), "not_emulated": len(self.not_emulated)}

    @property
    def run(self) -> int:
        """How many were run: those that the suite skips here are not."""
        return sum(self.counts().values())


def module_names(suite: Path) -> list[str]:
    """Return the names of all modules, as folder/module."""
    found = sorted(suite.glob("*/test_*.py"))
    return [f"{path.parent.name}/{path.stem}" for path in found]


def choose(names: list[str], wanted: list[str]) -> list[str]:
    """Return the modules that are meant: by a part of folder/module, or a pattern with ``*``."""
    if not wanted:
        return names
    return [name for name in names if any(word in name or fnmatch.fnmatch(name, word) for word in wanted)]


def run_module(suite: Path, name: str, settings: Mapping[str, str]) -> ModuleResult:
    """Run a module; tests that it did not come to within its time limit count as failed."""
    results = _results_path(name)
    results.parent.mkdir(exist_ok=True)
    results.unlink(missing_ok=True)
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("PYO_TEST_")},
        **settings,
        "ADG_SUITE_RESULTS": str(results),
        "PYTHONPATH": f"{packages_directory()}{os.pathsep}{Path(__file__).parent}",
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    command = [sys.executable, "-m", "pytest", "-q", "--no-header", "--tb=short", "-c", os.devnull]
    command += [f"--rootdir={suite}", "--confcutdir", str(suite), "-p", "no:cacheprovider", "-p", "suite_results"]
    command += [f"--timeout={_TEST_SECONDS}", "--timeout-method=signal", str(suite / f"{name}.py")]
    log = results.with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=suite,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
        try:
            process.wait(_MODULE_SECONDS)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if not results.exists():
        return ModuleResult(failed={name: log.read_text(encoding="utf-8", errors="replace")[-2000:]})
    return count_results(results.read_text(encoding="utf-8").splitlines())


def kept_results(suite: Path) -> dict[str, ModuleResult]:
    """Return what came of each module when it was last run here."""
    kept = {name: _results_path(name) for name in module_names(suite)}
    return {
        name: count_results(path.read_text(encoding="utf-8").splitlines())
        for name, path in kept.items()
        if path.exists()
    }


def _results_path(name: str) -> Path:
    return HOME / "results" / f"{name.replace('/', '.')}.jsonl"


def count_results(lines: list[str]) -> ModuleResult:
    """Sort the plugin's records by outcome; the last word on a test counts."""
    result = ModuleResult()
    collected: list[str] = []
    outcomes: dict[str, tuple[str, str]] = {}
    for line in lines:
        record = json.loads(line)
        if "collected" in record:
            collected = record["collected"]
        else:
            outcomes[record["test"]] = (record["outcome"], record["text"])
    for test in dict.fromkeys([*collected, *outcomes]):
        outcome, text = outcomes.get(test, ("failed", "not reached within the module's time limit"))
        if outcome == "passed":
            result.passed.append(test)
        elif outcome == "skipped":
            result.skipped.append(test)
        elif _NOT_EMULATED in text:
            result.not_emulated[test] = text
        else:
            result.failed[test] = text
    return result
