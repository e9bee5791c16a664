"""A security policy's throttle is met at the load balancer whose backend service names it."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from sandbox.clouds.gcp.armor import POLICY
from sandbox.network.rates import RateRule
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds


def rate(clouds: Clouds, rules: list[dict[str, Any]] | None = None) -> RateRule | None:
    if rules is not None:
        clouds.only(POLICY).inputs["rules"] = rules
    entry = clouds.entry_point("gcp")
    assert entry is not None
    return entry.rate


def test_the_throttle_spares_the_path_that_is_let_through_before_it(clouds: Clouds) -> None:
    sites.gcp_edge(clouds)
    assert rate(clouds) == RateRule("Cloud Armor", 300, 60, 60, ("/health",), 429)


@pytest.mark.parametrize(
    ("path", "value"),
    [("enforceOnKey", "ALL"), ("enforceOnKey", None), ("exceedAction", "redirect"), ("preview", True)],
)
def test_a_throttle_of_all_together_or_one_that_only_looks_limits_no_address(
    clouds: Clouds, path: str, value: object
) -> None:
    sites.gcp_edge(clouds)
    rules = copy.deepcopy(sites.ARMOR_RULES)
    (rules[1] if path == "preview" else rules[1]["rateLimitOptions"])[path] = value
    assert rate(clouds, rules) is None


def test_who_is_let_through_before_the_throttle_is_not_limited(clouds: Clouds) -> None:
    sites.gcp_edge(clouds)
    rules = copy.deepcopy(sites.ARMOR_RULES)
    rules[1]["priority"], rules[2]["priority"] = rules[2]["priority"], rules[1]["priority"]
    assert rate(clouds, rules) is None


def test_another_answer_than_429_is_given_as_asked(clouds: Clouds) -> None:
    sites.gcp_edge(clouds)
    rules = copy.deepcopy(sites.ARMOR_RULES)
    rules[1]["rateLimitOptions"]["exceedAction"] = "deny(403)"
    found = rate(clouds, rules)
    assert found is not None and found.status == 403
