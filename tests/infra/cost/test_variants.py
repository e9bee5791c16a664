"""The price of redundancy: each way to spread one load, and which site could not bear it alone."""

from __future__ import annotations

from infra.cost.estimate import Checks, Load
from infra.cost.variants import compare
from tests.infra.cost.test_estimate import THREE, site


def test_variants_are_each_site_alone_a_pair_all_and_spot() -> None:
    found = compare([site("aws", share=0.5), site("azure", share=0.3), site("gcp", share=0.2)], Checks(), Load(rps=20))
    assert [v.name for v in found] == [
        "only aws",
        "only azure",
        "only gcp",
        "active-passive: aws, azure stands by",
        "active-active: aws, azure, gcp",
        "as it is, AWS's tasks above the first on Spot",
    ]
    alone, pair, every, spot = (found[i].estimate.usd for i in (0, 3, 4, 5))
    assert alone < pair < every and spot < every


def test_sites_that_stand_by_are_at_work_where_all_are_active() -> None:
    found = compare([site("aws", share=1.0), site("azure", share=0.0)], Checks(), Load(rps=20))
    evenly = compare([site("aws", share=0.5), site("azure", share=0.5)], Checks(), Load(rps=20))
    (active, same) = (next(v for v in each if v.name.startswith("active-active")) for each in (found, evenly))
    assert active == same


def test_one_site_too_small_for_the_load_is_said_to_be() -> None:
    notes = {v.name: v.note for v in compare(THREE, Checks(), Load(rps=150))}
    assert notes["only aws"] == "cannot bear it: 100 a second at most"
    assert notes["only azure"] == ""


def test_a_single_site_has_no_redundancy_to_compare() -> None:
    assert [v.name for v in compare([site("gcp")], Checks(), Load())] == ["only gcp"]
