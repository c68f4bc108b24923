"""Worker processes with a real Redis and emulated databases: who is guarded, what is handed over, what comes back."""

from __future__ import annotations

import base64
import json
import signal
import time

from demo.drawing.album import AlbumPicture
from fleet.celery_app import TASK_EMBED_RANGE, create_app
from fleet.heartbeat import Heartbeat
from fleet.messages import RangeMessage
from fleet.sessions import Database, connect
from fleet.state import worker_key
from tests.fix_emulator import fetch, run
from tests.fix_fleet import Fleet, album, cluster, fleet
from tests.fix_worker import StartWorker, wait_until

__all__ = ["album", "cluster", "fleet"]


def test_a_worker_embeds_what_is_queued_and_says_how_it_is(fleet: Fleet, start_worker_process: StartWorker) -> None:
    worker = start_worker_process("sby1", fleet.values, fleet.state)
    worker.wait_for("SERVING")
    fleet.enqueue((1, 10), (11, 20))
    fleet.wait_until_stored(20)
    wait_until(lambda: (beat := worker.heartbeat()) is not None and beat.embedded == 20, "counted")
    beat = worker.heartbeat()
    assert beat is not None
    assert (beat.db_unique_name, beat.role, beat.open_mode) == ("sby1", "PHYSICAL STANDBY", "READ ONLY WITH APPLY")
    assert beat.pictures_per_second > 0
    assert beat.commit_seconds is not None
    assert beat.commit_seconds > 0
    assert beat.apply_lag_seconds == 0
    worker.send(signal.SIGTERM)
    assert worker.wait_for_end() == 0
    gone = fleet.state.workers()["sby1"]
    assert (gone.is_live, gone.embedded) == (False, 20)


def test_json_logs_say_of_each_line_what_it_is_about(fleet: Fleet, start_worker_process: StartWorker) -> None:
    worker = start_worker_process("sby1", {**fleet.values, "log_format": "json"}, fleet.state)
    worker.wait_for("SERVING")
    fleet.load({900: b"no picture"})
    fleet.enqueue((1, 10))
    fleet.wait_until_stored(10)  # one that is known to be good tells whose fault the other one is
    fleet.enqueue((900, 900))
    wait_until(lambda: worker.text().count(" succeeded in ") == 2, "both are done")
    lines = [json.loads(line) for line in worker.text().splitlines()]
    assert {line["standby"] for line in lines} == {"sby1"}
    assert all(line["level"] and line["time"].endswith("+00:00") for line in lines)
    task_ids = {
        message.task_id: message for message in (RangeMessage("run-1", 1, 10, 10), RangeMessage("run-1", 900, 900, 1))
    }
    for task_id, message in task_ids.items():
        told = [line for line in lines if line.get("task_id") == task_id]
        # Celery's receiving and success, and between them what we say, which knows the range, too.
        assert {line["logger"].split(".")[0] for line in told} == {"celery", "adgfleet"}
        ours = [line for line in told if line["logger"] == "adgfleet.worker"]
        assert {(line["run_id"], line["first_id"], line["last_id"]) for line in ours} == {
            ("run-1", message.first_id, message.last_id)
        }
    about_no_range = [line for line in lines if "is SERVING" in line["message"]]
    assert about_no_range
    assert not any("run_id" in line or "task_id" in line for line in about_no_range)


def test_a_killed_workers_ranges_run_elsewhere_within_ten_seconds(
    fleet: Fleet, start_worker_process: StartWorker
) -> None:
    first = start_worker_process("sby1", fleet.values, fleet.state)
    first.wait_for("SERVING")
    fleet.enqueue((1, 40))
    wait_until(lambda: (beat := first.heartbeat()) is not None and beat.busy, "busy")
    second = start_worker_process("sby2", fleet.values, fleet.state)
    second.wait_for("SERVING")
    first.kill()
    killed = time.monotonic()
    wait_until(lambda: (beat := second.heartbeat()) is not None and beat.busy, "taken over")
    assert time.monotonic() - killed < 10
    fleet.wait_until_stored(40)
    assert fleet.stored() == list(range(1, 41))
    assert fleet.state.redelivered() == {"sby1": 1}


