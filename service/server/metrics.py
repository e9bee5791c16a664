"""Prometheus metrics. Counted in plain integers on the hot path, turned into Prometheus' text when somebody asks."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from service.server.listeners import Listener

if TYPE_CHECKING:
    from service.bundle.rows import Rows
    from service.server.exchange import Exchange
    from service.server.models import Answers, ServedModel
    from service.server.protocol.problems import Problem

# Seconds; fine around a millisecond, where answers lie, and out to the longest time-out of a load balancer.
LATENCY_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
INFERENCE_BUCKETS = (0.00002, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1.0)
ROWS_BUCKETS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096)
_KEPT_SECONDS = 1.0  # rendering takes a millisecond or two of the event loop: whoever asks again sooner gets the same


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


class Metrics(Listener):
    """All that this replica counts. `gauges` are read at the moment of asking.

    Every series carries the label `replica`: a load balancer gives the metrics of one replica or another, and without
    the label nobody could tell two counters from one that jumps.
    """

    def __init__(self, replica: str) -> None:
        self.replica = replica
        self.latency: dict[tuple[str, int], Histogram] = {}
        self.inference: dict[str, Histogram] = {}
        self.rows: dict[str, Histogram] = {}
        self.shed = 0
        self.gauges: dict[str, tuple[str, Callable[[], Mapping[tuple[str, ...], float]], tuple[str, ...]]] = {}
        self._rendered: dict[str, tuple[float, bytes]] = {}

    def served(self, route: str, status: int, seconds: float) -> None:
        """Count one answer. `route` is a route's pattern, never a caller's text."""
        histogram = self.latency.get((route, status))
        if histogram is None:
            histogram = self.latency[(route, status)] = Histogram(LATENCY_BUCKETS)
        histogram.observe(seconds)

    def answered(self, exchanges: Sequence[Exchange], finished: float) -> None:
        """Count answers to requests for a prediction."""
        for exchange in exchanges:
            self.served(exchange.target.codec.route, exchange.status, finished - exchange.arrived)
            if exchange.problem is not None and exchange.shed:
                self.shed += 1

    def refused(self, route: str, problem: Problem, caller: str) -> None:
        """Count what was refused before it was a whole request."""
        self.served(route, problem.status, 0.0)

    def inferred(self, model: ServedModel, rows: Rows, answers: Answers, seconds: float) -> None:
        """Count one call of a model; several requests may share it."""
        name = model.name
        if name not in self.inference:
            self.inference[name] = Histogram(INFERENCE_BUCKETS)
            self.rows[name] = Histogram(ROWS_BUCKETS)
        self.inference[name].observe(seconds)
        self.rows[name].observe(len(rows))

    def add_gauge(
        self, name: str, meaning: str, read: Callable[[], Mapping[tuple[str, ...], float]], labels: tuple[str, ...] = ()
    ) -> None:
        """A value that is looked up when metrics are asked for: label values -> value."""
        self.gauges[name] = (meaning, read, labels)

    def render(self, accept: str, now: float) -> tuple[bytes, str]:
        """The metrics as text in a format that `accept` names, and its content type; at most a second old."""
        from prometheus_client import CollectorRegistry

        encode, content_type = _choose_format(accept)
        rendered_at, text = self._rendered.get(content_type, (float("-inf"), b""))
        if not 0 <= now - rendered_at < _KEPT_SECONDS:
            registry = CollectorRegistry(auto_describe=False)
            registry.register(_Collector(self))
            text = encode(registry)
            self._rendered[content_type] = (now, text)
        return text, content_type


def _choose_format(accept: str) -> tuple[Callable[[Any], bytes], str]:
    """One of three formats: a newer one to who names it, the oldest to everybody else.

    prometheus_client's own choice echoes the version asked for, so that each spelling would be rendered anew.
    """
    from prometheus_client import exposition
    from prometheus_client.openmetrics import exposition as openmetrics

    if re.search(r"application/openmetrics-text(?![^,]*version=0)", accept):
        return openmetrics.generate_latest, openmetrics.CONTENT_TYPE_LATEST
    if re.search(r"text/plain[^,]*version=1\.0\.0", accept):
        return exposition.generate_latest, exposition.CONTENT_TYPE_LATEST + "; escaping=underscores"
    return exposition.generate_latest, exposition.CONTENT_TYPE_PLAIN_0_0_4


class _Collector:
    """Hands the counts over in the shapes that prometheus_client renders."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Any]:
        """One metric family after the other."""
        own = {"replica": self._metrics.replica}
        for family in self._families():
            family.samples = [sample._replace(labels=own | sample.labels) for sample in family.samples]
            yield family

    def _families(self) -> Iterator[Any]:
        from prometheus_client import ProcessCollector
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
        yield from ProcessCollector(
            registry=None
        ).collect()  # processor time and memory; nothing where there is no /proc


def _cumulate(histogram: Histogram) -> list[tuple[str, float]]:
    running = 0
    buckets: list[tuple[str, float]] = []
    for bound, count in zip((*histogram.bounds, float("inf")), histogram.counts, strict=True):
        running += count
        buckets.append(("+Inf" if bound == float("inf") else repr(float(bound)), running))
    return buckets
