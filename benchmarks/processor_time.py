"""Processor time of groups of processes and of the whole machine, sampled once a second.

Source: proc(5), /proc/PID/stat (pgrp, utime, stime) and /proc/stat.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_SAMPLE_SECONDS = 1.0


@dataclass(slots=True)
class ProcessorTime:
    """Samples: Unix time, CPU seconds by name so far; ``machine`` is everything that runs on it."""

    samples: list[tuple[float, Mapping[str, float]]] = field(default_factory=list)

    def cores_used(self, first: float, last: float) -> dict[str, float]:
        """Return the cores that each group kept busy on average within a window; {} if it was not sampled twice."""
        inside = [sample for sample in self.samples if first <= sample[0] <= last]
        if len(inside) < 2:
            return {}
        (begun, before), (ended, after) = inside[0], inside[-1]
        return {name: round((after[name] - before.get(name, 0.0)) / (ended - begun), 3) for name in sorted(after)}


@contextmanager
def sampled_processor_time(groups: Callable[[], Mapping[int, str]]) -> Iterator[ProcessorTime]:
    """Sample during a block.

    Args:
        groups: Gives the name of each process group, by its number.
    """
    found, ending = ProcessorTime(), threading.Event()

    def sample() -> None:
        while True:
            found.samples.append((time.time(), read_cpu_seconds(groups())))
            if ending.wait(_SAMPLE_SECONDS):
                return

    thread = threading.Thread(target=sample, name="processor time", daemon=True)
    thread.start()
    try:
        yield found
    finally:
        ending.set()
        thread.join()


def read_cpu_seconds(groups: Mapping[int, str]) -> dict[str, float]:
    """Return the CPU seconds of living processes by group name, and of the whole machine."""
    seconds = dict.fromkeys(groups.values(), 0.0)
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text(encoding="ascii", errors="replace").rpartition(") ")[2].split()
            except OSError:
                continue  # it has ended meanwhile
            name = groups.get(int(fields[2]))
            if name is not None:
                seconds[name] += (int(fields[11]) + int(fields[12])) / _TICKS
    user, nice, system, _idle, _iowait, irq, softirq = (
        int(value) for value in Path("/proc/stat").read_text(encoding="ascii").split()[1:8]
    )
    return {**seconds, "machine": (user + nice + system + irq + softirq) / _TICKS}
