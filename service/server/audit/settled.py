"""What was true, by the feedback records of audit logs: the last truth of each receipt, and what it corrected. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import orjson


@dataclass
class Settled:
    """One prediction's truth, a label for each row. `corrected`: earlier truths that said something else, in order."""

    feedback_id: str
    model: str
    truth: list[str]
    predicted: list[str]
    predicted_at: float
    time: float
    key: str
    corrected: list[list[str]] = field(default_factory=list)

    def rows(self) -> Iterable[dict[str, Any]]:
        """A line for each row, as `model shift --feedback` reads them."""
        when = datetime.fromtimestamp(self.predicted_at, UTC).isoformat(timespec="seconds")
        for number, label in enumerate(self.truth):
            line: dict[str, Any] = {"label": label, "predicted": self.predicted[number], "time": when}
            line |= {"feedback_id": self.feedback_id, "model": self.model, "row": number}
            if earlier := [truth[number] for truth in self.corrected]:
                line["corrected"] = earlier
            yield line


def settle(lines: Iterable[bytes]) -> list[Settled]:
    """The feedback among audit records of any replicas and sites, in any order; other lines are passed over."""
    records = [record for line in lines if (record := _parse(line)) is not None]
    found: dict[str, Settled] = {}
    for record in sorted(records, key=lambda record: record["time"]):
        before = found.get(record["feedback_id"])
        settled = Settled(**{name: record[name] for name in _FIELDS})
        if before is not None:
            settled.corrected = before.corrected + ([before.truth] if before.truth != settled.truth else [])
        found[settled.feedback_id] = settled
    return list(found.values())


_FIELDS = ("feedback_id", "model", "truth", "predicted", "predicted_at", "time", "key")


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        record = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    whole = type(record) is dict and record.get("kind") == "feedback" and record.keys() >= set(_FIELDS)
    return record if whole else None
