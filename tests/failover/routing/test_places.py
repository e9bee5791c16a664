"""Places of clients: by their address, by the locations of records that apply to them, and by distance."""

from __future__ import annotations

import math

import botocore.session
import pytest
from hypothesis import given
from hypothesis import strategies as st

from failover.routing.places import (
    CONTINENTS,
    COUNTRIES,
    NOWHERE,
    REGIONS,
    Place,
    country,
    distance_km,
    location_of,
    place_of_address,
)


@pytest.mark.parametrize(
    ("address", "place"),
    [
        ("198.18.4.5", Place("EU", "DE")),
        ("198.18.21.19", Place("NA", "US")),
        ("198.18.14.1", Place("AF", "NA")),  # Namibia, and not North America
        ("198.19.14.1", Place("NA")),
        ("198.19.5.21", Place("EU")),
        ("198.18.26.26", NOWHERE),  # no country is called ZZ
        ("198.18.0.200", NOWHERE),
        ("127.0.0.1", NOWHERE),
        ("2001:db8::1", NOWHERE),
        ("", NOWHERE),
        (None, NOWHERE),
    ],
)
def test_addresses_of_the_benchmarking_range_stand_for_places(address: str | None, place: Place) -> None:
    assert place_of_address(address) == place


@given(st.sampled_from([*map(country, COUNTRIES), *map(Place, CONTINENTS)]))
def test_every_place_has_an_address_of_its_own(place: Place) -> None:
    network, code = ("198.18", place.country) if place.country else ("198.19", place.continent)
    letters = ".".join(str(ord(letter) - ord("A") + 1) for letter in code)
    assert place_of_address(f"{network}.{letters}") == place


def test_locations_go_from_the_most_exact_to_the_default() -> None:
    assert country("US", "WA").locations == ("country US WA", "country US", "continent NA", "*")
    assert country("DE").locations == ("country DE", "continent EU", "*")
    assert NOWHERE.locations == ("*",)
    assert location_of(country="*") == "*"


def test_regions_are_those_that_a_latency_record_may_name() -> None:
    model = botocore.session.get_session().get_service_model("route53")
    assert set(REGIONS) == set(model.shape_for("ResourceRecordSetRegion").metadata["enum"])


@pytest.mark.parametrize(
    ("code", "nearest"),
    [
        ("DE", "eu-central-1"),
        ("IE", "eu-west-1"),
        ("JP", "ap-northeast-1"),
        ("AU", "ap-southeast-2"),
        ("ZA", "af-south-1"),
    ],
)
def test_a_client_is_nearest_to_the_region_of_its_country(code: str, nearest: str) -> None:
    assert min(REGIONS, key=lambda region: distance_km(country(code), region)) == nearest


def test_from_nowhere_and_to_an_unknown_region_all_are_equally_far() -> None:
    assert len({distance_km(NOWHERE, region) for region in REGIONS}) == 1
    assert distance_km(country("DE"), "moon-north-1") == distance_km(NOWHERE, "eu-west-1")


@given(st.sampled_from(COUNTRIES), st.sampled_from(REGIONS))
def test_no_distance_is_longer_than_half_way_round_the_earth(code: str, region: str) -> None:
    assert 0 <= distance_km(country(code), region) <= 6_371 * math.pi + 1
