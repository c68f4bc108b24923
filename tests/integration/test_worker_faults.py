"""Faults of standbys and of ranges, met by worker processes: nothing is lost, nobody is blamed for another's fault."""

from __future__ import annotations

import threading
import time

import pytest

from fleet.celery_app import TASK_EMBED_RANGE, create_app
from fleet.messages import RangeMessage
from fleet.sessions import Database, connect
from loader.install import install, scripts_directory
from tests.fix_emulator import fetch, run, wait_for_standbys
from tests.fix_fleet import Fleet, album, cluster, fleet
from tests.fix_worker import StartWorker, wait_until
from workers.reclaim import RECLAIMS_HEADER
from workers.session_pool import SessionPool

__all__ = ["album", "cluster", "fleet"]

_CORRUPT = b"\xff\xd8\xff no picture"


def test_a_frozen_standbys_range_runs_elsewhere_and_it_comes_back(
    fleet: Fleet, start_worker_process: StartWorker
) -> None:
    first = start_worker_process("sby1", {**fleet.values, "probe_timeout": "1"}, fleet.state)
    first.wait_for("SERVING")
    fleet.enqueue((1, 40))
    fleet.wait_until_stored(4)
    fleet.cluster.freeze("sby1")
    first.wait_for("UNREACHABLE", seconds=8)
    wait_until(lambda: fleet.state.queue_depth(["sby1"]) == 1, "given back", seconds=8)
    wait_until(lambda: (beat := first.heartbeat()) is not None and beat.busy == 0, "its session given up", seconds=3)
    second = start_worker_process("sby2", fleet.values, fleet.state)
    fleet.wait_until_stored(40)
    fleet.cluster.thaw("sby1")
    first.wait_for("SERVING", seconds=10)
    assert second.process.poll() is None
    assert fleet.failed() == []


def test_a_worker_of_a_deaf_standby_listens_to_its_operator(fleet: Fleet, start_worker_process: StartWorker) -> None:
    fleet.levers("sby1").deaf(on=True)
    worker = start_worker_process("sby1", {**fleet.values, "connect_timeout": "3"}, fleet.state)
    worker.wait_for("UNREACHABLE")
    wait_until(lambda: (beat := worker.heartbeat()) is not None and "within 3 s" in beat.state_reason, "the reason")
    fleet.state.pause("sby1")
    assert worker.wait_for("PAUSED") < 2.5
    fleet.state.resume("sby1")
    fleet.levers("sby1").deaf(on=False)
    worker.wait_for("SERVING", seconds=10)


def test_cut_connections_cost_no_picture(fleet: Fleet, start_worker_process: StartWorker) -> None:
    worker = start_worker_process("sby1", fleet.values, fleet.state)
    worker.wait_for("SERVING")
    fleet.enqueue((1, 20), (21, 40))
    for count in (4, 12, 20):
        fleet.wait_until_stored(count)
        fleet.levers("sby1").cut()
    fleet.levers("sby1").cut_calls(1, "answer")
    fleet.wait_until_stored(40)
    assert fleet.stored() == list(range(1, 41))
    assert fleet.failed() == []
    assert fleet.state.dead_letters_total() == 0


def test_one_lost_session_leaves_the_others_in_work(fleet: Fleet, start_worker_process: StartWorker) -> None:
    worker = start_worker_process("sby1", fleet.values, fleet.state, "--sessions", "4")
    worker.wait_for("SERVING")
    before = fleet.inferences("sby1")
    fleet.enqueue((1, 10), (11, 20), (21, 30), (31, 40))
    wait_until(lambda: (beat := worker.heartbeat()) is not None and beat.busy == 4, "four ranges in work")
    assert fleet.kill_sessions("sby1", "adgfleet worker", 1) == 1
    fleet.wait_until_stored(40)
    assert "ORA-01013" not in worker.text()
    assert fleet.inferences("sby1") - before <= 40 + 4, "one batch of the lost session at most"


def test_a_probe_that_loses_its_session_asks_in_another_one(fleet: Fleet, start_worker_process: StartWorker) -> None:
    worker = start_worker_process("sby1", fleet.values, fleet.state)
    worker.wait_for("SERVING")
    fleet.enqueue((1, 20))
    wait_until(lambda: (beat := worker.heartbeat()) is not None and beat.busy, "in work")
    assert fleet.kill_sessions("sby1", "adgfleet guard", 1) == 1
    fleet.wait_until_stored(20)
    assert "UNREACHABLE" not in worker.text()


