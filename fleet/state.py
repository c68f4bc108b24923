"""What the fleet keeps in Redis beside the queue: the progress of runs and the workers' heartbeats.

All of it is a convenience for people; losing it loses nothing.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

import redis

from fleet.celery_app import SHARED_QUEUE, standby_queue
from fleet.errors import QueueError
from fleet.messages import RangeMessage, RangeResult
from fleet.settings import Settings

#: How long the progress of a run is kept, seconds: a week.
_RUN_LIFETIME_SECONDS = 7 * 24 * 3600
#: A worker that has not beaten for this long counts as gone, seconds.
HEARTBEAT_LIFETIME_SECONDS = 6

# A range counts once, however often it is delivered: the first report of a range is added, later ones only set what is
# larger (a high-water mark for each range and counter).
_REPORT = """
local seen = redis.call('HGET', KEYS[2], ARGV[1])
local old = seen and cjson.decode(seen) or {embedded=0, already=0, failed=0, vanished=0}
local new = cjson.decode(ARGV[2])
for _, name in ipairs({'embedded', 'already', 'failed', 'vanished'}) do
  local more = new[name] - old[name]
  if more > 0 then
    redis.call('HINCRBY', KEYS[1], name, more)
    if name == 'embedded' then redis.call('HINCRBY', KEYS[1], 'standby:' .. ARGV[3], more) end
    old[name] = new[name]
  end
end
redis.call('HSET', KEYS[2], ARGV[1], cjson.encode(old))
if not seen then redis.call('HINCRBY', KEYS[1], 'ranges_done', 1) end
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('EXPIRE', KEYS[2], ARGV[4])
return redis.status_reply('OK')
"""


@dataclass(frozen=True, slots=True)
class RunProgress:
    """How far a run is, as its workers reported it."""

    ranges: int = 0
    pictures: int = 0
    ranges_done: int = 0
    embedded: int = 0
    already: int = 0
    failed: int = 0
    vanished: int = 0
    #: Embedded pictures by standby.
    standbys: dict[str, int] = field(default_factory=dict)

    @property
    def settled(self) -> int:
        """Pictures that are no longer pending."""
        return self.embedded + self.already + self.failed + self.vanished


class FleetState:
    """The fleet's keys in Redis."""

    def __init__(self, settings: Settings) -> None:
        """Connects at the first call."""
        self._place = settings.redis_place
        self._redis = redis.Redis.from_url(settings.broker_url, decode_responses=True, socket_timeout=10, retry=None)
        self._report = self._redis.register_script(_REPORT)

    def check(self) -> None:
        """Make sure that Redis answers.

        Raises:
            QueueError: It does not; the text says where it was looked for.
        """
        try:
            self._redis.ping()
        except redis.AuthenticationError:
            raise QueueError(
                f"Redis at {self._place} refuses the password; check REDIS_URL or REDIS_PASSWORD"
            ) from None
        except redis.RedisError as error:
            raise QueueError(
                f"Redis does not answer at {self._place} ({type(error).__name__}); start it, or set REDIS_URL"
            ) from None

    # ------------------------------------------------------------------ runs

    def open_run(self, run_id: str, *, ranges: int, pictures: int) -> None:
        """Note what a run enqueued."""
        key = f"adgfleet:run:{run_id}"
        self._redis.hset(key, mapping={"ranges": ranges, "pictures": pictures})
        self._redis.expire(key, _RUN_LIFETIME_SECONDS)

    def report_range(self, message: RangeMessage, result: RangeResult) -> None:
        """Add a range's counts to its run; a range delivered twice counts once."""
        counts = {name: getattr(result, name) for name in ("embedded", "already", "failed", "vanished")}
        self._report(
            keys=[f"adgfleet:run:{message.run_id}", f"adgfleet:run:{message.run_id}:ranges"],
            args=[
                f"{message.first_id}..{message.last_id}",
                json.dumps(counts),
                result.standby,
                str(_RUN_LIFETIME_SECONDS),
            ],
        )

    def progress(self, run_id: str) -> RunProgress:
        """Return how far a run is."""
        values: dict[str, str] = self._redis.hgetall(f"adgfleet:run:{run_id}")  # type: ignore[assignment]
        counters = {
            name: int(values.get(name, 0))
            for name in ("ranges", "pictures", "ranges_done", "embedded", "already", "failed", "vanished")
        }
        standbys = {name[8:]: int(value) for name, value in values.items() if name.startswith("standby:")}
        return RunProgress(**counters, standbys=dict(sorted(standbys.items())))

    def queue_depth(self, standbys: list[str]) -> int:
        """Return the messages that wait for a worker, in the shared queue and the standbys' own."""
        return sum(int(self._redis.llen(name)) for name in (SHARED_QUEUE, *map(standby_queue, standbys)))

    # ------------------------------------------------------------------ workers

    def beat(self, standby: str, details: dict[str, Any]) -> None:
        """Say that a worker is alive."""
        text = json.dumps({**details, "at": time.time()})
        self._redis.set(f"adgfleet:worker:{standby}", text, ex=HEARTBEAT_LIFETIME_SECONDS)

    def forget_worker(self, standby: str) -> None:
        """Say that a worker has ended."""
        self._redis.delete(f"adgfleet:worker:{standby}")

    def live_workers(self) -> dict[str, dict[str, Any]]:
        """Return the heartbeat of each live worker by standby."""
        prefix = "adgfleet:worker:"
        workers: dict[str, dict[str, Any]] = {}
        for key in self._redis.scan_iter(f"{prefix}*"):
            text = self._redis.get(key)
            if text is not None:
                workers[str(key)[len(prefix) :]] = json.loads(str(text))
        return dict(sorted(workers.items()))

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()
