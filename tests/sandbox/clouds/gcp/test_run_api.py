"""Cloud Run's API beside Pulumi: a closed ingress keeps the load balancer out, and an old etag changes nothing."""

from __future__ import annotations

import pytest

from sandbox.clouds.gcp import run, run_api
from sandbox.clouds.store import CloudRefused
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds


@pytest.fixture
def path(clouds: Clouds) -> str:
    sites.gcp_site(clouds)
    return f"/v2/{clouds.only(run.SERVICE).id}"


def patch(clouds: Clouds, path: str, **asked: str) -> None:
    run_api.answer(clouds.world, "PATCH", path, "ingress", asked)


def test_a_closed_ingress_answers_404_until_it_is_open_again(clouds: Clouds, path: str) -> None:
    before = run_api.answer(clouds.world, "GET", path, "", {})
    patch(clouds, path, ingress=run_api.INTERNAL_INGRESS, etag=before["etag"])
    entry = clouds.entry_point("gcp")
    assert entry is not None and (entry.workload, entry.answer) == (None, 404)
    closed = run_api.answer(clouds.world, "GET", path, "", {})
    assert (closed["ingress"], closed["etag"] != before["etag"]) == (run_api.INTERNAL_INGRESS, True)
    patch(clouds, path, ingress=before["ingress"])
    entry = clouds.entry_point("gcp")
    assert entry is not None and entry.workload


def test_an_old_etag_is_refused(clouds: Clouds, path: str) -> None:
    old = run_api.answer(clouds.world, "GET", path, "", {})["etag"]
    patch(clouds, path, ingress=run_api.INTERNAL_INGRESS)
    with pytest.raises(CloudRefused, match="ABORTED"):
        patch(clouds, path, ingress=run_api.ALL_INGRESS, etag=old)


def test_what_is_not_simulated_is_refused(clouds: Clouds, path: str) -> None:
    assert run_api.owner(clouds.world, path) == "gcp"
    with pytest.raises(CloudRefused, match="INVALID_ARGUMENT"):
        patch(clouds, path, ingress="INGRESS_TRAFFIC_SOME")
    with pytest.raises(CloudRefused, match="UNIMPLEMENTED"):
        run_api.answer(clouds.world, "PATCH", path, "template", {})
    with pytest.raises(CloudRefused, match="NOT_FOUND"):
        run_api.answer(clouds.world, "GET", f"{path}-another", "", {})
