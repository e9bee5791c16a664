"""The commands to paste: each vendor's own, whole, with nothing left to fill in."""

from __future__ import annotations

import shlex

import pytest

from failover.drill.by_hand import type_by_hand
from failover.levers.change import CLOUD_RUN, CONTAINER_APP, ECS, FLAG, MARK, SWITCH_OFF, Change

ARN = "arn:aws:ecs:eu-west-1:123456789012:service/outlast/outlast-api"


@pytest.mark.parametrize(
    ("change", "commands"),
    [
        (
            Change(SWITCH_OFF, "abc", 7, {"Disabled": False, "Inverted": False}, {}),
            ["aws route53 update-health-check --health-check-id abc --no-disabled --no-inverted"],
        ),
        (
            Change(SWITCH_OFF, "abc", 7, {"Disabled": False, "Inverted": True}, {}),
            ["aws route53 update-health-check --health-check-id abc --no-disabled --inverted"],
        ),
        (
            Change(MARK, "abc", 7, {}, {}),
            [
                "aws route53 change-tags-for-resource --resource-type healthcheck --resource-id abc "
                "--remove-tag-keys drill:id drill:expires-at drill:undo"
            ],
        ),
        (
            Change(ECS, "abc", 7, {"desired": 2, "scale-in": False, "scale-out": False}, {}, ARN),
            [
                "aws ecs update-service --region eu-west-1 --cluster outlast --service outlast-api --desired-count 2",
                "aws application-autoscaling register-scalable-target --region eu-west-1 --resource-id "
                "service/outlast/outlast-api --service-namespace ecs --scalable-dimension ecs:service:DesiredCount "
                "--suspended-state DynamicScalingInSuspended=false,DynamicScalingOutSuspended=false",
            ],
        ),
        (
            Change(CONTAINER_APP, "abc", 7, {}, {}, "/subscriptions/s/a"),
            ["az containerapp start --ids /subscriptions/s/a"],
        ),
        (
            Change(CLOUD_RUN, "abc", 7, {"ingress": "INGRESS_TRAFFIC_ALL"}, {}, "projects/p/locations/l/services/s"),
            ["gcloud run services update s --project p --region l --ingress all"],
        ),
        (Change(FLAG, "abc", 7, {}, {}, "s3://bucket/flag"), []),
    ],
    ids=["switch", "switch that was inverted", "tags", "ecs", "container app", "cloud run", "ends by itself"],
)
def test_says_what_to_type(change: Change, commands: list[str]) -> None:
    assert type_by_hand(change) == commands


def test_scaling_that_the_service_has_not_is_left_out() -> None:
    assert len(type_by_hand(Change(ECS, "abc", 7, {"desired": 1}, {}, ARN))) == 1


def test_what_is_pasted_is_one_word_where_it_was_one() -> None:
    (command,) = type_by_hand(Change(CONTAINER_APP, "abc", 7, {}, {}, "/groups/my group/app"))
    assert shlex.split(command)[-1] == "/groups/my group/app"
