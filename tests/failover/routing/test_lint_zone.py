"""Mistakes in all that a host leads to: each rule with a zone that breaks it, and one that does not."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from failover.routing.answers import Alias, RecordSet, Zone
from failover.routing.lint_rules import LintFinding
from failover.routing.lint_zone import lint_zone, list_groups, list_reached
from infra.routing import Geography, Member, RoutingPolicy, plan_records
from tests.failover.routing.test_lint import CHECKS, H, check

MEMBERS = [Member(site, f"{site}.{H}", 1, f"hc-{site}") for site in ("aws", "azure", "gcp")]
EUROPE = Geography("eu", ("continent EU",), ("azure", "gcp"))
WORLD = Geography("world", ("*",), ("aws", "azure", "gcp"))
RESIDENT = RoutingPolicy("geolocation", geographies=(EUROPE, WORLD))
ALLOWED = {"continent EU": ("azure", "gcp")}


def zone(policy: RoutingPolicy = RESIDENT, *more: RecordSet, members: list[Member] = MEMBERS) -> Zone:
    return Zone("outlast.example", (*plan_records(policy, H, members, 30), *more))


def lint(found: Zone, **more: Any) -> dict[str, LintFinding]:
    return {finding.rule: finding for finding in lint_zone(found, H, CHECKS, allowed=ALLOWED, **more)}


def replaced(found: Zone, identifier: str, **changed: Any) -> Zone:
    """The zone with one record of the host's group changed."""
    group = [replace(r, **changed) if (r.name, r.set_identifier) == (H, identifier) else r for r in found.records]
    return Zone(found.name, tuple(group))


def test_clients_of_a_geography_reach_its_sites_and_no_other() -> None:
    reached = list_reached(zone(), H)
    assert {where: sorted(sites) for where, sites in reached.items()} == {
        "continent EU": ["azure", "gcp"],
        "the rest of the world": ["aws", "azure", "gcp"],
    }
    assert list_reached(zone(RoutingPolicy()), H) == {}


@pytest.mark.parametrize(
    "policy",
    [
        RoutingPolicy(),
        RoutingPolicy("active-passive"),
        RoutingPolicy("latency", {"aws": "us-east-1", "azure": "eu-central-1", "gcp": "ap-east-1"}),
        RESIDENT,
    ],
    ids=lambda policy: policy.name,
)
def test_what_a_traffic_stack_plans_has_no_findings(policy: RoutingPolicy) -> None:
    assert lint(zone(policy), goal_seconds=120.0) == {}


def test_every_group_below_the_host_is_looked_at() -> None:
    assert list(list_groups(zone(), H)) == [H, f"eu.{H}", f"world.{H}"]
    lonely = Geography("eu", ("continent EU",), ("azure",))
    found = lint(zone(RoutingPolicy("geolocation", geographies=(lonely, WORLD))))
    assert found["one-site"].place == "azure"


def test_a_check_may_resolve_no_name_that_leads_to_any_site() -> None:
    checks = {**CHECKS, "hc-azure": check("x", FullyQualifiedDomainName=H)}
    rules = {finding.rule: finding for finding in lint_zone(zone(), H, checks)}
    assert rules["checks-itself"].what == f"resolves {H}, a name that it decides about"


def test_a_longer_ttl_before_the_group_is_found_and_an_equal_one_is_not() -> None:
    www = RecordSet("www.outlast.example", "CNAME", 300, (H,))
    found = lint(zone(RoutingPolicy(), www))
    assert found["longer-ttl-in-chain"].place == "www.outlast.example"
    assert lint(zone(RoutingPolicy(), replace(www, ttl_seconds=30))) == {}


def test_a_missing_default_location_is_said() -> None:
    assert lint(zone(RoutingPolicy("geolocation", geographies=(EUROPE,)))).keys() == {"no-default-location"}


@pytest.mark.parametrize("dot", ["", "."])
def test_a_location_without_an_allowed_site_answers_nothing_and_says_so(dot: str) -> None:
    """A record's value may end in a dot: Route 53 keeps it as it was written."""
    planned = zone(members=MEMBERS[:1])
    written = next(record.values for record in planned.records if record.set_identifier == "continent-EU")
    found = lint(replaced(planned, "continent-EU", values=(written[0] + dot,)))
    assert found["location-without-site"].place == "continent-EU"
    assert "no-health-check" not in found


def test_a_site_outside_the_geography_is_an_error() -> None:
    intruder = RecordSet(
        f"eu.{H}", "CNAME", 30, (f"aws.{H}",), set_identifier="aws", weight=1, health_check_id="hc-aws"
    )
    found = lint(zone(RESIDENT, intruder))
    assert (found["outside-geography"].severity, found["outside-geography"].what) == ("error", "answers with aws")


def test_a_location_with_a_health_of_its_own_lets_clients_out() -> None:
    evaluating = replaced(zone(), "continent-EU", alias=Alias(f"eu.{H}", "", True))
    assert lint(evaluating).keys() == {"leaves-geography"}
    assert lint(replaced(zone(), "default", alias=Alias(f"world.{H}", "", True))) == {}
