"""A network of its own for a site on Azure, and what an environment may be without one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from infra.plan import room_for_replicas
from tests.infra.harness import Run, run_stack

NETWORK, ENVIRONMENT = "azure-native:network:VirtualNetwork", "azure-native:app:ManagedEnvironment"


def test_an_environment_of_production_is_in_every_zone_in_a_subnet_of_its_own(run_of: Callable[[str], Run]) -> None:
    run = run_of("azure-production")
    (subnet,) = run.one(NETWORK).inputs["subnets"]
    assert subnet["addressPrefix"] == run.one(NETWORK).inputs["addressSpace"]["addressPrefixes"][0]
    environment = run.one(ENVIRONMENT).inputs
    assert environment["zoneRedundant"] is True
    assert environment["vnetConfiguration"] == {"infrastructureSubnetId": "network-id/subnets/apps", "internal": False}


def test_a_small_one_has_none(run_of: Callable[[str], Run]) -> None:
    run = run_of("azure")
    assert not run.all(NETWORK)
    assert run.one(ENVIRONMENT).inputs["zoneRedundant"] is False


def test_production_without_a_network_of_its_own_is_in_one_zone() -> None:
    assert run_stack("azure", size="production", network="public").one(ENVIRONMENT).inputs["zoneRedundant"] is False


@pytest.mark.parametrize(("prefix", "replicas"), [(27, 90), (26, 250), (25, 570), (24, 1210)])
def test_the_room_of_a_subnet_is_the_vendors_own_table(prefix: int, replicas: int) -> None:
    assert room_for_replicas(f"10.0.0.0/{prefix}") == replicas
