"""The registry of a site on Google Cloud: what is old goes, the newest stay, and holes are looked for by choice."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from infra.image import KEPT_IMAGES
from tests.infra.harness import Run

REPOSITORY = "gcp:artifactregistry/repository:Repository"


def test_an_old_image_goes_but_never_one_of_the_newest(run_of: Callable[[str], Run]) -> None:
    policies = {p["action"]: p for p in run_of("gcp").one(REPOSITORY).inputs["cleanupPolicies"]}
    assert policies["KEEP"]["mostRecentVersions"] == {"keepCount": KEPT_IMAGES}
    assert policies["DELETE"]["condition"] == {"tagState": "ANY", "olderThan": "2592000s"}


@pytest.mark.parametrize(("name", "scanned"), [("gcp", False), ("gcp-production", True)])
def test_scanning_is_a_switch_of_the_project(run_of: Callable[[str], Run], name: str, scanned: bool) -> None:
    apis = run_of(name).all("gcp:projects/service:Service")
    assert ("api-containerscanning" in apis) is scanned
