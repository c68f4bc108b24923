"""What the fleet keeps in Redis beside the queue.

The progress of runs, the workers' heartbeats, the operators' wishes, and messages put aside. Losing it loses no
picture: workers beat again within a second, and an operator's wish has to be said again.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import redis

from fleet.celery_app import SHARED_QUEUE, standby_queue, unacked_key
from fleet.errors import QueueError
from fleet.heartbeat import Heartbeat, Wishes
from fleet.messages import RangeMessage, RangeResult
from fleet.pace import note_range
from fleet.runs import RUN_LIFETIME_SECONDS, ranges_key, remember_run, run_key
from fleet.settings import Settings

#: A worker that has not beaten for this long counts as gone, seconds; workers beat every second.
HEARTBEAT_LIFETIME_SECONDS = 5
#: Hash of the last heartbeat of each standby's worker, kept when it has gone.
LAST_HEARTBEATS_KEY = "adgfleet:last_heartbeats"
#: List of messages that were put aside, newest first.
DEAD_LETTERS_KEY = "adgfleet:dead_letters"
#: Messages kept there.
_DEAD_LETTERS = 1000
#: Hash of how many ranges were handed out again, by the standby whose worker had taken them.
_REDELIVERED_KEY = "adgfleet:redelivered"

# A range counts once, however often it is delivered: the first report of a range is added, later ones only set what is
# larger (a high-water mark for each range and counter). Who raised one last, when by Redis's clock, and how long that
# took, is kept beside the counts: ``fleet.runs`` reads it.
_REPORT = """
local seen = redis.call('HGET', KEYS[2], ARGV[1])
local old = seen and cjson.decode(seen) or {embedded=0, already=0, failed=0, vanished=0}
local new = cjson.decode(ARGV[2])
local raised = not seen
for _, name in ipairs({'embedded', 'already', 'failed', 'vanished'}) do
  local more = new[name] - old[name]
  if more > 0 then
    redis.call('HINCRBY', KEYS[1], name, more)
    if name == 'embedded' then redis.call('HINCRBY', KEYS[1], 'standby:' .. ARGV[3], more) end
    old[name] = new[name]
    raised = true
  end
end
if raised then
  local now = redis.call('TIME')
  old.standby, old.seconds, old.at_ms = ARGV[3], tonumber(ARGV[5]), now[1] * 1000 + math.floor(now[2] / 1000)
end
redis.call('HSET', KEYS[2], ARGV[1], cjson.encode(old))
if not seen then redis.call('HINCRBY', KEYS[1], 'ranges_done', 1) end
redis.call('EXPIRE', KEYS[1], ARGV[4])
redis.call('EXPIRE', KEYS[2], ARGV[4])
return redis.status_reply('OK')
"""

# The heartbeat is also the claim to the standby's name: it is refused while another process's is alive.
_BEAT = """
local held = redis.call('GET', KEYS[1])
if held and cjson.decode(held).boot_id ~= ARGV[2] then return 0 end
redis.call('SET', KEYS[1], ARGV[3], 'EX', ARGV[4])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
return 1
"""
_FORGET = """
local held = redis.call('GET', KEYS[1])
if held and cjson.decode(held).boot_id ~= ARGV[2] then return 0 end
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[2], ARGV[1], ARGV[3])
return 1
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
    #: Unix time, seconds; 0: not known.
    began_at: float = 0.0

    @property
    def settled(self) -> int:
        """Pictures that are no longer pending."""
        return self.embedded + self.already + self.failed + self.vanished


