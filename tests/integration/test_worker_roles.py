"""Role changes under working workers: nothing is embedded on a primary, nothing is lost in a snapshot standby."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import pytest

from emulator.broker import Broker
from emulator.cluster import Cluster
from fleet.errors import WrongRoleError
from fleet.messages import RangeMessage
from fleet.sessions import Connection, Database, connect
from tests.fix_emulator import fetch
from tests.fix_fleet import Fleet, album, cluster, fleet
from tests.fix_worker import StartWorker, wait_until
from workers.embed_range import InsertMode, PinnedStandby, embed_range

__all__ = ["album", "cluster", "fleet"]


@pytest.fixture
def broker(fleet: Fleet, cluster: Cluster) -> Iterator[Broker]:
    """Changes roles; they are as before when the test ends."""
    made = Broker(cluster)
    yield made
    if cluster.primary != "prim":
        made.switchover("prim")


def inferences_as_primary(fleet: Fleet, database: str) -> int:
    dsn = fleet.cluster.instances[database].dsn(database)
    with connect(dataclasses.replace(Database.primary(fleet.settings), dsn=dsn), module="test") as connected:
        rows = fetch(connected, "select value from v$sysstat where name = 'emulator: inferences as primary'")
    return int(rows[0][0])


@pytest.mark.parametrize("preserve", [True, False], ids=["sessions survive", "sessions end"])
def test_a_switchover_in_mid_work_leaves_the_new_primary_without_inference(
    fleet: Fleet, broker: Broker, start_worker_process: StartWorker, preserve: bool
) -> None:
    first = start_worker_process("sby1", fleet.values, fleet.state)
    first.wait_for("SERVING")
    fleet.enqueue((1, 20), (21, 40))
    fleet.wait_until_stored(4)
    broker.switchover("sby1", preserve_sessions=preserve)
    wait_until(
        lambda: (beat := first.heartbeat()) is not None and beat.state in {"WRONG_ROLE", "UNREACHABLE"}, "stopped"
    )
    second = start_worker_process("sby2", fleet.values, fleet.state)
    second.wait_for("SERVING")
    wait_until(lambda: fleet.state.queue_depth(["sby1", "sby2"]) == 0, "taken over")
    wait_until(lambda: (beat := second.heartbeat()) is not None and beat.embedded and not beat.busy, "done")
    assert inferences_as_primary(fleet, "sby1") == 0, "counted from the moment that it was the primary"
    broker.switchover("prim")
    first.wait_for("SERVING")
    assert fleet.stored() == list(range(1, 41))
    assert fleet.failed() == []
    assert fleet.inferences("prim") == 0


def test_a_session_that_is_on_another_database_or_survives_a_switchover_embeds_nothing(
    fleet: Fleet, broker: Broker
) -> None:
    """Asked in the call itself: nothing can happen between the question and the work."""

    def embed(connected: Connection, pinned_to: str) -> None:
        embed_range(
            connected,
            PinnedStandby("sby1", pinned_to),
            RangeMessage("run-1", 1, 10, 10),
            batch_size=4,
            insert_mode=InsertMode("AUTO"),
            call_timeout_seconds=60,
        )

    before = fleet.inferences("sby1")
    with connect(Database.standby(fleet.settings, "sby1"), module="worker") as connected:
        for elsewhere in ("sby2", ""):
            with pytest.raises(WrongRoleError, match=f"pinned to {elsewhere}.*on sby1"):
                embed(connected, elsewhere)
        broker.switchover("sby1", preserve_sessions=True)
        with pytest.raises(WrongRoleError, match="physical standby only; sby1 is PRIMARY"):
            embed(connected, "sby1")
    assert fleet.inferences("sby1") == before
    broker.switchover("prim")
    assert fleet.stored() == []


def test_a_snapshot_standby_is_refused(fleet: Fleet, broker: Broker, start_worker_process: StartWorker) -> None:
    worker = start_worker_process("sby1", fleet.values, fleet.state)
    worker.wait_for("SERVING")
    before = fleet.inferences("sby1")
    broker.snapshot("sby1", on=True)
    dsn = fleet.cluster.instances["sby1"].dsn("mypdb_snap")
    wait_until(lambda: (beat := worker.heartbeat()) is not None and beat.state != "SERVING", "stopped")
    worker.kill()
    pointed = start_worker_process("sby1", {**fleet.values, "standbys": f"sby1={dsn}"}, fleet.state)
    pointed.wait_for("WRONG_ROLE")
    beat = pointed.heartbeat()
    assert beat is not None
    assert "SNAPSHOT STANDBY" in beat.state_reason
    fleet.enqueue((1, 4))
    second = start_worker_process("sby2", fleet.values, fleet.state)
    fleet.wait_until_stored(4)
    broker.snapshot("sby1", on=False)
    assert fleet.inferences("sby1") in {0, before}
    assert second.process.poll() is None
