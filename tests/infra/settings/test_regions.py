"""Regions: the clouds do not know each other's."""

from __future__ import annotations

import itertools
import re

import pytest
from botocore.session import Session

from infra.settings import regions
from infra.settings.regions import has_zones, region_check, regions_of


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


@pytest.mark.parametrize(
    ("cloud", "given", "said"),
    [
        ("azure", "us-east-1", "a region of Azure: 'us-east-1' is one of AWS; near it is 'eastus'"),
        ("azure", "europe-west4", "a region of Azure: 'europe-west4' is one of Google Cloud; near it is 'westeurope'"),
        ("aws", "eastus", "a region of AWS: 'eastus' is one of Azure; near it is 'us-east-1'"),
        ("gcp", "us-east-1", "a region of Google Cloud: 'us-east-1' is one of AWS; near it is 'us-east4'"),
        ("azure", "estaus", "'eastus'?"),
        ("azure", "East US", "'eastus'?"),
        ("gcp", "us-cetnral1", "'us-central1'?"),
    ],
)
def test_what_was_probably_meant(cloud: str, given: str, said: str) -> None:
    assert region_check(cloud)(given) == said


def test_a_right_region_is_taken_and_nonsense_gets_the_list() -> None:
    assert region_check("aws")("eu-west-1") is None
    assert str(region_check("gcp")("nowhere-at-all")).startswith("one of africa-south1, ")


def test_every_neighbour_is_a_region_of_its_cloud() -> None:
    for row in regions._NEIGHBOURS.strip().splitlines():
        for cloud, region in zip(regions.CLOUDS, row.split(), strict=True):
            assert region in regions.regions_of(cloud), row


def test_a_region_without_zones_is_one_of_azures() -> None:
    without = {region for region in regions_of("azure") if not has_zones(region)}
    assert "westus" in without and not has_zones("West US") and has_zones("West US 2")
    assert without == set(regions._ONE_ZONE.split())
