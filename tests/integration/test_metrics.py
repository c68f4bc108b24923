"""`adgfleet metrics`: who may read, and what it says when Redis or the databases are missing."""

from __future__ import annotations

import time
from pathlib import Path

import httpx
import pytest

from emulator.cluster import Cluster
from fleet.celery_app import SHARED_QUEUE, standby_queue
from fleet.sessions import Database, connect
from fleet.settings import Settings
from fleet.state import FleetState
from tests.fix_command import adgfleet
from tests.fix_emulator import cluster_values, fetch, write_env_file
from tests.fix_metrics import figure, figures_at, metrics_server, read_figures
from tests.fix_redis import RedisServer
from tests.fix_worker import wait_until

_NOWHERE = "127.0.0.1:1/none"


@pytest.fixture
def values(installed: Settings, cluster: Cluster, redis_server: RedisServer) -> dict[str, str]:
    return {
        **cluster_values(cluster),
        "redis_url": redis_server.settings().broker_url,
        "metrics_count_interval": "0.5",
    }


def test_it_goes_on_without_redis_and_without_databases_and_says_which_is_missing(
    cluster: Cluster, values: dict[str, str], redis_server: RedisServer, tmp_path: Path
) -> None:
    state = FleetState(redis_server.settings())
    state.client.rpush(SHARED_QUEUE, "a", "b")
    state.client.rpush(standby_queue("sby2"), "c")
    state.pause("sby2")
    with metrics_server(write_env_file(tmp_path / "fleet.env", values)) as address:
        wait_until(lambda: figure(figures_at(address), "pictures") == 0, "counted", every_seconds=0.1)
        seen = figures_at(address)
        assert [figure(seen, "redis_up"), figure(seen, "pending_pictures"), figure(seen, "eta_seconds")] == [1, 0, 0]
        assert figure(seen, "queue_ranges", queue=SHARED_QUEUE) == 2
        assert figure(seen, "queue_ranges", queue=standby_queue("sby2")) == 1
        assert [figure(seen, "standby_pause_wished", standby=name) for name in ("sby1", "sby2")] == [0, 1]
        states = {labels: value for (name, labels), value in seen.items() if name == "adgfleet_standby_state"}
        assert sum(states.values()) == 2, "one state for each standby"
        assert figure(seen, "standby_state", standby="sby1", state="NO WORKER") == 1
        assert [figure(seen, "database_up", database=name) for name in ("primary", "sby1", "sby2")] == [1, 1, 1]
        busy = figure(seen, "database_cpu_busy_seconds_total", database="primary", db_unique_name="prim")
        assert busy is not None
        assert busy > 0

        with redis_server.frozen():
            wait_until(lambda: figure(figures_at(address), "redis_up") == 0, "Redis is missed", every_seconds=0.2)
            began = time.monotonic()
            seen = figures_at(address)
            assert time.monotonic() - began < 5, "a reader does not wait long for Redis"
            assert (figure(seen, "redis_up"), figure(seen, "pictures")) == (0, 0)
            assert figure(seen, "queue_ranges", queue=SHARED_QUEUE) is None
            assert figure(seen, "database_up", database="primary") == 1
        wait_until(lambda: figure(figures_at(address), "redis_up") == 1, "Redis again", every_seconds=0.2)

        for name in ("sby1", "sby2"):
            cluster.kill(name)
        try:
            wait_until(lambda: figure(figures_at(address), "pictures") is None, "not counted", every_seconds=0.2)
            seen = figures_at(address)
            assert [figure(seen, "database_up", database=name) for name in ("primary", "sby1", "sby2")] == [1, 0, 0]
            assert figure(seen, "tables_counted_timestamp_seconds") is not None, "when it last worked is still said"
        finally:
            cluster.start(["sby1", "sby2"])
        wait_until(lambda: figure(figures_at(address), "pictures") == 0, "counted again", every_seconds=0.2)
    state.close()


def test_the_primary_is_asked_for_its_cpu_time_and_nothing_is_counted_there(
    installed: Settings, values: dict[str, str], tmp_path: Path
) -> None:
    with (
        metrics_server(write_env_file(tmp_path / "fleet.env", values)) as address,
        connect(Database.primary(installed), module="test") as connection,
    ):
        wait_until(lambda: figure(figures_at(address), "pictures") == 0, "counted", every_seconds=0.1)
        modules = fetch(connection, "select module from v$session where module like 'adgfleet %'")
        assert sorted(module for (module,) in modules) == ["adgfleet sampler", "adgfleet test"]


def test_who_may_read(tmp_path: Path) -> None:
    nowhere = {"db_user": "adgvec", "db_password": "unused", "standbys": f"sby1={_NOWHERE}"}
    nowhere["redis_url"] = "redis://127.0.0.1:1/0"
    open_file = write_env_file(tmp_path / "open.env", nowhere)
    with metrics_server(open_file) as address:
        port = address.rpartition(":")[2]
        assert httpx.get(f"{address}/metrics", headers={"Host": f"localhost:{port}"}).status_code == 200
        foreign = httpx.get(f"{address}/metrics", headers={"Host": f"fleet.example.com:{port}"})
        assert (foreign.status_code, "adgfleet_" in foreign.text) == (403, False)
        assert httpx.get(f"{address}/").status_code == 404
        assert httpx.post(f"{address}/metrics").status_code == 405
    refused = adgfleet("--env-file", open_file, "metrics", "--host", "0.0.0.0", directory=tmp_path)
    assert refused.returncode == 2
    assert "METRICS_PASSWORD" in refused.stderr

    (tmp_path / "password").write_text("s3cret:ü\n", encoding="utf-8")
    closed = write_env_file(tmp_path / "closed.env", {**nowhere, "metrics_password_file": str(tmp_path / "password")})
    with metrics_server(closed, "--host", "0.0.0.0") as bound:
        address = bound.replace("0.0.0.0", "127.0.0.1")
        for wrong in (None, ("prometheus", "wrong"), ("somebody", "s3cret:ü")):
            answer = httpx.get(f"{address}/metrics", auth=wrong)
            assert (answer.status_code, "adgfleet_" in answer.text) == (401, False)
        for broken in ("Basic", "Basic \u2028", "Basic !", "Bearer x"):
            answer = httpx.get(f"{address}/metrics", headers={"Authorization": broken.encode()})
            assert answer.status_code == 401
        assert figure(figures_at(address, auth=("prometheus", "s3cret:ü")), "redis_up") == 0
        assert httpx.get(f"{address}/healthz").status_code == 200


def test_once_prints_the_metrics_and_ends(values: dict[str, str], tmp_path: Path) -> None:
    write_env_file(tmp_path / ".env", values)
    done = adgfleet("metrics", "--once", directory=tmp_path)
    assert done.returncode == 0, done.stderr
    assert figure(read_figures(done.stdout), "pending_pictures") == 0
