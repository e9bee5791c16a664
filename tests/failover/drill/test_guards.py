"""Every guard, with the fact that makes it speak and with that fact missing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from failover.drill.facts import CheckerView, Facts
from failover.drill.fleet import FleetSite, HealthCheck
from failover.drill.guards import GUARDS, check_guards, check_overrides, refuse
from failover.drill.plan import DrillPlan
from failover.routing.predict import HEALTHY_SHARE
from service.bundle.columns import InputSpec
from service.bundle.golden import Golden
from service.errors import InvalidInput, Refused
from tests.failover.drill.fake_route53 import FakeRoute53
from tests.failover.drill.fakes import EPOCH, UNHURRIED, FakeClock, Stage, make_probe
from tests.failover.drill.three_sites import ADDRESSES, HOST, WEIGHTS

WELL = CheckerView(3, 3)


@pytest.fixture
def facts(stage: Stage) -> Facts:
    """Everything as it should be."""
    return make_facts(stage.plan())


def make_facts(plan: DrillPlan, **changes: Any) -> Facts:
    sites = tuple(make_site(name) for name in ADDRESSES)
    probes = {name: make_probe(name) for name in ADDRESSES}
    return replace(Facts(plan, sites, dict.fromkeys(ADDRESSES, WELL), probes, 3, EPOCH), **changes)


def make_site(name: str, *, weight: int | None = None, tags: dict[str, str] | None = None, **check: Any) -> FleetSite:
    given_tags = {"outlast:capacity-rps": "100"} if tags is None else tags
    health_check = HealthCheck(f"check-{name}", 1, 10, 3, tags=given_tags, **check)
    return FleetSite(name, f"{name}.{HOST}", WEIGHTS[name] if weight is None else weight, health_check)


def with_site(facts: Facts, site: FleetSite) -> Facts:
    return replace(facts, sites=tuple(site if each.name == site.name else each for each in facts.sites))


def spoken(facts: Facts) -> dict[str, str]:
    """What each guard that spoke said, by its name."""
    return {finding.guard.name: finding.what for finding in check_guards(facts)}


def test_nothing_to_say_when_all_is_well(facts: Facts) -> None:
    assert spoken(facts) == {}
    refuse(check_guards(facts), "the drill")


@pytest.mark.parametrize("lost", ["views", "probes"])
def test_a_missing_fact_is_a_refusal(facts: Facts, lost: str) -> None:
    said = spoken(replace(facts, **{lost: {}}))  # type: ignore[arg-type]
    assert "azure was not looked at" in said["last-healthy-site"]
    assert "steady-state" in said


def test_never_the_last_healthy_site(facts: Facts) -> None:
    views = {**facts.views, "azure": CheckerView(0, 3)}
    probes = {**facts.probes, "gcp": make_probe("gcp", wrong="row r: label 'benign', expected 'malignant'")}
    said = spoken(replace(facts, views=views, probes=probes))["last-healthy-site"]
    assert said.startswith("nobody would serve without aws: azure is unhealthy to Route 53 (0 of 3 checkers succeed)")
    assert "gcp does not answer right: row r" in said


def test_a_site_that_no_checker_has_reported_on_is_not_healthy(facts: Facts) -> None:
    said = spoken(replace(facts, views={**facts.views, "gcp": CheckerView(0, 0)}))
    assert "gcp has not been looked at by Route 53 yet" in said["steady-state"]


def test_a_survivor_needs_a_certificate_that_is_valid(facts: Facts) -> None:
    probes = {name: make_probe(name, days=None) for name in ADDRESSES}
    assert "azure has no valid certificate: self-signed" in spoken(replace(facts, probes=probes))["last-healthy-site"]


def test_one_site_alone_is_the_last(facts: Facts) -> None:
    assert "there is no other site" in spoken(replace(facts, sites=(facts.lost,)))["last-healthy-site"]


@UNHURRIED
@given(
    views=st.fixed_dictionaries({name: st.sampled_from([0, 1, 3]) for name in ADDRESSES}),
    answers=st.fixed_dictionaries({name: st.booleans() for name in ADDRESSES}),
)
def test_refuses_exactly_when_no_survivor_is_well(views: dict[str, int], answers: dict[str, bool]) -> None:
    facts = make_facts(
        PLAN,
        views={name: CheckerView(count, 3) for name, count in views.items()},
        probes={name: make_probe(name, error="" if right else "refused") for name, right in answers.items()},
    )
    well = [name for name in ("azure", "gcp") if views[name] / 3 > HEALTHY_SHARE and answers[name]]
    assert ("last-healthy-site" in spoken(facts)) == (not well)
    assert ("steady-state" in spoken(facts)) == (not all(views[n] and answers[n] for n in ADDRESSES))


@pytest.mark.parametrize(("succeeding", "total", "healthy"), [(0, 0, False), (18, 100, False), (19, 100, True)])
def test_more_than_18_percent_of_the_checkers(succeeding: int, total: int, healthy: bool) -> None:
    assert CheckerView(succeeding, total).healthy is healthy


def test_an_unsteady_lost_site_is_no_start_either(facts: Facts) -> None:
    probes = {**facts.probes, "aws": make_probe("aws", error="HTTP 503")}
    assert spoken(replace(facts, probes=probes)) == {"steady-state": "aws does not answer right: HTTP 503"}


@pytest.mark.parametrize("site", ["aws", "gcp"])
def test_another_drill_anywhere_refuses(facts: Facts, site: str) -> None:
    held = make_site(site, tags={"drill:id": "d", "drill:expires-at": "2026-11-23T13:00:00+00:00"})
    assert spoken(with_site(facts, held))["no-other-drill"] == f"drill d holds {site}"
    own = replace(with_site(facts, held), own_drill="d")
    assert "no-other-drill" not in spoken(own)


@pytest.mark.parametrize("expires", ["2026-11-23T11:59:59+00:00", "2026-11-23T12:59:59+01:00", "soon", None])
def test_an_expired_drill_refuses_too_and_says_so(facts: Facts, expires: str | None) -> None:
    tags = {"drill:id": "d", **({"drill:expires-at": expires} if expires else {})}
    held = with_site(facts, make_site("aws", tags=tags))
    assert spoken(held)["no-other-drill"] == "drill d holds aws and has expired"
    with pytest.raises(Refused) as caught:
        refuse(check_guards(held), "the drill")
    assert "restore (or sweep" in caught.value.hint


@pytest.mark.parametrize("flags", [{"disabled": True}, {"inverted": True}, {"disabled": True, "inverted": True}])
def test_somebodys_switch_refuses(facts: Facts, flags: dict[str, bool]) -> None:
    said = spoken(with_site(facts, make_site("gcp", **flags)))["nothing-switched"]
    assert said == f"the health check of gcp is {' and '.join(flags)} already"


def test_a_site_without_traffic_cannot_be_lost(facts: Facts) -> None:
    assert "has weight 0" in spoken(with_site(facts, make_site("aws", weight=0)))["carries-traffic"]


@pytest.mark.parametrize(("days", "refused"), [(7, True), (7.1, False), (-1, True)])
def test_a_survivors_certificate_lasts_a_week(facts: Facts, days: float, refused: bool) -> None:
    said = spoken(replace(facts, probes={**facts.probes, "gcp": make_probe("gcp", days=days)}))
    assert ("certificate" in said) is refused
    lost = spoken(replace(facts, probes={**facts.probes, "aws": make_probe("aws", days=days)}))
    assert "certificate" not in lost, "the lost site's own does not matter"


@UNHURRIED
@given(capacities=st.lists(st.integers(1, 1000), min_size=2, max_size=2), peak=st.integers(1, 2000))
def test_capacity_without_the_lost_site_is_a_fifth_more_than_the_peak(capacities: list[int], peak: int) -> None:
    sites = [make_site("aws", tags={})]  # nobody asks what the lost one can bear
    for name, capacity in zip(("azure", "gcp"), capacities, strict=True):
        sites.append(make_site(name, tags={"outlast:capacity-rps": str(capacity)}))
    facts = make_facts(replace(PLAN, peak_rps=float(peak)), sites=tuple(sites))
    assert ("capacity" in spoken(facts)) == (sum(capacities) < 1.2 * peak)


def test_unknown_capacity_and_unknown_peak_refuse(facts: Facts) -> None:
    unknown = with_site(facts, make_site("gcp", tags={}))
    assert spoken(unknown)["capacity"] == "nobody says what gcp can bear (tag outlast:capacity-rps)"
    no_peak = replace(facts, plan=replace(facts.plan, peak_rps=None))
    assert "nobody says what the users send" in spoken(no_peak)["capacity"]


@pytest.mark.parametrize("ttl", [30, 2, 0])
def test_a_ttl_that_does_not_fit_the_speed_refuses(facts: Facts, ttl: int) -> None:
    assert f"DNS gives a TTL of {ttl} s" in spoken(replace(facts, dns_ttl_seconds=ttl))["speed"]


def test_an_override_names_its_guard_and_shows(facts: Facts) -> None:
    facts = replace(with_site(facts, make_site("gcp", tags={})), plan=replace(facts.plan, overrides=("capacity",)))
    findings = check_guards(facts)
    refuse(findings, "the drill")
    assert [str(finding) for finding in findings] == [
        "capacity: nobody says what gcp can bear (tag outlast:capacity-rps) (overridden)"
    ]


def test_refusal_names_every_reason_and_how_to_accept_them(facts: Facts) -> None:
    facts = replace(
        with_site(facts, make_site("gcp", tags={})), probes={**facts.probes, "gcp": make_probe("gcp", days=1)}
    )
    with pytest.raises(Refused) as caught:
        refuse(check_guards(facts), "the drill of aws is refused")
    assert "capacity: " in caught.value.what and "certificate: " in caught.value.what
    assert "nothing was changed" in caught.value.what
    assert caught.value.hint.endswith("--override capacity --override certificate")


def test_only_what_protects_nobody_else_can_be_overridden() -> None:
    assert [guard.name for guard in GUARDS if guard.overridable] == [
        "blackout",
        "steady-state",
        "certificate",
        "capacity",
    ]
    assert check_overrides(["capacity", "certificate", "capacity"]) == ("capacity", "certificate")
    with pytest.raises(InvalidInput) as caught:
        check_overrides(["last-healthy-site", "luck"])
    assert [m.what for m in caught.value.mistakes] == [
        "last-healthy-site cannot be overridden: with none healthy Route 53 answers with all, dead or alive",
        "there is no guard 'luck'",
    ]


def _plan() -> DrillPlan:
    """A plan for property tests, which get no fixtures."""
    golden = Golden("tumour", ("benign", "malignant"), InputSpec.of_numbers(["f0"]), 1e-4, "sha256:0", ())
    return Stage(FakeRoute53(), FakeClock(), golden, Path()).plan()


PLAN = _plan()
