"""Live metrics beside those of the release: which are worse beyond doubt, and why.

The doubt is shared: a month of looks, each at every part of the rows by time and at every metric, raises a false alarm
with a chance of 2 % in all. Metrics that say the same of the rows (F1 beside precision and recall) share theirs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import NormalDist
from typing import Any

import numpy as np

from service.bundle.manifest import Manifest
from service.evaluation.advisor import SMALLER_IS_BETTER
from service.evaluation.intervals import Estimate, estimate
from service.evaluation.metrics import Evaluation
from service.evaluation.reliability import expect_mistakes
from service.offline.causes import CONCEPT, INPUTS, LABELS, Cause, find_cause
from service.offline.drift import Drift, find_drift
from service.offline.feedback import LEAST_ROWS, Feedback

MONTHLY = 0.02  # the chance of a false alarm in a month
LOOKS = 31  # a look a day
WRITES_ONE = ": --table FILE writes one."
_Z = NormalDist().inv_cdf(0.975)


@dataclass(frozen=True)
class Shift:
    """One metric that got worse beyond doubt. `live` and `released`: value, low, high; `class_name` is "" for all."""

    metric: str
    class_name: str
    window: str
    live: tuple[float, float, float]
    released: tuple[float, float, float]


@dataclass(frozen=True)
class ShiftReport:
    """Live metrics beside released ones, those that are worse with the cause, and input drift apart.

    `shifts` are the worse ones where the cause is concept shift, else none. `expected_right` is the share of right
    answers that the model's own probabilities expect: all that can be said of it without labels.
    """

    rows: int
    window: str
    live: Mapping[str, Estimate]
    released: Mapping[str, Mapping[str, Any]]
    worse: tuple[Shift, ...]
    cause: Cause | None
    drifts: tuple[Drift, ...]
    expected_right: float | None
    labelled: bool
    recommendation: str
    command: str

    @property
    def shifts(self) -> tuple[Shift, ...]:
        """The metrics that are worse by concept shift."""
        return self.worse if self.cause is not None and self.cause.name == CONCEPT else ()

    def to_document(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return {
            "rows": self.rows,
            "window": self.window,
            "labelled": self.labelled,
            "shift": bool(self.shifts),
            "shifts": [asdict(shift) for shift in self.shifts],
            "worse": [asdict(shift) for shift in self.worse],
            "cause": None if self.cause is None else asdict(self.cause),
            "metrics": {
                name: {"live": self.live[name].to_document(), "released": dict(self.released[name])}
                for name in self.released
                if name in self.live
            },
            "expected_right": self.expected_right,
            "input_drift": [asdict(drift) for drift in self.drifts],
            "recommendation": self.recommendation,
            "command": self.command,
        }


def compare_feedback(
    manifest: Manifest, feedback: Feedback, *, windows: int = 1, looks: int = LOOKS, resamples: int = 1000
) -> ShiftReport:
    """Hold live predictions to the release, whole and in `windows` equal parts by time; `looks` are a month's."""
    released = manifest.metrics.get("judged", {})
    predicted = [manifest.classes[index] for index in feedback.predicted.tolist()]
    drifts = find_drift(manifest, feedback.features, predicted, level=MONTHLY / looks)
    live, worse, cause = {}, (), None  # type: dict[str, Estimate], tuple[Shift, ...], Cause | None
    if feedback.truth is not None:
        live, worse, cause = _compare_labelled(manifest, feedback, released, windows, looks, resamples)
    recommendation, command = recommend(manifest, worse, cause, drifts, feedback)
    return ShiftReport(
        feedback.rows,
        f"{feedback.first} to {feedback.last}" if feedback.first else f"rows 1 to {feedback.rows}",
        live,
        released,
        worse,
        cause,
        tuple(drifts),
        _expect_right(manifest, feedback),
        feedback.truth is not None,
        recommendation,
        command,
    )


def _compare_labelled(
    manifest: Manifest,
    feedback: Feedback,
    released: Mapping[str, Mapping[str, Any]],
    windows: int,
    looks: int,
    resamples: int,
) -> tuple[dict[str, Estimate], tuple[Shift, ...], Cause | None]:
    parts = list(_part(feedback.rows, windows))
    level = MONTHLY / looks / len(parts) / _count_apart(manifest)
    live: dict[str, Estimate] = {}
    worse: list[Shift] = []
    cause: Cause | None = None
    for window, rows in parts:
        evaluation = _evaluate(manifest, feedback, rows)
        found = _estimate(evaluation, feedback.probabilities is not None, resamples)
        live = live or found
        fallen = find_worse(found, released, window=window, level=level)
        worse += fallen
        if fallen and (cause is None or cause.name != CONCEPT):
            known = evaluation if feedback.probabilities is not None else None
            cause = find_cause(manifest.metrics.get("reliability"), known)
    return live, tuple(worse), cause


