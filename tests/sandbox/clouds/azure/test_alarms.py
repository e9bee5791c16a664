from __future__ import annotations

import copy
from typing import Any

import pytest

from sandbox.alarms.rule import Condition, Measure
from sandbox.clouds.azure.alarms import seconds_of
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds, Made


def with_criterion(alert: Made, **changed: Any) -> dict[str, Any]:
    criteria = copy.deepcopy(alert.request.inputs["criteria"])
    criteria["allOf"][0] |= changed
    return dict(criteria)


def condition(clouds: Clouds) -> Condition:
    (rule,) = clouds.effects().alarms
    (found,) = rule.conditions
    return found


def test_an_alert_slides_and_is_over_after_three_looks(clouds: Clouds) -> None:
    sites.azure_alarm(clouds)
    found = condition(clouds)
    assert found.measures == (("value", Measure("errors", "azure", "sum")),)
    assert (found.period, found.points, found.sliding, found.clears_after) == (300, 1, True, 3)


def test_response_time_is_in_milliseconds(clouds: Clouds) -> None:
    alert = sites.azure_alarm(clouds)
    clouds.change(
        alert, criteria=with_criterion(alert, metricName="ResponseTime", timeAggregation="Average", dimensions=[])
    )
    assert condition(clouds).measures == (("value", Measure("seconds", "azure", "average", 1000)),)


def test_a_dimension_that_is_not_counted_has_no_data(clouds: Clouds) -> None:
    alert = sites.azure_alarm(clouds)
    other = {"name": "statusCodeCategory", "operator": "Include", "values": ["4xx"]}
    clouds.change(alert, criteria=with_criterion(alert, dimensions=[other]))
    assert condition(clouds).measures[0][1].series == ""


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"windowSize": "PT1M", "evaluationFrequency": "PT5M"}, "the window PT1M is shorter than the frequency PT5M"),
        ({"windowSize": "PT2M"}, "windowSize"),
        ({"severity": 5}, "severity"),
        ({"location": "eastus"}, "location"),
    ],
)
def test_what_azure_monitor_refuses(clouds: Clouds, changed: dict[str, Any], told: str) -> None:
    alert = sites.azure_alarm(clouds)
    inputs = {**alert.request.inputs, **changed}
    found = clouds.clouds.check(clouds.request(sites.METRIC_ALERT, "one", inputs, stack="azure"))
    assert told in "; ".join(f"{path}: {why}" for path, why in found)


def test_a_metric_that_the_app_does_not_emit_is_refused(clouds: Clouds) -> None:
    alert = sites.azure_alarm(clouds)
    inputs = {**alert.request.inputs, "criteria": with_criterion(alert, metricName="Responses")}
    ((where, why),) = clouds.clouds.check(clouds.request(sites.METRIC_ALERT, "one", inputs, stack="azure"))
    assert where == "criteria.allOf[0].metricName" and "Couldn't find a metric named Responses" in why


def test_an_alert_that_is_off_is_none(clouds: Clouds) -> None:
    clouds.change(sites.azure_alarm(clouds), enabled=False)
    assert clouds.effects().alarms == []


@pytest.mark.parametrize(("written", "seconds"), [("PT1M", 60), ("PT6H", 21_600), ("P1D", 86_400)])
def test_durations(written: str, seconds: int) -> None:
    assert seconds_of(written) == seconds
