"""Each rule of the routing linter: one configuration that breaks it, and one clean configuration that breaks none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from failover.routing.answers import Alias, RecordSet
from failover.routing.lint import lint_routing
from failover.routing.lint_rules import RULES, LintFinding

H = "api.outlast.example"

# Broken and kept in test_lint_zone.py and test_lint_sites.py.
OF_ZONES = {
    "longer-ttl-in-chain",
    "no-default-location",
    "location-without-site",
    "outside-geography",
    "leaves-geography",
}
OF_SITES = {"region-outside", "mixed-digests", "survivors-too-small", "switch-in-own-cloud", "certificate-ends"}


def site(name: str, weight: int = 50, **more: Any) -> RecordSet:
    return replace(
        RecordSet(H, "CNAME", 30, (f"{name}.{H}",), set_identifier=name, weight=weight, health_check_id=f"hc-{name}"),
        **more,
    )


def check(name: str, **more: Any) -> dict[str, Any]:
    return {
        "Type": "HTTPS_STR_MATCH",
        "FullyQualifiedDomainName": f"{name}.{H}",
        "Port": 443,
        "SearchString": '"status":"ok"',
        "RequestInterval": 10,
        "FailureThreshold": 3,
        "EnableSNI": True,
        "Inverted": False,
        "Disabled": False,
        **more,
    }


GROUP = (site("aws", 50), site("azure", 30), site("gcp", 20))
CHECKS = {f"hc-{name}": check(name) for name in ("aws", "azure", "gcp")}


def rules(group: tuple[RecordSet, ...] = GROUP, checks: Any = CHECKS, **more: Any) -> set[str]:
    return {finding.rule for finding in lint_routing(H, group, checks, **more)}


def with_aws(**more: Any) -> dict[str, Any]:
    return {**CHECKS, "hc-aws": check("aws", **more)}


def calculated(threshold: int, **endpoint: Any) -> dict[str, Any]:
    """aws behind a calculated check of its endpoint and an inverted drain flag."""
    return {
        **CHECKS,
        "hc-aws": {"Type": "CALCULATED", "ChildHealthChecks": ["end", "flag"], "HealthThreshold": threshold},
        "end": check("aws", **endpoint),
        "flag": check("flag", Type="HTTPS", RequestInterval=30, FailureThreshold=1, Inverted=True),
    }


def test_a_good_configuration_has_no_findings() -> None:
    assert lint_routing(H, GROUP, CHECKS, goal_seconds=120) == ()


def test_active_passive_and_a_drain_flag_are_good_too() -> None:
    assert rules((site("aws", 100), site("azure", 0))) == set()
    assert rules(checks=calculated(2)) == set()


ALIAS = replace(site("aws"), type="A", values=(), ttl_seconds=0, alias=Alias("lb.example.net", "Z35", True))

BROKEN: list[tuple[str, tuple[RecordSet, ...], dict[str, Any]]] = [
    ("no-records", (), CHECKS),
    ("one-site", GROUP[:1], CHECKS),
    ("mixed-policies", (site("aws"), site("azure", weight=None, failover="PRIMARY")), CHECKS),
    ("all-weights-zero", (site("aws", 0), site("azure", 0)), CHECKS),
    ("different-ttls", (site("aws"), site("azure", ttl_seconds=20)), CHECKS),
    ("different-ttls", (ALIAS, site("azure", ttl_seconds=30)), CHECKS),  # an ELB's answers last 60 s
    ("ttl-too-long", (site("aws", ttl_seconds=61), site("azure", ttl_seconds=61)), CHECKS),
    ("ttl-too-short", (site("aws", ttl_seconds=1), site("azure", ttl_seconds=1)), CHECKS),
    ("same-target", (site("aws"), site("azure", values=(f"AWS.{H}.",))), CHECKS),
    ("many-values", (site("aws", values=("a.example", "b.example")), site("azure")), CHECKS),
    ("no-health-check", (site("aws", health_check_id=None), site("azure")), CHECKS),
    ("unknown-health-check", (site("aws", health_check_id="gone"), site("azure")), CHECKS),
    ("shared-health-check", (site("aws"), site("azure", health_check_id="hc-aws")), CHECKS),
    ("plain-http", GROUP, with_aws(Type="HTTP_STR_MATCH", Port=80)),
    ("checks-itself", GROUP, with_aws(FullyQualifiedDomainName="API.outlast.example.")),
    ("checks-itself", GROUP, calculated(2, FullyQualifiedDomainName=H)),  # also behind a calculated check
    ("no-string-match", GROUP, with_aws(Type="HTTPS", SearchString=None)),
    ("no-sni", GROUP, with_aws(EnableSNI=False)),
    ("slow-interval", GROUP, with_aws(RequestInterval=30)),
    ("threshold-of-one", GROUP, with_aws(FailureThreshold=1)),
    ("threshold-too-high", GROUP, with_aws(FailureThreshold=6)),
    ("disabled-check", GROUP, with_aws(Disabled=True, Inverted=True)),
    ("inverted-check", GROUP, with_aws(Inverted=True)),
    ("calculated-always-healthy", GROUP, calculated(0)),
    ("calculated-never-healthy", GROUP, calculated(3)),
    ("circular-check", GROUP, {**calculated(2), "flag": {**calculated(1)["hc-aws"], "ChildHealthChecks": ["hc-aws"]}}),
]


@pytest.mark.parametrize(("rule", "group", "checks"), BROKEN)
def test_each_mistake_is_found_and_nothing_else(
    rule: str, group: tuple[RecordSet, ...], checks: dict[str, Any]
) -> None:
    assert rules(group, checks) == {rule}


def test_a_promise_that_cannot_be_kept_is_found() -> None:
    assert rules(goal_seconds=20) == {"goal-missed"}


def test_every_rule_is_broken_here() -> None:
    assert {rule for rule, *_ in BROKEN} | {"goal-missed"} == set(RULES) - OF_ZONES - OF_SITES


def test_an_address_beside_the_hosts_own_name_is_right() -> None:
    """API reference, FullyQualifiedDomainName: with an IP address the name is only the Host header."""
    assert rules(checks=with_aws(FullyQualifiedDomainName=H, IPAddress="192.0.2.1")) == set()


@pytest.mark.parametrize("type_", ["CLOUDWATCH_METRIC", "RECOVERY_CONTROL"])
def test_a_check_without_an_endpoint_has_no_pace_and_no_string(type_: str) -> None:
    """API reference, HealthCheckConfig: neither RequestInterval nor SearchString belongs to these types."""
    assert rules(checks={**CHECKS, "hc-aws": {"Type": type_}}, goal_seconds=120) == set()
    assert rules(checks={**calculated(2), "end": {"Type": type_}}) == set()
    assert rules(checks={**CHECKS, "hc-aws": {"Type": type_, "Inverted": True}}) == {"inverted-check"}


def test_an_alias_that_follows_its_target_needs_no_check() -> None:
    follows = replace(ALIAS, health_check_id=None)
    assert rules((follows, replace(site("azure"), type="A", values=("192.0.2.1",), ttl_seconds=60))) == set()


def test_errors_come_first_and_say_what_why_and_what_next() -> None:
    found = lint_routing(H, (site("aws", ttl_seconds=90), site("azure", ttl_seconds=90, health_check_id=None)), CHECKS)
    assert [finding.severity for finding in found] == ["error", "warning", "warning"]
    assert str(found[0]) == (
        "error: azure: has no health check: a record without one always counts as healthy and is answered when its "
        "site is dead\n  hint: attach the site's health check"
    )


def test_the_same_mistake_is_told_once() -> None:
    found = lint_routing(H, GROUP, with_aws(RequestInterval=30))
    assert found == (
        LintFinding("slow-interval", "warning", "hc-aws", "checks every 30 s", *RULES["slow-interval"][1:]),
    )
