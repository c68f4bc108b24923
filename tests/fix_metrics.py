"""`adgfleet metrics` as a process of its own, and what it says."""

from __future__ import annotations

import contextlib
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.fix_command import clean_environment, command

_START_SECONDS = 30.0
#: A value by the metric's name and its labels.
Figures = dict[tuple[str, frozenset[tuple[str, str]]], float]


@contextlib.contextmanager
def metrics_server(env_file: Path, *arguments: str) -> Iterator[str]:
    """Run ``adgfleet metrics`` on a free port; gives its address."""
    log = env_file.with_suffix(".metrics.log")
    words = command("--env-file", env_file, "metrics", "--port", "0", *arguments)
    with (
        log.open("wb") as output,
        subprocess.Popen(words, cwd=env_file.parent, env=clean_environment(), stderr=output) as process,
    ):
        try:
            yield _address(process, log)
        finally:
            process.terminate()
            assert process.wait(timeout=20) == 0
    assert "Traceback" not in log.read_text(encoding="utf-8"), log.read_text(encoding="utf-8")


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    end = time.monotonic() + _START_SECONDS
    while True:
        text = log.read_text(encoding="utf-8")
        if found := re.search(r"(http://\S+)/metrics ready", text):
            return found[1]
        assert process.poll() is None, text
        assert time.monotonic() < end, text
        time.sleep(0.05)


def read_figures(text: str) -> Figures:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def figures_at(address: str, **options: object) -> Figures:
    answer = httpx.get(f"{address}/metrics", timeout=15, **options)  # type: ignore[arg-type]
    assert answer.status_code == 200, answer.text
    return read_figures(answer.text)


def figure(figures: Figures, name: str, **labels: str) -> float | None:
    return figures.get((f"adgfleet_{name}", frozenset(labels.items())))
