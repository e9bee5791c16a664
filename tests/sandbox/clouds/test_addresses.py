"""Addresses are lent to one resource at a time."""

from __future__ import annotations

from pathlib import Path

import pytest

from sandbox.clouds.addresses import AddressPool
from sandbox.clouds.store import Resource, ResourceStore
from sandbox.journal import Journal
from service.errors import Unavailable


@pytest.fixture
def store(tmp_path: Path) -> ResourceStore:
    return ResourceStore(Journal(tmp_path / "journal"))


def at(address: str) -> Resource:
    return Resource("aws:lb/loadBalancer:LoadBalancer", "one", "urn", {}, {}, id=address, place={"address": address})


def test_no_address_is_lent_twice_and_none_that_a_resource_has(store: ResourceStore) -> None:
    store.put(at("127.9.9.11"))
    pool = AddressPool(["127.9.9.11", "127.9.9.12", "127.9.9.13"], store)
    assert [pool.lease(), pool.lease()] == ["127.9.9.12", "127.9.9.13"]
    with pytest.raises(Unavailable, match="all 3 entry point addresses are in use"):
        pool.lease()


def test_what_was_never_made_gives_its_address_back(store: ResourceStore) -> None:
    pool = AddressPool(["127.9.9.11"], store)
    refused = at(pool.lease())
    pool.release(refused)
    assert pool.lease() == "127.9.9.11"


def test_what_is_in_the_store_keeps_its_address_until_it_is_forgotten(store: ResourceStore) -> None:
    pool = AddressPool(["127.9.9.11"], store)
    made = at(pool.lease())
    store.put(made)
    pool.release(made)
    with pytest.raises(Unavailable):
        pool.lease()
    store.forget(made)
    assert pool.lease() == "127.9.9.11"
