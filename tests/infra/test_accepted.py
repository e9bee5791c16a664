"""What the programs register is what the vendors' own descriptions accept, beyond the types of the SDKs.

The rows of `sandbox.clouds` hold each cloud's rules for names, numbers and what goes together, each with its source,
and botocore's service models those of AWS; both are held against every resource of every inventory, and of sites whose
settings are at their ends. What another resource will give is not known here, and so is no mistake.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import botocore.session
import pytest
from botocore.model import Shape
from botocore.validate import ParamValidator

from infra.permissions.aws import LARGEST_INLINE
from sandbox.clouds import rules, simulated
from sandbox.clouds.aws import api_values
from sandbox.clouds.kinds import KINDS
from sandbox.engine.wire import UNKNOWN
from tests.infra.goldens import NAMES, at_production
from tests.infra.harness import BASES, TRAINING, Registered, Run, audits, run_stack

assert simulated, "loads the rows"

# A mocked output of another resource: an ARN of too few parts, an id, and names made of one of them.
PLACEHOLDER = re.compile(r"arn(:[^:]*){1,4}|.*\b[\w-]+-id(/.*)?|.*\.example/.*")
ELSEWHERE = {"pulumi", "docker-build"}
"""Packages that make nothing at a cloud."""
WITHOUT_ROWS = {"azure-native:authorization:ManagementLockAtResourceGroupLevel"}
"""Types that the sandbox only remembers."""
LONGEST_PREFIX = {"aws": "a" * 28, "azure": "a" * 26, "gcp": "a" * 26}
"""With which `<prefix>-<cloud>` is as long as a name there may be."""
KMS = "arn:aws:kms:us-east-1:000000000000:key/11111111-2222-3333-4444-555555555555"


def site_at_its_ends(cloud: str) -> dict[str, Any]:
    """Production with the longest names, the most replicas and the longest log."""
    days = {"aws": 3653, "azure": 730, "gcp": 3650}[cloud]
    more: Mapping[str, Mapping[str, Any]] = {
        "aws": {
            "spotAbove": True,
            "architecture": "arm64",
            "availabilityZones": ["us-east-1a", "us-east-1b", "us-east-1c"],
        },
        "azure": {"vnetCidr": "10.32.0.0/16"},
        "gcp": {
            "egress": "none",
            "vpcCidr": "10.40.0.0/16",
            "environment": {},
            "billingAccount": "012345-6789AB-CDEF01",
        },
    }
    return at_production(
        prefix=LONGEST_PREFIX[cloud],
        minReplicas=100,
        maxReplicas=300,
        concurrency=1000,
        requestsPerMinutePerAddress=1_000_000,
        logRetentionDays=days,
        monthlyBudgetUsd=1234.5,
        base=f"base-{cloud}",
        stacks=audits(),
        **more[cloud],
    )


VARIANTS: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    **{f"{cloud} at its ends": (cloud, site_at_its_ends(cloud)) for cloud in ("aws", "azure", "gcp")},
    "aws without a way out": ("aws", at_production(egress="endpoints", environment={})),
    "aws of one replica": ("aws", {"minReplicas": 1, "maxReplicas": 1, "requestsPerMinutePerAddress": 10}),
    **{f"{base} with everything": (base, {"auditRetentionDays": 3650, "protect": True}) for base in BASES},
    **{f"{base} that holds": (base, {"holdsFor": [base[5:]], "logRetentionDays": 60}) for base in BASES},
    **{f"{stack} for a year": (stack, {"checkpointDays": 365, "protect": True}) for stack in TRAINING},
    "training-aws with a key": ("training-aws", {"kmsKey": KMS, "dataSources": ["warehouse"]}),
    "training-azure alone": ("training-azure", {"isolated": True}),
    "private": ("private", {}),
    "traffic in a chain": ("traffic", {"routing": "active-passive", "weights": None}),
    "traffic that is slow": ("traffic", {"checkIntervalSeconds": 30, "failureThreshold": 10, "ttlSeconds": 3600}),
}


@pytest.mark.parametrize("name", NAMES)
def test_every_resource_is_one_that_its_cloud_accepts(run_of: Callable[[str], Run], name: str) -> None:
    assert list(mistakes(run_of(name))) == []


@pytest.mark.slow
@pytest.mark.parametrize("name", VARIANTS)
def test_so_are_those_of_settings_at_their_ends(name: str) -> None:
    stack, changed = VARIANTS[name]
    run = run_stack(stack, **changed)
    assert run.resources and list(mistakes(run)) == []


def test_no_type_is_left_out_that_has_a_row() -> None:
    assert not WITHOUT_ROWS & KINDS.keys()


def test_a_value_that_the_cloud_refuses_is_found() -> None:
    """Each check is shown something wrong once."""
    for type_, inputs, told in (
        ("aws:lb/targetGroup:TargetGroup", {"name": "a" * 33}, "name"),
        ("aws:ecs/taskDefinition:TaskDefinition", {"containerDefinitions": '[{"nmae": "service"}]'}, "nmae"),
        ("aws:iam/rolePolicy:RolePolicy", {"policy": _document("ecs:RunTasks")}, "ecs:RunTasks"),
        ("gcp:serviceaccount/account:Account", {"accountId": "short"}, "accountId"),
        ("azure-native:keyvault:Vault", {"vaultName": "1"}, "vaultName"),
    ):
        found = list(mistakes(Run("made up", [Registered(type_, "one", inputs, {})])))
        assert found and told in str(found), type_


def mistakes(run: Run) -> Iterator[str]:
    """Every mistake of the run's resources, with where it is."""
    for resource in run.resources:
        if resource.type.partition(":")[0] not in ELSEWHERE:
            yield from (f"{resource.type} {resource.name}: {told}" for told in _mistakes(resource))


