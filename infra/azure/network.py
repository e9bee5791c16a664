"""A network of its own for a site on Azure: what an environment needs to spread its replicas over zones."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import app, network

from infra.azure.holdings import Holdings
from infra.contract import SiteSpec
from infra.settings.kinds import AzureOptions

SUBNET = "apps"
DELEGATED_TO = "Microsoft.App/environments"


def build_network(
    name: str, spec: SiteSpec, options: AzureOptions, group: Holdings
) -> app.VnetConfigurationArgs | None:
    """What an environment is told of its subnet; None where it stands in a network of Azure's own.

    The environment takes the whole range: it shares its subnet with nothing, and nothing else is in the network.
    """
    if not options.vnet_cidr:
        return None
    delegated = network.DelegationArgs(name=SUBNET, service_name=DELEGATED_TO)
    made = network.VirtualNetwork(
        "network",
        virtual_network_name=name,
        resource_group_name=group.name,
        location=spec.region,
        address_space=network.AddressSpaceArgs(address_prefixes=[options.vnet_cidr]),
        subnets=[network.SubnetArgs(name=SUBNET, address_prefix=options.vnet_cidr, delegations=[delegated])],
    )
    subnet = pulumi.Output.concat(made.id, "/subnets/", SUBNET)
    return app.VnetConfigurationArgs(infrastructure_subnet_id=subnet, internal=False)
