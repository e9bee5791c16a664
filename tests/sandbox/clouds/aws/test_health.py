"""A service reaches a steady state only once the load balancer gets through to its tasks."""

from __future__ import annotations

import pytest

from sandbox.clouds.aws.health import LISTENER, listeners_of, why_unhealthy
from sandbox.clouds.store import CloudRefused
from sandbox.engine.cloud import NotReady
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"
SERVICE = "aws:ecs/service:Service"


def test_what_the_balancer_reaches_is_healthy(clouds: Clouds) -> None:
    service = sites.aws_site(clouds)
    group = service.request.inputs["loadBalancers"][0]["targetGroupArn"]
    assert [listener.type for listener in listeners_of(clouds.world, group)] == [LISTENER]
    assert why_unhealthy(clouds.world, clouds.only(SERVICE)) is None and clouds.wall.now == 0


@pytest.mark.parametrize(("type_", "name"), [(INGRESS, "tasks"), (EGRESS, "front")])
def test_tasks_that_it_does_not_reach_are_unhealthy_in_time(clouds: Clouds, type_: str, name: str) -> None:
    service = sites.aws_site(clouds)
    clouds.delete(clouds.only(type_, name))
    with pytest.raises(NotReady, match=r"rolled the service back.*\(port 8080\) is unhealthy.*Request timed out"):
        clouds.change(service, desiredCount=3)
    assert 300 < clouds.wall.now < 310


def test_a_rule_that_comes_while_it_waits_is_in_time(clouds: Clouds, monkeypatch: pytest.MonkeyPatch) -> None:
    service = sites.aws_site(clouds)
    rule = clouds.only(INGRESS, "tasks")
    clouds.delete(rule)
    sleep = clouds.wall.sleep

    def let_in(seconds: float) -> None:
        sleep(seconds)
        if clouds.wall.now == 30:
            clouds.make(INGRESS, "tasks", **rule.inputs)

    monkeypatch.setattr(clouds.wall, "sleep", let_in)
    monkeypatch.setattr(clouds.world, "_sleep", let_in)
    assert clouds.change(service, desiredCount=3)
    assert clouds.wall.now == 30


def test_a_target_group_without_a_listener_takes_no_service(clouds: Clouds) -> None:
    service = sites.aws_site(clouds)
    clouds.delete(clouds.only(LISTENER))
    with pytest.raises(CloudRefused, match="does not have an associated load balancer"):
        clouds.change(service)