def test_a_restarted_worker_goes_on_with_what_its_predecessor_had(
    fleet: Fleet, start_worker_process: StartWorker
) -> None:
    first = start_worker_process("sby1", fleet.values, fleet.state)
    first.wait_for("SERVING")
    fleet.enqueue((1, 30))
    wait_until(lambda: (beat := first.heartbeat()) is not None and beat.busy, "busy")
    first.kill()
    killed = time.monotonic()
    second = start_worker_process("sby1", fleet.values, fleet.state)
    second.wait_for_line("left are handed out again")
    wait_until(lambda: (beat := second.heartbeat()) is not None and beat.busy, "busy again")
    assert time.monotonic() - killed < 10
    fleet.wait_until_stored(30)


def test_sigterm_hands_a_running_range_over(fleet: Fleet, start_worker_process: StartWorker) -> None:
    first = start_worker_process("sby1", fleet.values, fleet.state)
    first.wait_for("SERVING")
    fleet.enqueue((1, 40))
    fleet.wait_until_stored(4)
    first.send(signal.SIGTERM)
    assert first.wait_for_end(seconds=8) == 0
    stood = len(fleet.stored())
    assert 4 <= stood < 40, "committed batches stand, the rest is not done"
    assert fleet.state.queue_depth(["sby1"]) == 1
    second = start_worker_process("sby2", fleet.values, fleet.state)
    fleet.wait_until_stored(40)
    second.wait_for_line("embedded")


def test_a_lagging_standby_pauses_and_resumes(fleet: Fleet, start_worker_process: StartWorker) -> None:
    worker = start_worker_process("sby1", fleet.values, fleet.state)
    worker.wait_for("SERVING")
    worker.wait_for_line("sby1 is ready")
    fleet.levers("sby1").lag(60)
    with fleet.primary() as connected:
        run(connected, "update pictures set img_size = img_size + 1 where id = 1", "commit")
    committed = time.monotonic()
    worker.wait_for("LAGGING")
    assert time.monotonic() - committed < 2 + 2, "two seconds after the limit of two"
    beat = worker.heartbeat()
    assert beat is not None
    assert "limit 2 s" in beat.state_reason
    worker.wait_for_line("Canceling queue embeddings")
    fleet.enqueue((1, 4))
    fleet.levers("sby1").lag(0)
    caught_up = time.monotonic()
    worker.wait_for("SERVING")
    assert time.monotonic() - caught_up < 2
    fleet.wait_until_stored(4)


def test_a_standby_that_stopped_applying_pauses_its_worker(fleet: Fleet, start_worker_process: StartWorker) -> None:
    worker = start_worker_process("sby1", fleet.values, fleet.state)
    worker.wait_for("SERVING")
    fleet.levers("sby1").apply(on=False)
    worker.wait_for("LAGGING", seconds=5)
    fleet.levers("sby1").apply(on=True)
    worker.wait_for("SERVING", seconds=5)


def test_a_worker_starts_before_its_standby_and_outlives_its_death(
    fleet: Fleet, start_worker_process: StartWorker
) -> None:
    fleet.cluster.kill("sby2")
    worker = start_worker_process("sby2", fleet.values, fleet.state)
    worker.wait_for("UNREACHABLE")
    fleet.enqueue((1, 30))
    fleet.cluster.start(["sby2"])
    worker.wait_for("SERVING", seconds=10)
    fleet.wait_until_stored(4)
    fleet.cluster.kill("sby2")
    worker.wait_for("UNREACHABLE", seconds=5)
    fleet.cluster.start(["sby2"])
    worker.wait_for("SERVING", seconds=10)
    fleet.wait_until_stored(30)
    assert fleet.state.dead_letters_total() == 0


