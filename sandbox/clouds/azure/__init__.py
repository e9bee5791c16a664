"""Azure: a registry, an identity with its roles, a Key Vault that was there before, and Container Apps."""

from __future__ import annotations

from sandbox.clouds.azure import (
    alarms,
    apps,
    audit,
    budgets,
    certificates,
    dashboards,
    environments,
    identity,
    registry,
    secrets,
    storage,
    workspaces,
)
from sandbox.clouds.effects import Effects
from sandbox.clouds.values import nested
from sandbox.clouds.world import World
from service.errors import OutlastError

# Importing a module enters its types into the table.
MODULES = (
    *(identity, registry, secrets, environments, certificates, apps, storage, workspaces),
    *(audit, alarms, budgets, dashboards),
)


def settle(world: World) -> None:
    """What happens without a call: certificates are read again from their vaults."""
    certificates.settle(world)


def derive(world: World) -> Effects:
    """Workloads of apps; one entry point for each environment, with a binding for each custom domain of its app."""
    effects = Effects(alarms=[*alarms.alarm_rules(world), *budgets.rules_of_budgets(world)])
    for app in world.store.all(apps.APP):
        workload = apps.workload(world, app)
        if workload is not None:
            effects.workloads.append(workload)
        try:
            entry = apps.entry_point(world, app)
        except OutlastError as reason:
            effects.why_not[app.key] = reason.what
        else:
            effects.entry_points += filter(None, (entry, apps.redirect(entry, app)))
            effects.names[str(nested(app.outputs, "configuration", "ingress", "fqdn"))] = [entry.address]
    return effects
