"""What is paid for, read from stack files: the committed ones, broken ones, none."""

from __future__ import annotations

from pathlib import Path

import pytest

from failover.routing.predict import CHECKER_REGIONS
from infra.cost.stacks import count_regions, read_deployment, share_of
from infra.models import STACKS

WEIGHTS = {"aws": 50, "azure": 30, "gcp": 20}


def test_the_committed_sites_are_read_from_their_files() -> None:
    found = read_deployment(STACKS, WEIGHTS)
    assert found.unknown == {}
    assert [(s.name, s.cloud, s.region, s.share) for s in found.sites] == [
        ("aws", "aws", "us-east-1", 0.5),
        ("azure", "azure", "eastus", 0.3),
        ("gcp", "gcp", "us-central1", 0.2),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        (None, "No such file"),
        ("config: [", "while parsing"),
        ("- no map", "kind"),
        ("config: {outlast:kind: zone}", "one of aws, azure, gcp"),
        ("config: {outlast:kind: private}", "in no table of prices"),
        ("config: {outlast:kind: gcp, gcp:region: us-central1, outlast:cpu: 3, outlast:memoryMiB: 1024}", "which gcp"),
    ],
)
def test_a_site_whose_file_cannot_be_read_is_left_out_and_said(tmp_path: Path, text: str | None, why: str) -> None:
    if text is not None:
        (tmp_path / "Pulumi.gcp.yaml").write_text(text)
    found = read_deployment(tmp_path, {"gcp": 1})
    assert found.sites == ()
    assert why in found.unknown["gcp"]


def test_shares_follow_the_weights_and_are_equal_where_all_are_zero() -> None:
    assert share_of("azure", WEIGHTS) == 0.3
    assert share_of("azure", {"aws": 0, "azure": 0}) == 0.5


def test_regions_are_those_chosen_or_all() -> None:
    assert count_regions(("a", "b", "c")) == 3
    assert count_regions(()) == len(CHECKER_REGIONS)
