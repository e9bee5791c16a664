"""What two stacks make of one id is there until both have let it go."""

from __future__ import annotations

import pytest

from sandbox.clouds import sharing
from sandbox.clouds.store import CloudRefused, Resource
from tests.sandbox.clouds.harness import Clouds, Made

API = "gcp:projects/service:Service"


def enable(clouds: Clouds, stack: str) -> Made:
    return clouds.make(API, stack=stack, service="run.googleapis.com")


def test_two_sites_enable_one_api(clouds: Clouds) -> None:
    one, other = enable(clouds, "gcp"), enable(clouds, "gcp-eu")
    assert one.id == other.id
    clouds.change(one, disableOnDestroy=False)
    clouds.delete_of(other)
    assert clouds.only(API).stack == "gcp"
    clouds.delete_of(one)
    assert clouds.world.store.all(API) == []


def test_the_one_who_made_it_first_may_go_first(clouds: Clouds) -> None:
    one, other = enable(clouds, "gcp"), enable(clouds, "gcp-eu")
    clouds.delete_of(one)
    assert clouds.only(API).stack == "gcp-eu"
    clouds.delete_of(other)
    assert clouds.world.store.all(API) == []


def test_an_orphan_that_another_stack_has_stays(clouds: Clouds) -> None:
    one = enable(clouds, "gcp")
    enable(clouds, "gcp-eu")
    assert clouds.clouds.forget_orphans("gcp-eu", {(API, one.id)}) == []
    assert clouds.clouds.forget_orphans("gcp-eu", set()) == [f"{API}|{one.id}"]
    assert clouds.only(API).stack == "gcp"
    assert clouds.clouds.forget_orphans("gcp-eu", set()) == []


def test_names_are_taken_once_otherwise(clouds: Clouds) -> None:
    clouds.make("aws:ecs/cluster:Cluster", stack="aws", name="a")
    with pytest.raises(CloudRefused, match="AlreadyExists"):
        clouds.make("aws:ecs/cluster:Cluster", stack="aws-eu", name="a")


def test_one_owner_is_no_sharing() -> None:
    urn = "urn:pulumi:aws::outlast::t::n"
    resource = Resource("t", "n", urn, {}, {})
    sharing.join(resource, resource)
    assert resource.place == {}
    assert not sharing.leave(resource, "aws") and not sharing.leave(resource, "other")
    assert resource.urn == urn
