"""Regions: the clouds do not know each other's."""

from __future__ import annotations

import itertools
import re

import pytest
from botocore.session import Session

from infra.regions import regions_of


def test_aws_regions_are_botocores_own() -> None:
    assert regions_of("aws") >= set(Session().get_available_regions("ecs"))


@pytest.mark.parametrize(
    ("cloud", "pattern", "some"),
    [
        ("aws", r"[a-z]{2}-[a-z]+-\d", {"us-east-1", "eu-central-1"}),
        ("azure", r"[a-z]+\d?", {"eastus", "westeurope", "swedencentral"}),
        ("gcp", r"[a-z]+-[a-z]+\d+", {"us-central1", "europe-west1"}),
    ],
)
def test_regions_look_as_that_cloud_writes_them(cloud: str, pattern: str, some: set[str]) -> None:
    assert some <= regions_of(cloud)
    assert [r for r in regions_of(cloud) if not re.fullmatch(pattern, r)] == []


def test_no_region_is_in_two_clouds() -> None:
    for one, other in itertools.combinations(("aws", "azure", "gcp"), 2):
        assert not regions_of(one) & regions_of(other)
