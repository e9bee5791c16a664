"""The routing policy in a traffic stack's file: what is read, and every mistake named with what to write."""

from __future__ import annotations

from typing import Any

import pytest

from infra.routing import Geography, RoutingPolicy
from infra.settings.kinds import TrafficSettings
from infra.stack_file import parse
from service.errors import InvalidInput
from tests.infra.harness import configuration

EUROPE = {"continents": ["EU"], "countries": ["TR"], "allowedSites": ["azure", "gcp"], "allowedRegions": ["westeurope"]}
WORLD = {"default": True, "allowedSites": ["aws", "azure", "gcp"]}
REGIONS = {"aws": "us-east-1", "azure": "eu-central-1", "gcp": "eu-west-1"}


def traffic(**changed: Any) -> TrafficSettings:
    found = parse("traffic", configuration("traffic", **changed))
    assert isinstance(found, TrafficSettings)
    return found


def mistakes(**changed: Any) -> dict[str, str]:
    with pytest.raises(InvalidInput) as caught:
        traffic(**changed)
    return {m.place.split("outlast:")[1]: f"{m.what}: {m.hint}" for m in caught.value.mistakes}


def test_a_file_that_says_nothing_is_weighted() -> None:
    assert traffic().policy == RoutingPolicy()


def test_active_passive_takes_the_order_of_the_sites() -> None:
    found = traffic(routing="active-passive", weights=None, sites=["gcp", "aws", "azure"])
    assert (found.policy.name, list(found.weights)) == ("active-passive", ["gcp", "aws", "azure"])


def test_latency_names_a_region_for_each_site() -> None:
    assert traffic(routing="latency", weights=None, latencyRegions=REGIONS).policy == RoutingPolicy("latency", REGIONS)


def test_geographies_are_read_with_their_sites_and_regions() -> None:
    found = traffic(routing="geolocation", geographies={"eu": EUROPE, "world": WORLD}).policy
    assert found.geographies == (
        Geography("eu", ("continent EU", "country TR"), ("azure", "gcp"), ("westeurope",)),
        Geography("world", ("*",), ("aws", "azure", "gcp")),
    )


@pytest.mark.parametrize(
    ("changed", "key", "told"),
    [
        ({"routing": "wieghted"}, "routing", "'weighted'?"),
        ({"routing": "active-passive"}, "weights", "is not used by the routing active-passive"),
        ({"latencyRegions": REGIONS}, "latencyRegions", "is for the routing latency, and this is weighted"),
        ({"routing": "latency", "weights": None}, "latencyRegions", "is missing"),
        ({"routing": "geolocation"}, "geographies", "is missing"),
        ({"sites": ["aws", "sites"], "weights": {"aws": 1, "sites": 1}}, "sites", "'sites' is a name"),
        (
            {"routing": "active-passive", "weights": None, "sites": ["aws", "standby1", "gcp"]},
            "sites",
            "'standby1' is a name",
        ),
        (
            {"routing": "latency", "weights": None, "latencyRegions": REGIONS | {"azure": "westeurope"}},
            "latencyRegions.azure",
            "the AWS region next to it",
        ),
        (
            {"routing": "latency", "weights": None, "latencyRegions": REGIONS | {"azure": "us-east-1"}},
            "latencyRegions.azure",
            "as another site's",
        ),
        (
            {"routing": "latency", "weights": None, "latencyRegions": REGIONS | {"oci": "us-west-1"}},
            "latencyRegions.oci",
            "not among outlast:sites",
        ),
    ],
)
def test_a_policy_and_what_belongs_to_it(changed: dict[str, Any], key: str, told: str) -> None:
    assert told in mistakes(**changed)[key]


@pytest.mark.parametrize(
    ("geographies", "key", "told"),
    [
        ({"eu": "azure"}, "geographies.eu", "write a map"),
        ({"aws": WORLD}, "geographies.aws", "a name that the host's other records have"),
        ({"standby1": WORLD}, "geographies.standby1", "a name that the host's other records have"),
        ({"E U": WORLD}, "geographies.E U", "cannot be part of a host name"),
        ({"eu": EUROPE | {"sites": []}}, "geographies.eu.sites", "is not a setting of a geography"),
        ({"eu": EUROPE | {"allowedSites": ["oci"]}}, "geographies.eu.allowedSites", "holds 'oci'"),
        ({"eu": EUROPE | {"allowedSites": []}}, "geographies.eu.allowedSites", "names no site"),
        ({"eu": EUROPE | {"continents": ["Europe"]}}, "geographies.eu.continents", "holds 'Europe'"),
        ({"eu": EUROPE | {"countries": ["XX"]}}, "geographies.eu.countries", "holds 'XX'"),
        ({"eu": EUROPE | {"countries": [False]}}, "geographies.eu.countries", "NO in quotes"),
        ({"eu": {"allowedSites": ["gcp"]}}, "geographies.eu", "has no location"),
        ({"eu": EUROPE | {"default": "true"}}, "geographies.eu.default", "is 'true'"),
        ({"eu": EUROPE, "too": EUROPE}, "geographies.too", "holds continent EU, country TR, as eu does"),
    ],
)
def test_mistakes_in_a_geography(geographies: Any, key: str, told: str) -> None:
    assert told in mistakes(routing="geolocation", geographies=geographies)[key]
