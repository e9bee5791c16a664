"""What each running replica says that it wrote, beside what its site's store holds. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

from failover.metrics.exposition import Source
from outlast.audit.merged import Chain

METRIC = "outlast_audit_records"


@dataclass(frozen=True)
class Counted:
    """One running process: how many records its chain has by its own metrics, and how many of them its store holds."""

    site: str
    replica: str
    chain: str
    written: int
    held: int

    def __str__(self) -> str:
        out = self.written - self.held
        told = f"{self.site} {self.replica}: {self.written} written by its metrics, {self.held} in the store"
        return f"{told}; {out} on the way" if out > 0 else told

    @property
    def finding(self) -> str:
        """What is wrong: a store never holds more than was written. Empty where nothing is."""
        if self.held <= self.written:
            return ""
        what = f"the store holds {self.held} records, and its replica wrote {self.written}"
        return f"{self.site} {self.replica}: {self.chain}: {what}"


def count(texts: Mapping[Source, str], chains: Sequence[Chain]) -> list[Counted]:
    """Every chain that a replica's metrics name. The stores are to be read before the metrics are asked for."""
    held = {chain.report.chain: chain.report.records for chain in chains}
    return [
        Counted(source.site, source.replica, chain, written, held.get(chain, 0))
        for source, text in sorted(texts.items())
        for chain, written in _written(text).items()
    ]


def _written(text: str) -> dict[str, int]:
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return {sample.labels["chain"]: int(sample.value) for sample in samples if sample.name == METRIC}
