"""Google Cloud: a registry, Cloud Run, Certificate Manager and a global load balancer in front.

It serves only what the whole chain gives: forwarding rule, proxy, certificate map with an active certificate, URL map,
backend service, network endpoint group, Cloud Run service, and the binding that lets everybody invoke it.
"""

from __future__ import annotations

from sandbox.clouds.effects import Effects
from sandbox.clouds.gcp import (
    alarms,
    armor,
    audit,
    balancer,
    budgets,
    certificates,
    dashboards,
    entry_points,
    members,
    network,
    project,
    registry,
    run,
    secrets,
    storage,
)
from sandbox.clouds.world import World
from service.errors import OutlastError

# Importing a module enters its types into the table.
MODULES = (
    *(armor, project, registry, secrets, run, certificates, balancer, storage),
    *(audit, alarms, budgets, dashboards, members, network),
)


def settle(world: World) -> None:
    """What happens without a call: managed certificates become active once their records are answered."""
    certificates.settle(world)


def derive(world: World) -> Effects:
    """Workloads of Cloud Run services, and an entry point for each forwarding rule whose chain is whole."""
    effects = Effects(alarms=[*alarms.alarm_rules(world), *budgets.rules_of_budgets(world)])
    for service in world.store.all(run.SERVICE):
        workload = run.workload(world, service)
        if workload is not None:
            effects.workloads.append(workload)
    for rule in world.store.all(balancer.FORWARDING_RULE):
        try:
            effects.entry_points.append(entry_points.entry_point(world, rule))
        except OutlastError as reason:
            effects.why_not[rule.key] = reason.what
    return effects