def find_worse(
    live: Mapping[str, Estimate], released: Mapping[str, Mapping[str, Any]], *, window: str, level: float
) -> list[Shift]:
    """The metrics of which the difference to the released value is beyond chance at this level."""
    limit = NormalDist().inv_cdf(1 - level)
    found = []
    for name, before in released.items():
        # The calibration error grows as rows get fewer, whatever the model does.
        if name not in live or None in (before["value"], before["low"], before["high"]) or name == "calibration_error":
            continue
        value, ends = live[name].measure.value, live[name].interval
        if name in SMALLER_IS_BETTER:
            gap, spread = value - before["value"], np.hypot(value - ends.low, before["high"] - before["value"])
        else:
            gap, spread = before["value"] - value, np.hypot(ends.high - value, before["value"] - before["low"])
        if gap > limit * spread / _Z:
            metric, _, label = name.partition("[")
            was = (before["value"], before["low"], before["high"])
            found.append(Shift(metric, label.rstrip("]"), window, (value, ends.low, ends.high), was))
    return found


def recommend(
    manifest: Manifest, worse: Sequence[Shift], cause: Cause | None, drifts: Sequence[Drift], feedback: Feedback
) -> tuple[str, str]:
    """What to do, and the command for it."""
    named = ", ".join(sorted({f"{s.metric} of {s.class_name}" if s.class_name else s.metric for s in worse}))
    retrain = f"outlast model train --problem {manifest.problem} --csv <table> --target <column>"
    if cause is not None and cause.name == CONCEPT:
        return f"Concept shift: {named}; {cause.why}. Retrain on a table with these rows in it{WRITES_ONE}", retrain
    if cause is not None:
        begun = {
            INPUTS: "Worse, by other inputs",
            LABELS: "Worse, by other shares of the classes",
        }.get(cause.name, "Worse, cause unknown")
        words = (
            f"{begun}, not by concept shift that could be shown: {named}; {cause.why}. Retrain on such rows{WRITES_ONE}"
        )
        return words, retrain
    later = f"outlast model shift --model {manifest.problem} --feedback <later file>"
    begun = "No concept shift" if feedback.truth is not None else "No line has a label, so nothing is known of shift"
    if drifts:
        words = (
            f"{begun}, but drift: {len(drifts)} of {len(manifest.input.features) + 1} columns, "
            f"{drifts[0].feature} first. Find out what changed at the source; retrain when labels show that it matters."
        )
        return words, later
    if feedback.truth is None:
        return f"{begun}; inputs and answers look as in training.", later
    return f"Nothing to do: {feedback.rows} rows agree with the release.", ""


def _part(rows: int, windows: int) -> Iterator[tuple[str, Any]]:
    """All rows, then each part by time that has enough."""
    yield "all rows", slice(None)
    for number, part in enumerate(np.array_split(np.arange(rows), windows) if windows > 1 else [], start=1):
        if len(part) >= LEAST_ROWS:
            yield f"window {number} of {windows} (rows {part[0] + 1} to {part[-1] + 1})", part


def _count_apart(manifest: Manifest) -> int:
    """How many metrics say something of their own: accuracy, AUC, log loss, each class's recall and precision."""
    return 3 + 2 * len(manifest.classes)


def _evaluate(manifest: Manifest, feedback: Feedback, rows: Any) -> Evaluation:
    """The live answers of some rows. Without probabilities the counts are still right; the rest is dropped later."""
    assert feedback.truth is not None
    predicted, said = feedback.predicted[rows], feedback.probabilities
    shares = np.eye(len(manifest.classes))[predicted] if said is None else said[rows]
    return Evaluation(
        feedback.truth[rows],
        shares,
        classes=manifest.classes,
        positive=manifest.positive_class,
        predicted=predicted,
    )


def _estimate(evaluation: Evaluation, known: bool, resamples: int) -> dict[str, Estimate]:
    """The live metrics; those that need probabilities are left out where there are none."""
    found = estimate(evaluation, resamples=resamples)
    return {name: e for name, e in found.items() if (known or not _reads_probabilities(name)) and not e.measure.note}


def _reads_probabilities(metric: str) -> bool:
    return any(part in metric for part in ("auc", "average_precision", "log_loss", "brier", "calibration"))


def _expect_right(manifest: Manifest, feedback: Feedback) -> float | None:
    """The share of right answers that answers as sure had at release; None where it cannot be told."""
    kept = manifest.metrics.get("reliability")
    if kept is None or feedback.probabilities is None:
        return None
    positive = manifest.classes.index(manifest.positive_class) if manifest.positive_class in manifest.classes else None
    wrong, _ = expect_mistakes(kept, feedback.probabilities, feedback.predicted, positive)
    return round(1 - float(wrong.mean()), 4)
