"""projects.dashboards: what our own program writes is taken, and each of its metrics is one that the sandbox emits."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.alarms.rule import SERIES
from sandbox.clouds.gcp.alarms import METRICS
from sandbox.clouds.gcp.dashboards import DASHBOARD
from sandbox.clouds.kinds import KINDS
from sandbox.clouds.rules import mistakes
from tests.infra.goldens import golden_file

(GOLDEN,) = (r for r in json.loads(golden_file("gcp").read_text())["resources"] if r["type"] == DASHBOARD)
BODY: dict[str, Any] = GOLDEN["inputs"]["dashboardJson"]["as JSON"]


def said_of(body: Any) -> str:
    text = body if isinstance(body, str) else json.dumps(body)
    kind = KINDS[DASHBOARD]
    return "; ".join(why for _, why in mistakes(kind.limits, kind.combinations, {"dashboardJson": text}))


def filters(value: Any) -> Iterator[str]:
    """Every filter in the JSON."""
    for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if name == "filter":
            yield inner
        elif isinstance(inner, dict | list):
            yield from filters(inner)


def test_what_the_program_writes_is_taken() -> None:
    assert said_of(BODY) == ""


def test_every_metric_of_a_panel_is_one_that_a_site_emits() -> None:
    asked = list(filters(BODY))
    for type_ in METRICS.keys() & {text.split('"')[1] for text in asked}:
        emitter, series, _ = METRICS[type_]
        assert series in SERIES
        assert all(f'resource.type="{emitter}"' in text for text in asked if type_ in text)
    assert {text.split('"')[1] for text in asked} <= METRICS.keys()


def of_first(**changed: Any) -> Callable[[dict[str, Any]], None]:
    return lambda body: body["mosaicLayout"]["tiles"][0].update(changed)


def in_chart(**changed: Any) -> Callable[[dict[str, Any]], None]:
    return lambda body: body["mosaicLayout"]["tiles"][0]["widget"]["xyChart"].update(changed)


def asking(**changed: Any) -> Callable[[dict[str, Any]], None]:
    query = {"filter": 'metric.type="a"', "aggregation": {"perSeriesAligner": "ALIGN_RATE"}, **changed}
    return in_chart(dataSets=[{"timeSeriesQuery": {"timeSeriesFilter": query}}])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda body: body.update(title="a"), 'Unknown name "title": Cannot find field.'),
        (lambda body: body.pop("displayName"), "Field displayName: must be given"),
        (lambda body: body.pop("mosaicLayout"), "must have exactly one layout"),
        (lambda body: body["mosaicLayout"].update(columns=49), "must be between 1 and 48"),
        (of_first(width=13), "must lie inside 12 columns"),
        (of_first(height=0), "must lie inside 12 columns"),
        (of_first(height=5), "must not overlap another tile"),
        (of_first(colSpan=2), 'Unknown name "colSpan"'),
        (in_chart(dataSets=[]), "must have at least one"),
        (in_chart(lines=[]), 'Unknown name "lines"'),
        (in_chart(thresholds=[{"label": "a"}]), "thresholds[0].value: must be a number"),
        (in_chart(dataSets=[{"timeSeriesQuery": {}}]), "must have exactly one source"),
        (asking(filter="requests > 5"), "could not be parsed"),
        (asking(aggregation={"crossSeriesReducer": "REDUCE_SUM"}), "a reducer needs an aligner"),
        (asking(aggregation={"alignmentPeriod": "30s"}), "must be at least 60s"),
    ],
)
def test_what_the_api_refuses(change: Callable[[dict[str, Any]], Any], said: str) -> None:
    body = copy.deepcopy(BODY)
    change(body)
    assert said in said_of(body)


def test_what_is_no_json_is_refused() -> None:
    assert "contains an invalid JSON" in said_of("tiles")
