"""Costs by hand and by the program: the same; and what more load, more sites and Spot do to them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra.contract import Replicas, Size
from infra.cost.estimate import (
    Checks,
    CostedSite,
    Line,
    Load,
    estimate,
    list_assumptions,
)
from infra.cost.prices import PRICES, SECONDS

REGIONS = {"aws": "us-east-1", "azure": "eastus", "gcp": "us-central1"}


def site(cloud: str, **changed: Any) -> CostedSite:
    defaults: dict[str, Any] = {
        "name": cloud,
        "cloud": cloud,
        "region": REGIONS[cloud],
        "size": Size(1 if cloud == "gcp" else 0.5, 1024),
        "replicas": Replicas(2, 2 if cloud == "aws" else 4),
        "rps_per_replica": 50,
        "share": 1 / 3,
    }
    return CostedSite(**defaults | changed)


THREE = [site("aws"), site("azure"), site("gcp")]


def month(lines: tuple[Line, ...], where: str, what: str) -> float:
    (found,) = [line.usd for line in lines if (line.where, line.what) == (where, what)]
    return found


def test_a_line_is_its_factors_times_its_price_less_what_is_free() -> None:
    line = Line("azure", "CPU", PRICES["azure-cpu"], ((2, ""), (0.5, "vCPU"), (SECONDS, "s")), True)
    assert line.usd == pytest.approx((2 * 0.5 * 2_628_000 - 180_000) * 0.000024)
    assert line.formula == "2 x 0.5 vCPU x 2628000 s - 180000"


def test_what_is_free_is_never_paid_back() -> None:
    assert Line("aws", "out", PRICES["aws-out"], ((1, "GB"),), False).usd == 0


@pytest.mark.parametrize(
    ("where", "what", "usd"),
    [
        ("aws", "Fargate, CPU", 2 * 0.5 * 730 * 0.04048),
        ("aws", "public IPv4 addresses, the load balancer's one a zone and one a task", 4 * 730 * 0.005),
        ("azure", "Container Apps, CPU in use, less what is free", (2_628_000 - 180_000) * 0.000024),
        ("gcp", "Cloud Run, CPU of idle minimum instances", 2 * 2_628_000 * 0.0000025),
        ("gcp", "forwarding rules, up to five", 730 * 0.025),
        ("DNS", "health checks of endpoints elsewhere, options", 2 * 3 * 2.0),
    ],
)
def test_standing_costs_by_hand(where: str, what: str, usd: float) -> None:
    assert month(estimate(THREE, Checks(), Load()).lines, where, what) == pytest.approx(usd)


def test_the_checkers_alone_cause_requests_that_are_paid_for() -> None:
    """Sixteen checkers every ten seconds are 4.2 million requests a month: more than Azure gives away."""
    lines = estimate(THREE, Checks(), Load()).lines
    asked = 1.6 * SECONDS / 1e6
    assert month(lines, "azure", "requests, less what is free") == pytest.approx((asked - 2) * 0.40)
    seldom = estimate(THREE, Checks(interval_seconds=30, regions=3), Load()).lines
    assert month(seldom, "azure", "requests, less what is free") == 0


def test_checking_seldom_saves_an_option() -> None:
    fast, slow = (estimate(THREE, Checks(interval_seconds=s), Load()).by_place["DNS"] for s in (10, 30))
    assert fast - slow == pytest.approx(1 * 1.00 + 2 * 2.00)


def test_load_is_shared_by_weight() -> None:
    load = Load(rps=100)
    some, none = (estimate([site("aws", share=s)], Checks(), load).by_place["aws"] for s in (0.5, 0.0))
    assert some - none == pytest.approx(
        50 / 25 * 730 * 0.008
        + max(50 * SECONDS * 700 / 1e9 - 5, 0) * 0.5
        + 50 * SECONDS * 700 / 1e9 * 0.2 * 0.03
        + max(51.6 * SECONDS / 1e6 - 100, 0) * 0.09
    )


def test_sites_that_scale_run_more_replicas_under_load_up_to_their_most() -> None:
    assert [site("azure").running(rps) for rps in (0, 100, 101, 150, 151, 10_000)] == [2, 2, 3, 3, 4, 4]
    scaling = site("aws", replicas=Replicas(2, 8))
    assert [scaling.running(rps) for rps in (0, 70, 71, 105, 106, 10_000)] == [2, 2, 3, 3, 4, 8], "35 a second each"
    assert site("aws").running(10_000) == 2


def test_per_thousand_predictions_is_the_month_by_its_predictions() -> None:
    found = estimate(THREE, Checks(), Load(rps=10))
    assert found.usd_per_thousand == pytest.approx(found.usd / (10 * SECONDS / 1000))
    assert estimate(THREE, Checks(), Load()).usd_per_thousand is None


def test_spot_takes_the_place_of_tasks_not_of_addresses() -> None:
    plain, spot = (estimate([site("aws", spot=n)], Checks(), Load()) for n in (0, 1))
    assert plain.usd - spot.usd == pytest.approx(0.7 * 730 * (0.5 * 0.04048 + 0.004445))


def test_tasks_above_the_minimum_are_mostly_spots_where_the_site_says_so() -> None:
    busy = site("aws", replicas=Replicas(2, 10), share=1.0, spot_above=True)
    assert [busy.on_spot(running) for running in (2, 3, 4, 6, 10)] == [0, 0, 1, 3, 6]
    plain = site("aws", replicas=Replicas(2, 10), share=1.0)
    saved = estimate([plain], Checks(), Load(rps=200)).usd - estimate([busy], Checks(), Load(rps=200)).usd
    assert busy.running(201.6) == 6
    assert saved == pytest.approx(3 * 0.7 * 730 * (0.5 * 0.04048 + 0.004445))


def test_arm64_has_prices_of_its_own() -> None:
    plain, arm = (estimate([site("aws", architecture=a)], Checks(), Load()) for a in ("x86_64", "arm64"))
    assert month(arm.lines, "aws", "Fargate, CPU") == pytest.approx(2 * 0.5 * 730 * 0.03238)
    assert arm.usd < plain.usd


def test_a_limit_of_each_address_costs_its_rules_and_each_request_where_the_cloud_counts() -> None:
    """By the vendors' pages: 5 for the web ACL or policy, 1 for each rule, and 0.60 or 0.75 a million requests."""
    plain, limited = ([site(cloud, limited=limited) for cloud in REGIONS] for limited in (False, True))
    for checks in (Checks(), Checks(interval_seconds=30, regions=3)):
        before, after = estimate(plain, checks, Load(rps=6)), estimate(limited, checks, Load(rps=6))
        millions = (2 + checks.rps) * SECONDS / 1e6
        more = {place: after.by_place[place] - before.by_place[place] for place in REGIONS}
        assert more == pytest.approx({"aws": 6 + 0.6 * millions, "azure": 0, "gcp": 8 + 0.75 * millions})


