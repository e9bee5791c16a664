"""The table of sizes: what a site's file may leave out, and that what it says goes first."""

from __future__ import annotations

from typing import Any

import pytest

from infra.settings.kinds import SiteSettings
from infra.settings.profiles import DEFAULTS, PRODUCTION, SIZES, SMALL, Profile
from infra.stack_file import CLOUDS, parse
from service.errors import InvalidInput
from tests.infra.harness import configuration

BARE = dict.fromkeys(row.key for row in DEFAULTS)


def site(cloud: str, **said: Any) -> SiteSettings[Any]:
    """The settings of a committed site whose file says of the table's settings only these."""
    settings = parse(cloud, configuration(cloud, **{**BARE, **said}))
    assert isinstance(settings, SiteSettings)
    return settings


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_setting_has_one_default_on_each_cloud(cloud: str) -> None:
    keys = [row.key for row in DEFAULTS if cloud in row.clouds]
    assert len(set(keys)) == len(keys)
    for row in DEFAULTS:
        assert type(row.small) is type(row.production) and row.why, row.key


@pytest.mark.parametrize("cloud", CLOUDS)
@pytest.mark.parametrize(("size", "least", "most", "memory"), [(SMALL, 1, 1, 1024), (PRODUCTION, 2, 6, 2048)])
def test_a_file_may_leave_out_all_that_its_size_gives(
    cloud: str, size: str, least: int, most: int, memory: int
) -> None:
    found = site(cloud, size=size)
    assert (found.replicas.minimum, found.replicas.maximum) == (least, most)
    assert (found.size.memory_mib, found.protect, found.profile) == (memory, True, size)


@pytest.mark.parametrize("cloud", CLOUDS)
def test_a_site_without_a_size_is_small(cloud: str) -> None:
    assert site(cloud) == site(cloud, size="small")


@pytest.mark.parametrize("size", SIZES)
def test_what_the_file_says_goes_first(size: str) -> None:
    found = site("aws", size=size, cpu=4, memoryMiB=9216, minReplicas=3, maxReplicas=5, protect=False)
    assert (found.size.cpu, found.size.memory_mib, found.protect) == (4, 9216, False)
    assert (found.replicas.minimum, found.replicas.maximum) == (3, 5)


def test_more_replicas_than_the_size_has_at_most_are_the_most() -> None:
    assert site("azure", size="production", minReplicas=9).replicas.maximum == 9


@pytest.mark.parametrize(
    ("cloud", "said", "key", "what", "hint"),
    [
        ("aws", {"size": "prod"}, "size", "is 'prod'", "'production'?"),
        ("azure", {"cpu": 2}, "memoryMiB", "is 1024 (by outlast:size, small), which azure", "4096 beside 2 CPU"),
        ("gcp", {"size": "production", "maxReplicas": 1}, "maxReplicas", "less than minReplicas (2)", "at least 2"),
    ],
)
def test_a_size_that_does_not_fit_what_the_file_says_is_named(
    cloud: str, said: dict[str, Any], key: str, what: str, hint: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        site(cloud, **said)
    (mistake,) = caught.value.mistakes
    assert mistake.place.endswith(f"outlast:{key}")
    assert what in mistake.what and hint in mistake.hint


def test_what_has_no_row_has_no_default() -> None:
    with pytest.raises(KeyError, match="weights has no default for a site on gcp"):
        Profile(SMALL, "gcp").value("weights")
    assert Profile(PRODUCTION, "gcp").text("memoryMiB") == "2048"
