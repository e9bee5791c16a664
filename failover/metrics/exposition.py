"""Several replicas' metrics -> one text in Prometheus' format, each series with its `site`. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.parser import text_string_to_metric_families

from service.errors import InvalidInput

REPLICA, SITE = "replica", "site"


class Source(NamedTuple):
    """Whose metrics a text is."""

    site: str
    replica: str


@dataclass(frozen=True)
class Coverage:
    """How much of a site was seen. `declared` is None where nobody says how many replicas it has."""

    site: str
    seen: tuple[str, ...]
    declared: int | None
    error: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether every declared replica was seen; without a number, whether any was."""
        return len(self.seen) >= (self.declared or 1)

    def __str__(self) -> str:
        of = "of an unknown number of" if self.declared is None else f"of {self.declared}"
        told = f"{self.site}: {len(self.seen)} {of} replicas seen"
        return f"{told} ({self.error})" if self.error else told


def find_replica(text: str) -> str:
    """The replica that every series of a text names. Raises InvalidInput for what is no such text."""
    try:
        samples = (sample for family in text_string_to_metric_families(text) for sample in family.samples)
        return next(sample.labels[REPLICA] for sample in samples if REPLICA in sample.labels)
    except (ValueError, StopIteration) as error:
        what = f"not the metrics of a replica: {text[:80]!r}"
        raise InvalidInput(what, hint="a server before this release names no replica") from error


def merge(texts: Mapping[Source, str], coverage: Sequence[Coverage]) -> str:
    """One text of all, with `site` in every series, and what was seen of each site.

    Every family is there once, with the words of the first that has it; counters are not added up, for each is a
    replica's own.
    """
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Merged(texts, coverage))
    remarks = "".join(f"# coverage: {each}\n" for each in coverage)
    return remarks + str(generate_latest(registry).decode())


class _Merged:
    def __init__(self, texts: Mapping[Source, str], coverage: Sequence[Coverage]) -> None:
        self._texts = texts
        self._coverage = coverage

    def collect(self) -> Iterator[Any]:
        """One family after the other, in order of the alphabet."""
        families: dict[str, Any] = {}
        for source, text in sorted(self._texts.items()):
            for family in text_string_to_metric_families(text):
                samples = [s._replace(labels={**s.labels, SITE: source.site}) for s in family.samples]
                if family.name in families:
                    families[family.name].samples += samples
                else:
                    family.samples = samples
                    families[family.name] = family
        yield from (families[name] for name in sorted(families))
        yield from _describe(self._coverage)


def _describe(coverage: Sequence[Coverage]) -> Iterator[Any]:
    seen = GaugeMetricFamily("outlast_replicas_seen", "Replicas whose metrics are here.", labels=[SITE])
    declared = GaugeMetricFamily("outlast_replicas_declared", "Replicas that should be here.", labels=[SITE])
    for each in coverage:
        seen.add_metric([each.site], len(each.seen))
        if each.declared is not None:
            declared.add_metric([each.site], each.declared)
    yield seen
    yield declared
