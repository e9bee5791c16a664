"""The subnet that a Cloud Run service names: it is there, near, and large enough."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.clouds.gcp.network import SUBNET
from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds


def test_a_service_is_deployed_into_a_subnet_of_its_region(clouds: Clouds) -> None:
    clouds.redeploy(sites.gcp_closed_site(clouds))
    assert clouds.workload("gcp") is not None


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"region": "europe-west1"}, "is not in the region us-central1 of the service"),
        ({"ipCidrRange": "10.40.0.0/27"}, "is a /27, and Direct VPC egress needs a /26"),
    ],
)
def test_a_subnet_that_will_not_do_keeps_the_next_revision_away(
    clouds: Clouds, changed: dict[str, Any], told: str
) -> None:
    service = sites.gcp_closed_site(clouds)
    clouds.only(SUBNET).inputs.update(changed)
    with pytest.raises(CloudRefused, match=told):
        clouds.redeploy(service)
