"""Alarms on AWS: on the metrics of this site's own load balancer and service, told to the one address."""

from __future__ import annotations

from tests.infra.conftest import RunOf
from tests.infra.harness import run_stack

ALARM, SUBSCRIPTION = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:sns/topicSubscription:TopicSubscription"


def test_each_alarm_is_told_when_it_begins_and_when_it_is_over(run_of: RunOf) -> None:
    alarms = run_of("aws").all(ALARM)
    assert set(alarms) == {f"alarm-{name}" for name in ("errors", "slow", "unhealthy", "busy", "rejected")}
    for alarm in alarms.values():
        assert alarm.inputs["alarmActions"] == alarm.inputs["okActions"] == ["arn:alerts"]
        assert alarm.inputs["treatMissingData"] == "notBreaching"
    assert run_of("aws").one(SUBSCRIPTION).inputs["endpoint"] == "operator@outlast.example"


def test_each_looks_at_this_site_alone(run_of: RunOf) -> None:
    alarms = run_of("aws").all(ALARM)
    balancer = {"LoadBalancer": "app/outlast-aws/1"}
    assert alarms["alarm-slow"].inputs["dimensions"] == balancer
    assert alarms["alarm-unhealthy"].inputs["dimensions"] == balancer | {"TargetGroup": "targetgroup/outlast-aws/2"}
    assert alarms["alarm-busy"].inputs["dimensions"]["ServiceName"] == "outlast-aws"
    queried = [q["metric"] for q in alarms["alarm-errors"].inputs["metricQueries"] if "metric" in q]
    assert [metric["dimensions"] for metric in queried] == [balancer] * 3


def test_the_share_of_errors_counts_what_the_load_balancer_answers_itself(run_of: RunOf) -> None:
    queries = run_of("aws").all(ALARM)["alarm-errors"].inputs["metricQueries"]
    assert {q["metric"]["metricName"] for q in queries[:-1]} == {
        "HTTPCode_Target_5XX_Count",
        "HTTPCode_ELB_5XX_Count",
        "RequestCount",
    }
    assert [q["id"] for q in queries if q.get("returnData")] == ["share"]


def test_without_an_address_there_is_none() -> None:
    run = run_stack("aws", alertEmail=None)
    assert not [r.type for r in run.resources if "sns" in r.type or r.type == ALARM]
