"""`adgfleet metrics` as a process of its own, and what it says."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import httpx
from prometheus_client.parser import text_string_to_metric_families

from tests.fix_server import served

#: A value by the metric's name and its labels.
Figures = dict[tuple[str, frozenset[tuple[str, str]]], float]


@contextlib.contextmanager
def metrics_server(env_file: Path, *arguments: str) -> Iterator[str]:
    """Run ``adgfleet metrics`` on a free port; gives its address."""
    with served(env_file, "metrics", "--port", "0", *arguments, health="/healthz") as address:
        yield address


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
