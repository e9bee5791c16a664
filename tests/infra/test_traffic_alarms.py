"""Alarms of the traffic stack: each site's own health check, where Route 53 has its metrics."""

from __future__ import annotations

from tests.infra.conftest import RunOf
from tests.infra.harness import run_stack

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"


def test_each_site_has_one_on_its_own_check(run_of: RunOf) -> None:
    alarms = run_of("traffic").all(ALARM)
    found = {name: alarm.inputs["dimensions"]["HealthCheckId"] for name, alarm in alarms.items()}
    assert found == {f"alarm-unreachable-{site}": f"{site}-id" for site in ("aws", "azure", "gcp")}


def test_a_check_without_data_is_told_as_that_and_a_new_one_is_not_an_alarm(run_of: RunOf) -> None:
    for alarm in run_of("traffic").all(ALARM).values():
        assert (alarm.inputs["comparisonOperator"], alarm.inputs["threshold"]) == ("LessThanThreshold", 1)
        assert alarm.inputs["treatMissingData"] == "missing"
        assert alarm.inputs["insufficientDataActions"] == alarm.inputs["alarmActions"] == ["arn:alerts"]


def test_they_are_where_the_metrics_are_wherever_the_stack_is() -> None:
    run = run_stack("traffic", alertEmail="a@example.com")
    assert {r.inputs["region"] for r in run.resources if "sns" in r.type or r.type == ALARM} == {"us-east-1"}


def test_without_an_address_there_is_none() -> None:
    assert not run_stack("traffic", alertEmail=None).all(ALARM)
