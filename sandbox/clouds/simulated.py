"""The three clouds as the engine's provider plugins see them: check, create, read, update, delete, invoke."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sandbox.clouds import aws, azure, docker_build, gcp, route53
from sandbox.clouds.effects import Effects
from sandbox.clouds.kinds import KINDS, Kind, kind_of
from sandbox.clouds.world import (
    ACCOUNT,
    PROJECT,
    PROJECT_NUMBER,
    SUBSCRIPTION,
    TENANT,
    CloudRefused,
    NotReady,
    Resource,
    Values,
    World,
    hex_id,
)
from sandbox.engine import cloud as engine

# Importing a cloud enters its types into the table.
CLOUDS = (aws, route53, azure, gcp, docker_build)


def derive(world: World) -> Effects:
    """Everything that follows from the resources of all clouds."""
    effects = Effects()
    for cloud in (aws, azure, gcp):
        effects.add(cloud.derive(world))
    return effects


def settle(world: World) -> None:
    """Let time do its part: certificates whose records have appeared are issued."""
    aws.settle(world)
    gcp.settle(world)


class SimulatedClouds:
    """Satisfies `sandbox.engine.cloud.Cloud` for every package at once."""

    def __init__(self, world: World, refuses: Callable[[str], str | None]) -> None:
        self.world = world
        # Why the API of a stack's cloud does not answer now, or None: a dark cloud takes its API with it.
        self._refuses = refuses

    def configure(self, package: str, config: Mapping[str, Any]) -> None:
        """Refuse accounts that are not the sandbox's, in the words of the provider that would."""
        allowed = config.get("allowedAccountIds")
        if package == "aws" and allowed and ACCOUNT not in allowed:
            raise CloudRefused(
                f"AWS account ID not allowed: {ACCOUNT}",
                hint=f"this is the sandbox's account; its stack files say aws:allowedAccountIds: ['{ACCOUNT}']",
            )
        if package == "azure-native" and config.get("subscriptionId") not in (None, SUBSCRIPTION):
            raise CloudRefused(
                f"SubscriptionNotFound: The subscription '{config['subscriptionId']}' could not be found.",
                hint=f"the sandbox has one subscription, {SUBSCRIPTION}",
            )
        if package == "gcp" and config.get("project") not in (None, PROJECT):
            raise CloudRefused(
                f"Error 403: Permission denied on resource project {config['project']}.",
                hint=f"the sandbox has one project, {PROJECT}",
            )

    def check(self, request: engine.Request) -> Sequence[tuple[str, str]]:
        return kind_of(request.type).mistakes(request.inputs)

    def replaces(self, type_: str) -> frozenset[str]:
        return frozenset(kind_of(type_).replaces)

    def computed(self, request: engine.Request) -> Values:
        return kind_of(request.type).known_early(self.world, _resource(request))

    def create(self, request: engine.Request) -> tuple[str, Values]:
        """Make the resource, remember it, let its effects happen, and wait for them where the real cloud waits."""
        self._answer_or_refuse(request)
        kind = kind_of(request.type)
        resource = _resource(request)
        kind.rules(self.world, resource)
        kind.create(self.world, resource)
        if not resource.id:
            resource.id = kind.id_of(self.world, resource) if kind.id_of else f"{resource.name}-{hex_id(7)}"
        self._refuse_twins(kind, resource)
        resource.outputs = kind.outputs(self.world, resource)
        self.world.put(resource)
        self._take_effect(kind, resource, request)
        return resource.id, resource.outputs

    def read(self, package: str, type_: str, id_: str) -> tuple[Values, Values] | None:
        """Inputs and outputs as the cloud has them now, or None where it has no such resource."""
        kind = kind_of(type_)
        resource = self.world.get(type_, id_)
        if resource is None and kind.refresh is not None:
            # Made behind Pulumi's back, and asked for by its id: an import.
            resource = Resource(type_, id_, f"urn:pulumi:imported::outlast::{type_}::{id_}", {}, {}, id=id_)
        if resource is None:
            return None
        if kind.refresh is not None:
            resource = kind.refresh(self.world, resource)
            if resource is None:
                return None
            resource.outputs = kind.outputs(self.world, resource)
            self.world.put(resource)
        return resource.inputs, resource.outputs

    def update(self, request: engine.Request) -> Values:
        self._answer_or_refuse(request)
        kind = kind_of(request.type)
        known = self.world.get(request.type, request.id)
        if known is None:
            raise CloudRefused(
                f"{request.type} {request.id} does not exist",
                hint="`pulumi refresh` finds out what is gone, `pulumi up` makes it again",
            )
        resource = Resource(
            known.type,
            known.name,
            request.urn,
            dict(request.inputs),
            dict(request.config),
            known.id,
            known.outputs,
            dict(known.place),
        )
        kind.rules(self.world, resource)
        kind.update(self.world, resource)
        resource.outputs = kind.outputs(self.world, resource)
        self.world.put(resource)
        self._take_effect(kind, resource, request)
        return resource.outputs

    def delete(self, request: engine.Request) -> None:
        """Undo the resource; one that is already gone is not an error."""
        self._answer_or_refuse(request)
        resource = self.world.get(request.type, request.id)
        if resource is None:
            return
        kind_of(request.type).delete(self.world, resource)
        self.world.forget(resource)
        self.world.reconcile()

    def invoke(self, package: str, token: str, args: Values, config: Mapping[str, Any]) -> Values:
        function = _FUNCTIONS.get(token)
        if function is None:
            raise CloudRefused(
                f"the sandbox does not know the function {token}",
                hint=f"it knows {', '.join(sorted(_FUNCTIONS))}; add it in sandbox/clouds/simulated.py",
            )
        return function(self.world, dict(args), dict(config))

    def _take_effect(self, kind: Kind, resource: Resource, request: engine.Request) -> None:
        self.world.reconcile()
        if kind.wait is None:
            return
        try:
            kind.wait(self.world, resource, request.timeout_seconds, request.cancelled)
        except NotReady as error:
            raise engine.NotReady(error.what, id=resource.id, outputs=resource.outputs, hint=error.hint) from error

    def _answer_or_refuse(self, request: engine.Request) -> None:
        stack = _resource(request).stack
        reason = self._refuses(stack) if not request.type.startswith("aws:route53/") else None
        if reason:
            raise CloudRefused(reason)

    def _refuse_twins(self, kind: Kind, resource: Resource) -> None:
        """Two resources of one id cannot be: the names that identify a resource are taken once."""
        known = self.world.get(resource.type, resource.id)
        if known is not None and kind.id_of is not None and known.urn != resource.urn:
            raise CloudRefused(f"AlreadyExists: {resource.type} {resource.id} already exists (made by {known.urn})")


