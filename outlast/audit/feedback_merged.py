"""The feedback of all sites as one: the last truth of each receipt, where it came in, and how often. Pure.

A receipt may be sent again, to another site as well: the service cannot know, so it is found here by its `feedback_id`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from prometheus_client.parser import text_string_to_metric_families

from failover.metrics.exposition import Source
from outlast.audit.counted import METRIC
from outlast.audit.merged import Chain, Record
from service.server.audit.settled import Settled, settle

_ACCEPTED = {"route": "/feedback", "status": "202"}


@dataclass(frozen=True)
class Given:
    """What was true of one prediction, and every record that said so, the earliest first."""

    settled: Settled
    records: tuple[Record, ...]
    is_known: bool

    @property
    def sites(self) -> tuple[str, ...]:
        """Where it came in, each site once."""
        return tuple(dict.fromkeys(str(record.get("site", "")) for record in self.records))

    def rows(self) -> Iterator[dict[str, Any]]:
        """A line for each row, as `outlast model shift --feedback` reads them, and where it is from."""
        last = self.records[-1]
        about = {name: str(last.get(name, "")) for name in ("site", "replica", "predicted_by", "version", "digest")}
        given_at = datetime.fromtimestamp(self.settled.time, UTC).isoformat()
        for row in self.settled.rows():
            yield {**row, **about, "given_at": given_at, "times": len(self.records)}


def merge_feedback(records: Sequence[Record]) -> list[Given]:
    """The feedback among the audit records of all sites, by the time of the prediction. Each record is there once."""
    feedback = [record for record in records if record.get("kind") == "feedback"]
    by_id: dict[str, list[Record]] = {}
    for record in sorted(feedback, key=lambda record: float(record.get("time") or 0.0)):
        by_id.setdefault(str(record.get("feedback_id")), []).append(record)
    predicted = {record.get("request_id") for record in records if record.get("kind") == "prediction"}
    found = [
        Given(one, tuple(by_id[one.feedback_id]), by_id[one.feedback_id][-1].get("request_id") in predicted)
        for one in settle(orjson.dumps(record) for record in feedback)
    ]
    return sorted(found, key=lambda given: (given.settled.predicted_at, given.settled.feedback_id))


def describe(given: Sequence[Given], delivered_twice: int) -> Iterator[str]:
    """What came, what came again, and what is doubtful, in words."""
    records = sum(len(one.records) for one in given)
    yield f"{records} feedback records of {len(given)} predictions, {sum(len(one.settled.truth) for one in given)} rows"
    again = [one for one in given if len(one.records) > 1]
    corrected = sum(bool(one.settled.corrected) for one in again)
    elsewhere = sum(len(one.sites) > 1 for one in again)
    if again:
        yield f"{len(again)} came more than once, {elsewhere} of them at several sites; {corrected} with another truth"
    if delivered_twice:
        yield f"{delivered_twice} audit records were delivered twice, and counted once"
    unknown = sum(not one.is_known for one in given)
    if unknown:
        yield f"{unknown} are of predictions that no store holds: older than what it keeps, or of a site without one"


@dataclass(frozen=True)
class FeedbackCounted:
    """One running process: how much feedback it accepted by its own metrics, and how much of it its store holds."""

    site: str
    replica: str
    accepted: int
    held: int

    def __str__(self) -> str:
        told = f"{self.site} {self.replica}: {self.accepted} accepted by its metrics, {self.held} in the store"
        return f"{told}; {self.accepted - self.held} on the way" if self.accepted > self.held else told

    @property
    def finding(self) -> str:
        """What is wrong: a store never holds more feedback than was accepted. Empty where nothing is."""
        if self.held <= self.accepted:
            return ""
        return f"{self.site} {self.replica}: the store holds {self.held} feedback, and it accepted {self.accepted}"


def count_feedback(texts: Mapping[Source, str], chains: Sequence[Chain]) -> list[FeedbackCounted]:
    """Every replica whose metrics name its chain. The stores are to be read before the metrics are asked for."""
    held = {chain.report.chain: chain.report.feedback for chain in chains}
    return [
        FeedbackCounted(source.site, source.replica, accepted, sum(held.get(chain, 0) for chain in own))
        for source, text in sorted(texts.items())
        for own, accepted in [_accepted(text)]
        if own
    ]


def _accepted(text: str) -> tuple[list[str], int]:
    """The chains that a replica's metrics name, and the feedback that it accepted."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    chains = [sample.labels["chain"] for sample in samples if sample.name == METRIC]
    accepted = [
        s.value for s in samples if s.name == "outlast_requests_total" and s.labels.items() >= _ACCEPTED.items()
    ]
    return chains, int(sum(accepted))