def test_a_worker_that_is_pointed_at_the_primary_embeds_nothing(
    fleet: Fleet, start_worker_process: StartWorker
) -> None:
    worker = start_worker_process("sby1", {**fleet.values, "standbys": f"sby1={fleet.values['db_dsn']}"}, fleet.state)
    worker.wait_for("WRONG_ROLE")
    fleet.enqueue((1, 4))
    beat = worker.heartbeat()
    assert beat is not None
    assert "PRIMARY" in beat.state_reason
    second = start_worker_process("sby2", fleet.values, fleet.state)
    fleet.wait_until_stored(4)
    assert second.heartbeat() is not None
    assert fleet.inferences("prim") == 0


def test_a_wrong_password_is_tried_once_and_told(fleet: Fleet, start_worker_process: StartWorker) -> None:
    fleet.enqueue((1, 4))
    worker = start_worker_process("sby1", {**fleet.values, "db_password": "wrong"}, fleet.state)
    worker.wait_for("PAUSED")
    beat = worker.heartbeat()
    assert beat is not None
    assert "ORA-01017" in beat.state_reason
    assert "adgfleet resume sby1" in beat.state_reason
    assert fleet.state.queue_depth(["sby1"]) == 1


def test_pause_resume_and_drain_are_followed_live(fleet: Fleet, start_worker_process: StartWorker) -> None:
    worker = start_worker_process("sby1", fleet.values, fleet.state)
    worker.wait_for("SERVING")
    fleet.state.pause("sby1")
    assert worker.wait_for("PAUSED") < 2.5
    fleet.enqueue((1, 4))
    fleet.state.resume("sby1")
    worker.wait_for("SERVING")
    fleet.wait_until_stored(4)
    fleet.state.drain("sby1")
    worker.wait_for("PAUSED")
    query = "select count(*) from v$session where module like 'adgfleet %' and module <> 'adgfleet test'"

    def sessions() -> int:
        with connect(Database.standby(fleet.settings, "sby1"), module="test") as connected:
            return int(fetch(connected, query)[0][0])

    wait_until(lambda: (beat := worker.heartbeat()) is not None and beat.open_sessions == 0, "no session left")
    assert sessions() == 0
    worker.send(signal.SIGTERM)
    worker.wait_for_end()
    again = start_worker_process("sby1", fleet.values, fleet.state)
    again.wait_for("PAUSED")
    fleet.enqueue((5, 8))
    fleet.state.resume("sby1")
    fleet.wait_until_stored(8)


def test_scale_changes_the_number_of_ranges_in_work(
    fleet: Fleet, album: list[AlbumPicture], start_worker_process: StartWorker
) -> None:
    fleet.load(dict.fromkeys(range(101, 181), album[0].path.read_bytes()))  # work for longer than a wish takes
    worker = start_worker_process("sby1", fleet.values, fleet.state, "--sessions", "1")
    worker.wait_for("SERVING")
    fleet.enqueue(*((first, first + 3) for first in (*range(101, 181, 4), *range(1, 41, 4))))
    seen: set[int] = set()

    def busy(count: int) -> bool:
        beat = worker.heartbeat()
        if beat is not None:
            seen.add(beat.busy)
        return beat is not None and beat.busy == count

    wait_until(lambda: busy(1), "one range")
    assert max(seen) == 1
    fleet.state.scale("sby1", 3)
    wait_until(lambda: busy(3), "three ranges")
    assert max(seen) == 3
    fleet.wait_until_stored(120)


def test_one_standby_has_one_worker(fleet: Fleet, start_worker_process: StartWorker) -> None:
    start_worker_process("sby1", fleet.values, fleet.state).wait_for("SERVING")
    second = start_worker_process("sby1", fleet.values, fleet.state)
    assert second.wait_for_end() == 2
    assert "is alive already" in second.text()
    assert "Traceback" not in second.text()


def test_a_worker_that_has_lost_its_name_ends_at_once(fleet: Fleet, start_worker_process: StartWorker) -> None:
    worker = start_worker_process("sby1", {**fleet.values, "stop_grace": "60"}, fleet.state)
    worker.wait_for("SERVING")
    fleet.enqueue((1, 40))
    wait_until(lambda: (beat := worker.heartbeat()) is not None and beat.busy, "busy")
    fleet.state.client.set(worker_key("sby1"), Heartbeat("sby1", boot_id="another's", at=time.time()).to_json())
    assert worker.wait_for_end(seconds=10) == 1
    assert worker.text().count("another worker has taken over") == 1
    assert fleet.state.queue_depth(["sby1"]) == 1, "the range goes back"


