"""Which places of records are refused: alone, beside others, and by the API."""

from __future__ import annotations

from typing import Any

import pytest

from failover.simulator.location_rules import find_place_problem, find_same_place
from tests.failover.simulator.test_record_rules import apply, do, plain, refused


def geo(**codes: str) -> dict[str, Any]:
    return {"GeoLocation": {f"{name.capitalize()}Code": code for name, code in codes.items()}}


@pytest.mark.parametrize(
    "record",
    [
        {},
        {"Region": "eu-central-1"},
        geo(continent="EU"),
        geo(country="DE"),
        geo(country="*"),
        geo(country="US", subdivision="WA"),
    ],
)
def test_places_that_route53_knows_are_taken(record: dict[str, Any]) -> None:
    assert find_place_problem(record) is None


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({"Region": "westeurope"}, "'westeurope' is not a region"),
        (geo(continent="EU", country="DE"), "either a ContinentCode or a CountryCode"),
        (geo(continent="XX"), "ContinentCode 'XX' is none of AF, AN, AS, EU, NA, OC, SA"),
        (geo(country="EU"), "CountryCode 'EU' is no country"),
        (geo(country="DE", subdivision="BY"), "for the countries US and UA alone"),
    ],
)
def test_a_place_that_is_none_is_refused_before_anything_changes(record: dict[str, Any], told: str) -> None:
    assert told in (find_place_problem(record) or "")
    error = refused(do("CREATE", plain("api", SetIdentifier="one", **record)))
    assert (error.code, told in error.message) == ("InvalidInput", True)


@pytest.mark.parametrize("place", [{"Region": "eu-west-1"}, geo(continent="EU")])
def test_each_place_answers_once(place: dict[str, Any]) -> None:
    one, two = plain("api", SetIdentifier="one", **place), plain("api", SetIdentifier="two", **place)
    assert "same" in (find_same_place([one, two]) or "")
    assert refused(do("CREATE", two), on=(one,)).code == "InvalidChangeBatch"
    other = {"Region": "eu-west-2"} if "Region" in place else geo(country="DE")
    assert find_same_place([one, {**two, **other}]) is None
    apply(do("CREATE", plain("api", SetIdentifier="two", **other)), on=(one,))