def test_a_session_in_which_anything_failed_is_closed(fleet: Fleet) -> None:
    pool = SessionPool(Database.standby(fleet.settings, "sby1"))
    with pytest.raises(AttributeError), pool.session() as connection:
        raise AttributeError("what the driver trips over")
    assert not connection.is_healthy()
    assert pool.busy == 0
    with pool.session() as kept:
        pass
    with pool.session() as again:
        assert again is kept
    pool.close()


def test_a_session_of_a_frozen_standby_is_closed_without_waiting_for_it(fleet: Fleet) -> None:
    pool = SessionPool(Database.standby(fleet.settings, "sby1"))
    with pool.session() as connection:
        pass
    fleet.cluster.freeze("sby1")
    began = time.monotonic()
    pool.keep(0)
    assert time.monotonic() - began < 1
    assert pool.open == 1, "it is open until the standby has answered the logoff"
    fleet.cluster.thaw("sby1")
    wait_until(lambda: pool.open == 0, "closed")
    assert not connection.is_healthy()


def test_a_worker_drains_beside_a_frozen_standby(fleet: Fleet, start_worker_process: StartWorker) -> None:
    values = {**fleet.values, "probe_timeout": "1"}
    worker = start_worker_process("sby1", values, fleet.state)
    fleet.enqueue((1, 4))
    fleet.wait_until_stored(4)
    wait_until(lambda: (beat := worker.heartbeat()) is not None and (beat.busy, beat.open_sessions) == (0, 2), "idle")
    fleet.cluster.freeze("sby1")
    fleet.state.drain("sby1")

    def is_drained() -> bool:
        beat = worker.heartbeat()
        assert beat is not None, "its pulse goes on"
        return (beat.state, beat.open_sessions) == ("PAUSED", 0)

    wait_until(is_drained, "drained", seconds=15)
    fleet.cluster.thaw("sby1")
    fleet.state.resume("sby1")
    worker.wait_for("SERVING", seconds=10)


def test_failing_redirection_is_the_standbys_fault(fleet: Fleet, start_worker_process: StartWorker) -> None:
    fleet.levers("sby1").raise_error(16397, 4)
    worker = start_worker_process("sby1", fleet.values, fleet.state)
    fleet.enqueue((1, 8))
    fleet.wait_until_stored(8)
    beat = worker.heartbeat()
    assert beat is not None
    assert "ORA-16397" in beat.last_error
    assert "primary reachable" in beat.last_error_advice
    assert "attempt" not in worker.text(), "nothing is charged to the range"


def test_slow_commits_pause_and_one_range_tries_again(fleet: Fleet, start_worker_process: StartWorker) -> None:
    values = {**fleet.values, "commit_latency_limit": "0.8", "commit_rest": "2"}
    worker = start_worker_process("sby1", values, fleet.state)
    worker.wait_for("SERVING")
    fleet.levers("sby1").slow_commit(1.2)
    fleet.enqueue((1, 4), (5, 8), (9, 12))
    worker.wait_for("SLOW_COMMIT")
    beat = worker.heartbeat()
    assert beat is not None
    assert beat.commit_seconds is not None
    assert beat.commit_seconds > 1.2
    fleet.levers("sby1").slow_commit(0)
    worker.wait_for("SERVING", seconds=10)
    fleet.wait_until_stored(12)


def test_a_range_that_takes_too_long_is_halved_until_it_does_not(
    fleet: Fleet, start_worker_process: StartWorker
) -> None:
    """A picture takes 0.12 s and a call may take 2 s: a range of 40 cannot end in one piece."""
    values = {**fleet.values, "call_timeout_floor": "2", "call_timeout_cap": "2", "batch_size": "40"}
    start_worker_process("sby1", values, fleet.state)
    start_worker_process("sby2", values, fleet.state)
    fleet.enqueue((1, 40))
    fleet.wait_until_stored(40)
    assert fleet.failed() == []
    assert fleet.state.dead_letters_total() == 0


def test_pictures_that_nobody_can_judge_become_dead_letters_and_stay_pending(
    fleet: Fleet, start_worker_process: StartWorker
) -> None:
    fleet.load(dict.fromkeys((101, 102, 103), _CORRUPT))
    start_worker_process("sby1", fleet.values, fleet.state)
    start_worker_process("sby2", fleet.values, fleet.state)
    fleet.enqueue((101, 103))
    wait_until(lambda: fleet.state.dead_letters_total() == 3, "put aside")
    assert all("no known-good picture" in letter["reason"] for letter in fleet.state.dead_letters())
    assert {letter["message"]["first_id"] for letter in fleet.state.dead_letters()} == {101, 102, 103}
    assert fleet.failed() == []
    assert fleet.state.queue_depth(["sby1", "sby2"]) == 0
    fleet.enqueue((1, 4))
    fleet.wait_until_stored(4)
    fleet.enqueue((101, 103))
    wait_until(lambda: fleet.failed() == [101, 102, 103], "blamed, with a canary beside them")


