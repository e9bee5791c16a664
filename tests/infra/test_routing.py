"""Which records follow from a policy: asked as clients ask, by `failover.routing`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failover.routing.answers import RecordSet, Sight, Zone
from failover.routing.places import NOWHERE, Place, country
from failover.routing.spread import spread
from infra.routing import Geography, Member, RoutingPolicy, name_record, plan_records
from tests.infra.harness import HOST

ORDER = ("aws", "azure", "gcp", "aws-eu")


def members(count: int = 3) -> list[Member]:
    return [Member(site, f"{site}.{HOST}", 10 * number, site) for number, site in enumerate(ORDER[:count], 1)]


def shares(
    policy: RoutingPolicy, found: list[Member], sick: set[str] | None = None, place: Place = NOWHERE
) -> dict[str, float]:
    zone = Zone("outlast.example", plan_records(policy, HOST, found, 30))
    sight = Sight([zone], lambda check: check not in (sick or set()))
    return {str(r.set_identifier): share for r, share in spread(sight, zone.group(HOST, "CNAME"), place).items()}


def test_weights_are_the_only_thing_that_a_weighted_record_has() -> None:
    assert plan_records(RoutingPolicy(), HOST, members(1), 30) == (
        RecordSet(HOST, "CNAME", 30, (f"aws.{HOST}",), set_identifier="aws", weight=10, health_check_id="aws"),
    )
    assert shares(RoutingPolicy(), members(2)) == {"aws": pytest.approx(1 / 3), "azure": pytest.approx(2 / 3)}


@given(st.integers(1, 4), st.sets(st.sampled_from(ORDER)))
def test_failover_goes_in_the_order_of_the_sites_however_many_there_are(count: int, sick: set[str]) -> None:
    healthy = [site for site in ORDER[:count] if site not in sick]
    assert shares(RoutingPolicy("active-passive"), members(count), sick) == {(healthy or ORDER)[0]: 1.0}


def test_what_an_alias_points_to_is_made_before_it() -> None:
    for policy in (RoutingPolicy("active-passive"), RESIDENT):
        made: set[str] = set()
        for record in plan_records(policy, HOST, members(4), 30):
            assert record.alias is None or record.alias.dns_name in made
            made.add(record.name)


def test_the_region_of_a_site_is_its_latency_records() -> None:
    policy = RoutingPolicy("latency", {"aws": "us-east-1", "azure": "eu-central-1", "gcp": "ap-east-1"})
    assert shares(policy, members(), place=country("FR")) == {"azure": 1.0}
    assert shares(policy, members(), {"azure"}, country("FR")) == {"aws": 1.0}


RESIDENT = RoutingPolicy(
    "geolocation",
    geographies=(
        Geography("eu", ("continent EU", "country TR"), ("azure", "gcp")),
        Geography("world", ("*",), ("aws", "azure", "gcp")),
    ),
)


@given(st.integers(1, 3), st.sets(st.sampled_from(ORDER)), st.sampled_from(["DE", "TR", "FR"]))
def test_a_client_of_a_geography_is_never_answered_by_a_site_outside(count: int, sick: set[str], code: str) -> None:
    """Whatever is missing or unhealthy; where nobody is left who may answer, nobody answers."""
    found = set(shares(RESIDENT, members(count), sick, country(code)))
    answered = {site for site in found if site in ORDER}
    assert answered <= {"azure", "gcp"}
    assert bool(answered) == (count > 1)


def test_without_an_allowed_site_a_location_leads_to_a_name_that_does_not_exist() -> None:
    (record,) = [r for r in plan_records(RESIDENT, HOST, members(1), 30) if r.location == "continent EU"]
    assert (record.alias, record.values) == (None, (f"eu.{HOST}",))


def test_every_record_of_a_plan_has_a_name_of_its_own() -> None:
    for policy in (RoutingPolicy(), RoutingPolicy("active-passive"), RESIDENT):
        records = plan_records(policy, HOST, members(4), 30)
        assert len({name_record(record, HOST) for record in records}) == len(records)
    assert name_record(plan_records(RoutingPolicy(), HOST, members(1), 30)[0], HOST) == "aws"