class FleetState:
    """The fleet's keys in Redis."""

    def __init__(self, settings: Settings, *, timeout_seconds: float = 10.0) -> None:
        """Connects at the first call; one to a Redis that does not answer fails after the timeout."""
        self._place = settings.redis_place
        self._redis = redis.Redis.from_url(
            settings.broker_url,
            decode_responses=True,
            # Anything can stand in a queue; bytes that are no text must not stop who reads it.
            encoding_errors="replace",
            socket_timeout=timeout_seconds,
            socket_connect_timeout=timeout_seconds,
            retry=None,
        )
        self._report = self._redis.register_script(_REPORT)
        self._beat = self._redis.register_script(_BEAT)
        self._forget = self._redis.register_script(_FORGET)

    @property
    def client(self) -> redis.Redis:
        """The connection to Redis, for what works on the queue's own keys; answers are decoded."""
        return self._redis

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

    def open_run(self, run_id: str, *, ranges: int, pictures: int, began_at: float | None = None) -> None:
        """Note what a run enqueued, and since when (Unix time, seconds; None: now)."""
        key = run_key(run_id)
        began_at = time.time() if began_at is None else began_at
        self._redis.hset(key, mapping={"ranges": ranges, "pictures": pictures, "began_at": began_at})
        remember_run(self._redis, run_id, began_at)
        self._redis.expire(key, RUN_LIFETIME_SECONDS)

    def report_range(self, message: RangeMessage, result: RangeResult) -> None:
        """Add a range's counts to its run, and its time to the fleet's pace; a range delivered twice counts once."""
        note_range(self._redis, result)
        counts = {name: getattr(result, name) for name in ("embedded", "already", "failed", "vanished")}
        self._report(
            keys=[run_key(message.run_id), ranges_key(message.run_id)],
            args=[
                f"{message.first_id}..{message.last_id}",
                json.dumps(counts),
                result.standby,
                str(RUN_LIFETIME_SECONDS),
                f"{result.seconds:.3f}",
            ],
        )

    def progress(self, run_id: str) -> RunProgress:
        """Return how far a run is."""
        values: dict[str, str] = self._redis.hgetall(run_key(run_id))  # type: ignore[assignment]
        counters = {
            name: int(values.get(name, 0))
            for name in ("ranges", "pictures", "ranges_done", "embedded", "already", "failed", "vanished")
        }
        standbys = {name[8:]: int(value) for name, value in values.items() if name.startswith("standby:")}
        began_at = float(values.get("began_at", 0.0))
        return RunProgress(**counters, standbys=dict(sorted(standbys.items())), began_at=began_at)

    def note_parts(self, run_id: str, more_ranges: int) -> None:
        """Note that a range of a run was cut, so that there are so many more."""
        key = run_key(run_id)
        with self._redis.pipeline() as pipe:
            pipe.hincrby(key, "ranges", more_ranges)
            pipe.expire(key, RUN_LIFETIME_SECONDS)  # after Redis was emptied, this may have created it
            pipe.execute()

    def queue_depth(self, standbys: list[str]) -> int:
        """Return the messages that wait for a worker, in the shared queue and the standbys' own."""
        return sum(self.queue_depths(standbys).values())

    def queue_depths(self, standbys: Sequence[str]) -> dict[str, int]:
        """Return the messages that wait for a worker, by queue: the shared one and the standbys' own."""
        return self._depths((SHARED_QUEUE, *map(standby_queue, standbys)))

    def waiting(self, queues: Sequence[str]) -> int:
        """Return the messages that wait in some queues."""
        return sum(self._depths(queues).values())

    def _depths(self, queues: Sequence[str]) -> dict[str, int]:
        with self._redis.pipeline(transaction=False) as pipe:
            for name in queues:
                pipe.llen(name)
            return dict(zip(queues, pipe.execute(), strict=True))

    # ------------------------------------------------------------------ workers

    def beat(self, heartbeat: Heartbeat) -> bool:
        """Say that a worker is alive, which also claims its standby's name for one lifetime.

        Returns:
            False when another live worker holds the name: then nothing was written.
        """
        keys = [worker_key(heartbeat.standby), LAST_HEARTBEATS_KEY]
        args = [heartbeat.standby, heartbeat.boot_id, heartbeat.to_json(), str(HEARTBEAT_LIFETIME_SECONDS)]
        return bool(self._beat(keys=keys, args=args))

    def forget_worker(self, heartbeat: Heartbeat) -> None:
        """Say that a worker has ended; its last heartbeat stays readable. Another holder of the name is left alone."""
        keys = [worker_key(heartbeat.standby), LAST_HEARTBEATS_KEY]
        self._forget(keys=keys, args=[heartbeat.standby, heartbeat.boot_id, heartbeat.to_json()])

    def workers(self) -> dict[str, Heartbeat]:
        """Return the last heartbeat of every worker that ever was, by standby; ``is_live`` tells who has gone.

        One that cannot be read counts as empty, so that nobody who asks for all stumbles over it.
        """
        last: dict[str, str] = self._redis.hgetall(LAST_HEARTBEATS_KEY)  # type: ignore[assignment]
        names = sorted(last)
        live: list[str | None] = self._redis.mget([worker_key(name) for name in names]) if names else []  # type: ignore[assignment]
        return {
            name: _heartbeat(name, text or last[name], is_live=text is not None)
            for name, text in zip(names, live, strict=True)
        }

    def live_workers(self) -> dict[str, Heartbeat]:
        """Return the heartbeat of each live worker by standby."""
        return {name: heartbeat for name, heartbeat in self.workers().items() if heartbeat.is_live}

    def known_standbys(self) -> list[str]:
        """Return the names of all standbys that ever had a worker."""
        return sorted(self._redis.hkeys(LAST_HEARTBEATS_KEY))  # type: ignore[arg-type]

    def drop_standby(self, standby: str) -> bool:
        """Forget the last heartbeat of a standby that is no longer part of the fleet.

        Returns:
            False when messages are left under its name, which workers hand out again by its heartbeat: then it stays.
        """
        if self._redis.exists(unacked_key(standby), standby_queue(standby), worker_key(standby)):
            return False
        self._redis.hdel(LAST_HEARTBEATS_KEY, standby)
        return True

    # ------------------------------------------------------------------ operators' wishes

    def wishes(self, standby: str) -> Wishes:
        """Return what the operator wants of a standby's worker."""
        values: dict[str, str] = self._redis.hgetall(control_key(standby))  # type: ignore[assignment]
        return Wishes.from_hash(values)

    def pause(self, standby: str) -> None:
        """Want the worker to take no more ranges, and to hand over those that do not end within STOP_GRACE."""
        self._redis.hset(control_key(standby), "paused", "1")

    def drain(self, standby: str) -> None:
        """Want what ``pause`` does, and no session on the standby afterwards."""
        self._redis.hset(control_key(standby), mapping={"paused": "1", "drained": "1"})

    def resume(self, standby: str) -> None:
        """Want the worker to take ranges again, also if it had paused itself."""
        with self._redis.pipeline() as pipe:
            pipe.hset(control_key(standby), mapping={"paused": "0", "drained": "0"})
            pipe.hincrby(control_key(standby), "resumes", 1)
            pipe.execute()

    def scale(self, standby: str, sessions: int) -> None:
        """Want the worker to embed so many ranges at once; 0: as many as it was started with."""
        self._redis.hset(control_key(standby), "sessions", str(sessions))

    # ------------------------------------------------------------------ dead letters

    def add_dead_letter(self, *, reason: str, standby: str, message: Any) -> None:  # noqa: ANN401 - unreadable: anything
        """Put a message aside that no worker can use, with why; the oldest go when there are too many."""
        with self._redis.pipeline() as pipe:
            push_dead_letter(pipe, reason=reason, standby=standby, message=message)
            pipe.execute()

    def dead_letters(self) -> list[dict[str, Any]]:
        """Return the messages that were put aside, newest first: at, standby, reason, message."""
        letters: list[str] = self._redis.lrange(DEAD_LETTERS_KEY, 0, -1)  # type: ignore[assignment]
        return [json.loads(letter) for letter in letters]

    def dead_letters_kept(self) -> int:
        """Return how many messages that were put aside are kept."""
        return int(self._redis.llen(DEAD_LETTERS_KEY))

    def dead_letters_total(self) -> int:
        """Return how many messages were ever put aside."""
        return int(str(self._redis.get(f"{DEAD_LETTERS_KEY}:total") or 0))

    def redelivered(self) -> dict[str, int]:
        """Return how many ranges were handed out again, by the standby whose worker had taken them and lost them."""
        counts: dict[str, str] = self._redis.hgetall(_REDELIVERED_KEY)  # type: ignore[assignment]
        return {standby: int(count) for standby, count in counts.items()}

    def close(self) -> None:
        """Close the connections."""
        self._redis.close()


