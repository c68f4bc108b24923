"""What is below monitoring/ with a real Prometheus: it scrapes a fleet at work, and every query is answered."""

from __future__ import annotations

import json
import re
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from fleet.celery_app import SHARED_QUEUE
from tests.fix_emulator import write_env_file
from tests.fix_fleet import Fleet, album, cluster, fleet
from tests.fix_metrics import metrics_server
from tests.fix_prometheus import Prometheus, PrometheusPrograms, prometheus_programs, prometheus_server
from tests.fix_worker import StartWorker, wait_until

__all__ = ["album", "cluster", "fleet", "prometheus_programs"]

MONITORING = Path(__file__).parents[2] / "monitoring"
DASHBOARD = json.loads((MONITORING / "grafana" / "dashboards" / "adgfleet.json").read_text(encoding="utf-8"))
RULES = yaml.safe_load((MONITORING / "alerts.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
#: What Grafana would put in.
_VARIABLES = {"$standby": ".*", "$__rate_interval": "1m"}
_SELECTOR = re.compile(r"\b(?:adgfleet_\w+|up)(?:\{[^}]*\})?(?:\[\w+\])?")
_PASSWORD = "scrape-secret"


def queries_of_the_dashboard() -> list[str]:
    found = [target["expr"] for panel in DASHBOARD["panels"] for target in panel["targets"]]
    for name, value in _VARIABLES.items():
        found = [query.replace(name, value) for query in found]
    return found


def promtool(programs: PrometheusPrograms, *arguments: str | Path) -> None:
    done = subprocess.run(
        [programs.promtool, *map(str, arguments)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_each_alert_fires_when_it_should_and_not_otherwise(prometheus_programs: PrometheusPrograms) -> None:
    promtool(prometheus_programs, "check", "config", "--syntax-only", MONITORING / "prometheus.yml")
    promtool(prometheus_programs, "check", "rules", MONITORING / "alerts.yml")
    promtool(prometheus_programs, "test", "rules", MONITORING / "alerts_test.yml")
    cases = yaml.safe_load((MONITORING / "alerts_test.yml").read_text(encoding="utf-8"))["tests"]
    expected = {(case["alertname"], bool(case.get("exp_alerts"))) for test in cases for case in test["alert_rule_test"]}
    assert expected == {(rule["alert"], fires) for rule in RULES for fires in (True, False)}


def configuration(directory: Path, address: str) -> Path:
    """Write the configuration as it is, with this test's addresses and password, and faster."""
    config: dict[str, Any] = yaml.safe_load((MONITORING / "prometheus.yml").read_text(encoding="utf-8"))
    config["global"] = {"scrape_interval": "500ms", "scrape_timeout": "500ms", "evaluation_interval": "500ms"}
    config["rule_files"] = [str(MONITORING / name) for name in config["rule_files"]]
    jobs = {job["job_name"]: job for job in config["scrape_configs"]}
    jobs["adgfleet"]["static_configs"] = [{"targets": [address.removeprefix("http://")]}]
    jobs["adgfleet"]["basic_auth"]["password_file"] = str(directory / "password")
    config["scrape_configs"] = [jobs["adgfleet"]]
    (directory / "prometheus.yml").write_text(yaml.safe_dump(config), encoding="utf-8")
    return directory / "prometheus.yml"


@pytest.mark.timeout(180)
def test_a_fleet_at_work_answers_every_query_of_the_dashboard_and_every_rule(
    fleet: Fleet, start_worker_process: StartWorker, prometheus_programs: PrometheusPrograms, tmp_path: Path
) -> None:
    fleet.load({900: b"no picture"})
    (tmp_path / "password").write_text(_PASSWORD, encoding="utf-8")
    values = {
        **fleet.values,
        "metrics_password_file": str(tmp_path / "password"),
        "metrics_count_interval": "0.5",
    }
    workers = [start_worker_process(name, fleet.values, fleet.state) for name in ("sby1", "sby2")]
    with (
        metrics_server(write_env_file(tmp_path / "metrics.env", values)) as address,
        prometheus_server(prometheus_programs, configuration(tmp_path, address)) as prometheus,
    ):
        for worker in workers:
            worker.wait_for("SERVING")
        wait_until(lambda: prometheus.targets() == {"adgfleet": "up"}, f"scraped: {prometheus.targets()}")
        fleet.enqueue(*((first, first + 4) for first in range(1, 41, 5)))
        fleet.wait_until_stored(1)  # one that is known to be good tells whose fault the other one is
        fleet.enqueue((900, 900))
        fleet.state.add_dead_letter(reason="a test", standby="sby1", message={})

        missing = queries_of_the_dashboard()

        def all_are_answered() -> bool:
            """Ask again what nobody has answered yet."""
            missing[:] = [query for query in missing if not prometheus.query(query)]
            return not missing

        # At work: there is a rate, time left, and batches that were committed.
        wait_until(all_are_answered, "answered", seconds=60, every_seconds=0.3)
        check_rules(prometheus)

        wait_until(lambda: prometheus.value("adgfleet_pending_pictures") == 0, "embedded", every_seconds=0.3)
        wait_until(lambda: prometheus.value("sum(adgfleet_running_ranges)") == 0, "nothing in work", every_seconds=0.3)
        assert prometheus.value("adgfleet_embedded_pictures") == len(fleet.stored()) == 40
        assert sum(prometheus.values("adgfleet_failed_pictures", "error").values()) == 1
        total = "adgfleet_worker_embedded_pictures_total"
        wait_until(lambda: prometheus.value(f"sum({total})") == 40, "heard of", every_seconds=0.3)
        beats = fleet.state.workers().items()
        assert prometheus.values(total, "standby") == {name: beat.embedded for name, beat in beats}
        wait_until(lambda: prometheus.value("adgfleet_eta_seconds") == 0, "nothing left", every_seconds=0.3)
        assert prometheus.value(f'adgfleet_queue_ranges{{queue="{SHARED_QUEUE}"}}') == 0

        # An operator pauses one standby, the other one's worker is killed: only that is an alert.
        fleet.state.pause("sby2")
        workers[0].kill()
        killed = time.monotonic()
        serving = 'adgfleet_standby_state{state="SERVING"}'
        wait_until(
            lambda: prometheus.values(serving, "standby") == {"sby1": 0, "sby2": 0}, "none serves", every_seconds=0.3
        )
        alert = "AdgfleetStandbyNotServing"
        wait_until(lambda: prometheus.rules()[alert]["state"] == "pending", "pending", every_seconds=0.3)
        assert time.monotonic() - killed < 20
        assert [each["labels"]["standby"] for each in prometheus.rules()[alert]["alerts"]] == ["sby1"]
        assert prometheus.values('adgfleet_standby_state{state="GONE"} == 1', "standby") == {"sby1": 1}


def check_rules(prometheus: Prometheus) -> None:
    """Every series that a rule asks for is there, and the rule could be evaluated."""
    evaluated = prometheus.rules()
    assert set(evaluated) == {rule["alert"] for rule in RULES}
    for rule in RULES:
        selectors = _SELECTOR.findall(rule["expr"])
        assert selectors, rule["alert"]
        for selector in selectors:
            assert prometheus.query(selector), f"{rule['alert']}: {selector}"
        prometheus.query(rule["expr"])
        assert evaluated[rule["alert"]]["health"] == "ok", evaluated[rule["alert"]]
