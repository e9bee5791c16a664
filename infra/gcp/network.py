"""A network without a route out, for a site on Google Cloud whose instances are to reach nothing (Direct VPC egress).

What starts an instance and takes its output, Artifact Registry, Secret Manager and Cloud Logging, is Cloud Run's own
and does not pass the network: cloud.google.com/run/docs/configuring/vpc-direct-vpc.
"""

from __future__ import annotations

import pulumi
import pulumi_gcp as gcp

from infra.contract import SiteSpec

ALL = "ALL_TRAFFIC"


def build_network(
    name: str, spec: SiteSpec, cidr: str, ready: pulumi.ResourceOptions
) -> gcp.cloudrunv2.ServiceTemplateVpcAccessArgs | None:
    """What a service is told of it; None where its instances get out as Cloud Run does."""
    if not cidr:
        return None
    network = gcp.compute.Network(
        "network",
        name=name,
        auto_create_subnetworks=False,
        # The one to the internet among them: without a route nothing that an instance sends gets anywhere.
        delete_default_routes_on_create=True,
        opts=ready,
    )
    subnet = gcp.compute.Subnetwork(
        "instances", name=name, network=network.id, region=spec.region, ip_cidr_range=cidr, opts=ready
    )
    inside = gcp.cloudrunv2.ServiceTemplateVpcAccessNetworkInterfaceArgs(network=network.id, subnetwork=subnet.id)
    return gcp.cloudrunv2.ServiceTemplateVpcAccessArgs(network_interfaces=[inside], egress=ALL)
