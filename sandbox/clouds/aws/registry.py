"""ECR: repositories that images are pushed to, and the password for that."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator

from sandbox.clouds.aws.common import DEFAULT_REGION, account_of, arn, own_name, region_of
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.references import exists
from sandbox.clouds.rules import ID, NO_UPDATE, TERRAFORM_AWS, Mistake, OneOf, Text, because
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, stable_hex
from sandbox.clouds.world import World

REPOSITORY = "aws:ecr/repository:Repository"
LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"
USER = "AWS"
_API = "ECR API, PutLifecyclePolicy"


def _registry(r: Resource) -> str:
    return f"{account_of(r)}.dkr.ecr.{region_of(r)}.amazonaws.com"


def _password(address: str) -> str:
    return stable_hex("ecr", address, length=64)


def why_not_push(world: World, address: str, repository: str, login: tuple[str, str] | None) -> str | None:
    """Why a push to `repository` at `address` is refused, or None.

    `login` None is a docker client that is logged in.
    """
    if not any(_registry(r) == address and r.id == repository for r in world.store.all(REPOSITORY)):
        told = f"The repository with name '{repository}' does not exist in the registry with id '{world.accounts.aws}'"
        return f"name unknown: {told}"
    return None if login in (None, (USER, _password(address))) else "no basic auth credentials"


def why_not_retag(world: World, address: str, repository: str, tag: str) -> str | None:
    """Why a tag that is there is not pushed again, or None: docs.aws.amazon.com/AmazonECR/latest/userguide/
    image-tag-mutability.html. The same image is refused as well: github.com/moby/buildkit/issues/3776.
    """
    holder = next((r for r in world.store.all(REPOSITORY) if _registry(r) == address and r.id == repository), None)
    if holder is None or holder.inputs.get("imageTagMutability") != "IMMUTABLE":
        return None
    return (
        f"tag invalid: The image tag '{tag}' already exists in the '{repository}' repository and cannot be overwritten "
        "because the repository is immutable."
    )


def authorization_token(world: World, args: Values, config: Values) -> Values:
    """What `getAuthorizationToken` gives: user and password for `docker login`."""
    region = args.get("region") or config.get("region") or DEFAULT_REGION
    address = f"{args.get('registryId') or world.accounts.aws}.dkr.ecr.{region}.amazonaws.com"
    password = _password(address)
    return {
        "authorizationToken": base64.b64encode(f"{USER}:{password}".encode()).decode(),
        "userName": USER,
        "password": password,
        "proxyEndpoint": f"https://{address}",
        "expiresAt": "2099-01-01T00:00:00Z",
        "id": region,
        "region": region,
    }


def repository_arn(r: Resource, image: str) -> str:
    """The ARN of the repository that an image reference names, in the region of `r`."""
    return arn("ecr", r, f"repository/{image.partition('/')[2].partition('@')[0].partition(':')[0]}")


def _repository_id(world: World, r: Resource) -> str:
    return own_name(r)


def _outputs(world: World, r: Resource) -> Values:
    return {
        "arn": arn("ecr", r, f"repository/{r.id}"),
        "registryId": account_of(r),
        "repositoryUrl": f"{_registry(r)}/{r.id}",
        "name": r.id,
    }


def _delete(world: World, r: Resource) -> None:
    place = r.outputs["repositoryUrl"]
    if world.images.held_in(place) and not r.inputs.get("forceDelete"):
        raise CloudRefused(
            f"RepositoryNotEmptyException: The repository with name '{r.id}' in registry with id '{account_of(r)}' "
            "cannot be deleted because it still contains images",
            hint="set force_delete on the repository",
        )
    world.images.drop(place)


# botocore's shapes: ecr RepositoryName, iam roleNameType and policyNameType, logs LogGroupName.
_ECR_PART = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
_ECR = Text(256, rf"{_ECR_PART}(/{_ECR_PART})*", "ECR API, RepositoryName", shortest=2)


_MUTABILITY = OneOf(
    (
        "MUTABLE",
        "IMMUTABLE",
        "IMMUTABLE_WITH_EXCLUSION",
        "MUTABLE_WITH_EXCLUSION",
    ),
    "botocore: ecr CreateRepository imageTagMutability",
)
_ENCRYPTION = OneOf(
    (
        "AES256",
        "KMS",
        "KMS_DSSE",
    ),
    "botocore: ecr CreateRepository encryptionConfiguration.encryptionType",
)

declare(
    REPOSITORY,
    fidelity=Fidelity.SIMULATED,
    effect="images can be pushed to it and pulled from it; of an immutable one no tag is pushed twice",
    not_simulated="scanning; tags that are excluded from being immutable",
    id_of=_repository_id,
    outputs=_outputs,
    delete=_delete,
    limits={
        "name": _ECR,
        "imageTagMutability": _MUTABILITY,
        "encryptionConfigurations[].encryptionType": _ENCRYPTION,
    },
    forces_new=because(ID, "name") | because(NO_UPDATE, "encryptionConfigurations"),
)

_COUNTED = OneOf(
    ("imageCountMoreThan", "sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned"),
    "Amazon ECR User Guide, lifecycle policy properties",
)
_TAG_STATUS = OneOf(("tagged", "untagged", "any"), "Amazon ECR User Guide, lifecycle policy properties")


def _policy_is_right(inputs: Values) -> Iterator[Mistake]:
    """Amazon ECR User Guide, lifecycle policy properties: each rule has its own priority, `any` comes last."""
    try:
        rules = json.loads(inputs.get("policy") or "{}")["rules"]
        priorities = [rule["rulePriority"] for rule in rules]
        asked = [rule["selection"] for rule in rules]
        counts = [(selection["tagStatus"], selection["countType"], selection["countNumber"]) for selection in asked]
    except (ValueError, KeyError, TypeError):
        yield "policy", "InvalidParameterException: it is not a lifecycle policy: rules with priority and selection"
        return
    for status, counted, number in counts:
        wrong = next(
            (rule for rule, value in ((_TAG_STATUS, status), (_COUNTED, counted)) if rule.refuses(value)), None
        )
        if wrong or number < 1:
            yield "policy", f"InvalidParameterException: {status}, {counted}, {number}: {wrong or 'at least 1'}"
    last = max(priorities, default=0)
    if len(set(priorities)) < len(priorities) or any(
        status == "any" and priority != last for priority, (status, *_) in zip(priorities, counts, strict=True)
    ):
        yield "policy", "InvalidParameterException: a priority is taken twice, or 'any' is not the last"


declare(
    LIFECYCLE,
    fidelity=Fidelity.TYPED,
    effect="its policy is read as ECR reads it",
    not_simulated="that images expire, which ECR does within a day",
    id_of=lambda world, r: str(r.inputs["repository"]),
    outputs=lambda world, r: {"registryId": account_of(r)},
    combinations=(_policy_is_right,),
    rules=(
        exists(
            "repository", REPOSITORY, "RepositoryNotFoundException: The repository with name '{}' does not exist", _API
        ),
    ),
    forces_new=because(f"{TERRAFORM_AWS}/ecr", "repository", "policy"),
)
