"""``docker compose up`` with the profiles, without containers: every service runs as docker-compose.yml has it."""

from __future__ import annotations

import base64
import copy
import json
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fix_command import adgfleet, adgfleet_json
from tests.fix_compose import ROOT, ComposeRig, LocalService, load_compose
from tests.fix_worker import wait_until

_PICTURES, _BAD = 300, 6
#: `produce --follow` when pictures were put aside.
_PARTLY = 3


@pytest.fixture(scope="module")
def rig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeRig]:
    compose = load_compose(ROOT / "docker-compose.yml")
    made = ComposeRig(tmp_path_factory.mktemp("compose"), compose, {"emulator", "monitoring"})
    try:
        made.start()
        yield made
    finally:
        made.kill()


def answer(rig: ComposeRig, service: str, path: str, *, user: str = "", secret: str = "") -> Any:
    port = rig.services[service].entry["ports"][0].rpartition(":")[2]
    request = urllib.request.Request(f"http://{rig.addresses[service]}:{port}{path}")
    if secret:
        password = (rig.secrets / secret).read_text().strip()
        request.add_header("Authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode())
    with urllib.request.urlopen(request, timeout=20) as response:
        return json.load(response)


def finished_ranges(rig: ComposeRig) -> set[str]:
    tasks = answer(rig, "flower", "/api/tasks", user="operator", secret="flower_password")
    return {name for name, task in tasks.items() if task["state"] == "SUCCESS"}


def run_again(rig: ComposeRig, name: str, variables: dict[str, str] | None = None) -> LocalService:
    """Run a one-off once more, maybe with variables in .env."""
    entry = copy.deepcopy(load_compose(ROOT / "docker-compose.yml", variables)["services"][name])
    again = LocalService(name, entry, rig)
    again.log = again.log.with_name("log-of-another-run")
    again.start()
    again.wait_for_end()
    return again


@pytest.mark.timeout(400)
def test_every_service_that_stays_becomes_healthy(rig: ComposeRig) -> None:
    staying = [service for service in rig.services.values() if not service.is_one_off]
    assert len(staying) == 12
    for service in staying:
        service.wait_until_healthy()


def test_the_one_offs_do_the_demo(rig: ComposeRig) -> None:
    assert rig.services["emulator-create"].wait_for_end() == 0
    assert rig.services["emulator-fill"].wait_for_end() == 0
    producer = rig.services["producer"]
    assert producer.wait_for_end() == _PARTLY, producer.text()

    def is_counted() -> bool:
        found = answer(rig, "search", "/api/fleet")["counts"] or {}
        return (found.get("embedded"), found.get("failed")) == (_PICTURES - _BAD, _BAD)

    wait_until(is_counted, "all pictures counted", every_seconds=0.5)
    found = answer(rig, "search", "/api/search?q=a+blue+bird")
    assert found["hits"]
    assert found["standby"] in {"sby1", "sby2", "sby3"}


def test_prometheus_scrapes_the_fleet_and_knows_the_rules(rig: ComposeRig) -> None:
    def asked(path: str) -> Any:
        return answer(rig, "prometheus", f"/api/v1/{path}")["data"]

    def health() -> dict[str, str]:
        return {each["labels"]["job"]: each["health"] for each in asked("targets")["activeTargets"]}

    wait_until(lambda: health() == {"adgfleet": "up", "flower": "up"}, "scraped", seconds=60, every_seconds=0.5)
    for metric, value in (("adgfleet_embedded_pictures", _PICTURES - _BAD), ("sum(adgfleet_failed_pictures)", _BAD)):
        wait_until(
            lambda metric=metric, value=value: (
                [  # type: ignore[misc]
                    float(series["value"][1]) for series in asked(f"query?query={metric}")["result"]
                ]
                == [value]
            ),
            f"{metric} {value}",
            seconds=90,
            every_seconds=1,
        )
    assert len(asked("rules")["groups"][0]["rules"]) > 10


def test_a_role_change_works_from_one_of_the_containers(rig: ComposeRig) -> None:
    databases = rig.volume("databases")
    done = adgfleet("emulator", "switchover", "sby1", "--directory", databases, directory=rig.directory)
    assert done.returncode == 0, done.stderr
    listed = adgfleet_json("emulator", "list", "--directory", databases, "--json", directory=rig.directory)
    assert {entry["name"]: (entry["role"], entry["state"]) for entry in listed} == {
        "sby1": ("PRIMARY", "running"),
        **dict.fromkeys(("prim", "sby2", "sby3"), ("PHYSICAL STANDBY", "running")),
    }


def test_a_second_up_keeps_what_is_there(rig: ComposeRig) -> None:
    assert "kept: prim=" in run_again(rig, "emulator-create").text()
    again = run_again(rig, "emulator-fill")
    assert "none were loaded" in again.text()


def test_the_demo_does_not_touch_the_database_that_the_settings_name(rig: ComposeRig) -> None:
    refused = run_again(rig, "emulator-fill", {"DB_DSN": "production:1521/orders"})
    assert refused.process is not None
    assert refused.process.returncode == 2
    assert "DB_DSN=production:1521/orders is not one of the emulated databases" in refused.text()


def test_flower_remembers_what_it_saw_before_its_restart(rig: ComposeRig) -> None:
    flower = rig.services["flower"]
    wait_until(lambda: finished_ranges(rig), "ranges in Flower")
    before = finished_ranges(rig)
    assert flower.stop() == 0, flower.text()[-2000:]
    flower.start()
    flower.wait_until_healthy()
    assert finished_ranges(rig) == before


@pytest.mark.timeout(300)
def test_every_service_ends_in_order_within_its_grace(rig: ComposeRig) -> None:
    for service in reversed(list(rig.in_order())):
        if not service.is_one_off:
            assert service.stop() == 0, f"{service.name}: {service.text()[-2000:]}"
            assert service.problem() is not None, f"{service.name} has ended, and its health check does not see it"
    assert [path for path in Path("/proc").glob("[0-9]*/cmdline") if str(rig.directory).encode() in _read(path)] == []


def test_nothing_was_written_where_a_container_cannot_write(rig: ComposeRig) -> None:
    assert {name: service.written() for name, service in rig.services.items() if service.written()} == {}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
