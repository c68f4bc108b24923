"""The faults: each happens to a rig, and is mended later; all its choices come from a seed."""

from __future__ import annotations

import signal
import time
from abc import ABC, abstractmethod
from random import Random
from typing import ClassVar

from emulator.broker import Broker
from tests.chaos.rig import STANDBYS, Rig

#: Share of switchovers that keep the standby's sessions, which then are sessions of the primary.
_PRESERVING_SHARE = 0.7


class Fault(ABC):
    """Base: something that goes wrong, and how it is put right."""

    #: Messages are lost with it: the producer has to run again.
    empties_queue: ClassVar[bool] = False

    def __init__(self, rng: Random) -> None:
        """Make all choices."""
        self.standby = rng.choice(STANDBYS)
        self.until = 0.0

    @abstractmethod
    def happen(self, rig: Rig) -> None:
        """Break it."""

    def mend(self, rig: Rig) -> None:  # noqa: B027 - most faults come right by themselves
        """Put it right; nothing where it comes right by itself."""

    def _last(self, seconds: float) -> None:
        self.until = time.monotonic() + seconds

    def _wait(self) -> None:
        time.sleep(max(0.0, self.until - time.monotonic()))  # how long a fault lasts is the test's input

    def __str__(self) -> str:
        """Name it."""
        return type(self).__name__


class _OfStandby(Fault):
    def __str__(self) -> str:
        return f"{type(self).__name__}({self.standby})"


class KilledWorker(_OfStandby):
    """kill -9; the supervisor starts it again."""

    def happen(self, rig: Rig) -> None:
        rig.signal_worker(self.standby, signal.SIGKILL)


class TerminatedWorker(_OfStandby):
    """SIGTERM, as at a deployment; the supervisor starts it again."""

    def happen(self, rig: Rig) -> None:
        rig.signal_worker(self.standby, signal.SIGTERM)


class FrozenWorker(_OfStandby):
    """A worker stands still for 10 s: others take its ranges, and it goes on with them when it wakes."""

    def happen(self, rig: Rig) -> None:
        rig.signal_worker(self.standby, signal.SIGSTOP)
        self._last(10.0)

    def mend(self, rig: Rig) -> None:
        self._wait()
        rig.signal_worker(self.standby, signal.SIGCONT)


class KilledStandby(_OfStandby):
    """kill -9 of a standby, back after 3 s."""

    def happen(self, rig: Rig) -> None:
        rig.cluster.kill(self.standby)
        self._last(3.0)

    def mend(self, rig: Rig) -> None:
        self._wait()
        rig.cluster.start([self.standby])


class FrozenStandby(_OfStandby):
    """A standby stands still for 10 s: connections stay, no answers."""

    def happen(self, rig: Rig) -> None:
        rig.cluster.freeze(self.standby)
        self._last(10.0)

    def mend(self, rig: Rig) -> None:
        self._wait()
        rig.cluster.thaw(self.standby)


class LaggingStandby(_OfStandby):
    """Redo is applied 30 s late, for 12 s."""

    def happen(self, rig: Rig) -> None:
        rig.cluster.levers(self.standby).lag(30.0)
        self._last(12.0)

    def mend(self, rig: Rig) -> None:
        self._wait()
        if not rig.cluster.instances[self.standby].is_primary:  # a switchover has ended the lag, too
            rig.cluster.levers(self.standby).lag(0.0)


class CutStandby(_OfStandby):
    """The network cuts all connections of a standby, and those of its next calls."""

    def happen(self, rig: Rig) -> None:
        levers = rig.cluster.levers(self.standby)
        levers.cut_calls(self.calls, self.point)
        levers.cut()

    def __init__(self, rng: Random) -> None:
        super().__init__(rng)
        self.calls, self.point = rng.randint(1, 10), rng.choice(["request", "answer"])


class CutPrimary(Fault):
    """The network cuts all connections of the primary, redirected sessions among them."""

    def happen(self, rig: Rig) -> None:
        rig.cluster.levers(rig.cluster.primary).cut()


class DeafStandby(_OfStandby):
    """A standby accepts everything and answers nothing for 8 s."""

    def happen(self, rig: Rig) -> None:
        rig.cluster.levers(self.standby).deaf(on=True)
        self._last(8.0)

    def mend(self, rig: Rig) -> None:
        self._wait()
        rig.cluster.levers(self.standby).deaf(on=False)


