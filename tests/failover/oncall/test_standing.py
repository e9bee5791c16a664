"""What Route 53 makes of each check, who answers, and who took a site out."""

from __future__ import annotations

from dataclasses import replace

import pytest

from failover.drill.facts import CheckerView
from failover.oncall.standing import CheckStanding, Outage, SiteLook, same_problem
from infra.routing import Member, RoutingPolicy, plan_records
from tests.failover.drill.three_sites import HOST
from tests.failover.oncall.standings import BY_ANN, DEAD, HEALTHY, RIGHT, UNHEALTHY, gated, host, off, site


@pytest.mark.parametrize(
    ("disabled", "inverted", "view", "healthy"),
    [
        (False, False, HEALTHY, True),
        (False, False, UNHEALTHY, False),
        (True, False, UNHEALTHY, True),
        (True, True, HEALTHY, False),
        (False, True, HEALTHY, False),
        (False, True, UNHEALTHY, True),
        (False, False, CheckerView(0, 0), True),
        (False, False, None, True),
    ],
)
def test_health_is_route_53s(disabled: bool, inverted: bool, view: CheckerView | None, healthy: bool) -> None:
    assert CheckStanding("c", 1, disabled=disabled, inverted=inverted, view=view).is_healthy is healthy


@pytest.mark.parametrize(("needed", "healthy"), [(1, True), (2, False)])
def test_a_calculated_check_counts_its_children(needed: int, healthy: bool) -> None:
    children = (CheckStanding("a", 1, view=HEALTHY), CheckStanding("b", 1, view=UNHEALTHY))
    assert CheckStanding("c", 1, kind="CALCULATED", children=children, children_needed=needed).is_healthy is healthy


def test_shares_follow_weights_and_health() -> None:
    assert host().shares() == {"aws": 0.5, "azure": 0.3, "gcp": 0.2}
    assert host(site("aws", **off())).shares() == {"aws": 0, "azure": 0.6, "gcp": 0.4}
    assert host(site("aws", **off())).shares(all_healthy=True) == {"aws": 0.5, "azure": 0.3, "gcp": 0.2}
    assert host().shares(without="gcp") == {"aws": 0.625, "azure": 0.375, "gcp": 0}


def test_with_nobody_healthy_dns_answers_as_if_all_were() -> None:
    standing = host(*(site(name, view=UNHEALTHY) for name in ("aws", "azure", "gcp")))
    assert standing.nobody_is_healthy
    assert standing.shares() == {"aws": 0.5, "azure": 0.3, "gcp": 0.2}
    assert not host(site("aws", view=UNHEALTHY)).nobody_is_healthy


def test_survivors_serve_to_route_53_and_when_asked() -> None:
    standing = host(site("azure", DEAD), site("gcp", view=UNHEALTHY))
    assert standing.find_survivors("aws") == []
    assert [each.name for each in standing.find_survivors("azure")] == ["aws"]
    assert [each.name for each in host(site("gcp", weight=0)).find_survivors("azure")] == ["aws"]


def test_outage_tells_who_and_since_when() -> None:
    drained = site("aws", disabled=True, inverted=True, tags=BY_ANN)
    assert drained.find_outage() == Outage("ann@laptop", "2026-11-23T11:50:00+00:00", "disk")
    by_drill = site("aws", **off(drill_id="2026-11-23T11-55-00Z-0a1b2c3d"))
    expected = Outage("drill 2026-11-23T11-55-00Z-0a1b2c3d", "2026-11-23T11:55:00+00:00", "", by_drill=True)
    assert by_drill.find_outage() == expected
    assert site("aws", **off(drill_id="d")).find_outage() == Outage("drill d", "", "", by_drill=True)
    assert site("aws", **off()).find_outage() == Outage("", "", "")
    assert site("aws", disabled=True).find_outage() is None
    assert replace(drained, check=None).find_outage() is None


@pytest.mark.parametrize(
    ("look", "problem"),
    [
        (RIGHT, ""),
        (DEAD, "does not answer (ConnectError: refused)"),
        (replace(RIGHT, status=503, reasons=("wrong answers", "more")), "answers 503, wrong answers"),
        (replace(RIGHT, certificate_ends=None), "has no valid certificate"),
    ],
)
def test_a_look_says_why_a_site_does_not_serve(look: SiteLook, problem: str) -> None:
    assert look.problem == problem


def test_a_problem_of_all_sites_may_be_the_path() -> None:
    assert same_problem([site("aws", DEAD), site("gcp", DEAD)])
    assert not same_problem([site("aws", DEAD), site("gcp")])
    assert not same_problem([])


def test_a_thrown_switch_is_who_took_a_site_out() -> None:
    seen = CheckerView(3, 3)
    endpoint, missing = CheckStanding("end", 1, view=seen), CheckStanding("switch", 1, inverted=True, view=UNHEALTHY)
    thrown = replace(missing, view=seen)
    for switch, by in ((missing, None), (thrown, "its drain switch")):
        gate = CheckStanding("gate", 1, kind="CALCULATED", children=(endpoint, switch), children_needed=2)
        found = replace(site("aws"), check=gate)
        outage = found.find_outage()
        assert (outage.by if outage else None, found.is_healthy) == (by, by is None)


def test_shares_follow_the_groups_that_a_host_leads_to() -> None:
    members = [Member(name, f"{name}.{HOST}", 1, name) for name in ("aws", "azure", "gcp")]
    records = plan_records(RoutingPolicy("active-passive"), HOST, members, 30)
    standing = host(site("aws", view=UNHEALTHY), records=records)
    assert standing.shares(all_healthy=True) == {"aws": 1.0, "azure": 0.0, "gcp": 0.0}
    assert standing.shares() == {"aws": 0.0, "azure": 1.0, "gcp": 0.0}
    assert standing.shares(without="azure") == {"aws": 0.0, "azure": 0.0, "gcp": 1.0}


def test_of_a_site_with_a_switch_drills_and_drains_use_the_check_that_asks_the_site() -> None:
    drained = gated("aws", disabled=True, inverted=True, tags=BY_ANN)
    assert gated("aws").is_healthy and not drained.is_healthy
    assert drained.endpoint is not None and drained.endpoint.id == "check-aws"
    assert drained.find_outage() == Outage("ann@laptop", "2026-11-23T11:50:00+00:00", "disk")
    assert drained.is_tagged_drained
    assert gated("aws", tags={"drill:id": "d"}).drill_id == "d"
