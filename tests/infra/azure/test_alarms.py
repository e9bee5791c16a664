"""Alarms on Azure: on the app's own metrics, under the names that Azure gives them."""

from __future__ import annotations

from typing import Any

from infra.alerts import ERROR_COUNT
from tests.infra.conftest import RunOf
from tests.infra.harness import run_stack

ALERT, GROUP = "azure-native:monitor:MetricAlert", "azure-native:monitor:ActionGroup"


def criterion(run_of: RunOf, name: str) -> dict[str, Any]:
    (one,) = run_of("azure").all(ALERT)[f"alarm-{name}"].inputs["criteria"]["allOf"]
    return dict(one)


def test_each_looks_at_the_app_and_tells_the_group(run_of: RunOf) -> None:
    alerts = run_of("azure").all(ALERT)
    assert set(alerts) == {f"alarm-{name}" for name in ("errors", "slow", "unhealthy", "busy")}
    for alert in alerts.values():
        assert alert.inputs["scopes"] == ["app-id"]
        assert alert.inputs["actions"] == [{"actionGroupId": "alerts-id"}]
    (mail,) = run_of("azure").one(GROUP).inputs["emailReceivers"]
    assert mail["emailAddress"] == "operator@outlast.example"


def test_errors_are_counted_by_the_category_of_their_status(run_of: RunOf) -> None:
    errors = criterion(run_of, "errors")
    assert (errors["metricName"], errors["timeAggregation"], errors["threshold"]) == ("Requests", "Total", ERROR_COUNT)
    assert errors["dimensions"] == [{"name": "statusCodeCategory", "operator": "Include", "values": ["5xx"]}]


def test_slow_is_in_milliseconds_and_an_average(run_of: RunOf) -> None:
    slow = criterion(run_of, "slow")
    assert (slow["metricName"], slow["timeAggregation"], slow["threshold"]) == ("ResponseTime", "Average", 1000)


def test_too_few_replicas_are_fewer_than_the_minimum_of_the_file(run_of: RunOf) -> None:
    few = criterion(run_of, "unhealthy")
    assert (few["operator"], few["threshold"]) == ("LessThan", 2)


def test_without_an_address_there_is_none() -> None:
    assert not [
        r for r in run_stack("azure", alertEmail=None).resources if r.type.endswith(("ActionGroup", "MetricAlert"))
    ]
