"""A stack costs what `outlast cost` says of its file at the load that is counted."""

from __future__ import annotations

import pytest

from infra.cost.dns import CHECKERS_PER_REGION
from infra.cost.estimate import Checks, Load, estimate
from infra.cost.stacks import read_deployment
from infra.models import STACKS
from sandbox.alarms.counts import Counts
from sandbox.alarms.prices import price_stacks

SITES = ("aws", "azure", "gcp")


def test_a_site_costs_what_its_file_says_and_more_under_load() -> None:
    moment = [600.0]
    counts = Counts(lambda: moment[0])
    idle = price_stacks(STACKS, counts, moment[0], (*SITES, "zone", "traffic", "nobody"))
    assert set(idle) == set(SITES), "the others are no sites, or nobody's"
    (site,) = read_deployment(STACKS, {"gcp": 1}).sites
    assert idle["gcp"] == pytest.approx(estimate([site], Checks(), Load()).by_place["gcp"])
    for _ in range(6000):
        counts.answer("gcp", 200, 0.01)
    busy = price_stacks(STACKS, counts, 610.0, SITES)
    assert busy["gcp"] > idle["gcp"] and busy["aws"] == idle["aws"]


def test_the_checkers_are_no_callers() -> None:
    counts = Counts(lambda: 600.0)
    for _ in range(int(600 * CHECKERS_PER_REGION * 8 / 10)):
        counts.answer("gcp", 200, 0.01)
    assert price_stacks(STACKS, counts, 610.0, ["gcp"]) == price_stacks(STACKS, Counts(lambda: 0.0), 0.0, ["gcp"])
