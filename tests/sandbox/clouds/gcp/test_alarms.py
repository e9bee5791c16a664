from __future__ import annotations

import copy
from typing import Any

import pytest

from sandbox.alarms.rule import Condition, Measure
from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds, Made


def with_threshold(policy: Made, **changed: Any) -> dict[str, Any]:
    conditions = copy.deepcopy(policy.request.inputs["conditions"])
    conditions[0]["conditionThreshold"] |= changed
    return {"conditions": conditions}


def condition(clouds: Clouds) -> Condition:
    (rule,) = clouds.effects().alarms
    (found,) = rule.conditions
    return found


def filter_of(policy: Made) -> str:
    return str(policy.request.inputs["conditions"][0]["conditionThreshold"]["filter"])


def test_a_policy_asks_every_minute_of_its_duration(clouds: Clouds) -> None:
    sites.gcp_alarm(clouds)
    found = condition(clouds)
    assert found.measures == (("value", Measure("errors", "gcp", "sum", 1 / 60)),)
    assert (found.period, found.points, found.breaching, found.missing) == (60, 2, 2, "notBreaching")


def test_a_denominator_makes_a_share_in_which_no_error_is_none(clouds: Clouds) -> None:
    policy = sites.gcp_alarm(clouds)
    every = filter_of(policy).rpartition(" AND ")[0]
    clouds.change(policy, **with_threshold(policy, denominatorFilter=every))
    found = condition(clouds)
    assert found.expression == "FILL(value, 0) / all"
    assert [name for name, _ in found.measures] == ["value", "all"]


def test_another_projects_url_map_has_no_data(clouds: Clouds) -> None:
    policy = sites.gcp_alarm(clouds)
    name = filter_of(policy).partition('url_map_name="')[2].partition('"')[0]
    clouds.change(policy, **with_threshold(policy, filter=filter_of(policy).replace(f'"{name}"', '"other"')))
    assert condition(clouds).measures[0][1].series == ""


@pytest.mark.parametrize("end", ["_counts", "x"])
def test_a_metric_that_there_is_not_is_refused(clouds: Clouds, end: str) -> None:
    policy = sites.gcp_alarm(clouds)
    with pytest.raises(CloudRefused, match="Error 404: Cannot find metric that matches type"):
        clouds.change(policy, **with_threshold(policy, filter=filter_of(policy).replace("_count", end)))


def test_a_metric_of_another_resource_is_refused(clouds: Clouds) -> None:
    policy = sites.gcp_alarm(clouds)
    with pytest.raises(CloudRefused, match="cloud_run_revision"):
        clouds.change(
            policy, **with_threshold(policy, filter=filter_of(policy).replace("https_lb_rule", "cloud_run_revision"))
        )


@pytest.mark.parametrize("changed", [{"duration": "90s"}, {"aggregations": [{"alignmentPeriod": "30s"}]}])
def test_durations_are_whole_minutes(clouds: Clouds, changed: dict[str, Any]) -> None:
    policy = sites.gcp_alarm(clouds)
    inputs = {**policy.request.inputs, **with_threshold(policy, **changed)}
    ((_, why),) = clouds.clouds.check(clouds.request(sites.POLICY, "one", inputs, stack="gcp"))
    assert "is not a multiple of 60s" in why


def test_a_channel_needs_an_address(clouds: Clouds) -> None:
    asked = clouds.request(sites.CHANNEL, "one", {"type": "email", "labels": {"address": "a@b.example"}}, stack="gcp")
    told = "; ".join(why for _, why in clouds.clouds.check(asked))
    assert "has no label address" in told and "is not an e-mail address" in told


def test_monitoring_has_to_be_enabled(clouds: Clouds) -> None:
    policy = sites.gcp_alarm(clouds)
    clouds.delete(clouds.only("gcp:projects/service:Service", "monitoring"))
    with pytest.raises(CloudRefused, match=r"Error 403: monitoring\.googleapis\.com"):
        clouds.redeploy(policy)


def test_a_policy_that_is_off_is_none(clouds: Clouds) -> None:
    clouds.change(sites.gcp_alarm(clouds), enabled=False)
    assert clouds.effects().alarms == []
