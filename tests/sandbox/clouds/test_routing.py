"""The program of `traffic` on the simulated Route 53, by each of its policies: asked as clients in some place ask."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from failover.routing.places import NOWHERE, Place, country
from failover.simulator import MovingRoute53
from tests.infra.harness import HOST, SWITCHES, site, stores
from tests.sandbox.clouds.harness import Clouds, open_clouds
from tests.sandbox.clouds.program import deploy

pytestmark = pytest.mark.slow  # each runs two programs of Pulumi

CHECK = "aws:route53/healthCheck:HealthCheck"
SITES = {name: {"site": site(name)} for name in ("aws", "azure", "gcp")}
GEOGRAPHIES = {
    "eu": {"continents": ["EU"], "allowedSites": ["azure", "gcp"]},
    "world": {"default": True, "allowedSites": ["aws", "azure", "gcp"]},
}
GERMANY, CANADA = country("DE"), country("CA")


@pytest.fixture
def route53() -> Iterator[MovingRoute53]:
    with MovingRoute53(seed=1) as running:
        yield running


@pytest.fixture
def clouds(tmp_path: Path, route53: MovingRoute53) -> Iterator[Clouds]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=DeprecationWarning, module=r"pulumi_(aws|azure_native|gcp)\b")
        opened = open_clouds(tmp_path, route53.client, clock=route53.clock)
        yield opened
        opened.world.store.journal.close()


def bring_up(clouds: Clouds, **changed: Any) -> dict[str, str]:
    """The zone and its traffic, the sites taken for up and healthy; the health check of each."""
    exported = deploy(clouds, "zone", "traffic", known=SITES | stores(), **changed)
    checks: dict[str, str] = exported["traffic"]["routing"]["health_checks"]
    set_health(clouds, checks, "")
    return checks


def set_health(clouds: Clouds, checks: dict[str, str], sick: str) -> None:
    """A disabled check is healthy, and an inverted one besides is not: no checker has to look."""
    for name, check_id in checks.items():
        clouds.world.route53().update_health_check(HealthCheckId=check_id, Disabled=True, Inverted=name in sick.split())


def answered(route53: MovingRoute53, place: Place = NOWHERE, times: int = 40) -> str:
    """The sites among the answers to a client there, in order; "" where it gets none."""
    answers = [route53.ask(HOST, "CNAME", place).records for _ in range(times)]
    return " ".join(sorted({records[-1].values[0].partition(".")[0] for records in answers if records}))


def test_active_passive_goes_through_the_sites_in_order(route53: MovingRoute53, clouds: Clouds) -> None:
    checks = bring_up(clouds, routing="active-passive", weights=None)
    for sick, expected in (("", "aws"), ("aws", "azure"), ("aws azure", "gcp"), ("aws azure gcp", "aws")):
        set_health(clouds, checks, sick)
        assert answered(route53) == expected, sick


def test_latency_leaves_a_lost_site_for_the_next_nearest(route53: MovingRoute53, clouds: Clouds) -> None:
    regions = {"aws": "us-east-1", "azure": "eu-central-1", "gcp": "ap-northeast-1"}
    checks = bring_up(clouds, routing="latency", weights=None, latencyRegions=regions)
    assert (answered(route53, GERMANY), answered(route53, CANADA), answered(route53)) == (
        "azure",
        "aws",
        "aws azure gcp",
    )
    set_health(clouds, checks, "azure")
    assert answered(route53, GERMANY) == "aws"


def test_a_client_in_a_geography_is_never_sent_outside(route53: MovingRoute53, clouds: Clouds) -> None:
    checks = bring_up(clouds, routing="geolocation", geographies=GEOGRAPHIES)
    for sick, europe, canada in (
        ("", "azure gcp", "aws azure gcp"),
        ("gcp", "azure", "aws azure"),
        ("azure gcp", "azure gcp", "aws"),  # Route 53 takes a group without a healthy record for healthy
    ):
        set_health(clouds, checks, sick)
        assert (answered(route53, GERMANY), answered(route53, CANADA)) == (europe, canada), sick


def test_a_geography_without_a_site_gets_no_answer(route53: MovingRoute53, clouds: Clouds) -> None:
    excused = [{"rule": "one-site", "reason": "rehearsal", "until": "2099-01-01"}]
    known = {"aws": SITES["aws"], "azure": {}, "gcp": {}}
    changed = {"routing": "geolocation", "geographies": GEOGRAPHIES, "exceptions": excused}
    deploy(clouds, "zone", "traffic", known=known, **changed)
    found = route53.ask(HOST, "A", GERMANY)
    assert (found.rcode, found.records[-1].values) == ("NXDOMAIN", (f"eu.{HOST}",))
    assert answered(route53, CANADA) == "aws"


def test_a_site_leaves_when_its_switch_is_seen_whatever_its_endpoint_says(
    route53: MovingRoute53, clouds: Clouds
) -> None:
    bring_up(clouds, drainSwitches=SWITCHES)
    switches = {name: clouds.only(CHECK, f"{name}-switch").id for name in SWITCHES}
    # As checkers that find no object, and then as such that find one: an inverted check turns unhealthy.
    set_health(clouds, switches, "")
    assert answered(route53) == "aws azure gcp"
    set_health(clouds, switches, "aws")
    assert answered(route53) == "azure gcp"
