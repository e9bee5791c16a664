"""The three clouds as the engine's provider plugins see them: check, create, read, update, delete, invoke."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sandbox.clouds import aws, azure, choices, docker_build, functions, gcp, quotas, revisions, route53, rules, sharing
from sandbox.clouds.aws import api_values
from sandbox.clouds.effects import Effects
from sandbox.clouds.kinds import KINDS, Kind, kind_of
from sandbox.clouds.store import CloudRefused, NotReady, Resource, stack_of
from sandbox.clouds.values import Values, hex_id
from sandbox.clouds.world import World
from sandbox.engine import cloud as engine

_BY_FILES = "whose they are is read from the stack files by `outlast up`"
# Importing a cloud enters its types into the table.
CLOUDS = (aws, route53, azure, gcp, docker_build)


def derive(world: World) -> Effects:
    """Everything that follows from the resources of all clouds."""
    effects = Effects()
    for cloud in (aws, azure, gcp):
        effects.add(cloud.derive(world))
    for workload in effects.workloads:
        proven = revisions.proven(world.store.by_key(workload.key))
        if proven is not None:
            path = workload.probe_path if workload.probed_by_balancer else proven.probe_path
            effects.proven[workload.key] = replace(proven, probe_path=path)
    return effects


def settle(world: World) -> None:
    """Let time do its part: certificates whose records have appeared are issued, deployments come to their end."""
    aws.settle(world)
    azure.settle(world)
    gcp.settle(world)


class SimulatedClouds:
    """Satisfies `sandbox.engine.cloud.Cloud` for every package at once."""

    def __init__(self, world: World, refuses: Callable[[str], str | None]) -> None:
        self.world = world
        # Why the API of a stack's cloud does not answer now, or None: a dark cloud takes its API with it.
        self._refuses = refuses

    # -- before anything is changed ----------------------------------------------------------------------------------

    def configure(self, package: str, config: Mapping[str, Any]) -> None:
        """Refuse accounts that are not the sandbox's, in the words of the provider that would."""
        accounts, allowed = self.world.accounts, config.get("allowedAccountIds")
        if package == "aws" and allowed and accounts.aws not in allowed:
            raise CloudRefused(
                f"AWS account ID not allowed: {accounts.aws}",
                hint=f"this is the sandbox's account; its stack files say aws:allowedAccountIds: ['{accounts.aws}']",
            )
        if package == "azure-native" and config.get("subscriptionId") not in (None, *accounts.subscriptions):
            raise CloudRefused(
                f"SubscriptionNotFound: The subscription '{config['subscriptionId']}' could not be found.",
                hint=f"the sandbox has {', '.join(accounts.subscriptions) or 'none'}: {_BY_FILES}",
            )
        if package == "gcp" and config.get("project") not in (None, *accounts.projects):
            raise CloudRefused(
                f"Error 403: Permission denied on resource project {config['project']}.",
                hint=f"the sandbox has {', '.join(accounts.projects) or 'none'}: {_BY_FILES}",
            )

    def check(self, request: engine.Request) -> Sequence[tuple[str, str]]:
        """What is wrong with names, lengths and combinations of properties; everything at once."""
        kind = kind_of(request.type)
        found = rules.mistakes(kind.limits, kind.combinations, request.inputs)
        listed = (choices.mistakes, api_values.mistakes)
        return [*found, *(mistake for look in listed for mistake in look(request.type, request.inputs))]

    def replaces(self, type_: str) -> frozenset[str]:
        return frozenset(kind_of(type_).forces_new)

    def overlooks(self, type_: str) -> frozenset[str]:
        return frozenset(kind_of(type_).overlooked)

    def computed(self, request: engine.Request) -> Values:
        return kind_of(request.type).known_early(self.world, self._resource(request))

    # -- changes -----------------------------------------------------------------------------------------------------

    def create(self, request: engine.Request) -> tuple[str, Values]:
        """Make the resource, remember it, let its effects happen, and wait for them where the real cloud waits."""
        self._answer_or_refuse(request)
        kind, resource = kind_of(request.type), self._resource(request)
        self._let_propagate(kind, resource, request)
        try:
            self._make(kind, resource)
        finally:
            self.world.addresses.release(resource)
        try:
            self._take_effect(kind, resource, request)
        except CloudRefused:
            self.world.store.forget(resource)  # it never came to be: a certificate's validation that timed out
            self.world.hooks.reconcile()
            raise
        return resource.id, resource.outputs

    def _let_propagate(self, kind: Kind, resource: Resource, request: engine.Request) -> None:
        """What a cloud refuses it refuses at once; what it takes counts later, under eventual consistency."""
        if not self.world.eventual.limit(kind.takes) or kind.counts(self.world, resource):
            return
        _refuse(kind, self.world, resource)
        if not self.world.eventual.wait(kind.takes, request.cancelled):
            raise CloudRefused(f"{request.type} {request.name}: cancelled before it counted")

    def _make(self, kind: Kind, resource: Resource) -> None:
        _refuse(kind, self.world, resource)
        intended = self._intend(kind, resource)
        try:
            kind.create(self.world, resource)
            if not resource.id:
                resource.id = kind.id_of(self.world, resource) if kind.id_of else f"{resource.name}-{hex_id(7)}"
            self._meet_twin(kind, resource)
            resource.outputs = kind.outputs(self.world, resource)
            self.world.store.put(resource)
        finally:  # a kill comes to no `finally`: then the intent is found at the next start
            if intended:
                self.world.store.end_intent(resource)

    def _intend(self, kind: Kind, resource: Resource) -> bool:
        """Before something is made outside of the journal: write down how to find it again.

        What is there already was made by somebody else. It gets no intent, so that nobody takes it for ours later.
        """
        if kind.find_made is None:
            return False
        resource.place["reference"] = str(uuid.uuid4())
        if kind.find_made(self.world, resource) is not None:
            return False
        self.world.store.intend(resource)
        return True

    def update(self, request: engine.Request) -> Values:
        """Change the resource in place, and wait for its effects where the real cloud waits."""
        self._answer_or_refuse(request)
        kind, known = kind_of(request.type), self.world.store.get(request.type, request.id)
        if known is None:
            raise CloudRefused(
                f"{request.type} {request.id} does not exist",
                hint="`pulumi refresh` finds out what is gone, `pulumi up` makes it again",
            )
        resource = self._resource(request)
        resource.id, resource.outputs, resource.place = known.id, known.outputs, dict(known.place)
        if kind.shared(resource):  # else it changed its stack in Pulumi's state, and is the new one's alone
            sharing.join(known, resource)
        self._let_propagate(kind, resource, request)
        _refuse(kind, self.world, resource)
        kind.update(self.world, resource)
        resource.outputs = kind.outputs(self.world, resource)
        self.world.store.put(resource)
        self._take_effect(kind, resource, request)
        return resource.outputs

    def delete(self, request: engine.Request) -> None:
        """Undo the resource; one that is already gone is not an error."""
        self._answer_or_refuse(request)
        resource = self.world.store.get(request.type, request.id)
        if resource is not None:
            self._unmake(resource, stack_of(request.urn))
            self.world.hooks.reconcile()

    def _unmake(self, resource: Resource, stack: str) -> None:
        if sharing.leave(resource, stack):
            self.world.store.put(resource)
            return
        kind_of(resource.type).delete(self.world, resource)
        self.world.store.forget(resource)

    def _take_effect(self, kind: Kind, resource: Resource, request: engine.Request) -> None:
        """What a wait learns is remembered, whichever way it ends: which revision serves is part of the resource."""
        self.world.hooks.reconcile()
        if kind.wait is None:
            return
        try:
            kind.wait(self.world, resource, request.timeout_seconds, request.cancelled)
        except NotReady as error:
            self._remember(kind, resource)
            raise engine.NotReady(error.what, id=resource.id, outputs=resource.outputs, hint=error.hint) from error
        self._remember(kind, resource)

    def _remember(self, kind: Kind, resource: Resource) -> None:
        resource.outputs = kind.outputs(self.world, resource)
        self.world.store.put(resource)
        self.world.hooks.reconcile()

    def _resource(self, request: engine.Request) -> Resource:
        """What is asked for. The account is the credentials' own: no provider is told it."""
        config = {**request.config, **({"accountId": self.world.accounts.aws} if request.package == "aws" else {})}
        return Resource(request.type, request.name, request.urn, dict(request.inputs), config)

    def _answer_or_refuse(self, request: engine.Request) -> None:
        reason = self._refuses(stack_of(request.urn)) if not request.type.startswith("aws:route53/") else None
        if reason:
            raise CloudRefused(reason)

    def _meet_twin(self, kind: Kind, resource: Resource) -> None:
        """The names that identify a resource are taken once, but for what the cloud lets several stacks have."""
        known = self.world.store.get(resource.type, resource.id)
        if known is None or kind.id_of is None or known.urn == resource.urn:
            return
        if kind.shared(resource):
            sharing.join(known, resource)
        else:
            raise CloudRefused(f"AlreadyExists: {resource.type} {resource.id} already exists (made by {known.urn})")

    # -- looking -----------------------------------------------------------------------------------------------------

    def read(self, package: str, type_: str, id_: str) -> tuple[Values, Values] | None:
        """Inputs and outputs as the cloud has them now, or None where it has no such resource."""
        kind, resource = kind_of(type_), self.world.store.get(type_, id_)
        if kind.refresh is not None:
            resource = self._refresh(kind, resource or _imported(type_, id_))
        return None if resource is None else (resource.inputs, resource.outputs)

    def _refresh(self, kind: Kind, resource: Resource) -> Resource | None:
        """The resource as the cloud has it now, remembered so; forgotten where the cloud has it no longer."""
        before = self.world.store.get(resource.type, resource.id)
        resource = _copy(resource)
        found = kind.refresh(self.world, resource) if kind.refresh else None
        if found is None:
            if before is not None:
                self.world.store.forget(before)
            return None
        found.outputs = kind.outputs(self.world, found)
        self.world.store.put(found)
        return found

    def invoke(self, package: str, token: str, args: Values, config: Mapping[str, Any]) -> Values:
        return functions.call(self.world, token, dict(args), dict(config))

    # -- what a kill leaves ------------------------------------------------------------------------------------------

    def recover(self) -> list[str]:
        """Take in what was made in moto when the sandbox was killed, before the journal had it. Gives their keys.

        To be called at each start, once Route 53 answers and before the providers do. What is taken in is then known
        here as if the answer to Pulumi had been lost: see `forget_orphans`.
        """
        taken = []
        for intent in self.world.store.intents():
            kind = kind_of(intent.type)
            id_ = kind.find_made(self.world, intent) if kind.find_made else None
            if id_ is not None and self.world.store.get(intent.type, id_) is None:
                intent.id = id_
                if self._refresh(kind, intent) is not None:
                    taken.append(intent.key)
            self.world.store.end_intent(intent)
        return taken

    def forget_orphans(
        self, stack: str, known: Collection[tuple[str, str]], elsewhere: Mapping[tuple[str, str], str] = sharing.NOWHERE
    ) -> list[str]:
        """Undo what the clouds have of a stack and its Pulumi state does not: nobody would ever delete it. Their keys.

        `known` holds (type, id) of every resource in the stack's state, those that wait for their deletion too. To be
        called before `pulumi up`, while no other command works on the stack; with a state that cannot be read it must
        not be called, for nothing known means that everything is an orphan. The newest go first, as `destroy` does it.
        `elsewhere` are the URNs of those that other stacks' states have: they moved there, and are no orphans.
        """
        unknown = [r for r in self.world.store.all() if sharing.is_of(r, stack) and (r.type, r.id) not in known]
        orphans = sharing.hand_over(self.world.store, unknown, stack, elsewhere)
        for resource in reversed(orphans):
            self._unmake(resource, stack)
        if orphans:
            self.world.hooks.reconcile()
        return [r.key for r in reversed(orphans)]


def _refuse(kind: Kind, world: World, resource: Resource) -> None:
    """Raises CloudRefused where a rule of the type, or a quota, does not let the resource be as it is asked for."""
    for rule in kind.rules:
        rule(world, resource)
    quotas.refuse(world, resource)


def _imported(type_: str, id_: str) -> Resource:
    """Made behind Pulumi's back, and asked for by its id."""
    return Resource(type_, id_, f"urn:pulumi:imported::outlast::{type_}::{id_}", {}, {}, id=id_)


def _copy(r: Resource) -> Resource:
    return Resource(r.type, r.name, r.urn, dict(r.inputs), dict(r.config), r.id, r.outputs, dict(r.place))


def describe_kinds() -> list[dict[str, str]]:
    """Every declared type: its fidelity, what creating it does, and what of it is not simulated."""
    return [
        {"type": k.type, "fidelity": k.fidelity, "effect": k.effect, "not_simulated": k.not_simulated}
        for k in sorted(KINDS.values(), key=lambda k: k.type)
    ]
