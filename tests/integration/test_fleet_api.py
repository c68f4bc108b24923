"""The fleet page's API without a browser: what it says when Redis, a right or everything is missing; its stream."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from emulator.cluster import Cluster
from fleet.sessions import Database, connect
from fleet.settings import Settings
from fleet.state import FleetState
from tests.fix_emulator import run, wait_for_standbys, write_env_file
from tests.fix_redis import RedisServer
from tests.fix_search import search_server
from tests.fix_worker import wait_until


@pytest.fixture
def values(installed: Settings, redis_server: RedisServer) -> dict[str, str]:
    names = ("db_user", "db_password", "db_dsn")
    standbys = ",".join(f"{name}={dsn}" for name, dsn in installed.require("standbys").items())
    known = {name: str(installed.require(name)) for name in names}
    return {**known, "standbys": standbys, "redis_url": redis_server.settings().broker_url}


def events(answer: httpx.Response) -> Iterator[tuple[str, str]]:
    name = ""
    for line in answer.iter_lines():
        if line.startswith("event: "):
            name = line[7:]
        elif line.startswith("data: "):
            yield name, line[6:]


def test_the_stream_begins_with_the_past_goes_on_with_the_present_and_ends_with_the_server(
    values: dict[str, str], tmp_path: Path
) -> None:
    env_file = write_env_file(tmp_path / "fleet.env", values)
    with search_server(env_file) as address, httpx.Client(base_url=address, timeout=30) as client:
        wait_until(lambda: len(client.get("/api/fleet/history").json()["points"]) >= 2, "two points")
        with client.stream("GET", "/api/fleet/events") as answer:
            assert answer.headers["content-type"].startswith("text/event-stream")
            assert answer.headers["cache-control"] == "no-store"
            seen = events(answer)
            name, data = next(seen)
            assert name == "history"
            points = json.loads(data)["points"]
            assert len(points) >= 2
            assert set(points[-1]["cpu_percent"]) == {"primary", "sby1", "sby2"}
            looks = [json.loads(data) for name, data in (next(seen), next(seen)) if name == "fleet"]
            assert looks[1]["at"] > looks[0]["at"]
            assert [card["name"] for card in looks[1]["databases"]] == ["primary", "sby1", "sby2"]
            assert looks[1]["redis_problem"] == ""
            now = client.get("/api/fleet").json()
            assert set(now) == set(looks[1])
            leaving = time.monotonic()
            # The server ends with an open stream; it must not wait for the page to be closed.
    assert time.monotonic() - leaving < 10


def test_what_the_account_may_not_read_is_said_and_the_rest_is_shown(
    installed: Settings, values: dict[str, str], tmp_path: Path
) -> None:
    with connect(Database.primary_as_dba(installed), module="test") as dba:
        run(
            dba,
            "create user onlooker identified by onlooker",
            "grant create session to onlooker",
            "grant read on adgvec.pictures to onlooker",
            "create synonym onlooker.pictures for adgvec.pictures",
        )
        wait_for_standbys(installed)
    onlooker = {**values, "db_user": "onlooker", "db_password": "onlooker"}
    with search_server(write_env_file(tmp_path / "onlooker.env", onlooker)) as address:

        def fleet() -> dict[str, object]:
            found: dict[str, object] = httpx.get(f"{address}/api/fleet", timeout=30).json()
            return found

        wait_until(lambda: fleet()["failures_problem"] and fleet()["counts_problem"], "the problems", every_seconds=0.2)
        found = fleet()
    assert "ORA-00942" in str(found["failures_problem"])
    assert "ORA-00942" in str(found["counts_problem"])
    assert found["failures"] == []
    cards = {card["name"]: card for card in found["databases"]}  # type: ignore[attr-defined]
    assert cards["primary"]["state"] == "OPEN"
    assert cards["sby1"]["role"] == "PHYSICAL STANDBY"


def test_the_primary_counts_nothing_when_all_standbys_are_down_unless_it_may(
    cluster: Cluster, values: dict[str, str], tmp_path: Path
) -> None:
    for name in ("sby1", "sby2"):
        cluster.kill(name)
    try:
        found = {}
        for allowed in ("NO", "YES"):
            env_file = write_env_file(tmp_path / f"{allowed}.env", {**values, "search_on_primary": allowed})
            with search_server(env_file) as address:

                def fleet(address: str = address) -> dict[str, Any]:
                    return dict(httpx.get(f"{address}/api/fleet", timeout=30).json())

                wait_until(lambda: (seen := fleet())["counts"] or seen["counts_problem"], "counts", every_seconds=0.2)
                found[allowed] = fleet()
    finally:
        cluster.start(["sby1", "sby2"])
    assert [card["state"] for card in found["NO"]["databases"]] == ["OPEN", "UNREACHABLE", "UNREACHABLE"]
    assert (found["NO"]["counts"], found["NO"]["counts_problem"][:5]) == (None, "sby1:")
    assert found["YES"]["counts"]["database"] == "primary"


def test_what_was_counted_before_nobody_looked_is_not_shown_as_the_present(
    installed: Settings, values: dict[str, str], redis_server: RedisServer, tmp_path: Path
) -> None:
    state = FleetState(redis_server.settings())
    state.add_dead_letter(reason="a test", standby="sby1", message={})
    with search_server(write_env_file(tmp_path / "fleet.env", values)) as address:

        def fleet() -> dict[str, Any]:
            return dict(httpx.get(f"{address}/api/fleet", timeout=30).json())

        wait_until(lambda: fleet()["counts"], "counts", every_seconds=0.2)
        before = fleet()
        assert before["dead_letters"] == 1
        with connect(Database.primary(installed), module="test") as connection:
            run(connection, "insert into pictures values (777, 1, hextoraw('00'))", "commit")
        wait_for_standbys(installed)
        left = time.monotonic()
        wait_until(lambda: time.monotonic() - left > 13, "the page is left for longer than it is kept", every_seconds=1)
        seen = []
        wait_until(lambda: seen.append(fleet()["counts"]) or seen[-1], "counts again", every_seconds=0.05)
    assert [counts["pictures"] for counts in seen if counts] == [before["counts"]["pictures"] + 1]
    state.close()


def test_a_hung_redis_is_said_to_hang_and_the_rest_stays_fresh(
    values: dict[str, str], redis_server: RedisServer, tmp_path: Path
) -> None:
    with search_server(write_env_file(tmp_path / "fleet.env", values)) as address:

        def fleet() -> dict[str, Any]:
            return dict(httpx.get(f"{address}/api/fleet", timeout=30).json())

        wait_until(lambda: fleet()["databases"][0]["state"] == "OPEN", "a look", every_seconds=0.2)
        with redis_server.frozen():
            wait_until(lambda: "does not answer" in fleet()["redis_problem"], "said", every_seconds=0.2)
            seen = fleet()["at"]
            for _ in range(2):
                took = wait_until(lambda seen=seen: fleet()["at"] > seen, "a new look", every_seconds=0.1)  # type: ignore[misc]
                assert took < 5, "the page calls what is older than this old"
                found = fleet()
                seen = found["at"]
                assert found["databases"][0]["state"] == "OPEN"
                assert {card["state"] for card in found["databases"][1:]} == {"UNKNOWN"}, "the standbys answer"
        wait_until(lambda: not fleet()["redis_problem"], "heard again", every_seconds=0.2)


def test_only_so_many_pages_are_kept_up_to_date(values: dict[str, str], tmp_path: Path) -> None:
    """Also when all of them come at once; what one gave up is free again, the other pages are served all the time."""
    env_file = write_env_file(tmp_path / "fleet.env", {**values, "redis_url": "redis://127.0.0.1:1/0"})
    with search_server(env_file) as address:
        assert asyncio.run(_burst(address, 250)) == {200: 100, 503: 150}
        with httpx.Client(base_url=address, timeout=30) as client:
            wait_until(lambda: _is_let_in(client), "a place that was given up is free", every_seconds=0.2)


async def _burst(address: str, pages: int) -> Counter[int]:
    """Open so many streams at once; return the statuses, all places being held until the last one was answered."""
    limits = httpx.Limits(max_connections=pages + 1)
    async with (
        httpx.AsyncClient(base_url=address, timeout=60, limits=limits) as client,
        contextlib.AsyncExitStack() as opened,
    ):
        asked = [client.send(client.build_request("GET", "/api/fleet/events"), stream=True) for _ in range(pages)]
        answers = await asyncio.gather(*asked)
        for answer in answers:
            opened.push_async_callback(answer.aclose)
        refused = next(answer for answer in answers if answer.status_code == 503)
        assert "watch the fleet already" in json.loads(await refused.aread())["detail"]
        assert (await client.get("/api/hints")).status_code == 200
        return Counter(answer.status_code for answer in answers)


def _is_let_in(client: httpx.Client) -> bool:
    with client.stream("GET", "/api/fleet/events") as answer:
        return answer.status_code == 200
