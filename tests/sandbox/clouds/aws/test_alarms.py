from __future__ import annotations

from typing import Any

import pytest

from sandbox.alarms.rule import Condition, Measure
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds


def mistakes(clouds: Clouds, **changed: Any) -> str:
    inputs = {**clouds.only(sites.METRIC_ALARM).inputs, **changed}
    given = {name: value for name, value in inputs.items() if value is not None}
    found = clouds.clouds.check(clouds.request(sites.METRIC_ALARM, "one", given, stack="aws"))
    return "; ".join(f"{path}: {why}" for path, why in found)


def condition(clouds: Clouds) -> Condition:
    (rule,) = clouds.effects().alarms
    (found,) = rule.conditions
    return found


def test_an_alarm_is_what_its_inputs_say(clouds: Clouds) -> None:
    sites.aws_alarm(clouds)
    (rule,) = clouds.effects().alarms
    assert (rule.stack, rule.name, rule.told, rule.told_end) == (
        "aws",
        "site-errors",
        (sites.ADDRESS,),
        (sites.ADDRESS,),
    )
    found = condition(clouds)
    assert found.measures == (("value", Measure("replica_errors", "aws", "sum")),)
    assert (found.period, found.points, found.breaching, found.missing) == (60, 2, 2, "notBreaching")


@pytest.mark.parametrize(
    "changed",
    [
        {"dimensions": {"LoadBalancer": "app/other/0"}},
        {"dimensions": {"LoadBalancer": "app/other/0", "TargetGroup": "targetgroup/none/0"}},
        {"dimensions": {}},
        {"metricName": "HTTPCode_Target_6XX_Count"},
        {"namespace": "AWS/ELB"},
        {"region": "eu-west-1"},
    ],
)
def test_a_metric_that_nothing_emits_has_no_data(clouds: Clouds, changed: dict[str, Any]) -> None:
    clouds.change(sites.aws_alarm(clouds), **changed)
    assert condition(clouds).measures[0][1].series == ""


def test_metric_math_is_read_with_the_series_of_each_query(clouds: Clouds) -> None:
    alarm = sites.aws_alarm(clouds)
    inputs = alarm.request.inputs
    metric = {"namespace": inputs["namespace"], "metricName": "RequestCount", "dimensions": inputs["dimensions"]}
    queries = [
        {"id": "all", "metric": {**metric, "period": 60, "stat": "Sum"}},
        {"id": "double", "expression": "2 * all", "returnData": True},
    ]
    without = dict.fromkeys(("namespace", "metricName", "dimensions", "statistic", "period"))
    assert mistakes(clouds, metricQueries=queries, **without) == ""
    clouds.change(alarm, metricQueries=queries, **without)
    found = condition(clouds)
    assert (found.expression, found.measures) == ("2 * all", (("all", Measure("requests", "aws", "sum")),))


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"metricQueries": [{"id": "a"}]}, "exactly one of `metricName` and `metricQueries`"),
        ({"period": 45}, "45 is not 10, 20, 30 or a multiple of 60"),
        ({"evaluationPeriods": 2000}, "2000 periods of 60 s are more than a day"),
        ({"datapointsToAlarm": 3}, "3 of 2 periods"),
        ({"treatMissingData": "ignored"}, "treatMissingData"),
        ({"comparisonOperator": "Greater"}, "Member must satisfy enum value set"),
        ({"metricName": None, "metricQueries": [{"id": "a", "expression": "RATE(b)"}]}, "RATE(b) is not simulated"),
        (
            {"metricName": None, "metricQueries": [{"id": "a", "expression": "b + 1"}]},
            "Unresolved ids in expression: b",
        ),
    ],
)
def test_what_put_metric_alarm_refuses(clouds: Clouds, changed: dict[str, Any], told: str) -> None:
    sites.aws_alarm(clouds)
    assert mistakes(clouds) == ""
    assert told in mistakes(clouds, **changed)


def test_with_its_actions_off_nobody_is_told(clouds: Clouds) -> None:
    clouds.change(sites.aws_alarm(clouds), actionsEnabled=False)
    (rule,) = clouds.effects().alarms
    assert rule.told == rule.told_end == ()
