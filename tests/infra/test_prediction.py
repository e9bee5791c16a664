"""A routing plan judged before it is made."""

from __future__ import annotations

from dataclasses import replace

import pytest

from infra.contract import KnownSite, parse_site
from infra.prediction import lint_plan, predict_loss
from infra.settings.kinds import TrafficSettings
from infra.stack_file import parse
from tests.infra.harness import HOST, configuration, site

SITES = {name: parse_site(site(name)) for name in ("aws", "azure", "gcp")}


@pytest.fixture
def traffic() -> TrafficSettings:
    settings = parse("traffic", configuration("traffic"))
    assert isinstance(settings, TrafficSettings)
    return settings


def rules(settings: TrafficSettings, sites: dict[str, KnownSite], weights: dict[str, int]) -> dict[str, str]:
    return {f.rule: f.place for f in lint_plan(settings, HOST, sites, weights)}


def test_committed_plan_has_no_finding(traffic: TrafficSettings) -> None:
    assert rules(traffic, SITES, dict(traffic.weights)) == {}


def test_one_site_alone_is_found(traffic: TrafficSettings) -> None:
    assert "one-site" in rules(traffic, {"aws": SITES["aws"]}, {"aws": 50})


def test_slow_settings_are_found(traffic: TrafficSettings) -> None:
    slow = replace(traffic, ttl_seconds=300, interval_seconds=30)
    assert {"ttl-too-long", "slow-interval"} <= rules(slow, SITES, dict(slow.weights)).keys()


def test_a_check_that_resolves_the_public_host_is_found(traffic: TrafficSettings) -> None:
    itself = {**SITES, "gcp": replace(SITES["gcp"], probe_address=HOST)}
    assert rules(traffic, itself, dict(traffic.weights))["checks-itself"] == "gcp"


def test_predicted_times_are_ordered_and_grow_with_the_ttl(traffic: TrafficSettings) -> None:
    for fault, now in predict_loss(traffic).items():
        assert 0 < now["best_seconds"] <= now["typical_seconds"] <= now["worst_seconds"]
        later = predict_loss(replace(traffic, ttl_seconds=60))[fault]
        assert later["worst_seconds"] == pytest.approx(now["worst_seconds"] + 30)


def test_a_site_that_swallows_packets_is_felt_longer_than_one_that_refuses(traffic: TrafficSettings) -> None:
    predicted = predict_loss(traffic)
    assert predicted["blackhole"]["worst_seconds"] > predicted["refused"]["worst_seconds"]
