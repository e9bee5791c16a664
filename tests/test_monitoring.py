"""Rules and dashboard ask for metrics that there are, and the rules fire when they should."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "monitoring"
GATHERED = {"outlast_replicas_seen", "outlast_replicas_declared"}


def served() -> set[str]:
    """Every metric of the server by its reference, which a test of the server holds to what it serves."""
    reference = (ROOT / "docs" / "reference" / "server.md").read_text()
    table = reference.partition("<!-- metrics -->")[2].partition("<!-- /metrics -->")[0]
    return set(re.findall(r"^\| `(outlast_\w+)`", table, re.MULTILINE))


def groups() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = yaml.safe_load((FOLDER / "prometheus-rules.yml").read_text())["groups"]
    return found


def rules(kind: str) -> dict[str, str]:
    return {rule[kind]: rule["expr"] for group in groups() for rule in group["rules"] if kind in rule}


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((FOLDER / "grafana-dashboard.json").read_text())
    return found


def expressions() -> list[str]:
    panels = [target["expr"] for panel in dashboard()["panels"] for target in panel["targets"]]
    return [*rules("record").values(), *rules("alert").values(), *panels]


@pytest.mark.parametrize("expression", expressions())
def test_every_metric_that_is_asked_for_exists(expression: str) -> None:
    plain = {re.sub(r"_(bucket|sum|count)$", "", name) for name in re.findall(r"\boutlast_\w+", expression)}
    assert plain <= served() | GATHERED
    assert set(re.findall(r"\boutlast:[\w:]+", expression)) <= rules("record").keys()


def test_panels_do_not_overlap_and_have_their_own_numbers() -> None:
    panels = dashboard()["panels"]
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(places)) == len({panel["id"] for panel in panels}) == len(panels)


def test_every_alert_says_what_to_do_and_has_a_case() -> None:
    cases = yaml.safe_load((FOLDER / "prometheus-rules-test.yml").read_text())["tests"]
    fired = {case["alertname"] for test in cases for case in test["alert_rule_test"] if case["exp_alerts"]}
    assert fired == rules("alert").keys()
    alerts = [rule for group in groups() for rule in group["rules"] if "alert" in rule]
    assert all(rule["annotations"].keys() == {"summary", "what_to_do"} for rule in alerts)


@pytest.mark.slow
@pytest.mark.parametrize(("verb", "file"), [("check", "prometheus-rules.yml"), ("test", "prometheus-rules-test.yml")])
def test_promtool_agrees(verb: str, file: str) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not here: apt-get install prometheus")
    done = subprocess.run([promtool, verb, "rules", file], cwd=FOLDER, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
