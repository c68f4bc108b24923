"""`adgfleet db doctor`: a healthy installation passes; each thing that is broken is found, alone, with its advice."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import oracledb
import pytest
import redis
from click.testing import CliRunner

from adgfleet.cli import cli
from demo.preparation import MODELS
from emulator.broker import Broker
from emulator.cluster import Cluster
from fleet.sessions import Database, connect
from fleet.settings import Settings, load_settings
from loader.accounts import Account, create_account
from loader.doctor import account as account_checks
from loader.doctor.findings import Finding, Findings, Level
from loader.doctor.rounds import ExtraAccount, Rounds
from loader.doctor.visit import Purpose, visit
from loader.install import install, recompile, scripts_directory
from loader.models import load_model
from tests.fix_command import adgfleet, adgfleet_json, clean_environment, command
from tests.fix_emulator import cluster_values, fetch, run, wait_for_standbys, write_env_file
from tests.fix_redis import RedisServer

_DEADLINE = 30.0
_WORKER, _SEARCH = "worker-secret", "search-secret"


@pytest.fixture(scope="module")
def accounts(installed: Settings, stack_settings: Callable[..., Settings]) -> Settings:
    settings = stack_settings(worker_password=_WORKER, search_password=_SEARCH)
    for role in ("worker", "search"):
        account = Account.checked(settings, role, f"adg{role}")
        create_account(settings, scripts_directory(), account, lambda _line: None)
    wait_for_standbys(settings)
    return settings


@dataclass
class Site:
    """An installation, and what the doctor says of it."""

    cluster: Cluster
    values: dict[str, str]

    def settings(self, **changes: str) -> Settings:
        return load_settings(overrides={**self.values, **changes}, environment={})

    def examine(
        self,
        *standbys: str,
        accounts: tuple[ExtraAccount, ...] = (),
        tell: Callable[[Finding], None] = lambda _finding: None,
        **changes: str,
    ) -> list[Finding]:
        findings = Findings(tell=tell)
        Rounds(self.settings(**changes), findings, standbys or ("sby1",), accounts).make()
        return findings.all

    def primary(self) -> oracledb.Connection:
        return connect(Database.primary(self.settings()), module="test")

    def dba(self, *statements: str) -> None:
        with connect(Database.primary_as_dba(self.settings()), module="test") as connected:
            run(connected, *statements)
        wait_for_standbys(self.settings())

    def rows(self) -> list[tuple[Any, ...]]:
        with self.primary() as connected:
            return [
                fetch(connected, f"select count(*), min(id) from {table}")[0]
                for table in ("pictures", "picture_embeddings", "embedding_failures")
            ]


@pytest.fixture
def site(accounts: Settings, cluster: Cluster, redis_server: RedisServer) -> Iterator[Site]:
    values = {
        **cluster_values(cluster),
        "redis_url": redis_server.settings().broker_url,
        "worker_password": _WORKER,
        "search_password": _SEARCH,
    }
    made = Site(cluster, values)
    with made.primary() as connected:
        run(connected, "delete from picture_embeddings", "delete from pictures", "commit")
    yield made
    cluster.start()
    levers = cluster.levers("sby1")
    levers.lag(0)
    levers.apply(on=True)
    levers.slow_commit(0)
    levers.raise_error(16397, 0)
    wait_for_standbys(accounts)
    assert made.rows()[1:] == [(0, None), (0, None)]


def of(findings: list[Finding], level: Level) -> list[Finding]:
    return [finding for finding in findings if finding.level is level]


def failed(findings: list[Finding]) -> tuple[set[str], str]:
    """Return the names of the checks that failed, and everything that is advised."""
    wrong = of(findings, Level.FAIL)
    return {finding.check for finding in wrong}, "; ".join(finding.advice for finding in wrong)


# ---------------------------------------------------------------------- what is right


def test_a_healthy_installation_passes_everything_and_nothing_is_written(site: Site, tmp_path: Path) -> None:
    before, inferences = site.rows(), site.cluster.levers("prim").status()["inferences"]
    env = write_env_file(tmp_path / "site.env", site.values)
    report = adgfleet_json("--env-file", env, "db", "doctor", "--json", directory=tmp_path)
    assert (report["healthy"], report["warn"], report["fail"]) == (True, 0, 0)
    assert report["ok"] == len(report["findings"])
    assert {finding["place"] for finding in report["findings"]} == {"redis", "primary", "sby1", "sby2"}
    assert {"redirection", "array insert", "client array", "refused rows", "commit", "image model", "procedure"} <= {
        finding["check"] for finding in report["findings"] if finding["place"] == "sby2"
    }
    assert site.rows() == before
    assert site.cluster.levers("prim").status()["inferences"] == inferences


def test_checks_appear_one_by_one_and_only_the_wanted_standby_is_looked_at(site: Site, tmp_path: Path) -> None:
    env = write_env_file(tmp_path / "site.env", site.values)
    done = adgfleet("--env-file", env, "db", "doctor", "--standby", "sby2", directory=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "OK   sby2    redirection   an insert takes" in done.stdout
    assert "sby1" not in done.stdout
    assert "0 FAIL" in done.stderr
    assert "secret" not in done.stdout + done.stderr


def test_accounts_of_least_privilege_pass_as_far_as_they_go(site: Site) -> None:
    with site.primary() as connected, connected.cursor() as cursor:
        cursor.executemany("insert into pictures (id, img) values (:1, empty_blob())", [(n,) for n in (1, 2, 3)])
        connected.commit()
    wait_for_standbys(site.settings())
    extra = (
        ExtraAccount(Purpose.WORKER, "adgworker", _WORKER),
        ExtraAccount(Purpose.SEARCH, "adgsearch", _SEARCH),
    )
    findings = site.examine(accounts=extra)
    assert [finding for finding in findings if finding.level is not Level.OK] == []
    worker = {finding.check for finding in findings if finding.place == "sby1 as adgworker"}
    search = {finding.check for finding in findings if finding.place == "sby1 as adgsearch"}
    assert {"redirection", "array insert", "commit", "procedure"} <= worker
    assert "redirection" not in search
    assert {"image model", "text model"} <= search


def test_a_worker_account_can_look_itself(site: Site) -> None:
    """It may not add pictures: where none is pending it says that it did not try."""
    findings = site.examine(db_user="adgworker", db_password=_WORKER, image_model="adgvec.clipimg")
    assert failed(findings) == (set(), "")
    assert [finding.check for finding in of(findings, Level.WARN)] == ["redirection"]


# ---------------------------------------------------------------------- what is broken


@pytest.mark.parametrize(("model", "file"), [("image", "clipimg"), ("text", "cliptxt")])
def test_a_model_that_is_missing(site: Site, model: str, file: str) -> None:
    with site.primary() as connected:
        run(connected, f"begin dbms_vector.drop_onnx_model('{file}', true); end;")
    wait_for_standbys(site.settings())
    try:
        checks, advice = failed(site.examine())
    finally:
        with site.primary() as connected:
            load_model(connected, MODELS / f"{model}.onnx", name=file, input_name="data", replace=True)
            recompile(connected, scripts_directory())
        for role in ("worker", "search"):
            account = Account.checked(site.settings(), role, f"adg{role}")
            create_account(site.settings(), scripts_directory(), account, lambda _line: None)
    assert checks == {f"{model} model"}
    assert f"adgfleet load model FILE --name {file}" in advice


def test_a_procedure_that_is_missing(site: Site) -> None:
    with site.primary() as connected:
        run(connected, "drop procedure process_embedding_range")
    wait_for_standbys(site.settings())
    try:
        checks, advice = failed(site.examine())
    finally:
        install(site.settings(), scripts_directory(), lambda _line: None)
    assert checks == {"procedure"}
    assert "adgfleet db install" in advice


def test_a_table_that_is_missing(site: Site) -> None:
    with site.primary() as connected:
        run(connected, "drop table embedding_failures")
    wait_for_standbys(site.settings())
    try:
        checks, advice = failed(site.examine())
    finally:
        install(site.settings(), scripts_directory(), lambda _line: None)
        account = Account.checked(site.settings(), "worker", "adgworker")
        create_account(site.settings(), scripts_directory(), account, lambda _line: None)
    assert checks == {"objects"}
    assert "adgfleet db install" in advice


def test_a_grant_that_the_worker_account_lacks(site: Site) -> None:
    site.dba("revoke insert on adgvec.embedding_failures from adgworker")
    try:
        findings = site.examine(accounts=(ExtraAccount(Purpose.WORKER, "adgworker", _WORKER),))
    finally:
        site.dba("grant insert on adgvec.embedding_failures to adgworker")
    checks, advice = failed(findings)
    assert checks == {"privileges"}
    assert "INSERT on EMBEDDING_FAILURES" in of(findings, Level.FAIL)[0].text
    assert "sql/10_create_worker_account.sql" in advice


def test_a_view_that_may_not_be_read_costs_sight_and_nothing_else(site: Site) -> None:
    settings = site.settings()
    here = visit("sby1", Database.standby(settings, "sby1"), settings)
    # The emulator's V$ views are everybody's, so the refusal is injected.
    site.cluster.levers("sby1").raise_error(942, 1, "query")
    try:
        verdict = account_checks.views(here)
    finally:
        here.connection.close()
    assert verdict.level is Level.WARN
    assert "may not read V$DATABASE," in verdict.text
    assert "sql/09_grant_views.sql as SYS on the primary, grantee adgvec" in verdict.advice


def test_a_standby_that_is_down(site: Site) -> None:
    site.cluster.kill("sby1")
    findings = site.examine("sby1", "sby2")
    checks, advice = failed(findings)
    assert checks == {"logon"}
    assert "is the database up" in advice
    assert any(finding.place == "sby2" and finding.check == "redirection" for finding in of(findings, Level.OK))


@pytest.mark.parametrize("fault", ["cut", "frozen"])
def test_a_session_that_is_lost_on_the_way_is_one_finding(site: Site, fault: str) -> None:
    def break_it(finding: Finding) -> None:
        if (finding.place, finding.check) == ("sby1", "clock"):
            if fault == "cut":
                site.cluster.levers("sby1").cut()
            else:
                site.cluster.freeze("sby1")

    started = time.monotonic()
    try:
        findings = site.examine("sby1", "sby2", tell=break_it, picture_timeout="1")
    finally:
        if fault == "frozen":
            site.cluster.thaw("sby1")
    assert time.monotonic() - started < _DEADLINE
    assert failed(findings) == ({"privileges"}, "is the database up, and not overloaded? Then run the check again")
    assert [finding.check for finding in findings if finding.place == "sby1"][-1] == "privileges"
    assert any(finding.place == "sby2" and finding.check == "commit" for finding in findings)


def test_a_standby_that_applies_no_redo(site: Site) -> None:
    site.cluster.levers("sby1").apply(on=False)
    checks, advice = failed(site.examine())
    assert checks == {"open mode"}
    assert "start real-time apply" in advice


def test_a_standby_that_lags(site: Site) -> None:
    levers = site.cluster.levers("sby1")
    levers.lag(60)
    with site.primary() as connected:
        run(connected, "insert into pictures (id) values (1)", "commit")
    end = time.monotonic() + _DEADLINE
    while levers.status()["apply_lag_seconds"] < 2:
        assert time.monotonic() < end, "no lag shows"
        time.sleep(0.05)
    checks, advice = failed(site.examine(apply_lag_limit="1"))
    assert checks == {"apply lag"}
    assert "raise APPLY_LAG_LIMIT" in advice


def test_a_primary_that_takes_its_time_to_commit(site: Site) -> None:
    site.cluster.levers("sby1").slow_commit(0.4)
    checks, advice = failed(site.examine(commit_latency_limit="0.2"))
    assert checks == {"commit"}
    assert "SYNC" in advice


def test_redirection_that_fails(site: Site) -> None:
    site.cluster.levers("sby1").raise_error(16397, 1, "dml")
    findings = site.examine()
    checks, advice = failed(findings)
    assert checks == {"redirection"}
    assert "is redo applied and the primary reachable?" in advice


def test_a_wrong_password_is_tried_once_so_that_no_account_is_locked(site: Site) -> None:
    findings = site.examine("sby1", "sby2", db_password="wrong")
    assert [(finding.place, finding.check) for finding in of(findings, Level.FAIL)] == [("primary", "logon")]
    assert "DB_PASSWORD" in failed(findings)[1]
    assert [finding.place for finding in of(findings, Level.WARN)] == ["sby1", "sby2"]


def test_a_snapshot_standby_gets_no_row(site: Site) -> None:
    dsn = site.cluster.instances["sby1"].dsn("mypdb")
    Broker(site.cluster).snapshot("sby1", on=True)
    try:
        checks, advice = failed(site.examine(standbys=f"sby1={dsn}"))
    finally:
        Broker(site.cluster).snapshot("sby1", on=False)
    assert checks == {"role"}
    assert "CONVERT DATABASE" in advice


def test_names_that_lead_to_the_primary_or_to_one_standby_twice(site: Site) -> None:
    prim, sby1 = (site.cluster.instances[name].dsn("mypdb") for name in ("prim", "sby1"))
    findings = site.examine("a", "b", "c", standbys=f"a={prim},b={sby1},c={sby1}")
    wrong = {finding.place: finding.text for finding in of(findings, Level.FAIL)}
    assert wrong == {
        "a": "prim is PRIMARY; embedding runs on a PHYSICAL STANDBY only",
        "c": "c and b are both sby1",
    }


# ---------------------------------------------------------------------- Redis


def test_a_redis_that_evicts(site: Site) -> None:
    with redis.Redis.from_url(site.settings().broker_url) as client:
        client.config_set("maxmemory", "100mb")
        client.config_set("maxmemory-policy", "allkeys-lru")
    checks, advice = failed(site.examine())
    assert checks == {"eviction"}
    assert "maxmemory-policy noeviction" in advice


def test_a_redis_without_append_only_file_is_only_worth_a_remark(site: Site) -> None:
    with redis.Redis.from_url(site.settings().broker_url) as client:
        client.config_set("appendonly", "no")
    findings = site.examine()
    assert failed(findings) == (set(), "")
    assert [finding.check for finding in of(findings, Level.WARN)] == ["persistence"]


def test_a_redis_database_that_somebody_else_uses(site: Site) -> None:
    with redis.Redis.from_url(site.settings().broker_url) as client:
        client.set("embeddings", "mine")
    checks, advice = failed(site.examine())
    assert checks == {"queue"}
    assert "a database of its own" in advice


def test_a_redis_that_is_down(site: Site) -> None:
    checks, advice = failed(site.examine(redis_url="redis://127.0.0.1:1/0"))
    assert checks == {"reachable"}
    assert "set REDIS_URL" in advice


# ---------------------------------------------------------------------- the command


def test_a_fail_ends_in_1_and_a_setting_that_is_missing_in_2(site: Site, tmp_path: Path) -> None:
    env = write_env_file(tmp_path / "site.env", {**site.values, "redis_url": "redis://127.0.0.1:1/0"})
    done = adgfleet("--env-file", env, "db", "doctor", "--standby", "sby1", "--json", directory=tmp_path)
    assert done.returncode == 1
    report = json.loads(done.stdout)
    assert (report["healthy"], report["fail"]) == (False, 1)
    assert CliRunner().invoke(cli, ["--env-file", str(env), "db", "doctor", "--standby", "sby9"]).exit_code == 2
    values = {name: value for name, value in site.values.items() if name != "worker_password"}
    env = write_env_file(tmp_path / "site.env", values)
    wanted = ["--env-file", str(env), "db", "doctor", "--worker-account", "adgworker"]
    assert CliRunner().invoke(cli, wanted).exit_code == 2


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupt_in_the_middle_of_a_write_leaves_nothing(site: Site, tmp_path: Path, how: signal.Signals) -> None:
    site.cluster.levers("sby1").slow_commit(20)
    before = site.rows()
    env = write_env_file(tmp_path / "site.env", site.values)
    arguments = command("--env-file", env, "db", "doctor", "--standby", "sby1")
    with subprocess.Popen(
        arguments, cwd=tmp_path, env=clean_environment(), stdout=subprocess.PIPE, text=True
    ) as doctor:
        assert doctor.stdout is not None
        assert any("client array" in line for line in doctor.stdout)  # the next thing is a commit that takes its time
        started = time.monotonic()
        doctor.send_signal(how)
        assert doctor.wait(_DEADLINE) == (130 if how is signal.SIGINT else -how)
        assert time.monotonic() - started < 10
    site.cluster.levers("sby1").slow_commit(0)
    assert site.rows() == before
