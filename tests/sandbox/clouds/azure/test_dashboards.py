"""Dashboards of the portal: what our own program writes is taken, and its metrics are some that the sandbox emits."""

from __future__ import annotations

import json

import pytest

from sandbox.alarms.rule import SERIES
from sandbox.clouds.azure.alarms import METRICS
from sandbox.clouds.azure.dashboards import DASHBOARD
from sandbox.clouds.kinds import KINDS
from sandbox.clouds.rules import mistakes
from sandbox.clouds.values import Values
from tests.infra.goldens import golden_file

(GOLDEN,) = (r for r in json.loads(golden_file("azure").read_text())["resources"] if r["type"] == DASHBOARD)


def wrong_paths(inputs: Values) -> list[str]:
    return [path for path, _ in mistakes(KINDS[DASHBOARD].limits, KINDS[DASHBOARD].combinations, inputs)]


def test_what_the_program_writes_is_taken() -> None:
    assert wrong_paths(GOLDEN["inputs"]) == []


def test_every_metric_of_a_panel_is_one_that_a_site_emits() -> None:
    (lens,) = GOLDEN["inputs"]["properties"]["lenses"]
    charts = [part["metadata"]["settings"]["content"]["options"]["chart"] for part in lens["parts"]]
    names = [metric["name"] for chart in charts for metric in chart["metrics"]]
    assert names and all(METRICS[name][0] in SERIES for name in names)


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({"dashboardName": "a"}, "dashboardName"),
        ({"dashboardName": "site_dashboard"}, "dashboardName"),
        ({"properties": {"lenses": [{"order": 0, "parts": []}] * 2}}, "properties.lenses"),
        (
            {"properties": {"lenses": [{"order": 0, "parts": [{"position": {"colSpan": 0}}]}]}},
            "properties.lenses[0].parts[0].position.colSpan",
        ),
    ],
)
def test_what_the_api_refuses(changed: Values, path: str) -> None:
    assert wrong_paths({**GOLDEN["inputs"], **changed}) == [path]
