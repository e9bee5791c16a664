from __future__ import annotations

from infra.alerts import BUSY, ERRORS, REJECTED, SLOW, UNHEALTHY
from infra.aws import metrics
from infra.aws.metrics import Metric, Watched

WATCHED = Watched({"LoadBalancer": "a"}, {"LoadBalancer": "a", "TargetGroup": "b"}, {"ServiceName": "c"})


def test_a_metric_comes_with_the_dimensions_of_its_owner() -> None:
    assert WATCHED.of(metrics.REQUESTS) == WATCHED.balancer
    assert WATCHED.of(metrics.HEALTHY) == WATCHED.targets
    assert WATCHED.of(metrics.CPU) == WATCHED.service


def test_a_percentile_is_an_extended_statistic() -> None:
    assert metrics.LATENCY.is_percentile and not metrics.CPU.is_percentile


def test_the_table_of_alarms_tells_of_these_metrics() -> None:
    told: list[tuple[Metric, str]] = [
        *((metric, ERRORS.metrics["aws"]) for metric in metrics.COUNTED.values()),
        (metrics.LATENCY, SLOW.metrics["aws"]),
        (metrics.UNHEALTHY, UNHEALTHY.metrics["aws"]),
        (metrics.CPU, BUSY.metrics["aws"]),
        (metrics.REJECTED, REJECTED.metrics["aws"]),
    ]
    assert all(metric.name in text and metric.namespace in text for metric, text in told)
    assert set(metrics.COUNTED) <= set(metrics.SHARE_OF_ERRORS.replace("(", " ").replace(",", " ").split())
