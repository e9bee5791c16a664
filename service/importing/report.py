"""What an import leaves to be read: a report in one HTML file, and a model card that says what is not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.bundle.columns import InputSpec
from service.evaluation.cells import mark, name_metric, show_estimate, show_interval, show_number
from service.evaluation.costs import EXPECTED_COST
from service.evaluation.drawing import Picture
from service.evaluation.intervals import Estimate
from service.evaluation.metrics import Evaluation
from service.evaluation.plots_model import (
    plot_calibration,
    plot_confusion,
    plot_costs,
    plot_precision_recall,
    plot_roc,
)
from service.importing.convert import Gap
from service.importing.foreign import Answers, Floats
from service.importing.judge import Judged
from service.pages.page import Cell, Table, render

TEMPLATES = Path(__file__).parent / "templates"
_SHOWN_ROWS = 10
UNKNOWN = (
    "Which rows it was trained on. Where some of these were among them, every figure here is too good: judge it on "
    "rows that are younger than the model.",
    "Which other models were tried, and by what this one was chosen.",
    "Whether its training saw all that can be missing or change in these columns: it is served what the table shows.",
)


@dataclass(frozen=True)
class Subject:
    """What is reported on: `lines` [rows] are the table's lines; `unknown` is what nobody here can tell of it."""

    name: str
    made_by: str
    table: Path
    sha256: str
    target: str
    labels: NDArray[np.object_]
    lines: NDArray[np.int64]
    left_out: Sequence[str] = ()
    unknown: Sequence[str] = UNKNOWN
    spec: InputSpec | None = None


@dataclass(frozen=True)
class Parity:
    """The served model beside the original: how far they are apart, and both answers to the table's rows."""

    gap: Gap
    tolerance: float
    original: Answers
    served: Floats

    @property
    def words(self) -> str:
        """In one sentence."""
        said = (
            f"On {self.gap.rows} rows the largest gap of a probability is {self.gap.largest:.2g} "
            f"(at most {self.tolerance:g} is allowed), and {self.gap.labels_differ} rows get another class."
        )
        if self.gap.ties:
            said += f" Of {self.gap.ties} rows that have two classes equally probable, the other one is predicted."
        return said


def render_report(subject: Subject, judged: Judged, parity: Parity | None, *, with_gate: bool = True) -> str:
    """The report as one HTML document; everything that it shows is inside it."""
    evaluation, estimates = judged.measured.evaluation, judged.measured.estimates
    return render(
        TEMPLATES,
        "imported.html",
        title=f"{subject.name}: report on an imported model" if parity else f"{subject.name}: report on predictions",
        objective=judged.problem.objective,
        verdict=_describe_verdict(judged) if with_gate else None,
        made_by=subject.made_by,
        decides=describe_decision(judged),
        metrics=Table(
            "Metrics on the table's rows",
            ["metric", "value"],
            [[name_metric(name), show_estimate(estimates[name])] for name in judged.selected],
            caption="With 95 % intervals.",
        ),
        unknown=list(subject.unknown),
        facts=_describe_rows(subject, evaluation),
        columns=_describe_columns(subject.spec) if subject.spec else None,
        pictures=list(_draw(judged)),
        worst=_find_worst(subject, evaluation) if judged.has_probabilities else None,
        parity={"words": parity.words, "rows": _show_gaps(subject, parity, evaluation.classes)} if parity else None,
    )


def render_card(subject: Subject, judged: Judged, parity: Parity) -> str:
    """The model card in Markdown."""
    estimates, verdict = judged.measured.estimates, judged.verdict
    names, counts = np.unique(subject.labels.astype(str), return_counts=True)
    return render(
        TEMPLATES,
        "imported-card.md",
        name=subject.name,
        objective=judged.problem.objective,
        made_by=subject.made_by,
        decides=describe_decision(judged),
        rows=len(subject.labels),
        table=subject.table.name,
        counts=", ".join(f"{name} {count}" for name, count in zip(names, counts, strict=True)),
        sha256=subject.sha256,
        costs=judged.problem.costs,
        expected_cost=_estimate_text(estimates[EXPECTED_COST]),
        verdict="passed" if verdict.passed else "refused: " + "; ".join(map(str, verdict.reasons)),
        parity=parity.words,
        metrics=[(name, _estimate_text(estimates[name])) for name in judged.selected],
        unknown=list(subject.unknown),
    )


