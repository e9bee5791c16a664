"""AWS but for Route 53: a network, a registry, roles, certificates, a load balancer and Fargate services.

A request reaches a service here only where it would in the real cloud: an internet gateway in the route table of the
balancer's subnets, a security group that lets 443 in and one that lets the balancer through to the tasks, a listener
with an issued certificate, a target group that a service registers with.
"""

from __future__ import annotations

from sandbox.clouds.aws import (
    alarms,
    audit,
    balancer,
    bucket_settings,
    buckets,
    budgets,
    certificates,
    dashboards,
    endpoints,
    fargate,
    firewall,
    health,
    listeners,
    network,
    registry,
    roles,
    scaling,
    secrets,
    security_groups,
    tasks,
)
from sandbox.clouds.aws.task_count import SERVICE
from sandbox.clouds.effects import Effects
from sandbox.clouds.world import World
from service.errors import OutlastError

# Importing a module enters its types into the table.
MODULES = (
    *(firewall, buckets, bucket_settings, network, security_groups, endpoints, registry, roles),
    *(secrets, certificates, balancer, listeners, tasks, fargate, scaling, audit, alarms, budgets, dashboards),
)


def settle(world: World) -> None:
    """What happens without a call: certificates are issued, deployments come to an end."""
    certificates.settle(world)
    fargate.settle(world)


def derive(world: World) -> Effects:
    """Workloads of services, entry points of listeners, names of balancers."""
    effects = Effects(alarms=[*alarms.alarm_rules(world), *budgets.rules_of_budgets(world)])
    for service in world.store.all(SERVICE):
        workload = fargate.workload(world, service)
        if workload is not None:
            effects.workloads.append(workload)
        unplaced = fargate.why_unplaced(world, service)
        if unplaced is not None:
            effects.why_not[service.key] = unplaced
    for each in world.store.all(balancer.BALANCER):
        effects.names[each.outputs["dnsName"].lower()] = [each.place["address"]]
    for listener in world.store.all(health.LISTENER):
        try:
            effects.entry_points.append(listeners.entry_point(world, listener))
        except OutlastError as reason:
            effects.why_not[listener.key] = reason.what
    return effects