class SnapshotStandby(_OfStandby):
    """A standby becomes a snapshot standby for 6 s: what is written to it then is thrown away."""

    def happen(self, rig: Rig) -> None:
        Broker(rig.cluster).snapshot(self.standby, on=True)
        self._last(6.0)

    def mend(self, rig: Rig) -> None:
        self._wait()
        Broker(rig.cluster).snapshot(self.standby, on=False)


class Switchover(_OfStandby):
    """A standby becomes the primary, in some cases with its sessions; the roles stay so."""

    def __init__(self, rng: Random) -> None:
        super().__init__(rng)
        self.preserve = rng.random() < _PRESERVING_SHARE

    def happen(self, rig: Rig) -> None:
        Broker(rig.cluster).switchover(self.standby, preserve_sessions=self.preserve)

    def __str__(self) -> str:
        return f"Switchover({self.standby}{', sessions preserved' if self.preserve else ''})"


class RestartedPrimary(Fault):
    """The primary ends in order, back at once."""

    def happen(self, rig: Rig) -> None:
        primary = rig.cluster.primary
        rig.cluster.stop([primary])
        rig.cluster.start([primary])


class KilledPrimary(Fault):
    """kill -9 of the primary, back after 2 s."""

    def happen(self, rig: Rig) -> None:
        self.primary = rig.cluster.primary
        rig.cluster.kill(self.primary)
        self._last(2.0)

    def mend(self, rig: Rig) -> None:
        self._wait()
        rig.cluster.start([self.primary])


class FrozenPrimary(Fault):
    """The primary stands still for 6 s: redirected statements get no answer."""

    def happen(self, rig: Rig) -> None:
        self.primary = rig.cluster.primary
        rig.cluster.freeze(self.primary)
        self._last(6.0)

    def mend(self, rig: Rig) -> None:
        self._wait()
        rig.cluster.thaw(self.primary)


class SlowCommits(_OfStandby):
    """Redirected commits of a standby take 3 s longer, for 8 s."""

    def happen(self, rig: Rig) -> None:
        rig.cluster.levers(self.standby).slow_commit(3.0)
        self._last(8.0)

    def mend(self, rig: Rig) -> None:
        self._wait()
        if not rig.cluster.instances[self.standby].is_primary:
            rig.cluster.levers(self.standby).slow_commit(0.0)


class RaisedErrors(_OfStandby):
    """The next statements of a standby raise an Oracle error: its own, a range's, or one that nobody knows."""

    _CODES = ((16397, "dml"), (3172, "query"), (4036, "query"), (1555, "query"), (60, "dml"), (29400, "any"))

    def __init__(self, rng: Random) -> None:
        super().__init__(rng)
        self.code, self.point = rng.choice(self._CODES)
        self.count = rng.randint(1, 6)

    def happen(self, rig: Rig) -> None:
        rig.cluster.levers(self.standby).raise_error(self.code, self.count, self.point)

    def mend(self, rig: Rig) -> None:
        rig.cluster.levers(self.standby).raise_error(self.code, 0, self.point)

    def __str__(self) -> str:
        return f"RaisedErrors({self.standby}: {self.count} x ORA-{self.code:05d} at {self.point})"


class OddPictureErrors(Fault):
    """Corrupt pictures raise codes that mean other things elsewhere."""

    def __init__(self, rng: Random) -> None:
        super().__init__(rng)
        self.code = rng.choice(["random", 54408, 7445, 4036])

    def happen(self, rig: Rig) -> None:
        for name in rig.cluster.instances:
            rig.cluster.levers(name).bad_picture_code(self.code)


class KilledRedis(Fault):
    """kill -9 of Redis, back on its append-only file after 2 s."""

    def happen(self, rig: Rig) -> None:
        rig.kill_redis()
        self._last(2.0)

    def mend(self, rig: Rig) -> None:
        self._wait()
        rig.start_redis()


class EmptiedRedis(Fault):
    """Redis loses everything: the queue, the ranges in work, heartbeats, progress."""

    empties_queue = True

    def happen(self, rig: Rig) -> None:
        with rig.redis() as client:
            client.flushall()


FAULTS: dict[str, type[Fault]] = {
    kind.__name__: kind
    for kind in (
        KilledWorker,
        TerminatedWorker,
        FrozenWorker,
        KilledStandby,
        FrozenStandby,
        LaggingStandby,
        CutStandby,
        CutPrimary,
        DeafStandby,
        SnapshotStandby,
        Switchover,
        RestartedPrimary,
        KilledPrimary,
        FrozenPrimary,
        SlowCommits,
        RaisedErrors,
        OddPictureErrors,
        KilledRedis,
        EmptiedRedis,
    )
}