def push_dead_letter(pipe: redis.client.Pipeline, *, reason: str, standby: str, message: Any) -> None:  # noqa: ANN401
    """Put a message aside as one step of a pipeline, see ``FleetState.add_dead_letter``."""
    letter = json.dumps({"at": time.time(), "standby": standby, "reason": reason, "message": message}, default=repr)
    pipe.lpush(DEAD_LETTERS_KEY, letter)
    pipe.ltrim(DEAD_LETTERS_KEY, 0, _DEAD_LETTERS - 1)
    pipe.incr(f"{DEAD_LETTERS_KEY}:total")


def count_redelivery(pipe: redis.client.Pipeline, *, standby: str) -> None:
    """Count one more range that is handed out again, as one step of a pipeline."""
    pipe.hincrby(_REDELIVERED_KEY, standby, 1)


def _heartbeat(standby: str, text: str, *, is_live: bool) -> Heartbeat:
    try:
        return Heartbeat.from_json(text, is_live=is_live)
    except (ValueError, TypeError, AttributeError):
        return Heartbeat(standby, is_live=is_live)


def worker_key(standby: str) -> str:
    """Return the key of a standby's live heartbeat."""
    return f"adgfleet:worker:{standby}"


def control_key(standby: str) -> str:
    """Return the key of what the operator wishes of a standby."""
    return f"adgfleet:control:{standby}"
