"""What a range costs, in counts and never in seconds: who makes it more expensive has to say so here."""

from __future__ import annotations

from collections import Counter

from fleet.messages import RangeMessage
from fleet.sessions import Database, connect
from fleet.settings import load_settings
from producer.range_size import choose_range_size
from tests.fix_emulator import fetch
from tests.fix_fleet import Fleet, album, cluster, fleet
from tests.fix_worker import StartWorker
from workers.embed_range import InsertMode, PinnedStandby, embed_range

__all__ = ["album", "cluster", "fleet"]

_RANGES = ((1, 10), (11, 20), (21, 30), (31, 40))
_BATCHES = 3  # of each range: 4, 4 and 2 pictures
_TRAFFIC = (
    "select n.name, sum(t.value) from v$session s join v$sesstat t on t.sid = s.sid "
    'join v$statname n on n."STATISTIC#" = t."STATISTIC#" where s.module = \'adgfleet worker\' group by n.name'
)
_REDIRECTED = "select name, value from v$sysstat where name like 'emulator: redirected%'"


def test_a_range_costs_one_round_trip_and_a_batch_one_statement(
    fleet: Fleet,
    start_worker_process: StartWorker,
) -> None:
    before = _redirected(fleet)
    scn, inferences = int(fleet.levers("prim").status()["scn"]), fleet.inferences("sby1")
    start_worker_process("sby1", fleet.values, fleet.state, "--sessions", "1").wait_for("SERVING")
    fleet.enqueue(*_RANGES)
    assert fleet.state.waiting(["embeddings"]) <= len(_RANGES), "more messages than ranges"
    fleet.wait_until_stored(40)
    assert fleet.inferences("sby1") - inferences == 40
    # One commit for each batch, and nothing else is ever written.
    assert int(fleet.levers("prim").status()["scn"]) - scn == len(_RANGES) * _BATCHES
    after = _redirected(fleet)
    assert after["emulator: redirected DML executions"] - before["emulator: redirected DML executions"] == 40
    statements = after["emulator: redirected DML statements"] - before["emulator: redirected DML statements"]
    assert statements == len(_RANGES) * _BATCHES, "array inserts are one statement"
    traffic = _traffic(fleet)
    # The call, which asks for role and name by itself; the session's first one tells the driver's cursors besides.
    assert traffic["SQL*Net roundtrips to/from client"] <= len(_RANGES) + 2
    assert traffic["execute count"] <= len(_RANGES) + 1
    assert fleet.inferences("prim") == 0


def test_between_worker_and_standby_go_less_than_two_bytes_a_picture(fleet: Fleet) -> None:
    """In a session that is there, at a second a picture: pictures and vectors stay in the database."""
    pictures = choose_range_size(
        target_seconds=load_settings(environment={}).range_seconds,
        pictures_per_session_second=1.0,
        pending=10**8,
        sessions=960,
    )
    standby, mode = PinnedStandby("sby1", "sby1"), InsertMode("AUTO")
    with connect(Database.standby(fleet.settings, "sby1"), module="worker") as connected:
        for number, (first, last) in enumerate(_RANGES):
            if number == 1:  # the first one brings the text of the call, once for each session
                before = _traffic(fleet)
            message = RangeMessage("run-1", first, last, 10)
            result = embed_range(connected, standby, message, batch_size=32, insert_mode=mode, call_timeout_seconds=60)
            assert result.embedded == 10
        moved = _traffic(fleet) - before
    ranges = len(_RANGES) - 1
    assert moved["SQL*Net roundtrips to/from client"] == ranges
    bytes_moved = sum(value for name, value in moved.items() if name.startswith("bytes"))
    # Ids of a hundred million pictures with gaps are 4 bytes longer each than those of forty.
    assert bytes_moved / ranges + 2 * 4 < 2 * pictures


def _traffic(fleet: Fleet) -> Counter[str]:
    with connect(Database.standby(fleet.settings, "sby1"), module="test") as connected:
        return Counter({str(name): int(value) for name, value in fetch(connected, _TRAFFIC)})


def _redirected(fleet: Fleet) -> dict[str, int]:
    with connect(Database.standby(fleet.settings, "sby1"), module="test") as connected:
        return {str(name): int(value) for name, value in fetch(connected, _REDIRECTED)}
