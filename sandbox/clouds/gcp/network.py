"""Networks and their subnets, in which instances of Cloud Run may have addresses (Direct VPC egress)."""

from __future__ import annotations

from sandbox.clouds.gcp.common import compute_outputs, global_id, needs_api, place_of, regional_id
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.references import exists
from sandbox.clouds.rules import ID, Network, Text, because
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import nested
from sandbox.clouds.world import World

NETWORK = "gcp:compute/network:Network"
SUBNET = "gcp:compute/subnetwork:Subnetwork"
SMALLEST = 26
"""The longest prefix of a subnet for it: cloud.google.com/run/docs/configuring/vpc-direct-vpc, "Subnet"."""

_GCE = Text(63, r"[a-z]([-a-z0-9]*[a-z0-9])?", "RFC 1035, as Compute Engine asks")
_COMPUTE = "Compute Engine API, error notFound"


def access_rule(world: World, r: Resource) -> None:
    """The subnet that a service's instances are to be in is there, in its region, and large enough: Cloud Run user
    guide, Direct VPC egress.
    """
    for inside in nested(r.inputs, "template", "vpcAccess", "networkInterfaces") or []:
        told = f"Error 404: VPC subnetwork {inside.get('subnetwork')} was not found"
        subnet = world.store.require(SUBNET, inside.get("subnetwork"), told)
        if place_of(subnet) != place_of(r):
            what = f"Error 400: VPC subnetwork {subnet.id} is not in the region {place_of(r)} of the service"
            raise CloudRefused(what, hint="make the subnet in the service's region")
        prefix = int(str(subnet.inputs["ipCidrRange"]).rpartition("/")[2])
        if prefix > SMALLEST:
            what = f"Error 400: VPC subnetwork {subnet.id} is a /{prefix}, and Direct VPC egress needs a /{SMALLEST}"
            raise CloudRefused(what, hint=f"take a range of /{SMALLEST} or larger")


declare(
    NETWORK,
    fidelity=Fidelity.SIMULATED,
    effect="a subnet that names it needs it",
    not_simulated="routes and firewalls: what runs here reaches what this machine reaches",
    id_of=global_id("networks"),
    rules=(needs_api("compute"),),
    outputs=compute_outputs,
    limits={"name": _GCE},
    forces_new=because(ID, "name", "project"),
)
declare(
    SUBNET,
    fidelity=Fidelity.SIMULATED,
    effect="a Cloud Run service whose instances are to be in it needs it",
    not_simulated="its addresses, of which each instance takes two",
    id_of=regional_id("subnetworks"),
    rules=(needs_api("compute"), exists("network", NETWORK, "Error 404: The resource '{}' was not found", _COMPUTE)),
    outputs=compute_outputs,
    limits={"name": _GCE, "ipCidrRange": Network(8, 29, "Compute Engine API, subnetworks.ipCidrRange")},
    forces_new=because(ID, "name", "region", "project"),
)
