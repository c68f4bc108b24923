"""How near the fleet comes to the physical limit: real inference, against a plain loop over the same model.

The loop runs before and after the fleet, in as many processes as there are sessions, on the same pictures with the same
decoding and one thread an inference. The fleet's rate is that of the time in which every session has work
(``range_times.busy_window``). Beside the rates stands the CPU time of a picture, which other programs on the machine
change less.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from benchmarks.fleet_rig import BenchmarkError, FleetPlan, FleetRig, FleetTemplate, fleet_rig, wait_for
from benchmarks.picture_tower import PictureTower
from benchmarks.processor_time import read_cpu_seconds, sampled_processor_time
from benchmarks.range_times import RangeTime, busy_window, pictures_per_second, recorded_ranges
from fleet.console import counted

#: A run that takes so many times what it should has failed.
_PATIENCE = 6.0
_START_SECONDS = 60.0
#: Ranges of each session that are no part of the window: the first two, and the last.
_RANGES_BESIDE = 3


@dataclass(frozen=True, slots=True)
class RealPlan:
    """What to measure."""

    standbys: int = 2
    sessions: int = 1
    #: Least CPU time of a picture.
    picture_ms: float = 150.0
    range_size: int = 20
    #: Of the fleet; the loop runs half of it before and half of it after.
    seconds: float = 60.0

    def fleet(self, tower: PictureTower) -> FleetPlan:
        """Return the fleet, with pictures for the time."""
        busy = self.standbys * self.sessions
        ranges = _RANGES_BESIDE + max(1, round(self.seconds * 1000 / tower.cpu_ms / self.range_size))
        return FleetPlan(
            standbys=self.standbys,
            sessions=self.sessions,
            pictures=busy * ranges * self.range_size,
            inference_ms=0.0,
            redirect_ms=0.0,
            range_size=self.range_size,
            batch_size=self.range_size,
        )

    @property
    def conditions(self) -> str:
        """What ran, in words."""
        return (
            f"Real inference: a vision transformer with random weights, at least {self.picture_ms:g} ms of CPU a "
            f"picture, one thread an inference. {counted(self.standbys, 'standby')} with "
            f"{counted(self.sessions, 'session')} each. The databases are emulated."
        )


@dataclass(frozen=True, slots=True)
class Loop:
    """What a run of the plain loop did, all its processes together."""

    pictures: int
    pictures_per_second: float
    cpu_ms_per_picture: float


@dataclass(frozen=True, slots=True)
class Real:
    """What was found."""

    tower: PictureTower
    loops: list[Loop]
    #: In the window.
    pictures_per_second: float
    window_seconds: float
    #: Of the whole run, from the first range's start to the last one's end.
    whole_pictures_per_second: float
    #: CPU of everything that belongs to the fleet, the databases included, in the whole run.
    cpu_ms_per_picture: float
    #: Cores kept busy in the window, by kind of process, and by the whole machine.
    cores_used: dict[str, float]
    pictures: int
    inferences: int
    inferences_on_primary: int
    ranges: list[RangeTime] = field(repr=False)

    @property
    def loop_pictures_per_second(self) -> float:
        """The faster of the loop's runs: what other programs take can only make it slower."""
        return max(each.pictures_per_second for each in self.loops)

    @property
    def loop_cpu_ms_per_picture(self) -> float:
        """The mean of the loop's runs."""
        return sum(each.cpu_ms_per_picture for each in self.loops) / len(self.loops)

    def to_json(self) -> dict[str, Any]:
        """Return the object that ``--json`` prints."""
        found = {name: value for name, value in asdict(self).items() if name != "ranges"}
        found["tower"]["path"] = self.tower.path.name
        loop = self.loop_pictures_per_second
        return {
            **found,
            "loop_pictures_per_second": round(loop, 3),
            "share_of_loop": round(self.pictures_per_second / loop, 4),
            "loop_cpu_ms_per_picture": round(self.loop_cpu_ms_per_picture, 2),
            "cpu_share_of_loop": round(self.loop_cpu_ms_per_picture / self.cpu_ms_per_picture, 4),
        }


