from __future__ import annotations

from infra.alerts import BUSY, ERRORS, SLOW, UNHEALTHY
from infra.azure import metrics


def test_the_table_of_alarms_tells_of_these_metrics() -> None:
    assert metrics.ERRORS.name in ERRORS.metrics["azure"]
    assert f"{metrics.CATEGORY} {metrics.ERRORS.category}" in ERRORS.metrics["azure"]
    assert metrics.LATENCY.name in SLOW.metrics["azure"]
    assert metrics.REPLICAS.name in UNHEALTHY.metrics["azure"]
    assert metrics.CPU.name in BUSY.metrics["azure"]
