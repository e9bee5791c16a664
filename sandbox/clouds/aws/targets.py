"""Target groups: what joins a listener to the service that registers with it."""

from __future__ import annotations

from sandbox.clouds.aws.common import arn, own_name
from sandbox.clouds.kinds import Depth, declare
from sandbox.clouds.world import Resource, Values, World, hex_id, nested

TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"


def health_path(world: World, reference: object) -> str:
    """The path that the group's health check asks for; `/` is ELB's default."""
    group = world.find(TARGET_GROUP, reference)
    return str((nested(group.inputs, "healthCheck", "path") if group else None) or "/")


def _id(world: World, r: Resource) -> str:
    return arn("elasticloadbalancing", r, f"targetgroup/{own_name(r)}/{hex_id(16)}")


def _outputs(world: World, r: Resource) -> Values:
    return {"arn": r.id, "arnSuffix": r.id.rpartition(":")[2], "name": own_name(r), "loadBalancerArns": []}


declare(
    TARGET_GROUP,
    depth=Depth.SIMULATED,
    effect="joins a listener to the service that registers with it",
    not_simulated="stickiness, slow start, health thresholds",
    id_of=_id,
    outputs=_outputs,
)
