from __future__ import annotations

from infra import aws_metrics
from infra.alerts import BUSY, ERRORS, REJECTED, SLOW, UNHEALTHY
from infra.aws_metrics import Metric, Watched

WATCHED = Watched({"LoadBalancer": "a"}, {"LoadBalancer": "a", "TargetGroup": "b"}, {"ServiceName": "c"})


def test_a_metric_comes_with_the_dimensions_of_its_owner() -> None:
    assert WATCHED.of(aws_metrics.REQUESTS) == WATCHED.balancer
    assert WATCHED.of(aws_metrics.HEALTHY) == WATCHED.targets
    assert WATCHED.of(aws_metrics.CPU) == WATCHED.service


def test_a_percentile_is_an_extended_statistic() -> None:
    assert aws_metrics.LATENCY.is_percentile and not aws_metrics.CPU.is_percentile


def test_the_table_of_alarms_tells_of_these_metrics() -> None:
    told: list[tuple[Metric, str]] = [
        *((metric, ERRORS.metrics["aws"]) for metric in aws_metrics.COUNTED.values()),
        (aws_metrics.LATENCY, SLOW.metrics["aws"]),
        (aws_metrics.UNHEALTHY, UNHEALTHY.metrics["aws"]),
        (aws_metrics.CPU, BUSY.metrics["aws"]),
        (aws_metrics.REJECTED, REJECTED.metrics["aws"]),
    ]
    assert all(metric.name in text and metric.namespace in text for metric, text in told)
    assert set(aws_metrics.COUNTED) <= set(aws_metrics.SHARE_OF_ERRORS.replace("(", " ").replace(",", " ").split())
