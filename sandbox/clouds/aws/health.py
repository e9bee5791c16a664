"""Whether a load balancer's health checks get through to a service's tasks: its listener, and both groups' rules."""

from __future__ import annotations

from sandbox.clouds.aws.balancer import BALANCER
from sandbox.clouds.aws.security_groups import lets_in, lets_out
from sandbox.clouds.store import Resource
from sandbox.clouds.values import Values, nested
from sandbox.clouds.world import World

LISTENER = "aws:lb/listener:Listener"


def group_of(action: Values) -> object:
    """The target group that an action of a listener forwards to, by either of the two inputs."""
    return action.get("targetGroupArn") or nested(action, "forward", "targetGroups", 0, "arn")


def listeners_of(world: World, group: object) -> list[Resource]:
    """The listeners that forward to a target group."""
    return [
        listener
        for listener in world.store.all(LISTENER)
        if group in [group_of(action) for action in listener.inputs.get("defaultActions") or []]
    ]


def gets_through(world: World, balancer: Resource, service: Resource, target: Values) -> bool:
    """Whether the load balancer reaches the port of the tasks that registers as `target` of the service."""
    nodes = balancer.inputs.get("securityGroups") or []
    tasks = nested(service.inputs, "networkConfiguration", "securityGroups") or []
    port = int(target.get("containerPort") or 0)
    let_in = any(lets_in(world, tasks, port, node) for node in nodes)
    return let_in and any(lets_out(world, nodes, port, task) for task in tasks)


def why_unhealthy(world: World, service: Resource) -> str | None:
    """Why the health check of a target group is never answered, though the tasks answer; None where it is."""
    for target in service.inputs.get("loadBalancers") or []:
        for listener in listeners_of(world, target.get("targetGroupArn")):
            balancer = world.store.follow(listener, "loadBalancerArn", BALANCER)
            if balancer is not None and not gets_through(world, balancer, service, target):
                port, group = int(target.get("containerPort") or 0), target.get("targetGroupArn")
                who = f"(service {service.inputs.get('name') or service.name}) (port {port})"
                return f"{who} is unhealthy in (target-group {group}) due to (reason Request timed out)"
    return None
