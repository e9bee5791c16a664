"""PutDashboard: what our own program writes is taken, and each of its metrics is one that the sandbox emits."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from sandbox.alarms.rule import SERIES
from sandbox.clouds.aws.alarms import METRICS
from sandbox.clouds.aws.dashboards import DASHBOARD
from sandbox.clouds.kinds import KINDS
from sandbox.clouds.rules import mistakes
from tests.infra.goldens import golden_file

(GOLDEN,) = (r for r in json.loads(golden_file("aws").read_text())["resources"] if r["type"] == DASHBOARD)
BODY: dict[str, Any] = GOLDEN["inputs"]["dashboardBody"]["as JSON"]


def said_of(body: Any) -> str:
    text = body if isinstance(body, str) else json.dumps(body)
    inputs = {"dashboardName": "site", "dashboardBody": text}
    return "; ".join(why for _, why in mistakes(KINDS[DASHBOARD].limits, KINDS[DASHBOARD].combinations, inputs))


def test_what_the_program_writes_is_taken() -> None:
    assert said_of(BODY) == ""


def test_every_metric_of_a_panel_is_one_that_a_site_emits() -> None:
    lines = [line for widget in BODY["widgets"] for line in widget["properties"]["metrics"]]
    drawn = [[part for part in line if isinstance(part, str)] for line in lines]
    for namespace, name, *pairs in (line for line in drawn if line):
        series, sets = METRICS[namespace, name]
        assert series in SERIES and frozenset(pairs[::2]) in sets


def of_first(**changed: Any) -> Callable[[dict[str, Any]], None]:
    return lambda body: body["widgets"][0].update(changed)


def in_first(**changed: Any) -> Callable[[dict[str, Any]], None]:
    return lambda body: body["widgets"][0]["properties"].update(changed)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda body: body.pop("widgets"), "Should have required property 'widgets'"),
        (lambda body: body.update(widgets=body["widgets"] * 100), "Should NOT have more than 500 items"),
        (of_first(type="graph"), "/widgets/0/type"),
        (of_first(x=24), "/widgets/0/x"),
        (of_first(x=1.5), "Should be a whole number from 0 to 23"),
        (of_first(x=20), "together more than 24 columns"),
        (of_first(properties=None), "Should have required property 'properties'"),
        (in_first(metrics=None), "Should have required property 'metrics'"),
        (in_first(region=None), "Should have required property 'region'"),
        (in_first(period=45), "/widgets/0/properties/period"),
        (in_first(metrics=[["AWS/ECS"]] * 501), "Should NOT have more than 500 items"),
        (in_first(metrics=[[]]), "Should be an array with at least 1 item"),
        (in_first(metrics=[["AWS/ECS", 5]]), 'only \\"String\\" type is allowed'),
        (in_first(metrics=[["AWS/ECS", "CPUUtilization", "ServiceName"]]), "a value for each dimension"),
        (in_first(metrics=[[{"id": "a"}]]), "Should have required property 'expression'"),
        (in_first(annotations={"horizontal": [{"label": "a"}]}), "Should have required property 'value'"),
    ],
)
def test_what_put_dashboard_refuses(change: Callable[[dict[str, Any]], Any], said: str) -> None:
    body = copy.deepcopy(BODY)
    change(body)
    assert said in said_of(body)


def test_all_mistakes_of_a_body_are_told_together() -> None:
    wrong = copy.deepcopy(BODY)
    of_first(x=20)(wrong)
    in_first(region=None)(wrong)
    assert "there are 2 validation errors" in said_of(wrong)


def test_what_is_no_json_is_refused_and_what_is_not_known_is_let_be() -> None:
    assert "must be a valid JSON object" in said_of("widgets")
    assert not mistakes(KINDS[DASHBOARD].limits, KINDS[DASHBOARD].combinations, {"dashboardName": "site"})
