"""IAM roles, as far as pulling a task's image asks for them, and the log group that their tasks write to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from sandbox.clouds.aws.common import account_of, arn, own_name
from sandbox.clouds.eventual import IAM
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.references import exists
from sandbox.clouds.rules import ID, NO_MEMBER, NO_UPDATE, OneOf, Text, because
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, hex_id, stable_hex
from sandbox.clouds.world import World

ROLE = "aws:iam/role:Role"
POLICY = "aws:iam/rolePolicy:RolePolicy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"

_ASSUME = "sts:AssumeRole"
_EFFECT, _LONGEST_POLICY = {"Allow", "Deny"}, 10_240
# Of the managed policies only the one that ECS tasks are usually given is known here: it permits every pull, and logs.
_MANAGED_POLICY = "AmazonECSTaskExecutionRolePolicy"


def role_allows(world: World, role_arn: object, action: str, resource_arn: str) -> bool:
    """Whether the role's inline or attached policies allow `action` on `resource_arn`; `*` and prefixes count."""
    role = world.store.find(ROLE, role_arn)
    if role is None:
        return False
    if any(policy.endswith(_MANAGED_POLICY) for policy in _attached(world, role)):
        return True
    return any(_allows(document, action, resource_arn) for document in _documents(world, role))


def _attached(world: World, role: Resource) -> Iterator[str]:
    for attachment in world.store.all(ATTACHMENT):
        if attachment.inputs.get("role") in role.names():
            yield str(attachment.inputs.get("policyArn"))


def _documents(world: World, role: Resource) -> Iterator[Any]:
    own = [policy.get("policy") for policy in role.inputs.get("inlinePolicies") or []]
    given = [p.inputs.get("policy") for p in world.store.all(POLICY) if p.inputs.get("role") in role.names()]
    yield from map(_read, own + given)


def _allows(document: Any, action: str, resource_arn: str) -> bool:
    return any(
        statement.get("Effect") == "Allow"
        and any(_matches(pattern, action) for pattern in _listed(statement.get("Action")))
        and any(_matches(pattern, resource_arn) for pattern in _listed(statement.get("Resource")))
        for statement in _listed(document.get("Statement"))
    )


def _listed(value: Any) -> list[Any]:
    """IAM takes one thing where it takes a list of them."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _matches(pattern: str, value: str) -> bool:
    return pattern == value or (pattern.endswith("*") and value.startswith(pattern[:-1]))


def role_trusts(world: World, role_arn: object, service: str) -> bool:
    """Whether that service may assume the role, by the role's trust policy."""
    role = world.store.find(ROLE, role_arn)
    if role is None:
        return False
    return any(
        statement.get("Effect") == "Allow"
        and service in _listed(_principal(statement).get("Service"))
        and any(_matches(pattern, _ASSUME) for pattern in _listed(statement.get("Action")))
        for statement in _listed(_trust(role).get("Statement"))
    )


def _principal(statement: Any) -> Any:
    """`*` is everybody, which services are not meant by; else a map from a kind of principal to whom."""
    found = statement.get("Principal")
    return found if isinstance(found, dict) else {}


def _trust(role: Resource) -> Any:
    return _read(role.inputs.get("assumeRolePolicy"))


def _read(given: Any) -> Any:
    """A policy document; an empty one where the text is none."""
    try:
        document = json.loads(given) if isinstance(given, str) else given
    except ValueError:
        document = None
    return document if isinstance(document, dict) else {}


def _trust_rules(world: World, r: Resource) -> None:
    """The trust policy names who may assume the role: IAM API, CreateRole, MalformedPolicyDocument."""
    statements = _listed(_trust(r).get("Statement"))
    if not statements or not all(isinstance(one, dict) and one.get("Principal") for one in statements):
        raise CloudRefused(
            "MalformedPolicyDocument: AssumeRolepolicy contains an invalid principal, or has no statement",
            hint='a statement with "Principal": {"Service": "ecs-tasks.amazonaws.com"}',
        )


