"""A report on somebody's predictions: the same metrics and intervals as of a model, and no release."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from service.bundle.writing import write_whole
from service.evaluation.asked import name_of
from service.evaluation.workbench import ARTIFACTS
from service.importing.foreign import Floats
from service.importing.judge import HALF, Judged, Threshold, choose_positive, judge
from service.importing.predictions import Predictions, read_predictions
from service.importing.report import Subject, render_report
from service.importing.table import read_table
from service.training.draft import draft_problem
from service.training.export import Parity
from service.training.problem import ProblemFile, load_problem, parse_problem

_UNKNOWN = (
    "The model: only what it said of these rows is known, so there is nothing to release or to serve.",
    "Which rows it was trained on. Where some of these were among them, every figure here is too good.",
)


@dataclass(frozen=True)
class Evaluated:
    """Predictions, measured; `report` is the file that shows it."""

    name: str
    predictions: Predictions
    judged: Judged
    report: Path

    def to_document(self) -> dict[str, Any]:
        """As plain data."""
        return {
            "predictions": str(self.predictions.path),
            "rows": len(self.predictions.truth),
            "classes": list(self.predictions.classes),
            "read": dict(self.predictions.columns),
            "judged": self.judged.to_metrics()["judged"],
            "report": str(self.report),
        }

    def say(self) -> str:
        """In words."""
        estimates = self.judged.measured.estimates
        lines = [
            f"  {name:20}{e.measure.value:9.4f}  ({e.interval.low:.4f} to {e.interval.high:.4f})"
            for name in self.judged.selected
            if "[" not in name and (e := estimates[name])
        ]
        read = ", ".join(f"{what} from column {name}" for what, name in self.predictions.columns.items())
        head = f"{self.predictions.path}: {len(self.predictions.truth)} rows; {read}"
        return "\n".join([head, *lines, f"  report: {self.report}", "nothing was released: a release needs the model"])


def evaluate_predictions(
    path: Path,
    target: str,
    *,
    table: Path | None,
    positive: str | None,
    threshold: float | None,
    problem: str | None,
    artifacts: Path | None,
) -> Evaluated:
    """Measure predictions against the truth, which stands in the same file or in a table with the same rows."""
    given = read_table(table, target) if table else None
    asked = _load(problem) if problem else None
    wanted = positive or (asked.positive_class if asked else None)
    found = read_predictions(path, target, truth=given, positive=wanted)
    chosen = choose_positive(found.classes, wanted, found.truth)
    name = name_of(path)
    draft = asked or parse_problem(draft_problem(name, target, found.truth.tolist()), name=name)
    judged = _judge(found, draft, chosen, threshold)
    report = (artifacts or ARTIFACTS / name) / "report.html"
    subject = Subject(
        name=name,
        made_by=f"Predictions of {path.name}; what made them is not known.",
        table=table or path,
        sha256=found.sha256,
        target=target,
        labels=found.truth,
        lines=found.lines,
        unknown=_UNKNOWN,
    )
    write_whole(report, render_report(subject, judged, None, with_gate=asked is not None))
    return Evaluated(name, found, judged, report)


def _judge(found: Predictions, problem: ProblemFile, positive: str | None, threshold: float | None) -> Judged:
    rows = len(found.truth)
    return judge(
        problem,
        found.classes,
        found.truth,
        _fill(found),
        positive=positive,
        threshold=_decide(found, positive, threshold),
        predicted=None if found.labels is None or threshold is not None else found.labels,
        has_probabilities=found.probabilities is not None,
        parity=Parity(rows, 0.0, 0),
        released=None,
    )


def _fill(found: Predictions) -> Floats:
    """The probabilities; certainty where only labels are known, of which no metric of probabilities is then shown."""
    if found.probabilities is not None:
        return found.probabilities
    labels = np.asarray(found.labels, dtype=object)
    certain = np.array(found.classes, dtype=object)[None, :] == labels[:, None]
    return np.asarray(certain, dtype=np.float64)


def _decide(found: Predictions, positive: str | None, threshold: float | None) -> Threshold:
    if found.labels is not None and threshold is None:
        return Threshold({}, "the file itself says which class is predicted")
    if positive is None:
        return Threshold({}, "the most probable class is predicted")
    cut = HALF if threshold is None else threshold
    return Threshold(
        {positive: cut}, "the file names no class, so the more probable one" if threshold is None else "as asked"
    )


def _load(problem: str) -> ProblemFile:
    path = Path(problem)
    return load_problem(path.stem, folder=path.parent) if path.suffix == ".toml" else load_problem(problem)
