"""What a worker says of itself every second, and what an operator wishes of it; the shapes of both in Redis."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any


class WorkerState(StrEnum):
    """What a worker thinks of its standby; it takes ranges only while it is SERVING."""

    SERVING = "SERVING"
    #: Redo is applied too late, or not at all.
    LAGGING = "LAGGING"
    #: Writing a batch through the primary takes too long.
    SLOW_COMMIT = "SLOW_COMMIT"
    #: No physical standby any more, or another database.
    WRONG_ROLE = "WRONG_ROLE"
    UNREACHABLE = "UNREACHABLE"
    #: An operator wants it so, or the worker itself found a fault that only an operator can mend.
    PAUSED = "PAUSED"


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """One worker at one moment."""

    #: The fleet's name of the standby.
    standby: str
    #: DB_UNIQUE_NAME that the worker is pinned to; empty until the standby has answered once.
    db_unique_name: str = ""
    state: str = WorkerState.UNREACHABLE
    #: Why the worker does not serve, one line; empty while it does.
    state_reason: str = ""
    #: DATABASE_ROLE and OPEN_MODE as last read; empty when unknown.
    role: str = ""
    open_mode: str = ""
    #: Ranges that the worker embeds at once now: what the operator wishes, else SESSIONS.
    sessions: int = 0
    #: Most that ``scale`` can make of it without a restart.
    sessions_limit: int = 0
    #: Ranges in work.
    busy: int = 0
    #: Sessions that the worker has on the standby, idle ones and the guard's included.
    open_sessions: int = 0
    #: Pictures since the worker started.
    embedded: int = 0
    failed: int = 0
    #: Over the last 30 seconds.
    pictures_per_second: float = 0.0
    #: Seconds; None when the standby does not say, or says it from stale data.
    apply_lag_seconds: float | None = None
    #: Seconds that the slowest recent batch took to be written through the primary and committed; None: none yet.
    commit_seconds: float | None = None
    insert_mode: str = ""
    last_error: str = ""
    #: When, Unix time, seconds; 0: not known.
    last_error_at: float = 0.0
    #: What to do about it; empty when nothing is known.
    last_error_advice: str = ""
    #: Of adgfleet; empty: one that did not say.
    version: str = ""
    host: str = ""
    pid: int = 0
    #: One process's life: the holder of a standby's name is told from another by it.
    boot_id: str = ""
    #: Unix times, seconds.
    started_at: float = 0.0
    at: float = 0.0
    #: False: nothing has been heard since ``at``. Not part of what is stored.
    is_live: bool = True

    def to_json(self) -> str:
        """Write it as it is stored."""
        values = asdict(self)
        del values["is_live"]
        return json.dumps(values)

    @classmethod
    def from_json(cls, text: str, *, is_live: bool) -> Heartbeat:
        """Read a stored one; fields that another version wrote or did not write are ignored or have their default."""
        stored = json.loads(text)
        known = {entry.name for entry in fields(cls)} - {"is_live"}
        return cls(**{name: value for name, value in stored.items() if name in known}, is_live=is_live)

    @property
    def age_seconds(self) -> float:
        """Seconds since it was said."""
        return max(0.0, time.time() - self.at)

    @property
    def is_serving(self) -> bool:
        """Whether the worker lives and takes ranges."""
        return self.is_live and self.state == WorkerState.SERVING


@dataclass(frozen=True, slots=True)
class Wishes:
    """What an operator wants of the worker of one standby; outlives the worker."""

    paused: bool = False
    #: Ranges in work are handed over and the sessions closed, so that the standby can be maintained.
    drained: bool = False
    #: Ranges embedded at once; None: as the worker was started.
    sessions: int | None = None
    #: How often `resume` was asked for; a worker that paused itself tries again when it grows.
    resumes: int = 0
    #: Fields that should be numbers and are not: as if they had not been wished.
    malformed: tuple[str, ...] = ()

    @classmethod
    def from_hash(cls, values: Mapping[str, Any]) -> Wishes:
        """Read the hash that Redis keeps."""
        numbers: dict[str, int] = {}
        malformed = []
        for name in ("sessions", "resumes"):
            try:
                numbers[name] = max(0, int(values.get(name) or 0))
            except ValueError:
                numbers[name] = 0
                malformed.append(name)
        return cls(
            paused=values.get("paused") == "1",
            drained=values.get("drained") == "1",
            sessions=numbers["sessions"] or None,
            resumes=numbers["resumes"],
            malformed=tuple(malformed),
        )
