"""Mistakes in the sites themselves: each rule once broken and once kept, and what nobody knows is not judged."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from failover.routing.lint_sites import Promises, SiteFacts, lint_sites

DAY = datetime(2026, 12, 1, tzinfo=UTC)
DRILL = datetime(2026, 12, 8, tzinfo=UTC)


def site(name: str, **more: Any) -> SiteFacts:
    return replace(
        SiteFacts(
            name,
            cloud=name,
            region=f"{name}-west",
            model_digest="sha256:" + "1" * 64,
            capacity_rps=100,
            certificate_ends=datetime(2027, 3, 1, tzinfo=UTC),
            switch_cloud="azure" if name != "azure" else "gcp",
        ),
        **more,
    )


SITES = [site("aws"), site("azure"), site("gcp")]
PROMISES = Promises(peak_rps=150, next_drill=DRILL, regions={"azure": ["azure-west"]})


def lint(*sites: SiteFacts, promises: Promises = PROMISES) -> dict[str, str]:
    return {finding.rule: f"{finding.place} {finding.what}" for finding in lint_sites(sites, promises)}


def test_good_sites_have_no_findings() -> None:
    assert lint(*SITES) == {}


@pytest.mark.parametrize(
    ("sites", "rule", "told"),
    [
        ([*SITES[:2], site("gcp", model_digest="sha256:" + "2" * 64)], "mixed-digests", "serve 2 models"),
        ([*SITES[:2], site("gcp", capacity_rps=60)], "survivors-too-small", "leaves 160 requests a second when lost"),
        ([site("aws", switch_cloud="aws"), *SITES[1:]], "switch-in-own-cloud", "in a store of aws"),
        ([SITES[0], site("azure", region="eastus"), SITES[2]], "region-outside", "is in eastus, not in azure-west"),
        (
            [*SITES[:2], site("gcp", certificate_ends=DAY)],
            "certificate-ends",
            "2026-12-01, the next drill is on 2026-12-08",
        ),
    ],
)
def test_each_rule_names_the_site_and_what_is_so(sites: list[SiteFacts], rule: str, told: str) -> None:
    found = lint(*sites)
    assert found.keys() == {rule}
    assert told in found[rule]


def test_a_site_whose_geographies_allow_no_region_in_common_is_nowhere_allowed() -> None:
    found = lint(*SITES, promises=Promises(regions={"azure": []}))
    assert "allow no region in common" in found["region-outside"]


def test_survivors_that_just_do_are_enough() -> None:
    assert lint(*SITES, promises=Promises(peak_rps=200 / 1.25)) == {}


def test_what_nobody_knows_is_not_judged() -> None:
    bare = [SiteFacts("aws"), SiteFacts("azure")]
    assert lint(*bare) == lint(*SITES, promises=Promises()) == {}


def test_one_site_has_no_survivors_to_judge() -> None:
    assert lint(SITES[0], promises=Promises(peak_rps=1000)) == {}


def test_in_a_geography_only_its_own_sites_are_left() -> None:
    """Three sites bear 300 together; clients of the EU have two of them, and those elsewhere have one."""
    reached = {"continent EU": ("azure", "gcp"), "everywhere else": ("aws",)}
    promises = Promises(peak_rps=100, reached=reached)
    found = {one.place: one.what for one in lint_sites(SITES, promises) if one.rule == "survivors-too-small"}
    assert found.keys() == {"aws", "azure", "gcp"}
    assert found["aws"].startswith("leaves 0 requests a second to clients of everywhere else when lost")
    assert found["gcp"].startswith("leaves 100 requests a second to clients of continent EU when lost")


def test_a_geography_of_which_one_sites_capacity_is_unknown_is_not_judged() -> None:
    unknown = [site("aws", capacity_rps=None), *SITES[1:]]
    found = lint_sites(unknown, Promises(peak_rps=80, reached={"continent EU": ("azure", "gcp"), "*": ("aws", "gcp")}))
    assert not [one for one in found if one.place == "aws"]