def test_a_missing_procedure_pauses_the_worker_instead_of_burning_the_queue(
    fleet: Fleet, start_worker_process: StartWorker
) -> None:
    with fleet.primary() as connected:
        run(connected, "drop procedure process_embedding_range")
    worker = start_worker_process("sby1", fleet.values, fleet.state)
    fleet.enqueue((1, 4), (5, 8))
    worker.wait_for("PAUSED")
    beat = worker.heartbeat()
    assert beat is not None
    assert "adgfleet db install" in beat.state_reason
    wait_until(lambda: fleet.state.queue_depth(["sby1"]) == 2, "both given back")
    install(fleet.settings, scripts_directory(), lambda _line: None)
    wait_for_standbys(fleet.settings)
    fleet.state.resume("sby1")
    fleet.wait_until_stored(8)


def test_the_standby_sees_whose_sessions_these_are(fleet: Fleet, start_worker_process: StartWorker) -> None:
    start_worker_process("sby1", fleet.values, fleet.state).wait_for("SERVING")
    with connect(Database.standby(fleet.settings, "sby1"), module="test") as connected:
        modules = {name for (name,) in fetch(connected, "select module from v$session")}
    assert "adgfleet guard" in modules


def test_a_moments_fault_of_the_standby_condemns_no_picture(fleet: Fleet) -> None:
    counts: list[float] = []
    with connect(Database.standby(fleet.settings, "sby1"), module="test") as connected:

        def embed() -> None:
            with connected.cursor() as cursor:
                outs = [cursor.var(float) for _ in range(5)]
                cursor.callproc("process_embedding_range", [1, 20, 20, "ROW", *outs])
                counts.extend(out.getvalue() for out in outs[:4])

        before = fleet.inferences("sby1")
        call = threading.Thread(target=embed)
        call.start()
        wait_until(lambda: fleet.inferences("sby1") >= before + 4, "some embedded")
        fleet.levers("sby1").raise_error(4036, 1, "query")  # no session but this one asks anything there
        wait_until(lambda: "ora" not in fleet.levers("sby1").status()["faults"], "met by a picture", seconds=5)
        assert call.is_alive(), "it was met in the middle"
        call.join()
    assert counts == [20, 0, 0, 0]
    assert fleet.failed() == []


def test_a_good_picture_with_which_workers_have_died_is_embedded(
    fleet: Fleet, start_worker_process: StartWorker
) -> None:
    start_worker_process("sby1", fleet.values, fleet.state)
    fleet.enqueue((1, 1))
    fleet.wait_until_stored(1)
    create_app(fleet.settings).send_task(
        TASK_EMBED_RANGE,
        kwargs=RangeMessage("run-1", 5, 5, 1).to_kwargs(),
        queue="embeddings",
        headers={RECLAIMS_HEADER: 6},
    )
    fleet.wait_until_stored(2)
    assert fleet.failed() == []


@pytest.mark.parametrize("code", [54408, 7445])
def test_corrupt_pictures_do_not_keep_good_ones_from_being_the_first(
    fleet: Fleet, start_worker_process: StartWorker, code: int
) -> None:
    """Nothing is embedded yet, so there is no canary, and the code could be the model's or the standby's as well."""
    fleet.load(dict.fromkeys((101, 102, 103), _CORRUPT))
    fleet.levers("sby1").bad_picture_code(code)
    fleet.enqueue((101, 103), (1, 4))
    start_worker_process("sby1", fleet.values, fleet.state)
    fleet.wait_until_stored(4)
    assert fleet.stored() == [1, 2, 3, 4]


def test_a_full_tablespace_condemns_no_picture(fleet: Fleet, start_worker_process: StartWorker) -> None:
    worker = start_worker_process("sby1", {**fleet.values, "insert_mode": "ROW"}, fleet.state)
    fleet.enqueue((1, 1))
    fleet.wait_until_stored(1)
    fleet.levers("sby1").raise_error(1653, 2, "dml")
    fleet.enqueue((7, 7))
    worker.wait_for("PAUSED")
    beat = worker.heartbeat()
    assert beat is not None
    assert "no space or quota" in beat.state_reason
    fleet.levers("sby1").raise_error(1653, 0)
    fleet.state.resume("sby1")
    fleet.wait_until_stored(2)
    assert fleet.failed() == []
