"""What moves the number of instances of Cloud Run, and between which bounds, is read from the service."""

from __future__ import annotations

from sandbox.clouds.gcp.run_scaling import bounds_of
from sandbox.replicas.scaling import Instances
from tests.sandbox.clouds import sites
from tests.sandbox.clouds.harness import Clouds


def test_an_instance_is_kept_below_the_shares_that_the_service_says(clouds: Clouds) -> None:
    sites.gcp_site(clouds)
    service = clouds.only("gcp:cloudrunv2/service:Service")
    template = {**service.inputs["template"], "maxInstanceRequestConcurrency": 40}
    service.inputs["template"] = {**template, "scaling": {"minInstanceCount": 1, "maxInstanceCount": 4}}
    workload = clouds.workload("gcp")
    assert workload is not None and workload.scaling == Instances(40, 1.0, 0.6, 0.6), "Cloud Run's own"
    service.inputs["template"]["scaling"] |= {"cpuUtilization": 0.0, "concurrencyUtilization": 0.8}
    workload = clouds.workload("gcp")
    assert workload is not None and workload.scaling == Instances(40, 1.0, 0.8, 0.0)
    service.inputs["template"]["scaling"] = {"minInstanceCount": 2, "maxInstanceCount": 2}
    workload = clouds.workload("gcp")
    assert workload is not None and workload.scaling is None, "there is nothing to decide"
    service.inputs["scaling"] = {"scalingMode": "MANUAL", "manualInstanceCount": 3}
    assert bounds_of(service) == (3, 3)
