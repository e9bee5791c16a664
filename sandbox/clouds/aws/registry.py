"""ECR: repositories that images are pushed to, and the password for that."""

from __future__ import annotations

import base64

from sandbox.clouds.aws.common import DEFAULT_REGION, account_of, arn, own_name, region_of
from sandbox.clouds.kinds import Fidelity, declare
from sandbox.clouds.rules import ID, NO_UPDATE, OneOf, Text, because
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.clouds.values import Values, stable_hex
from sandbox.clouds.world import World

REPOSITORY = "aws:ecr/repository:Repository"
USER = "AWS"


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
    effect="images can be pushed to it and pulled from it",
    not_simulated="scanning, lifecycle",
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
