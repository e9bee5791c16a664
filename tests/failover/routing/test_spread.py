"""How answers are spread over the ends of aliases: held to what the name server draws."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failover.routing.answers import Alias, RecordSet, Sight, Zone, answer
from failover.routing.places import NOWHERE, Place, country
from failover.routing.spread import list_ends, spread

H = "api.outlast.example"


def leaf(name: str, site: str, **policy: Any) -> RecordSet:
    return RecordSet(name, "CNAME", 30, (f"{site}.{H}",), set_identifier=site, health_check_id=site, **policy)


def pointer(target: str, *, evaluate: bool, **policy: Any) -> RecordSet:
    return RecordSet(H, "CNAME", alias=Alias(target, "Z", evaluate), set_identifier=target, **policy)


ORDERED = Zone(
    "outlast.example",
    (
        leaf(H, "aws", failover="PRIMARY"),
        pointer(f"standby1.{H}", evaluate=True, failover="SECONDARY"),
        leaf(f"standby1.{H}", "azure", failover="PRIMARY"),
        leaf(f"standby1.{H}", "gcp", failover="SECONDARY"),
    ),
)
RESIDENT = Zone(
    "outlast.example",
    (
        pointer(f"eu.{H}", evaluate=False, location="continent EU"),
        pointer(f"world.{H}", evaluate=False, location="*"),
        leaf(f"eu.{H}", "azure", weight=30),
        leaf(f"eu.{H}", "gcp", weight=10),
        leaf(f"world.{H}", "aws", weight=1),
        leaf(f"world.{H}", "azure", weight=1),
    ),
)
NEAREST = Zone(
    "outlast.example",
    (leaf(H, "aws", region="us-east-1"), leaf(H, "azure", region="eu-central-1"), leaf(H, "gcp", region="ap-east-1")),
)


def sites(zone: Zone, sick: str, place: Place = NOWHERE) -> dict[str | None, float]:
    sight = Sight([zone], lambda check: check not in sick.split())
    found: dict[str | None, float] = {}
    for record, share in spread(sight, zone.group(H, "CNAME"), place).items():
        found[record.set_identifier] = found.get(record.set_identifier, 0) + share
    return found


@pytest.mark.parametrize(
    ("sick", "answers"),
    [
        ("", "aws"),
        ("aws", "azure"),
        ("aws azure", "gcp"),
        ("aws gcp", "azure"),
        ("azure", "aws"),
        # Guide, dns-failover-complex-configs: with all of them unhealthy the first primary is considered healthy
        ("aws azure gcp", "aws"),
    ],
)
def test_ordered_failover_takes_the_first_that_is_healthy(sick: str, answers: str) -> None:
    assert sites(ORDERED, sick) == {answers: 1.0}


@pytest.mark.parametrize(
    ("code", "sick", "answers"),
    [
        ("DE", "", {"azure": 0.75, "gcp": 0.25}),
        ("DE", "azure", {"gcp": 1.0}),
        # Never outside, even when none inside is healthy.
        ("DE", "azure gcp", {"azure": 0.75, "gcp": 0.25}),
        ("US", "", {"aws": 0.5, "azure": 0.5}),
        ("US", "azure", {"aws": 1.0}),
    ],
)
def test_a_location_without_health_never_leaves_its_group(code: str, sick: str, answers: dict[str, float]) -> None:
    assert sites(RESIDENT, sick, country(code)) == answers


@pytest.mark.parametrize(
    ("code", "sick", "answers"),
    [
        ("FR", "", "azure"),
        ("FR", "azure", "aws"),
        ("CA", "", "aws"),
        ("TW", "", "gcp"),
        ("TW", "aws azure gcp", "gcp"),
    ],
)
def test_the_nearest_healthy_region_answers(code: str, sick: str, answers: str) -> None:
    assert sites(NEAREST, sick, country(code)) == {answers: 1.0}


def test_from_nowhere_all_regions_are_equally_near() -> None:
    assert sites(NEAREST, "aws") == {"azure": 0.5, "gcp": 0.5}


@given(
    st.sampled_from([ORDERED, RESIDENT, NEAREST]),
    st.sets(st.sampled_from(["aws", "azure", "gcp"])),
    st.sampled_from([NOWHERE, country("DE"), country("US"), country("JP")]),
)
def test_the_name_server_draws_what_the_shares_say(zone: Zone, sick: set[str], place: Place) -> None:
    expected = sites(zone, " ".join(sick), place)
    drawn: Counter[str | None] = Counter()
    for seed in range(40):
        found = answer(
            [zone], H, "A", healthy=lambda check: check not in sick, pick=Random(seed).randrange, place=place
        )
        drawn[found.chosen[-1].set_identifier] += 1
    assert set(drawn) <= set(expected)
    assert abs(sum(expected.values()) - 1) < 1e-9
    for site, share in expected.items():
        assert abs(drawn[site] / 40 - share) < 0.3


def test_ends_are_listed_whatever_is_healthy() -> None:
    sight = Sight([RESIDENT], lambda check: False)
    names = [(end.name, end.set_identifier) for end in list_ends(sight, RESIDENT.group(H, "CNAME"))]
    assert names == [(f"eu.{H}", "azure"), (f"eu.{H}", "gcp"), (f"world.{H}", "aws"), (f"world.{H}", "azure")]


def test_a_circle_of_aliases_ends() -> None:
    circle = Zone("outlast.example", (pointer(H, evaluate=False, weight=1),))
    assert spread(Sight([circle], lambda check: True), circle.records) == {}
    assert list_ends(Sight([circle], lambda check: True), circle.records) == ()
