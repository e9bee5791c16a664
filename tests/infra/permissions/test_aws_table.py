"""AWS's table: each action is an operation of its service, each row has some."""

from __future__ import annotations

import functools

import botocore.session
import pytest

from infra.permissions.aws_table import DRILL, DRILL_LEVEL_3, GRANTS, Grant

# IAM's prefixes for services that boto3 calls otherwise.
SERVICES = {"elasticloadbalancing": "elbv2"}
# Permissions without an operation: Service Authorization Reference, of ELB v2 (what AssociateWebACL and its like depend
# on) and of AWS Budget Service.
PERMISSIONS_ONLY = {
    "budgets:ModifyBudget",
    "budgets:ViewBudget",
    "elasticloadbalancing:CreateWebACLAssociation",
    "elasticloadbalancing:DeleteWebACLAssociation",
    "elasticloadbalancing:GetLoadBalancerWebACL",
    "elasticloadbalancing:SetWebAcl",
}


@functools.cache
def operations(service: str) -> frozenset[str]:
    return frozenset(botocore.session.get_session().get_service_model(service).operation_names)


@pytest.mark.parametrize("grant", [*GRANTS.values(), *DRILL, DRILL_LEVEL_3], ids=lambda grant: str(grant)[:60])
def test_every_action_is_an_operation_of_its_service(grant: Grant) -> None:
    assert grant.actions or grant.regional
    assert bool(grant.actions) == bool(grant.resources)
    for action in grant.actions + grant.regional:
        prefix, operation = action.split(":")
        if action in PERMISSIONS_ONLY or prefix == "s3":
            continue  # of S3, actions are not its operations: docs.aws.amazon.com, "Actions for S3"
        assert operation in operations(SERVICES.get(prefix, prefix)), action
