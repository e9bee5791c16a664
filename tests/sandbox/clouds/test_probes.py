"""Probes as the two clouds declare them become what a replica is asked."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.clouds.probes import read_probe
from sandbox.replicas.workload import Probe
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import DIGEST, OTHER_DIGEST, Clouds

STARTUP = {"httpGet": {"path": "/health", "port": 8080}, "periodSeconds": 2, "failureThreshold": 30}
LIVENESS = {"httpGet": {"path": "/livez", "port": 8080}}


@pytest.mark.parametrize(
    ("declared", "read"),
    [
        (None, None),
        ({}, None),
        ({"grpc": {"port": 1}}, None),
        ({"httpGet": {}}, Probe("/", 80, 10, 3)),
        ({"httpGet": {"path": "/a", "port": 81}, "periodSeconds": 2, "failureThreshold": 30}, Probe("/a", 81, 2, 30)),
        ({"tcpSocket": {"port": 82}}, Probe("", 82, 10, 3)),
        ({"tcpSocket": {}}, Probe("", 80, 10, 3)),
    ],
)
def test_what_is_left_out_is_as_the_clouds_have_it(declared: dict[str, Any] | None, read: Probe | None) -> None:
    assert read_probe(declared, 80) == read


def test_each_probe_of_a_container_app_is_its_own_question(clouds: Clouds) -> None:
    app = sites.azure_site(clouds)
    workload = clouds.workload("azure")
    assert workload and (workload.startup, workload.readiness, workload.liveness) == (None, None, None)
    template = sites.azure_template(app.request.inputs["template"]["containers"][0]["image"])
    template["containers"][0]["probes"] = [
        {"type": "Startup", **STARTUP},
        {"type": "liveness", **LIVENESS},
        {"type": "Readiness", "tcpSocket": {"port": 8080}},
    ]
    clouds.change(app, template=template)
    after = clouds.workload("azure")
    assert after and after.startup == Probe("/health", 8080, 2, 30)
    assert (after.liveness, after.readiness) == (Probe("/livez", 8080), Probe("", 8080))
    assert after.revision != workload.revision


def test_cloud_run_has_no_readiness_probe_and_falls_back_on_one_that_was_whole(clouds: Clouds) -> None:
    sites.gcp_apis(clouds)
    service = sites.gcp_service(clouds, sites.gcp_image(clouds), startupProbe=STARTUP, livenessProbe=LIVENESS)
    workload = clouds.workload("gcp")
    assert workload and (workload.startup, workload.liveness) == (Probe("/health", 8080, 2, 30), Probe("/livez", 8080))
    assert (workload.readiness, workload.probe_path) == (None, "")
    other = sites.gcp_image(clouds, OTHER_DIGEST)
    clouds.failing[OTHER_DIGEST] = "it crashed"
    with pytest.raises(Exception, match="is not ready and cannot serve traffic"):
        clouds.change(service, template=sites.gcp_template(other))
    back = clouds.workload("gcp")
    assert back == workload and back.image == DIGEST
