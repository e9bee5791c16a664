from __future__ import annotations

from infra import azure_metrics
from infra.alerts import BUSY, ERRORS, SLOW, UNHEALTHY


def test_the_table_of_alarms_tells_of_these_metrics() -> None:
    assert azure_metrics.ERRORS.name in ERRORS.metrics["azure"]
    assert f"{azure_metrics.CATEGORY} {azure_metrics.ERRORS.category}" in ERRORS.metrics["azure"]
    assert azure_metrics.LATENCY.name in SLOW.metrics["azure"]
    assert azure_metrics.REPLICAS.name in UNHEALTHY.metrics["azure"]
    assert azure_metrics.CPU.name in BUSY.metrics["azure"]
