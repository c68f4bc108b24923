"""Upgrades: the database side goes forward and keeps its rows, messages outlive a release, workers are rolled."""

from __future__ import annotations

import json
from pathlib import Path

import oracledb
import pytest

from emulator.cluster import Cluster
from fleet.celery_app import SHARED_QUEUE, create_app
from fleet.errors import InputError
from fleet.messages import RangeMessage
from fleet.range_queue import send_range
from fleet.scripts import read_script, run_script
from fleet.settings import Settings, load_settings
from loader.install import InstallReport, install, scripts_directory
from loader.versions import VERSION_SCRIPT, scripts_version
from tests.fix_emulator import OWNER_PASSWORD, Owner, fetch, run
from tests.fix_fleet import Fleet, album, cluster, fleet
from tests.fix_redis import RedisServer
from tests.fix_worker import StartWorker, wait_until

__all__ = ["album", "cluster", "fleet"]

_SQL = scripts_directory()
#: What the release before versions were recorded put on the queue, header by header: kombu's envelope of a range.
_OLD_HEADERS = {
    "lang": "py",
    "task": "embed_range",
    "argsrepr": "()",
    "retries": 0,
    "timelimit": [None, None],
    "ignore_result": True,
    "origin": "gen1@producer",
}


def owner_settings(owner: Owner) -> Settings:
    given = {"db_user": owner.name, "db_password": OWNER_PASSWORD, "db_dsn": owner.dsn}
    return load_settings(overrides=given, environment={})


def upgrade(owner: Owner) -> InstallReport:
    return install(owner_settings(owner), _SQL, lambda _line: None)


def versions(connected: oracledb.Connection) -> list[int]:
    return [number for (number,) in fetch(connected, "select version from adgfleet_versions order by version")]


@pytest.fixture
def previous(owner: Owner, connection: oracledb.Connection) -> Owner:
    """A schema as the version before installed it: with rows, another range procedure, and no recorded version."""
    for name in ("02_create_schema.sql", "03_create_embedding_failures.sql"):
        run_script(connection, read_script(_SQL / name))
    run(
        connection,
        "create procedure process_embedding_range (p_first_id in number) as begin null; end;",
        "insert into pictures (id, img_size, img) values (1, 3, hextoraw('ffd8ff'))",
        "insert into pictures (id, img_size, img) values (2, 3, hextoraw('ffd8ff'))",
        "insert into picture_embeddings (id, embedding) values (1, to_vector('[0.5, 0.25]'))",
        "insert into embedding_failures (id, attempts, error_code, failed_at) values (2, 1, 54481, systimestamp)",
    )
    connection.commit()
    return owner


def contents(connected: oracledb.Connection) -> list[list[tuple[object, ...]]]:
    queries = (
        "select id, img_size, rawtohex(dbms_lob.substr(img, 10, 1)) from pictures order by id",
        "select id, from_vector(embedding) from picture_embeddings order by id",
        "select id, attempts, error_code, failed_at from embedding_failures order by id",
    )
    return [fetch(connected, query) for query in queries]


def parameters(connected: oracledb.Connection) -> str:
    """Return the range procedure's text."""
    lines = fetch(connected, "select text from user_source where name = 'PROCESS_EMBEDDING_RANGE' order by line")
    return "".join(text for (text,) in lines)


def test_an_upgrade_keeps_the_rows_and_records_the_version(previous: Owner, connection: oracledb.Connection) -> None:
    before = contents(connection)
    report = upgrade(previous)
    assert (report.version_before, report.version) == (1, scripts_version(_SQL))
    assert contents(connection) == before
    assert "p_commit_seconds" in parameters(connection)
    assert versions(connection) == [report.version]
    again = upgrade(previous)
    assert (again.version_before, again.version) == (report.version, report.version)
    assert (contents(connection), versions(connection)) == (before, [report.version])


def test_a_new_installation_begins_with_the_newest_version(owner: Owner, connection: oracledb.Connection) -> None:
    report = upgrade(owner)
    assert (report.version_before, report.version) == (None, scripts_version(_SQL))
    assert versions(connection) == [report.version]


def test_a_newer_database_side_is_left_alone(previous: Owner, connection: oracledb.Connection) -> None:
    upgrade(previous)
    newer = scripts_version(_SQL) + 1
    run(connection, f"insert into adgfleet_versions (version, installed_at) values ({newer}, systimestamp)")
    run(connection, "create or replace procedure process_embedding_range (p_newer in number) as begin null; end;")
    connection.commit()
    with pytest.raises(InputError, match=f"has version {newer}.*version {newer - 1}.*nothing was changed") as refused:
        upgrade(previous)
    assert refused.value.exit_status == 2
    assert "p_newer" in parameters(connection)
    # Whoever runs the script alone does not go back either.
    run_script(connection, read_script(_SQL / VERSION_SCRIPT))
    assert versions(connection) == [newer - 1, newer]


# ---------------------------------------------------------------------- messages