def measure_real(
    plan: RealPlan, tower: PictureTower, template: FleetTemplate, directory: Path, say: Callable[[str], None]
) -> Real:
    """Run loop, fleet, loop.

    Args:
        plan: What.
        tower: The model, the same that the template has as its picture model.
        template: What the fleet begins from; its pictures are the loop's, too.
        directory: For databases and logs.
        say: Told what is being done.

    Raises:
        BenchmarkError: A run did not end, or was too short.
    """
    pictures = directory / "pictures"
    pictures.mkdir()
    for number, data in enumerate(template.good):
        (pictures / f"{number:04d}.jpg").write_bytes(data)

    def loop() -> Loop:
        found = _run_loop(tower.path, pictures, processes=plan.standbys * plan.sessions, seconds=plan.seconds / 2)
        say(f"  {found.pictures_per_second:.2f} pictures/s")
        return found

    say("the plain loop")
    before = loop()
    say(f"{counted(plan.standbys, 'standby')} with {counted(plan.sessions, 'session')} each")
    fleet = plan.fleet(tower)
    with fleet_rig(template, directory / "fleet", fleet) as rig:
        found = _run_fleet(rig, tower, before)
    say(f"  {found.pictures_per_second:.2f} pictures/s over {found.window_seconds:.0f} s")
    say("the plain loop again")
    found.loops.append(loop())
    return found


def _run_loop(model: Path, pictures: Path, *, processes: int, seconds: float) -> Loop:
    command = [sys.executable, "-m", "benchmarks.plain_loop", str(model), str(pictures)]
    started = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own
        for _ in range(processes)
    ]
    try:
        for process in started:
            if process.stdout is None or process.stdout.readline() != "ready.\n":
                raise BenchmarkError("the plain loop did not start")
        for process in started:
            assert process.stdin is not None  # noqa: S101 - asked for at the start
            process.stdin.write(f"{seconds}\n")
            process.stdin.flush()
        said = [json.loads(process.communicate(timeout=_START_SECONDS + _PATIENCE * seconds)[0]) for process in started]
    except (subprocess.TimeoutExpired, ValueError) as error:
        raise BenchmarkError(f"the plain loop failed: {error}") from error
    finally:
        for process in started:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout):
                if stream is not None:
                    stream.close()
    done = sum(each["pictures"] for each in said)
    return Loop(
        done,
        round(sum(each["pictures"] / each["seconds"] for each in said), 3),
        round(1000 * sum(each["cpu_seconds"] for each in said) / done, 2),
    )


def _run_fleet(rig: FleetRig, tower: PictureTower, before: Loop) -> Real:
    fleet = rig.plan
    rig.start_workers(fleet.names)
    sessions = fleet.standbys * fleet.sessions
    patience = _START_SECONDS + _PATIENCE * fleet.pictures / before.pictures_per_second
    with sampled_processor_time(rig.process_groups) as processor, recorded_ranges(rig.settings) as times:
        cpu_before = read_cpu_seconds(rig.process_groups())
        rig.produce()
        wait_for(
            lambda: sum(each.embedded + each.failed + each.already for each in times.ranges) >= fleet.pictures,
            f"{fleet.pictures} pictures are embedded",
            seconds=patience,
        )
        cpu_after = read_cpu_seconds(rig.process_groups())
    inferences = rig.inferences()
    embedded, failed, pending = rig.counts()
    if (embedded, failed, pending) != (fleet.pictures, 0, 0):
        raise BenchmarkError(f"of {fleet.pictures} pictures {embedded} are embedded, {failed} failed")
    window = busy_window(times.ranges, sessions=sessions)
    if window is None:
        raise BenchmarkError("too few ranges to measure; measure longer: --seconds")
    first, last = window
    rate = pictures_per_second(times.ranges, first, last)
    own = sum(used - cpu_before[name] for name, used in cpu_after.items() if name != "machine")
    whole = max(each.ended_at for each in times.ranges) - min(each.started_at for each in times.ranges)
    return Real(
        tower=tower,
        loops=[before],
        pictures_per_second=round(rate, 3),
        window_seconds=round(last - first, 2),
        whole_pictures_per_second=round(fleet.pictures / whole, 3),
        cpu_ms_per_picture=round(1000 * own / fleet.pictures, 2),
        cores_used=processor.cores_used(first, last),
        pictures=fleet.pictures,
        inferences=sum(inferences.values()),
        inferences_on_primary=inferences["prim"],
        ranges=times.ranges,
    )
