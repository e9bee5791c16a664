"""Metrics and alarms of CloudWatch, as their API documents them."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.clouds.aws import cloudwatch_api
from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds import monitors, sites
from tests.sandbox.clouds.harness import Clouds

REGION = "us-east-1"


def asked(clouds: Clouds, metric: str, stat: str, **more: Any) -> dict[str, Any]:
    suffix = clouds.only("aws:lb/loadBalancer:LoadBalancer").outputs["arnSuffix"]
    named = {"Namespace": "AWS/ApplicationELB", "MetricName": metric}
    dimensions = [{"Name": "LoadBalancer", "Value": suffix}]
    query = {"Id": "one", "MetricStat": {"Metric": {**named, "Dimensions": dimensions}, "Period": 60, "Stat": stat}}
    return {"MetricDataQueries": [query], "StartTime": monitors.BEGIN, "EndTime": monitors.END, **more}


@pytest.mark.parametrize(
    ("metric", "stat", "value"), [("RequestCount", "Sum", 4.0), ("TargetResponseTime", "p95", 0.25)]
)
def test_a_metric_is_what_was_counted_in_each_period_the_newest_first(
    clouds: Clouds, metric: str, stat: str, value: float
) -> None:
    sites.aws_site(clouds)
    watched = monitors.Watched()
    watched.answers("aws", 3, 1)
    given = asked(clouds, metric, stat, StartTime=monitors.BEGIN - 120.0)
    (found,) = cloudwatch_api.answer(clouds.world, watched.monitor, "GetMetricData", given, REGION)["MetricDataResults"]
    assert (found["Timestamps"], found["Values"], found["StatusCode"]) == ([int(monitors.BEGIN)], [value], "Complete")
    assert cloudwatch_api.owner(clouds.world, "GetMetricData", given, REGION) == "aws"


def test_in_another_region_there_is_none_of_it(clouds: Clouds) -> None:
    sites.aws_alarm(clouds)
    watched = monitors.Watched()
    watched.answers("aws", 3)
    given = asked(clouds, "RequestCount", "Sum")
    (found,) = cloudwatch_api.answer(clouds.world, watched.monitor, "GetMetricData", given, "eu-west-1")[
        "MetricDataResults"
    ]
    assert found["Values"] == [] and cloudwatch_api.owner(clouds.world, "GetMetricData", given, "eu-west-1") == ""
    assert cloudwatch_api.answer(clouds.world, watched.monitor, "DescribeAlarms", {}, "eu-west-1") == {
        "MetricAlarms": []
    }


def test_metric_math_is_refused(clouds: Clouds) -> None:
    given = {"MetricDataQueries": [{"Id": "one", "Expression": "1 + 1"}], "StartTime": 0, "EndTime": 60}
    with pytest.raises(CloudRefused, match="computes no expression"):
        cloudwatch_api.answer(clouds.world, monitors.Watched().monitor, "GetMetricData", given, REGION)


def test_alarms_are_found_by_name_prefix_and_state(clouds: Clouds) -> None:
    sites.aws_alarm(clouds)
    watched, key = monitors.Watched(), clouds.only(sites.METRIC_ALARM).key

    def names(**given: Any) -> list[str]:
        found = cloudwatch_api.answer(clouds.world, watched.monitor, "DescribeAlarms", given, REGION)["MetricAlarms"]
        return [one["AlarmName"] for one in found]

    assert names() == names(AlarmNames=["site-errors"], StateValue="OK") == ["site-errors"]
    assert names(AlarmNames=["site-errors"], StateValue="ALARM") == names(AlarmNamePrefix="other-") == []
    watched.on[key] = monitors.NOW - 30.0
    (alarm,) = cloudwatch_api.answer(clouds.world, watched.monitor, "DescribeAlarms", {"StateValue": "ALARM"}, REGION)[
        "MetricAlarms"
    ]
    assert (alarm["StateValue"], alarm["StateUpdatedTimestamp"]) == ("ALARM", monitors.NOW - 30.0)
    assert cloudwatch_api.owner(clouds.world, "DescribeAlarms", {"AlarmNames": ["site-errors"]}, REGION) == "aws"
