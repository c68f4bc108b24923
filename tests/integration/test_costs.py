"""What a range costs, in counts and never in seconds: who makes it more expensive has to say so here."""

from __future__ import annotations

from fleet.sessions import Database, connect
from tests.fix_emulator import fetch
from tests.fix_fleet import Fleet, album, cluster, fleet
from tests.fix_worker import StartWorker

__all__ = ["album", "cluster", "fleet"]

_RANGES = ((1, 10), (11, 20), (21, 30), (31, 40))
_BATCHES = 3  # of each range: 4, 4 and 2 pictures
_TRAFFIC = (
    "select n.name, sum(t.value) from v$session s join v$sesstat t on t.sid = s.sid "
    'join v$statname n on n."STATISTIC#" = t."STATISTIC#" where s.module = \'adgfleet worker\' group by n.name'
)
_REDIRECTED = "select name, value from v$sysstat where name like 'emulator: redirected%'"


def test_a_range_costs_two_round_trips_and_a_batch_one_statement(
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
    with connect(Database.standby(fleet.settings, "sby1"), module="test") as connected:
        traffic = {str(name): int(value) for name, value in fetch(connected, _TRAFFIC)}
    # The role check, and the procedure's call; the session's first ones are told the driver's cursors besides.
    assert traffic["SQL*Net roundtrips to/from client"] <= 2 * len(_RANGES) + 2
    assert traffic["execute count"] <= 2 * len(_RANGES) + 1
    bytes_moved = sum(value for name, value in traffic.items() if name.startswith("bytes"))
    assert bytes_moved <= 600 * len(_RANGES), "pictures and vectors stay in the database"
    assert fleet.inferences("prim") == 0


def _redirected(fleet: Fleet) -> dict[str, int]:
    with connect(Database.standby(fleet.settings, "sby1"), module="test") as connected:
        return {str(name): int(value) for name, value in fetch(connected, _REDIRECTED)}
