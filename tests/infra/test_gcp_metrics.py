from __future__ import annotations

from infra import gcp_metrics
from infra.alerts import BUSY, ERRORS, SLOW, UNHEALTHY


def test_a_filter_names_the_metric_its_resource_and_the_site() -> None:
    assert gcp_metrics.CPU.filter("outlast-gcp") == (
        'metric.type="run.googleapis.com/container/cpu/utilizations" AND resource.type="cloud_run_revision" AND '
        'resource.labels.service_name="outlast-gcp"'
    )
    assert gcp_metrics.ERRORS.filter("a") == f"{gcp_metrics.REQUESTS.filter('a')} AND {gcp_metrics.ERRORS.only}"


def test_the_table_of_alarms_tells_of_these_metrics() -> None:
    assert gcp_metrics.REQUESTS.type in ERRORS.metrics["gcp"]
    assert gcp_metrics.LATENCY.type in SLOW.metrics["gcp"]
    assert gcp_metrics.INSTANCES.type in UNHEALTHY.metrics["gcp"]
    assert gcp_metrics.CPU.type in BUSY.metrics["gcp"]