def test_without_its_oracle_client_a_worker_ends_and_names_the_setting(
    fleet: Fleet, start_worker_process: StartWorker
) -> None:
    worker = start_worker_process("sby1", {**fleet.values, "oracle_home": "/nonexistent"}, fleet.state)
    assert worker.wait_for_end() == 2
    assert "ORACLE_HOME=/nonexistent: no Oracle client there" in worker.text()
    assert len(worker.text().splitlines()) == 1
    assert "sby1" not in fleet.state.workers()


def test_an_unreadable_message_is_put_aside_with_its_reason(fleet: Fleet, start_worker_process: StartWorker) -> None:
    worker = start_worker_process("sby1", fleet.values, fleet.state)
    worker.wait_for("SERVING")
    create_app(fleet.settings).send_task(TASK_EMBED_RANGE, kwargs={"v": 9, "first_id": 1}, queue="embeddings")
    fleet.enqueue((1, 4))
    fleet.wait_until_stored(4)
    (letter,) = fleet.state.dead_letters()
    assert "version 9" in letter["reason"]
    assert letter["message"] == {"v": 9, "first_id": 1}
    assert worker.heartbeat() is not None


def test_nonsense_in_the_queue_is_put_aside_and_the_worker_goes_on(
    fleet: Fleet, start_worker_process: StartWorker
) -> None:
    fleet.enqueue((1, 4))
    text = str(fleet.state.client.lindex("embeddings", 0))
    good = json.loads(text)

    def changed(part: str, **fields: object) -> dict[str, object]:
        return {**good, part: {**good[part], **fields}}

    def with_body(*body: object) -> dict[str, object]:
        return {**good, "body": base64.b64encode(json.dumps(body).encode()).decode()}

    bad = [
        {},
        {**good, "content-type": "application/x-python-serialize"},
        {**good, "headers": {}},
        {**good, "body": "%%%"},
        {name: good[name] for name in good if name != "properties"},
        changed("headers", task="os.system"),
        changed("headers", timelimit="abc"),
        changed("properties", delivery_info={}),
        changed("properties", body_encoding="rot13"),
        changed("properties", body_encoding=7),
        with_body([1], {}, {}),
        with_body([], {}, [1]),
        with_body([], {}, {"callbacks": [{"task": "os.system"}]}),
    ]
    nonsense = [b"garbage", b"\xff\xfe\x00", b"", b"[1,2]", b'"text"', b"[" * 100_000, *map(json.dumps, bad)]
    worker = start_worker_process("sby1", fleet.values, fleet.state)
    worker.wait_for("SERVING")
    fleet.wait_until_stored(4)
    fleet.state.client.lpush("embeddings", *nonsense)
    fleet.enqueue((5, 8))
    fleet.wait_until_stored(8)
    wait_until(lambda: fleet.state.dead_letters_total() == len(nonsense), "all put aside")
    assert "CRITICAL" not in worker.text()
    assert "Connection to broker lost" not in worker.text()
    assert worker.heartbeat() is not None


def test_a_worker_to_which_nothing_comes_ends_for_its_supervisor(
    fleet: Fleet, start_worker_process: StartWorker
) -> None:
    worker = start_worker_process("sby1", {**fleet.values, "watchdog_limit": "2"}, fleet.state)
    worker.wait_for("SERVING")
    worker.wait_for_line("sby1 is ready")
    assert create_app(fleet.settings).control.cancel_consumer("embeddings", reply=True)
    fleet.enqueue((1, 4))
    assert worker.wait_for_end(seconds=10) == 75
    assert fleet.state.workers()["sby1"].is_live is False
    start_worker_process("sby1", fleet.values, fleet.state)
    fleet.wait_until_stored(4)
