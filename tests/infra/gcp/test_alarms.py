"""Alarms on Google Cloud: filters that name this site's load balancer and service, in Google's units."""

from __future__ import annotations

from typing import Any

from tests.infra.conftest import RunOf
from tests.infra.harness import run_stack

POLICY, CHANNEL = "gcp:monitoring/alertPolicy:AlertPolicy", "gcp:monitoring/notificationChannel:NotificationChannel"


def threshold(run_of: RunOf, name: str) -> dict[str, Any]:
    (one,) = run_of("gcp").all(POLICY)[f"alarm-{name}"].inputs["conditions"]
    return dict(one["conditionThreshold"])


def test_each_tells_the_channel_of_the_address(run_of: RunOf) -> None:
    policies = run_of("gcp").all(POLICY)
    assert set(policies) == {f"alarm-{name}" for name in ("errors", "slow", "unhealthy", "busy")}
    assert all(policy.inputs["notificationChannels"] == ["alerts-id"] for policy in policies.values())
    assert run_of("gcp").one(CHANNEL).inputs["labels"] == {"email_address": "operator@outlast.example"}


def test_each_filter_names_this_site(run_of: RunOf) -> None:
    for name in ("errors", "slow"):
        assert 'resource.labels.url_map_name="outlast-gcp"' in threshold(run_of, name)["filter"]
    for name in ("unhealthy", "busy"):
        assert 'resource.labels.service_name="outlast-gcp"' in threshold(run_of, name)["filter"]


def test_the_share_of_errors_is_of_all_answers(run_of: RunOf) -> None:
    errors = threshold(run_of, "errors")
    assert errors["filter"] == f"{errors['denominatorFilter']} AND metric.labels.response_code_class=500"
    assert errors["thresholdValue"] == 0.05


def test_no_instance_at_all_is_too_few(run_of: RunOf) -> None:
    few = threshold(run_of, "unhealthy")
    assert (few["comparison"], few["thresholdValue"]) == ("COMPARISON_LT", 2)
    assert few["evaluationMissingData"] == "EVALUATION_MISSING_DATA_ACTIVE"


def test_slow_is_in_milliseconds_and_busy_a_share(run_of: RunOf) -> None:
    assert threshold(run_of, "slow")["thresholdValue"] == 1000
    assert threshold(run_of, "busy")["thresholdValue"] == 0.85


def test_without_an_address_there_is_none() -> None:
    run = run_stack("gcp", alertEmail=None)
    assert not run.all(POLICY) and not run.all(CHANNEL)