def _mistakes(resource: Registered) -> Iterator[Any]:
    inputs = _with_unknowns(resource.inputs)
    if resource.type not in WITHOUT_ROWS:
        kind = KINDS[resource.type]
        yield from rules.mistakes(kind.limits, kind.combinations, inputs)
        yield from api_values.mistakes(resource.type, inputs)
    if containers := resource.inputs.get("containerDefinitions"):
        report = ParamValidator().validate({"family": "one", "containerDefinitions": json.loads(containers)}, _task())
        yield from report.generate_report().splitlines()
    for key in ("policy", "assumeRolePolicy"):
        if resource.type.startswith("aws:") and "Statement" in str(resource.inputs.get(key)):
            yield from _wrong_policy(resource.inputs[key])


def _with_unknowns(value: Any) -> Any:
    """The value as a preview knows it: what another resource gives is unknown."""
    if isinstance(value, dict):
        return {key: _with_unknowns(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_with_unknowns(one) for one in value]
    return UNKNOWN if isinstance(value, str) and PLACEHOLDER.fullmatch(value) else value


def _wrong_policy(text: str) -> Iterator[str]:
    """What IAM's grammar of policies, and the services' operations, say against it."""
    document = json.loads(text)
    if len(json.dumps(document, separators=(",", ":"))) > LARGEST_INLINE:
        yield "is longer than a role takes"
    for statement in document["Statement"]:
        unknown = statement.keys() - {"Sid", "Effect", "Principal", "Action", "Resource", "Condition"}
        yield from (f"{key} is no part of a statement" for key in unknown)
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        yield from (f"{action} is no action" for action in actions if not _is_action(action))


def _is_action(action: str) -> bool:
    """Of S3 the permissions are not called after the operations; the others of ours are."""
    service, name = action.split(":")
    return service == "s3" or name in _operations(service)


@functools.cache
def _operations(service: str) -> frozenset[str]:
    return frozenset(botocore.session.get_session().get_service_model(service).operation_names)


@functools.cache
def _task() -> Shape:
    shape = (
        botocore.session.get_session().get_service_model("ecs").operation_model("RegisterTaskDefinition").input_shape
    )
    assert shape is not None
    return shape


def _document(*actions: str) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": [*actions]}]})