def test_prices_of_another_region_are_named_as_assumed() -> None:
    assert not [a for a in list_assumptions(THREE, Load()) if "another region" in a]
    (said,) = [a for a in list_assumptions([site("aws", region="eu-central-1")], Load()) if "another region" in a]
    assert "aws (eu-central-1: the prices of us-east-1)" in said


def test_what_is_free_in_an_account_is_given_once_however_many_sites_are_in_it() -> None:
    two = [site("aws", name=name, dashboard=True) for name in ("aws", "aws-eu")]
    four = [*two, *(replace(one, name=f"{one.name}-2") for one in two)]
    assert month(estimate(four[:3], Checks(), Load()).lines, "aws-2", "dashboard, less what is free") == 0
    lines = estimate(four, Checks(), Load()).lines
    assert month(lines, "aws-eu-2", "dashboard, less what is free") == 3.00
    busy = estimate(two, Checks(), Load(rps=300)).lines
    out = sum((line.whole for line in busy if line.what == "data out, less what is free"), 0.0)
    paid = sum((line.usd for line in busy if line.what == "data out, less what is free"), 0.0)
    assert paid == pytest.approx((out - 100) * 0.09)


@pytest.mark.parametrize(("endpoints", "each"), [(False, 0.045), (True, 0.01)])
def test_the_log_of_private_tasks_pays_its_way_out(endpoints: bool, each: float) -> None:
    way = "endpoints" if endpoints else "NAT gateways"
    lines = estimate([site("aws", private=True, endpoints=endpoints, share=1)], Checks(), Load(rps=10)).lines
    assert month(lines, "aws", f"log through {way}") == pytest.approx(10 * 700 * SECONDS / 1e9 * each)


@given(low=st.floats(0, 500), more=st.floats(0, 500))
def test_more_load_never_costs_less(low: float, more: float) -> None:
    less, greater = (estimate(THREE, Checks(), Load(rps=rps)).usd for rps in (low, low + more))
    assert greater >= less - 1e-6


def test_private_tasks_pay_for_a_way_out_in_each_zone_instead_of_an_address_each() -> None:
    lines = estimate([site("aws", private=True, zones=3)], Checks(), Load()).lines
    assert month(lines, "aws", "NAT gateways, one a zone") == pytest.approx(3 * 730 * 0.045)
    addresses = "public IPv4 addresses, of load balancer and NAT gateway one a zone"
    assert month(lines, "aws", addresses) == pytest.approx(2 * 3 * 730 * 0.005)


def test_a_dashboard_of_aws_is_one_of_three_that_cost_nothing() -> None:
    lines = estimate([site("aws", dashboard=True), site("gcp", dashboard=True)], Checks(), Load()).lines
    (line,) = [line for line in lines if "dashboard" in line.what]
    assert (line.where, line.usd, line.price.usd) == ("aws", 0, 3)


@pytest.mark.parametrize("cloud", ["aws", "azure", "gcp"])
def test_a_line_for_each_request_costs_more_with_more_requests(cloud: str) -> None:
    def line(rps: float) -> float:
        lines = estimate([site(cloud, access_logs=True, share=1)], Checks(), Load(rps=rps)).lines
        return month(lines, cloud, "a line for each request")

    assert 0 < line(0) < line(100), "a health checker's requests are written as well"


def test_lines_are_kept_on_aws_for_as_long_as_the_file_says() -> None:
    def kept(days: int) -> float:
        lines = estimate([site("aws", access_logs=True, log_days=days)], Checks(), Load()).lines
        return month(lines, "aws", "a line for each request")

    assert kept(365) == pytest.approx(12 * kept(30))


def test_container_insights_by_hand() -> None:
    lines = estimate([site("aws", container_insights=True)], Checks(), Load()).lines
    assert month(lines, "aws", "Container Insights") == pytest.approx((24 - 10) * 0.30), (
        "ten metrics of one's own are free"
    )
