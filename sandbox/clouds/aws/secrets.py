"""Secrets Manager: secrets and their versions, read by the execution role when a task is started."""

from __future__ import annotations

import uuid
from collections.abc import Iterator

from sandbox.clouds.aws.common import account_of, arn, own_name, region_of
from sandbox.clouds.aws.roles import role_allows
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.references import exists
from sandbox.clouds.rules import ID, TERRAFORM_AWS, Mistake, OneOf, Text, because, is_given
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, hex_id
from sandbox.clouds.world import World

SECRET = "aws:secretsmanager/secret:Secret"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"

READ = "secretsmanager:GetSecretValue"
_ARN_PARTS = 7  # arn:aws:secretsmanager:region:account:secret:name
_CURRENT = "AWSCURRENT"
_TOLD = (
    "ResourceInitializationError: unable to pull secrets or registry auth: execution resource retrieval failed: unable "
    "to retrieve secret from asm: service call has been retried 1 time(s): failed to fetch secret {} from secrets "
    "manager: {}"
)


def read_secrets(world: World, task: Resource, container: Values) -> dict[str, str]:
    """Variable -> value of the secrets that a container names, read with the task's execution role.

    Raises CloudRefused, as ECS says it, for what the role may not read and for what is not there.
    """
    role = task.inputs.get("executionRoleArn")
    return {one["name"]: _read(world, role, str(one["valueFrom"])) for one in container.get("secrets") or []}


def _read(world: World, role: object, value_from: str) -> str:
    """ECS API, Secret.valueFrom: the secret's ARN, then a key of its JSON, a staging label and a version, any of them
    empty. Whoever may not read is not told whether there is anything."""
    parts = value_from.split(":")
    secret_arn, (_, _, version) = ":".join(parts[:_ARN_PARTS]), [*parts[_ARN_PARTS:], "", "", ""][:3]
    if not role_allows(world, role, READ, secret_arn):
        told = (
            f"AccessDeniedException: User: {role or '(no execution role)'} is not authorized to perform: {READ} on "
            f"resource: {secret_arn} because no identity-based policy allows the {READ} action"
        )
        hint = f"give the task's execution role {READ} on {secret_arn}"
        raise CloudRefused(_TOLD.format(secret_arn, told), hint=hint)
    found = [v for v in _versions(world, secret_arn) if version in ("", v.outputs["versionId"])]
    if not found:
        which = f" value for VersionId: {version}" if version else ""
        told = f"ResourceNotFoundException: Secrets Manager can't find the specified secret{which}."
        raise CloudRefused(_TOLD.format(secret_arn, told), hint="name a secret, and a version of it, that were made")
    return str(found[-1].inputs.get("secretString") or "")


def _versions(world: World, secret_arn: str) -> list[Resource]:
    """Of a secret, the newest last."""
    secret = world.store.find(SECRET, secret_arn)
    return [] if secret is None else [v for v in world.store.all(VERSION) if _secret_of(world, v) is secret]


def _secret_of(world: World, version: Resource) -> Resource | None:
    return world.store.follow(version, "secretId", SECRET)


# -- types -------------------------------------------------------------------------------------------------------------


def _name_rule(world: World, r: Resource) -> None:
    """A secret's name is taken once in an account and a region: Secrets Manager API, ResourceExistsException."""
    taken = [
        own_name(other) for other in world.store.all(SECRET) if not r.is_same(other) and _place(other) == _place(r)
    ]
    if own_name(r) in taken:
        raise CloudRefused(
            f"ResourceExistsException: The operation failed because the secret {own_name(r)} already exists.",
            hint="take another name: outlast:prefix and the stack's name make it",
        )


def _place(r: Resource) -> tuple[str, str]:
    return account_of(r), region_of(r)


def _one_value(inputs: Values) -> Iterator[Mistake]:
    """Secrets Manager API, PutSecretValue: "You must include SecretBinary or SecretString, but not both"."""
    given = [name for name in ("secretString", "secretBinary") if is_given(inputs, name)]
    if len(given) > 1:
        yield "secretBinary", "InvalidParameterException: You can't specify both SecretString and SecretBinary"


def _secret_id(world: World, r: Resource) -> str:
    """The ARN, whose last six characters Secrets Manager draws: a secret made anew is not taken for the one before."""
    return arn("secretsmanager", r, f"secret:{own_name(r)}-{hex_id(6)}")


def _draw_version(world: World, r: Resource) -> None:
    r.place["version"] = str(uuid.uuid4())


def _version_id(world: World, r: Resource) -> str:
    return f"{r.inputs['secretId']}|{r.place['version']}"


def _version_outputs(world: World, r: Resource) -> Values:
    return {"arn": r.inputs["secretId"], "versionId": r.place["version"], "versionStages": [_CURRENT]}


_API = "Secrets Manager API"

declare(
    SECRET,
    fidelity=Fidelity.SIMULATED,
    effect="holds the versions that tasks are started with; one that is not there keeps a task from starting",
    not_simulated="the days in which a deleted secret's name stays taken, rotation, replicas in other regions, "
    "policies of its own, keys of KMS",
    rules=(_name_rule,),
    id_of=_secret_id,
    outputs=lambda world, r: {"arn": r.id, "name": own_name(r)},
    limits={
        "name": Text(512, r"[\w/+=.@-]+", f"{_API}, CreateSecret.Name"),
        "recoveryWindowInDays": OneOf((0, *range(7, 31)), f"{_API}, DeleteSecret.RecoveryWindowInDays"),
    },
    forces_new=because(ID, "name", "namePrefix"),
)
declare(
    VERSION,
    fidelity=Fidelity.SIMULATED,
    effect="is read by the task's execution role when the task starts, and reaches the container as a variable",
    not_simulated="staging labels: the newest version is the current one; single keys of a JSON value",
    rules=(
        exists(
            "secretId",
            SECRET,
            "ResourceNotFoundException: Secrets Manager can't find the specified secret.",
            f"{_API}, PutSecretValue",
        ),
    ),
    create=_draw_version,
    id_of=_version_id,
    outputs=_version_outputs,
    limits={"secretString": Text(65536, r"(?s).*", f"{_API}, SecretStringType")},
    combinations=(_one_value,),
    forces_new=because(ID, "secretId")
    | because(f"{TERRAFORM_AWS}/secretsmanager/secret_version.go", "secretString", "secretBinary"),
)
