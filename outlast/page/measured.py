"""What a site's replicas count of themselves, by `/metrics` -> rates, times, drift and memory for a card. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from statistics import fmean

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

from failover.metrics.exposition import REPLICA
from service.errors import InvalidInput

STABLE, DRIFTED = 0.1, 0.25
"""The usual steps of the population stability index; monitoring/prometheus-rules.yml alerts at the second."""
_WANTED = re.compile(
    r"^(?:outlast_requests_total|outlast_request_seconds_bucket|outlast_model_info|process_cpu_seconds_total"
    r"|process_resident_memory_bytes)[ {]|^outlast_drift\{.*\(label\)"
)
"""Of some hundred lines these alone are read: it is done every few seconds."""
_HINT = "is the site a server of this release? `outlast metrics` shows what it answers"


@dataclass(frozen=True)
class Counted:
    """One replica's counters at a moment (monotonic); what it does not tell is None or empty."""

    at: float
    replica: str
    answered: float = 0.0
    failed: float = 0.0
    cpu_seconds: float | None = None
    memory_bytes: float | None = None
    drift: float | None = None
    buckets: Mapping[float, float] = field(default_factory=dict)
    digest: str = ""
    version: str = ""


@dataclass(frozen=True)
class Measured:
    """A site, from what its replicas that were seen lately counted between the last two looks at each."""

    replicas: int = 0
    per_second: float = 0.0
    failed_per_second: float = 0.0
    p50_ms: float | None = None
    p95_ms: float | None = None
    cpu_percent: float | None = None
    memory_mb: float | None = None
    drift: float | None = None
    digest: str = ""
    version: str = ""

    @property
    def drift_state(self) -> str:
        """In one word, of the labels that the model gives; until a replica has rows enough nobody can say."""
        if self.drift is None:
            return "too few rows yet"
        word = "stable" if self.drift < STABLE else "moving" if self.drift < DRIFTED else "drifted"
        return f"{word}, PSI {self.drift:.2f}"


def read(text: str, at: float) -> Counted:
    """The counters of one replica. Raises InvalidInput for what is no such text."""
    lines = "\n".join(line for line in text.splitlines() if _WANTED.match(line))
    try:
        samples = [sample for family in text_string_to_metric_families(f"{lines}\n") for sample in family.samples]
    except ValueError as error:
        raise InvalidInput(f"not the metrics of a replica: {text[:80]!r}", hint=_HINT) from error
    named = next((sample for sample in samples if REPLICA in sample.labels), None)
    if named is None:
        raise InvalidInput(f"not the metrics of a replica: {text[:80]!r}", hint=_HINT)
    by_name = {sample.name: sample for sample in samples}
    info = by_name["outlast_model_info"].labels if "outlast_model_info" in by_name else {}
    asked = [sample for sample in samples if re.search("predict|infer", sample.labels.get("route", ""))]
    requests = [sample for sample in asked if sample.name == "outlast_requests_total"]
    return Counted(
        at,
        named.labels[REPLICA],
        sum(sample.value for sample in requests),
        sum(sample.value for sample in requests if sample.labels["status"] >= "500"),
        _value(by_name.get("process_cpu_seconds_total")),
        _value(by_name.get("process_resident_memory_bytes")),
        max((s.value for s in samples if s.name == "outlast_drift" and s.labels["score"] == "psi"), default=None),
        _add_buckets(asked),
        info.get("digest", ""),
        info.get("version", ""),
    )


def _add_buckets(asked: Iterable[Sample]) -> dict[float, float]:
    """Of all routes and statuses together: bound (s) -> how many requests took no longer."""
    found: dict[float, float] = {}
    for sample in asked:
        if sample.name == "outlast_request_seconds_bucket":
            bound = float(sample.labels["le"])
            found[bound] = found.get(bound, 0.0) + sample.value
    return found


def measure(seen: Iterable[tuple[Counted, Counted]]) -> Measured:
    """Of each replica the look before and the last one; the two are the same of one that was seen once."""
    pairs = list(seen)
    spans = [(before, last) for before, last in pairs if last.at > before.at]
    # A load balancer shows one replica at a time: those that were seen once count as the others do.
    scale = len(pairs) / len(spans) if spans else 0.0
    buckets = _between(spans)
    latest = max((last for _, last in pairs), key=lambda one: one.at, default=Counted(0.0, ""))
    busy = [
        100 * _rate(before.cpu_seconds, last.cpu_seconds, before, last)
        for before, last in spans
        if before.cpu_seconds is not None and last.cpu_seconds is not None
    ]
    return Measured(
        len(pairs),
        round(scale * sum(_rate(before.answered, last.answered, before, last) for before, last in spans), 3),
        round(scale * sum(_rate(before.failed, last.failed, before, last) for before, last in spans), 3),
        quantile(buckets, 0.5),
        quantile(buckets, 0.95),
        _mean(busy),
        _mean(last.memory_bytes / 1e6 for _, last in pairs if last.memory_bytes),
        max((last.drift for _, last in pairs if last.drift is not None), default=None),
        latest.digest,
        latest.version,
    )


def _between(spans: Iterable[tuple[Counted, Counted]]) -> dict[float, float]:
    """The buckets of what was answered between the two looks at each replica."""
    found: dict[float, float] = {}
    for before, last in spans:
        for bound, count in last.buckets.items():
            found[bound] = found.get(bound, 0.0) + max(0.0, count - before.buckets.get(bound, 0.0))
    return found


def quantile(buckets: Mapping[float, float], share: float) -> float | None:
    """The milliseconds that this share of the requests took at most, as Prometheus reckons it; None of none."""
    total = max(buckets.values(), default=0.0)
    if not total:
        return None
    low, below = 0.0, 0.0
    for bound, count in sorted(buckets.items()):
        if count >= share * total:
            within = (share * total - below) / (count - below) if count > below else 1.0
            return round(1000 * (low if bound == float("inf") else low + (bound - low) * within), 1)
        low, below = bound, count
    return None


def _rate(first: float, then: float, before: Counted, last: Counted) -> float:
    """For each second; a counter that began anew counts from nothing."""
    return (then - first if then >= first else then) / (last.at - before.at)


def _value(sample: Sample | None) -> float | None:
    return None if sample is None else float(sample.value)


def _mean(values: Iterable[float]) -> float | None:
    found = list(values)
    return round(fmean(found), 1) if found else None
