"""What programs ask the clouds without making anything: provider functions by their token."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.clouds.aws import registry as aws_registry
from sandbox.clouds.aws.common import DEFAULT_REGION
from sandbox.clouds.aws.keys import find_key
from sandbox.clouds.azure.environments import verification_id
from sandbox.clouds.azure.registry import client_token
from sandbox.clouds.gcp import registry as gcp_registry
from sandbox.clouds.gcp.members import storage_agent
from sandbox.clouds.store import CloudRefused
from sandbox.clouds.values import SUBSCRIPTION, TENANT, Values
from sandbox.clouds.world import World


def _zones(world: World, args: Values, config: Values) -> Values:
    region = args.get("region") or config.get("region") or DEFAULT_REGION
    return {
        "names": [f"{region}{letter}" for letter in "abc"],
        "zoneIds": [f"{region}-az{number}" for number in (1, 2, 3)],
        "groupNames": [region],
        "id": region,
        "region": region,
    }


def _caller(world: World, args: Values, config: Values) -> Values:
    account = world.accounts.aws
    return {"accountId": account, "arn": f"arn:aws:iam::{account}:user/sandbox", "id": account, "userId": "AIDASANDBOX"}


def _subscription(config: Values) -> str:
    return str(config.get("subscriptionId") or SUBSCRIPTION)


def _verification_id(world: World, args: Values, config: Values) -> Values:
    return {"value": verification_id(_subscription(config))}


def _client_token(world: World, args: Values, config: Values) -> Values:
    return {"token": client_token()}


def _client_config(world: World, args: Values, config: Values) -> Values:
    ids = dict.fromkeys(("clientId", "objectId", "subscriptionId"), _subscription(config))
    return {**ids, "tenantId": TENANT}


FUNCTIONS: dict[str, Callable[[World, Values, Values], Values]] = {
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": aws_registry.authorization_token,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller,
    "aws:kms/getKey:getKey": find_key,
    "azure-native:app:getCustomDomainVerificationId": _verification_id,
    "azure-native:authorization:getClientToken": _client_token,
    "azure-native:authorization:getClientConfig": _client_config,
    "gcp:organizations/getClientConfig:getClientConfig": gcp_registry.client_config,
    "gcp:organizations/getProject:getProject": gcp_registry.project_facts,
    "gcp:storage/getProjectServiceAccount:getProjectServiceAccount": storage_agent,
}


def call(world: World, token: str, args: Values, config: Values) -> Values:
    """The result of a function. Raises CloudRefused for one that the sandbox does not know."""
    function = FUNCTIONS.get(token)
    if function is None:
        raise CloudRefused(
            f"the sandbox does not know the function {token}",
            hint=f"it knows {', '.join(sorted(FUNCTIONS))}; add it in sandbox/clouds/functions.py",
        )
    return function(world, args, config)
