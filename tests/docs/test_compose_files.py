"""The compose files say what the Compose Specification lets them say, and every name in them leads somewhere."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from adgfleet.cli import cli
from fleet.settings import setting_rows

ROOT = Path(__file__).parents[2]
FILES = sorted(ROOT.glob("docker-compose*.yml"))
#: What the files use of the specification. Source: Compose Specification, "Services top-level elements" and the others.
_TOP_LEVEL = {"services", "volumes", "configs", "secrets"}
_SERVICE = {
    *("build", "image", "command", "hostname", "environment", "env_file", "secrets", "configs", "volumes", "ports"),
    *("depends_on", "restart", "stop_signal", "stop_grace_period", "read_only", "tmpfs", "healthcheck", "profiles"),
}
_HEALTHCHECK = {"test", "interval", "timeout", "retries", "start_period"}
_CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
#: Images that bring a health check. Source: the image's README ("the STATUS field shows (healthy)").
_HEALTHY_IMAGES = ("container-registry.oracle.com/database/free:",)
_DURATION = re.compile(r"(\d+(us|ms|s|m|h))+")
_PORT = re.compile(r"127\.0\.0\.1:\d+:\d+")


@pytest.fixture(params=FILES, ids=lambda path: path.name)
def compose(request: pytest.FixtureRequest) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(request.param.read_text(encoding="utf-8"))
    return loaded


def services(compose: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    return list(compose["services"].items())


def names_of(entries: list[Any]) -> set[str]:
    return {entry if isinstance(entry, str) else entry["source"] for entry in entries}


def test_only_what_the_specification_knows_is_written(compose: dict[str, Any]) -> None:
    assert {key for key in compose if not key.startswith("x-")} <= _TOP_LEVEL
    for name, service in services(compose):
        assert set(service) <= _SERVICE, name
        assert len({"image", "build"} & set(service)) == 1, name
        assert set(service.get("healthcheck", {})) <= _HEALTHCHECK, name
        assert all(isinstance(value, str) for value in service.get("environment", {}).values()), name
        times = [service.get("stop_grace_period", "0s")]
        times += [value for key, value in service.get("healthcheck", {}).items() if key not in {"test", "retries"}]
        assert all(_DURATION.fullmatch(value) for value in times), name


def test_every_name_leads_somewhere(compose: dict[str, Any]) -> None:
    for name, service in services(compose):
        assert names_of(service.get("secrets", [])) <= set(compose.get("secrets", {})), name
        assert names_of(service.get("configs", [])) <= set(compose.get("configs", {})), name
        mounted = {volume.partition(":")[0] for volume in service.get("volumes", [])}
        assert mounted <= set(compose.get("volumes", {})), name
        for other, wanted in service.get("depends_on", {}).items():
            assert wanted["condition"] in _CONDITIONS, name
            target = compose["services"][other]
            if wanted["condition"] == "service_healthy":
                assert "healthcheck" in target or target["image"].startswith(_HEALTHY_IMAGES), name


def test_nothing_is_open_to_the_network_and_no_password_is_written(compose: dict[str, Any]) -> None:
    ports = [port for _, service in services(compose) for port in service.get("ports", [])]
    assert all(_PORT.fullmatch(port) for port in ports)
    assert len({port.split(":")[1] for port in ports}) == len(ports), "two services want one port of the host"
    secrets = {name for name, *_, secret in setting_rows() if secret} - {"REDIS_URL"} | {"ORACLE_PWD"}
    for name, service in services(compose):
        assert not secrets & set(service.get("environment", {})), name
    for name, secret in compose.get("secrets", {}).items():
        assert secret == {"file": f"./secrets/{name}"}


def test_the_fleets_services_run_commands_that_exist() -> None:
    loaded = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
    assert {"redis", "flower", "search", "producer"} <= set(loaded["services"])
    assert len([name for name in loaded["services"] if name.startswith("worker")]) >= 2
    known = set(cli.list_commands(cli.make_context("adgfleet", ["status"], resilient_parsing=True)))
    for name, service in services(loaded):
        command = service.get("command")
        if name != "redis" and command:
            words = shlex.split(command) if isinstance(command, str) else command
            assert words[0] in known, name


def test_the_rig_has_a_primary_and_replicas_of_it_that_redirect_there() -> None:
    loaded = yaml.safe_load((ROOT / "docker-compose.oracle.yml").read_text(encoding="utf-8"))
    primary = loaded["services"]["primary"]
    replicas = {name: service for name, service in services(loaded) if name != "primary"}
    assert primary["environment"]["ENABLE_ARCHIVELOG"] == "true"
    assert len(replicas) == 2
    for service in replicas.values():
        environment = service["environment"]
        assert environment["TRUE_CACHE"] == "true"
        assert environment["PRIMARY_DB_CONN_STR"].startswith("primary:1521/")
        pdb, rw_service, ro_service = environment["PDB_TC_SVCS"].split(":")
        assert (pdb, ro_service) == ("FREEPDB1", "mypdb_ro")
        assert f"'{rw_service}'" in loaded["configs"]["services"]["content"]
        assert service["image"] == primary["image"]
    assert len({service["environment"]["TRUEDB_UNIQUE_NAME"] for service in replicas.values()}) == 2
