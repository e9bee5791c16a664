"""Who refuses it? Each input of a right site that means another resource is made to mean none, one at a time.

Either the change is refused, or somebody outside meets something else, or the next deployment is refused.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from sandbox.clouds.references import exists
from sandbox.clouds.store import CloudRefused, Resource
from sandbox.engine.outputs import output_names
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds, Made

SITES: dict[str, Callable[[Clouds], Made]] = {
    "aws": sites.aws_site,
    "aws private": sites.aws_private_site,
    "azure": sites.azure_site,
    "gcp": sites.gcp_site,
    "aws alarms": sites.aws_alarm,
    "azure alarms": sites.azure_alarm,
    "gcp alarms": sites.gcp_alarm,
}

Place = tuple[str | int, ...]


def leaves(value: Any, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Every text in the inputs, with its place."""
    if isinstance(value, str):
        yield place, value
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, (*place, name))
    elif isinstance(value, list):
        for position, inner in enumerate(value):
            yield from leaves(inner, (*place, position))


def _references(clouds: Clouds) -> Iterator[tuple[Resource, Place]]:
    """Inputs that hold the id, the ARN or the address of another resource."""
    everything = clouds.world.store.all()
    for resource in everything:
        known = {
            name for other in everything if other is not resource for name in _names(other) if len(name) > len("site")
        }
        for place, text in leaves(resource.inputs):
            if text in known or any(text.endswith(f"/{name}") for name in known):
                yield resource, place


def _names(resource: Resource) -> set[str]:
    given = (resource.get(name) for name in ("arn", "selfLink", "address", "principalId", "email", "loginServer"))
    return {str(name) for name in (resource.id, *given) if name}


def _set(inputs: Any, place: Place, value: Any) -> None:
    for step in place[:-1]:
        inputs = inputs[step]
    inputs[place[-1]] = value


def _seen(clouds: Clouds, stack: str) -> object:
    """What somebody outside meets, and what runs."""
    effects = clouds.effects()
    entry_points = [one for one in effects.entry_points if one.stack == stack]
    workloads = [workload for workload in effects.workloads if workload.stack == stack]
    return entry_points, workloads, [alarm for alarm in effects.alarms if alarm.stack == stack]


def is_noticed(clouds: Clouds, resource: Resource, place: Place, wrong: Any) -> bool:
    """Whether anybody notices that the input at `place` is `wrong`."""
    inputs = copy.deepcopy(resource.inputs)
    _set(inputs, place, wrong)
    of = {"stack": resource.stack, "id": resource.id, "config": resource.config}
    asked = clouds.request(resource.type, resource.name, inputs, **of)
    if clouds.clouds.check(asked):
        return True
    before = _seen(clouds, resource.stack)
    try:
        clouds.clouds.update(asked)
        if _seen(clouds, resource.stack) != before:
            return True
        for workload in clouds.effects().workloads:
            service = clouds.world.store.by_key(workload.key)
            again = clouds.request(service.type, service.name, service.inputs, stack=service.stack, id=service.id)
            clouds.clouds.update(again)
    except CloudRefused:
        return True
    return False


@pytest.mark.parametrize("stack", SITES)
def test_a_reference_to_nothing_is_noticed(clouds: Clouds, stack: str) -> None:
    SITES[stack](clouds)
    found = [(resource.key, place) for resource, place in _references(clouds)]
    assert len(found) > 8
    silent = []
    for key, place in found:
        resource = clouds.world.store.by_key(key)
        before = copy.deepcopy(resource.document())
        if not is_noticed(clouds, resource, place, "none-such"):
            silent.append((resource.type, place))
        clouds.world.store.put(Resource(**before))
    assert silent == []


def test_a_rule_names_what_is_missing_and_lets_be_what_is_not_said(clouds: Clouds) -> None:
    rule = exists("a[].b", ("aws:ec2/vpc:Vpc", "aws:ec2/subnet:Subnet"), "NotFound: {}", "somewhere")
    vpc = clouds.make("aws:ec2/vpc:Vpc", cidrBlock="10.0.0.0/16")
    asked = Resource("t", "n", "urn", {"a": [{"b": vpc.id}, {}, {"b": ""}]}, {})
    rule(clouds.world, asked)
    asked.inputs["a"].append({"b": "subnet-none"})
    with pytest.raises(CloudRefused, match="NotFound: subnet-none"):
        rule(clouds.world, asked)
    assert rule.__doc__ == "`a[].b` means a Vpc or Subnet that exists: somewhere."


@pytest.mark.parametrize("site", SITES)
def test_what_a_resource_gives_back_its_type_has(clouds: Clouds, site: str) -> None:
    """The engine's side refuses any other output, in the middle of an update."""
    SITES[site](clouds)
    for resource in clouds.world.store.all():
        if not resource.type.startswith("aws:route53/"):
            assert set(resource.outputs) <= output_names(resource.type), resource.type
