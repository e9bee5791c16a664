"""Security groups: both ends of a rule are of one VPC, and exist."""

from __future__ import annotations

import pytest

from sandbox.clouds.aws.security_groups import GROUP, INGRESS, strangers
from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds.harness import Clouds

VPC = "aws:ec2/vpc:Vpc"
TCP = {"ipProtocol": "tcp", "fromPort": 443, "toPort": 443}


def test_a_rule_refers_to_a_group_of_its_own_vpc(clouds: Clouds) -> None:
    one, other = (clouds.make(VPC, name, cidrBlock=f"10.{n}.0.0/16") for n, name in enumerate(("one", "other")))
    mine, near = (clouds.make(GROUP, name, vpcId=one.id) for name in ("mine", "near"))
    far = clouds.make(GROUP, "far", vpcId=other.id)
    assert clouds.make(INGRESS, "near", securityGroupId=mine.id, referencedSecurityGroupId=near.id, **TCP).id
    with pytest.raises(CloudRefused, match="two resources that belong to different networks"):
        clouds.make(INGRESS, "far", securityGroupId=mine.id, referencedSecurityGroupId=far.id, **TCP)
    found = clouds.only(VPC, "one")
    assert strangers(clouds.world, [mine.id, far.id, "sg-none"], found) == [far.id, "sg-none"]


def test_a_rule_belongs_to_a_group_that_exists(clouds: Clouds) -> None:
    with pytest.raises(CloudRefused, match=r"InvalidGroup.NotFound: The security group 'sg-none' does not exist"):
        clouds.make(INGRESS, securityGroupId="sg-none", cidrIpv4="0.0.0.0/0", **TCP)
