"""Prometheus metrics. Counted in plain integers on the hot path, turned into Prometheus' text when somebody asks."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from typing import Any

# Seconds; fine around a millisecond, where answers lie, and out to the longest time-out of a load balancer.
LATENCY_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
INFERENCE_BUCKETS = (0.00002, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0)
ROWS_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096)


class Histogram:
    """Counts of values at most each bound, as Prometheus has them, not yet cumulated."""

    __slots__ = ("bounds", "counts", "total")

    def __init__(self, bounds: tuple[float, ...]) -> None:
        self.bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count one value."""
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Metrics:
    """All that this replica counts. `gauges` are read at the moment of asking."""

    def __init__(self) -> None:
        self.latency: dict[tuple[str, int], Histogram] = {}
        self.inference: dict[str, Histogram] = {}
        self.rows: dict[str, Histogram] = {}
        self.shed = 0
        self.gauges: dict[str, tuple[str, Callable[[], Mapping[tuple[str, ...], float]], tuple[str, ...]]] = {}

    def observe_request(self, route: str, status: int, seconds: float) -> None:
        """Count one answered request. `route` is a route's pattern, never a caller's text."""
        histogram = self.latency.get((route, status))
        if histogram is None:
            histogram = self.latency[(route, status)] = Histogram(LATENCY_BUCKETS)
        histogram.observe(seconds)

    def observe_inference(self, model: str, seconds: float, rows: int) -> None:
        """Count one call of a model; several requests may share it."""
        if model not in self.inference:
            self.inference[model] = Histogram(INFERENCE_BUCKETS)
            self.rows[model] = Histogram(ROWS_BUCKETS)
        self.inference[model].observe(seconds)
        self.rows[model].observe(rows)

    def add_gauge(
        self, name: str, meaning: str, read: Callable[[], Mapping[tuple[str, ...], float]], labels: tuple[str, ...] = ()
    ) -> None:
        """A value that is looked up when metrics are asked for: label values -> value."""
        self.gauges[name] = (meaning, read, labels)

    def render(self) -> tuple[bytes, str]:
        """The metrics as text, and its content type."""
        from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

        registry = CollectorRegistry(auto_describe=False)
        registry.register(_Collector(self))
        return generate_latest(registry), CONTENT_TYPE_LATEST


class _Collector:
    """Hands the counts over in the shapes that prometheus_client renders."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Any]:
        """One metric family after the other."""
        from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily

        requests = CounterMetricFamily("outlast_requests", "Answered requests.", labels=["route", "status"])
        latency = HistogramMetricFamily(
            "outlast_request_seconds", "Time from a request's last byte to its answer.", labels=["route", "status"]
        )
        for (route, status), histogram in self._metrics.latency.items():
            requests.add_metric([route, str(status)], sum(histogram.counts))
            latency.add_metric([route, str(status)], _cumulate(histogram), histogram.total)
        yield requests
        yield latency
        shed = CounterMetricFamily("outlast_shed", "Requests answered 503 because the queue was full.")
        shed.add_metric([], self._metrics.shed)
        yield shed
        for name, meaning, histograms in (
            ("outlast_inference_seconds", "Time of one call of a model.", self._metrics.inference),
            ("outlast_inference_rows", "Rows in one call of a model.", self._metrics.rows),
        ):
            family = HistogramMetricFamily(name, meaning, labels=["model"])
            for model, histogram in histograms.items():
                family.add_metric([model], _cumulate(histogram), histogram.total)
            yield family
        for name, (meaning, read, labels) in self._metrics.gauges.items():
            gauge = GaugeMetricFamily(name, meaning, labels=list(labels))
            for values, value in read().items():
                gauge.add_metric(list(values), value)
            yield gauge


def _cumulate(histogram: Histogram) -> list[tuple[str, float]]:
    running = 0
    buckets: list[tuple[str, float]] = []
    for bound, count in zip((*histogram.bounds, float("inf")), histogram.counts, strict=True):
        running += count
        buckets.append(("+Inf" if bound == float("inf") else repr(float(bound)), running))
    return buckets
