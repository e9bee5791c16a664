"""A web ACL's rate rule is met at the load balancer that it is associated with, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.clouds.store import CloudRefused
from sandbox.network.rates import RateRule
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds


def rate(clouds: Clouds) -> RateRule | None:
    entry = clouds.entry_point("aws")
    assert entry is not None
    return entry.rate


def changed(clouds: Clouds, **rule: Any) -> RateRule | None:
    acl = clouds.only(sites.ACL)
    acl.inputs["rules"] = [sites.acl_rule(**rule)]
    return rate(clouds)


def test_the_rule_is_the_load_balancers_with_its_path_spared_and_its_answer(clouds: Clouds) -> None:
    sites.aws_edge(clouds)
    assert rate(clouds) == RateRule("AWS WAF", 300, 60, 10, ("/health",), 429, "retry-after: 10\r\n")


def test_left_to_itself_it_counts_five_minutes_and_answers_403(clouds: Clouds) -> None:
    sites.aws_edge(clouds)
    plain = {"action": {"block": {}}, "statement": {"rateBasedStatement": {"limit": 100}}}
    assert changed(clouds, **plain) == RateRule("AWS WAF", 100, 300, 10)


@pytest.mark.parametrize(
    "rule",
    [
        {"action": {"count": {}}},
        {"statement": {"geoMatchStatement": {"countryCodes": ["NL"]}}},
        {"statement": {"rateBasedStatement": {"limit": 100, "aggregateKeyType": "CONSTANT"}}},
    ],
)
def test_a_rule_of_another_kind_limits_no_address(clouds: Clouds, rule: dict[str, Any]) -> None:
    sites.aws_edge(clouds)
    assert changed(clouds, **rule) is None


def test_a_path_that_is_not_matched_letter_by_letter_spares_nothing(clouds: Clouds) -> None:
    sites.aws_edge(clouds)
    loose = sites.acl_rule()["statement"]
    match = loose["rateBasedStatement"]["scopeDownStatement"]["notStatement"]["statement"]["byteMatchStatement"]
    match["positionalConstraint"] = "CONTAINS"
    found = changed(clouds, statement=loose)
    assert found is not None and found.spared == ()


def test_an_acl_of_another_scope_or_region_is_refused(clouds: Clouds) -> None:
    sites.aws_site(clouds)
    balancer = clouds.only("aws:lb/loadBalancer:LoadBalancer")
    for name, made in (("far", {"region": "eu-west-1", "scope": "REGIONAL"}), ("edge", {"scope": "CLOUDFRONT"})):
        acl = sites.aws_acl(clouds, name, **made)
        with pytest.raises(CloudRefused, match="WAFInvalidParameterException"):
            clouds.make(sites.ASSOCIATION, name, resourceArn=balancer.outputs["arn"], webAclArn=acl.outputs["arn"])
    with pytest.raises(CloudRefused, match="WAFUnavailableEntityException"):
        clouds.make(sites.ASSOCIATION, "none", resourceArn="arn:aws:none", webAclArn=acl.outputs["arn"])
