"""Resources by type and id: found, followed, remembered and forgotten."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.clouds.store import CloudRefused, Resource, ResourceStore
from sandbox.journal import Journal

BALANCER, LISTENER = "aws:lb/loadBalancer:LoadBalancer", "aws:lb/listener:Listener"


def make(type_: str, id_: str, **inputs: object) -> Resource:
    return Resource(type_, "one", f"urn:pulumi:aws::outlast::{type_}::one", dict(inputs), {}, id=id_)


def test_a_reference_is_followed_by_the_input_that_holds_it(tmp_path: Path) -> None:
    store = ResourceStore(Journal(tmp_path / "journal"))
    balancer = make(BALANCER, "b")
    balancer.outputs["arn"] = "arn:aws:b"
    listener = make(LISTENER, "l", loadBalancerArn="arn:aws:b", certificateArn="arn:aws:none")
    store.put(balancer)
    store.put(listener)
    assert store.follow(listener, "loadBalancerArn", BALANCER) is balancer
    assert store.follow(listener, "certificateArn", BALANCER) is None
    assert store.follow(listener, "absent", BALANCER) is None
    assert store.follow(listener, "loadBalancerArn", LISTENER) is None, "another type is not meant"


def test_an_id_an_arn_a_name_and_a_path_that_ends_with_the_id_mean_the_resource(tmp_path: Path) -> None:
    store = ResourceStore(Journal(tmp_path / "journal"))
    one = make(BALANCER, "b", name="front")
    store.put(one)
    assert [store.find(BALANCER, reference) for reference in ("b", "front", "projects/p/b")] == [one, one, one]
    assert store.find(BALANCER, "") is None
    with pytest.raises(CloudRefused, match="no such balancer"):
        store.require(BALANCER, "other", "no such balancer")


def test_what_is_put_is_there_after_a_restart_and_what_is_forgotten_is_not(tmp_path: Path) -> None:
    first = ResourceStore(Journal(tmp_path / "journal"))
    first.put(make(BALANCER, "b"))
    first.put(make(LISTENER, "l"))
    first.intend(make(LISTENER, "", name="begun"))
    first.forget(make(LISTENER, "l"))
    first.journal.close()
    again = ResourceStore(Journal(tmp_path / "journal"))
    assert [r.key for r in again.all()] == [f"{BALANCER}|b"]
    assert [r.inputs for r in again.intents()] == [{"name": "begun"}]