def queued(redis_server: RedisServer) -> dict[str, object]:
    settings = redis_server.settings()
    with create_app(settings).connection() as broker:
        (entry,) = broker.default_channel.client.lrange(SHARED_QUEUE, 0, -1)
    found: dict[str, object] = json.loads(entry)
    return found


def test_the_previous_release_reads_what_todays_producer_writes(redis_server: RedisServer) -> None:
    """It refuses any message but this: version 1 with exactly these names."""
    send_range(create_app(redis_server.settings()), RangeMessage("run-1", 3, 9, 5), follows=2)
    found = queued(redis_server)
    headers = found["headers"]
    assert isinstance(headers, dict)
    assert headers["task"] == "embed_range"
    assert found["content-type"] == "application/json"
    expected = {"v": 1, "run_id": "run-1", "first_id": 3, "last_id": 9, "pictures": 5}
    settings = redis_server.settings()
    with create_app(settings).connection() as broker:
        message = broker.SimpleQueue(SHARED_QUEUE).get(timeout=5)
    assert message.payload[:2] == [[], expected]


@pytest.mark.parametrize(
    "history",
    [{"v": 1}, {"v": 2, "attempts": 1, "failed_on": ["sby2"], "losses": 1}],
    ids=["planned", "failed before"],
)
def test_a_worker_embeds_what_the_previous_release_queued(
    fleet: Fleet, start_worker_process: StartWorker, history: dict[str, object]
) -> None:
    kwargs = {**history, "run_id": "run-0", "first_id": 1, "last_id": 4, "pictures": 4}
    app = create_app(fleet.settings)
    with app.connection() as broker:
        broker.Producer().publish(
            [[], kwargs, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}],
            headers={**_OLD_HEADERS, "id": "run-0-1", "root_id": "run-0-1", "kwargsrepr": "run-0 ids 1..4"},
            correlation_id="run-0-1",
            serializer="json",
            routing_key=SHARED_QUEUE,
            declare=[app.amqp.queues[SHARED_QUEUE]] if SHARED_QUEUE in app.amqp.queues else None,
            exchange="",
        )
    start_worker_process("sby1", fleet.values, fleet.state)
    fleet.wait_until_stored(4)
    wait_until(lambda: fleet.state.progress("run-0").ranges_done == 1, "the range reported")
    assert fleet.state.dead_letters_total() == 0


# ---------------------------------------------------------------------- workers


def test_a_new_version_is_rolled_through_a_running_fleet_and_nothing_is_lost(
    fleet: Fleet,
    cluster: Cluster,
    start_worker_process: StartWorker,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One worker after the other is stopped and started again as a newer version, while a run goes on."""
    pictures = dict(enumerate(_images(fleet), 1001))
    fleet.load(pictures)
    everything = sorted([*pictures, *range(1, 41)])
    inferences = {name: fleet.inferences(name) for name in cluster.instances}
    values = {**fleet.values, "stop_grace": "60", "sessions": "1"}
    workers = {name: start_worker_process(name, values, fleet.state) for name in ("sby1", "sby2")}
    for worker in workers.values():
        worker.wait_for("SERVING")
    old = {beat.version for beat in fleet.state.live_workers().values()}
    first_ids = everything[::10]
    fleet.enqueue(
        *((first, everything[min(number * 10 + 9, len(everything) - 1)]) for number, first in enumerate(first_ids))
    )
    _pretend_version(tmp_path / "newer", "99.1.0", monkeypatch)
    for name, worker in workers.items():
        fleet.wait_until_stored(len(fleet.stored()) + 5)
        worker.process.terminate()
        assert worker.wait_for_end() == 0
        workers[name] = start_worker_process(name, values, fleet.state)
        workers[name].wait_for("SERVING")
    assert len(fleet.stored()) < len(everything), "the run ended before all workers were new"
    assert {beat.version for beat in fleet.state.live_workers().values()} == {"99.1.0"} != old
    fleet.wait_until_stored(len(everything))
    assert fleet.stored() == everything
    assert fleet.failed() == []
    assert fleet.state.dead_letters_total() == 0
    wait_until(lambda: fleet.state.progress("run-1").ranges_done == len(first_ids), "all ranges reported")
    done = {name: fleet.inferences(name) - before for name, before in inferences.items()}
    assert done["prim"] == 0
    # The probe of a worker's start stores nothing; ranges that ended before their worker did were not done twice.
    assert done["sby1"] + done["sby2"] == len(everything)


def _images(fleet: Fleet) -> list[bytes]:
    """Return the images of the forty pictures, four times over."""
    with fleet.primary() as connected:
        oracledb.defaults.fetch_lobs = False
        try:
            images = [image for (image,) in fetch(connected, "select img from pictures order by id")]
        finally:
            oracledb.defaults.fetch_lobs = True
    return images * 4


def _pretend_version(directory: Path, version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let processes that are started from now on find adgfleet installed in this version."""
    facts = directory / f"adgfleet-{version}.dist-info"
    facts.mkdir(parents=True)
    (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: adgfleet\nVersion: {version}\n")
    monkeypatch.setenv("PYTHONPATH", str(directory))