def _policy_rules(world: World, r: Resource) -> None:
    """The policy is a document that IAM reads, and no longer than it takes: IAM API, PutRolePolicy,
    MalformedPolicyDocument; IAM User Guide, quotas, 10,240 characters without white space.
    """
    given = r.inputs.get("policy")
    statements = _listed(_read(given).get("Statement"))
    if not statements or not all(isinstance(one, dict) and _EFFECT & {one.get("Effect")} for one in statements):
        raise CloudRefused(
            "MalformedPolicyDocument: Syntax errors in policy.",
            hint='a JSON document: {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", …}]}',
        )
    length = len("".join(str(given).split()))
    if length > _LONGEST_POLICY:
        raise CloudRefused(
            f"LimitExceeded: Maximum policy size of {_LONGEST_POLICY} bytes exceeded for role ({length})"
        )


def _role_id(world: World, r: Resource) -> str:
    return str(r.inputs.get("name") or f"{r.name}-{hex_id(7)}")


def _role_outputs(world: World, r: Resource) -> Values:
    return {
        "arn": f"arn:aws:iam::{account_of(r)}:role/{r.id}",
        "name": r.id,
        "uniqueId": f"AROA{stable_hex(r.id, length=17).upper()}",
        "createDate": "2026-01-01T00:00:00Z",
    }


def _policy_id(world: World, r: Resource) -> str:
    return f"{r.inputs.get('role')}:{own_name(r)}"


def _log_group_outputs(world: World, r: Resource) -> Values:
    return {"arn": arn("logs", r, f"log-group:{r.id}"), "name": r.id}


# botocore's documentation of logs' shape Days; 0, "never", is pulumi-aws's.
_RETENTION = OneOf(
    (0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
    "CloudWatch Logs API, Days",
)
_ROLE = Text(64, r"[\w+=,.@-]+", "IAM API, roleNameType")
_POLICY = Text(128, r"[\w+=,.@-]+", "IAM API, policyNameType")
_LOG_GROUP = Text(512, r"[.\-_/#A-Za-z0-9]+", "CloudWatch Logs API, LogGroupName")


_role_exists = exists(
    "role", ROLE, "NoSuchEntity: The role with name {} cannot be found.", "IAM API, PutRolePolicy and AttachRolePolicy"
)


declare(
    ROLE,
    fidelity=Fidelity.SIMULATED,
    effect="a task's image is pulled and its log written with its execution role's permissions, if ECS may assume it",
    not_simulated="who may assume it beside the tasks of ECS; permission boundaries",
    rules=(_trust_rules,),
    takes=IAM,
    id_of=_role_id,
    outputs=_role_outputs,
    limits={"name": _ROLE},
    forces_new=because(ID, "name") | because(f"{NO_MEMBER} UpdateRole", "path"),
)
declare(
    POLICY,
    fidelity=Fidelity.SIMULATED,
    rules=(_role_exists, _policy_rules),
    takes=IAM,
    effect="permits the pull of the task's image and the writing of its log",
    not_simulated="other permissions, Deny, NotAction, conditions",
    id_of=_policy_id,
    outputs=lambda world, r: {"name": own_name(r)},
    limits={"name": _POLICY},
    forces_new=because(ID, "name", "role"),
)
declare(
    ATTACHMENT,
    fidelity=Fidelity.SIMULATED,
    rules=(_role_exists,),
    takes=IAM,
    effect=f"{_MANAGED_POLICY} permits the pull of the task's image and the writing of its log",
    not_simulated="other managed policies",
    forces_new=because(NO_UPDATE, "role", "policyArn"),
)
_LOG_CLASS = OneOf(
    (
        "STANDARD",
        "INFREQUENT_ACCESS",
        "DELIVERY",
        "ESSENTIALS",
    ),
    "botocore: logs CreateLogGroup logGroupClass",
)

declare(
    LOG_GROUP,
    fidelity=Fidelity.SIMULATED,
    effect="a task whose log driver names a group that does not exist is not started",
    not_simulated="the log itself: the replicas' output goes to .sandbox/logs",
    id_of=lambda world, r: own_name(r),
    outputs=_log_group_outputs,
    limits={
        "name": _LOG_GROUP,
        "retentionInDays": _RETENTION,
        "logGroupClass": _LOG_CLASS,
    },
    forces_new=because(ID, "name"),
)
