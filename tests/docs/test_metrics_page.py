"""The page of the metrics and the metrics are the same; so are the alerts and what is written of them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import yaml

from exporter.families import METRICS, families
from exporter.observer import FleetLook

_ROOT = Path(__file__).parents[2]
_ROW = re.compile(r"^\| `(adgfleet_\w+)` \| (gauge|counter) \| ([^|]*)\|", re.MULTILINE)
_DASHBOARD = _ROOT / "monitoring" / "grafana" / "dashboards" / "adgfleet.json"
_NAME = re.compile(r"\badgfleet_\w+")


def test_every_metric_is_documented_as_it_is_and_no_other() -> None:
    rows = _ROW.findall((_ROOT / "docs" / "reference" / "metrics.md").read_text(encoding="utf-8"))
    written = {name: (kind, tuple(re.findall(r"`(\w+)`", labels))) for name, kind, labels in rows}
    assert written == {metric.name: (metric.kind, metric.labels) for metric in METRICS.values()}
    assert len(rows) == len(written)


def test_names_follow_the_conventions_and_no_two_are_one_family() -> None:
    made = list(families(FleetLook(None, None, 0.0, 0.0)))
    assert len({family.name for family in made}) == len(METRICS), "OpenMetrics has families without _total"
    for metric in METRICS.values():
        assert metric.name.endswith("_total") == (metric.kind == "counter"), metric.name
        assert not re.search(r"_(ms|millis|minutes|percent)(_|$)", metric.name), "base units"


def test_every_alert_has_a_section_that_its_annotation_leads_to() -> None:
    page = (_ROOT / "docs" / "howto" / "monitor.md").read_text(encoding="utf-8")
    rules = yaml.safe_load((_ROOT / "monitoring" / "alerts.yml").read_text(encoding="utf-8"))["groups"][0]["rules"]
    assert re.findall(r"^### (\w+)$", page, re.MULTILINE) == [rule["alert"] for rule in rules]
    for rule in rules:
        assert rule["annotations"]["runbook"] == f"docs/howto/monitor.md#{rule['alert'].lower()}"


def test_the_dashboard_shows_every_metric_that_is_to_be_seen() -> None:
    dashboard = json.loads(_DASHBOARD.read_text(encoding="utf-8"))
    queries = " ".join(target["expr"] for panel in dashboard["panels"] for target in panel["targets"])
    unseen = {metric.name for metric in METRICS.values()} - set(_NAME.findall(queries))
    # What rules watch, and what is for those who look for the cause.
    assert unseen == {
        "adgfleet_build_info",
        "adgfleet_standby_pause_wished",
        "adgfleet_worker_start_time_seconds",
        "adgfleet_worker_last_error_timestamp_seconds",
        "adgfleet_tables_counted_timestamp_seconds",
        "adgfleet_tables_count_duration_seconds",
        "adgfleet_database_up",
    }
    ids = [panel["id"] for panel in dashboard["panels"]]
    assert len(set(ids)) == len(ids)
    assert "${" not in queries, "a data source that only an import would fill in"
