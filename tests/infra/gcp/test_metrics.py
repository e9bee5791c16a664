from __future__ import annotations

from infra.alerts import BUSY, ERRORS, SLOW, UNHEALTHY
from infra.gcp import metrics


def test_a_filter_names_the_metric_its_resource_and_the_site() -> None:
    assert metrics.CPU.filter("outlast-gcp") == (
        'metric.type="run.googleapis.com/container/cpu/utilizations" AND resource.type="cloud_run_revision" AND '
        'resource.labels.service_name="outlast-gcp"'
    )
    assert metrics.ERRORS.filter("a") == f"{metrics.REQUESTS.filter('a')} AND {metrics.ERRORS.only}"


def test_the_table_of_alarms_tells_of_these_metrics() -> None:
    assert metrics.REQUESTS.type in ERRORS.metrics["gcp"]
    assert metrics.LATENCY.type in SLOW.metrics["gcp"]
    assert metrics.INSTANCES.type in UNHEALTHY.metrics["gcp"]
    assert metrics.CPU.type in BUSY.metrics["gcp"]