def _resource(request: engine.Request) -> Resource:
    return Resource(request.type, request.name, request.urn, dict(request.inputs), dict(request.config))


def _zones(world: World, args: Values, config: Values) -> Values:
    region = args.get("region") or config.get("region") or "us-east-1"
    names = [f"{region}{letter}" for letter in "abc"]
    return {
        "names": names,
        "zoneIds": [f"{region}-az{i}" for i in (1, 2, 3)],
        "groupNames": [region],
        "id": region,
        "region": region,
    }


def _caller(world: World, args: Values, config: Values) -> Values:
    return {"accountId": ACCOUNT, "arn": f"arn:aws:iam::{ACCOUNT}:user/sandbox", "id": ACCOUNT, "userId": "AIDASANDBOX"}


def _client_config(world: World, args: Values, config: Values) -> Values:
    return {
        "accessToken": gcp.access_token(),
        "project": PROJECT,
        "region": config.get("region", ""),
        "zone": config.get("zone", ""),
        "defaultLabels": {},
        "id": PROJECT,
    }


_FUNCTIONS: dict[str, Callable[[World, Values, Values], Values]] = {
    "aws:ecr/getAuthorizationToken:getAuthorizationToken": aws.authorization_token,
    "aws:index/getAvailabilityZones:getAvailabilityZones": _zones,
    "aws:index/getCallerIdentity:getCallerIdentity": _caller,
    "azure-native:app:getCustomDomainVerificationId": lambda w, a, c: {"value": azure.verification_id()},
    "azure-native:authorization:getClientToken": lambda w, a, c: {"token": azure.client_token()},
    "azure-native:authorization:getClientConfig": lambda w, a, c: {
        "clientId": SUBSCRIPTION,
        "objectId": SUBSCRIPTION,
        "subscriptionId": SUBSCRIPTION,
        "tenantId": TENANT,
    },
    "gcp:organizations/getClientConfig:getClientConfig": _client_config,
    "gcp:organizations/getProject:getProject": lambda w, a, c: {
        "projectId": PROJECT,
        "number": PROJECT_NUMBER,
        "name": PROJECT,
        "id": f"projects/{PROJECT}",
    },
}


def describe_kinds() -> list[dict[str, str]]:
    """Every declared type: its depth, what creating it does, and what of it is not simulated."""
    return [
        {"type": k.type, "depth": k.depth, "effect": k.effect, "not_simulated": k.not_simulated}
        for k in sorted(KINDS.values(), key=lambda k: k.type)
    ]