def describe_decision(judged: Judged) -> str:
    """From which probability which class is predicted, and why."""
    if not judged.threshold.thresholds:
        return f"{judged.threshold.why[:1].upper()}{judged.threshold.why[1:]}."
    ((label, value),) = judged.threshold.thresholds.items()
    return f"{label} is predicted from a probability of {value:g}: {judged.threshold.why}."


def _describe_verdict(judged: Judged) -> Mapping[str, Any]:
    verdict = judged.verdict
    rows: list[list[str | Cell]] = [
        [
            check.metric,
            f"{check.floor:g}",
            show_interval(show_number(check.value), check.low, check.high),
            mark("holds" if check.holds else "does not hold", good=check.holds),
        ]
        for check in verdict.floors
    ]
    return {
        "passed": verdict.passed,
        "held": sum(check.holds for check in verdict.floors),
        "reasons": [str(reason) for reason in verdict.reasons],
        "floors": Table("The gate's floors", ["metric", "floor", "on the table's rows", ""], rows),
    }


def _describe_rows(subject: Subject, evaluation: Evaluation) -> Table:
    counts = ", ".join(f"{c} {int((evaluation.truth == i).sum())}" for i, c in enumerate(evaluation.classes))
    rows = [
        ["table", str(subject.table.name)],
        ["SHA-256", subject.sha256],
        ["rows", str(len(subject.labels))],
        ["target", subject.target],
        ["classes", counts],
        ["columns not looked at", ", ".join(subject.left_out) or "none"],
    ]
    return Table("The table of rows", [], rows, prose=(1,))


def _describe_columns(spec: InputSpec) -> Table:
    rows = [[c.name, c.type, "yes" if c.missing else "no", ", ".join(c.categories[:10])] for c in spec.columns]
    return Table("All columns", ["column", "type", "may be missing", "categories"], rows, prose=(1, 3))


def _draw(judged: Judged) -> Iterator[Picture]:
    evaluation = judged.measured.evaluation
    cut = next(iter(judged.threshold.thresholds.values()), None)
    yield plot_confusion(evaluation, f"{evaluation.rows} rows")
    if not judged.has_probabilities:
        return
    yield plot_roc(evaluation)
    yield plot_precision_recall(evaluation, cut)
    yield plot_calibration(evaluation)
    if cut is not None:
        yield plot_costs({"the table's rows": evaluation}, cut, judged.problem.costs, judged.prevalence)


def _find_worst(subject: Subject, evaluation: Evaluation) -> Table:
    """The rows whose true class got the smallest probability."""
    given = evaluation.probabilities[np.arange(evaluation.rows), evaluation.truth]
    classes = evaluation.classes
    rows = [
        [
            str(subject.lines[row]),
            classes[evaluation.truth[row]],
            classes[evaluation.predicted[row]],
            f"{given[row]:.4f}",
        ]
        for row in np.argsort(given, kind="stable")[:_SHOWN_ROWS]
    ]
    heads = ["line of the table", "true", "predicted", "probability of the true class"]
    return Table("The rows that it is most wrong about", heads, rows, prose=(1, 2))


def _show_gaps(subject: Subject, parity: Parity, classes: Sequence[str]) -> Table:
    """The rows on which the served model is farthest from the original."""
    gaps = np.abs(parity.original.probabilities - parity.served)
    rows = []
    for row in np.argsort(-gaps.max(axis=1), kind="stable")[:3]:
        place = int(gaps[row].argmax())
        before, now = parity.original.probabilities[row, place], parity.served[row, place]
        rows.append([str(subject.lines[row]), classes[place], f"{before:.8f}", f"{now:.8f}", f"{gaps[row, place]:.2g}"])
    return Table("The largest gaps", ["line of the table", "class", "original", "served", "gap"], rows, prose=(1,))


def _estimate_text(estimate: Estimate) -> str:
    note = f" ({estimate.measure.note})" if estimate.measure.note else ""
    low, high = show_number(estimate.interval.low), show_number(estimate.interval.high)
    return f"{show_number(estimate.measure.value)} ({low} to {high}){note}"
