"""The holdings of a site on Azure: a resource group with its registry and the workspace of its log.

Its secrets are none: they lie in a Key Vault that is made by hand and outlives every stack. The group is one, because
whatever is in a resource group goes with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
from pulumi_azure_native import containerregistry, operationalinsights, resources

from infra import plan
from infra.contract import SiteSpec
from infra.holder import Holder, take
from infra.holdings import Found
from infra.settings.kinds import BaseSettings

Text = pulumi.Output[str]


@dataclass(frozen=True)
class Holdings:
    """What a site needs to know of them: the group in which all of it lies comes first."""

    name: Text
    location: Text
    id: Text
    registry_id: Text
    login_server: Text
    workspace_id: Text


def of_site(name: str, spec: SiteSpec) -> Holdings:
    """Those that the site's base stack has, or else the site's own, registered here."""
    if spec.holdings is None:
        names = name, plan.name_registry(spec.prefix, spec.name)
        return _make(names, spec.region, spec.log_days, Holder(spec.protect))
    return Holdings(*(take(spec.holdings, key) for key in Holdings.__dataclass_fields__))


def of_base(settings: BaseSettings) -> pulumi.Output[Mapping[str, Found]]:
    """Those of every site that a base stack holds them for, by site."""
    found: pulumi.Output[Mapping[str, Found]] = pulumi.Output.all(
        **{site: _known(settings, site) for site in settings.holds_for}
    )
    return found


def _known(settings: BaseSettings, site: str) -> pulumi.Output[Any]:
    names = plan.name_site(settings.prefix, site), plan.name_registry(settings.prefix, site)
    made = _make(names, settings.region, settings.log_days, Holder(settings.protect, site))
    known: pulumi.Output[Any] = pulumi.Output.from_input(vars(made))
    return known


def _make(names: tuple[str, str], region: str, log_days: int, holder: Holder) -> Holdings:
    name, registry_name = names
    group = resources.ResourceGroup(
        holder.title("group"), resource_group_name=name, location=region, opts=holder.options(in_base=True)
    )
    registry = containerregistry.Registry(
        holder.title("registry"),
        registry_name=registry_name,
        resource_group_name=group.name,
        location=region,
        sku=containerregistry.SkuArgs(name=containerregistry.SkuName.BASIC),
        admin_user_enabled=False,
        opts=holder.options(),
    )
    workspace = _workspace(name, region, log_days, group, holder)
    return Holdings(group.name, group.location, group.id, registry.id, registry.login_server, workspace.id)


def _workspace(
    name: str, region: str, log_days: int, group: resources.ResourceGroup, holder: Holder
) -> operationalinsights.Workspace:
    """Without a line in it it costs nothing."""
    return operationalinsights.Workspace(
        holder.title("logs"),
        workspace_name=name,
        resource_group_name=group.name,
        location=region,
        sku=operationalinsights.WorkspaceSkuArgs(name=operationalinsights.WorkspaceSkuNameEnum.PER_GB2018),
        retention_in_days=log_days,
        opts=holder.options(),
    )
