"""Step 8, present: one HTML file that opens from disk, without network, on a desktop or a phone.

What is said stands in templates/report.html; here and in report_data and report_models is the data of each section.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from service.evaluation.beside import Beside
from service.evaluation.cells import mark, name_metric, show_estimate, show_interval, show_number, show_parameters
from service.evaluation.closer import Closer
from service.evaluation.costs import EXPECTED_COST
from service.evaluation.findings import Findings
from service.evaluation.report_closer import describe_beside, describe_closer
from service.evaluation.report_data import describe_data, describe_exploration
from service.evaluation.report_models import describe_comparison, describe_linear_models, describe_winner
from service.pages.page import Table, render
from service.training.algorithms import ALGORITHMS

TEMPLATES = Path(__file__).parent / "templates"
_SECTIONS = {
    "summary": "In short",
    "data": "The data",
    "explore": "What it looks like",
    "tune": "What was tried",
    "compare": "The algorithms side by side",
    "winner": "The winner",
    "closer": "The winner, closely",
    "gate": "The gate",
}
_HEADLINES = ("accuracy", "recall", "specificity", "auc", "macro_f1", EXPECTED_COST)


def render_report(found: Findings, closer: Closer, beside: Sequence[Beside]) -> str:
    """The whole report as one HTML document; everything it shows is inside it."""
    return render(
        TEMPLATES,
        "report.html",
        title=f"{found.bench.problem.name}: model report",
        objective=found.bench.problem.objective,
        sections=_SECTIONS,
        summary=_summarise(found),
        data=describe_data(found),
        exploration=describe_exploration(found),
        tuning=_describe_tuning(found),
        comparison=describe_comparison(found),
        linear=describe_linear_models(found),
        winner=describe_winner(found),
        closer=describe_closer(closer),
        beside=describe_beside(beside),
        gate=_describe_gate(found),
    )


def _summarise(found: Findings) -> Mapping[str, Any]:
    verdict, choice = found.verdict, found.comparison.choice
    return {
        "passed": verdict.passed,
        "reasons": [str(reason) for reason in verdict.reasons] if not verdict.passed else [],
        "floors": len(verdict.floors),
        "floors_held": sum(check.holds for check in verdict.floors),
        "contenders": len(found.comparison.contenders),
        "winner": ALGORITHMS[found.winner.algorithm].title,
        "training_rows": len(found.bench.splits.training),
        "held_out_rows": found.winner.held_out.evaluation.rows,
        "cross_validated_rows": found.cross_validated.evaluation.rows,
        "metric": name_metric(choice.metric),
        "why": choice.why,
        "sizes": choice.sizes,
        "ask": choice.ask,
        "common_metric": name_metric(choice.common),
        "hides": choice.hides,
        "threshold": _describe_threshold(found),
        "metrics": _headlines(found),
    }


def _describe_threshold(found: Findings) -> Mapping[str, Any] | None:
    """What the winner's threshold costs, and what 0.5 would; None where there are more than two classes."""
    best, half = found.advice.best, found.advice.half
    if best is None or half is None or found.winner.threshold is None:
        return None
    return {
        "positive": found.bench.positive or "",
        "value": found.winner.threshold,
        "cost": best.cost_per_1000,
        "cost_at_half": half.cost_per_1000,
    }


def _headlines(found: Findings) -> Table:
    judged, others = found.judged.estimates, found.cross_validated.estimates
    return Table(
        "The winner's metrics",
        ["metric", "judged, held out", "cross-validated"],
        [
            [name_metric(name), show_estimate(judged[name]), show_estimate(others[name])]
            for name in _HEADLINES
            if name in judged
        ],
        caption="95 % intervals, of each metric in its own way: docs/reference/metrics.md.",
    )


def _describe_tuning(found: Findings) -> Mapping[str, Any]:
    rows = [
        [ALGORITHMS[name].title, show_parameters(trial.parameters), f"{trial.log_loss:.4f}", f"{trial.spread:.4f}"]
        for name, trials in found.bench.trials.items()
        for trial in trials
    ]
    heads = ["algorithm", "parameters", "log loss", "spread of folds"]
    return {
        "folds": found.bench.problem.splits.folds,
        "balanced": found.bench.balanced,
        "trials": Table("What was tried", heads, rows, prose=(1,)),
    }


def _describe_gate(found: Findings) -> Mapping[str, Any]:
    verdict, others = found.verdict, found.cross_validated.estimates
    rows = [
        [
            check.metric,
            f"{check.floor:g}",
            show_interval(show_number(check.value), check.low, check.high),
            show_estimate(others[check.metric]) if check.metric in others else "",
            mark("holds" if check.holds else "does not hold", good=check.holds),
        ]
        for check in verdict.floors
    ]
    worse = [f"{r.metric}: {r.reason}" for r in (*verdict.regressions, *verdict.accepted)]
    heads = ["metric", "floor", "judged, held out", "cross-validated", ""]
    compared = verdict.paired.rows if verdict.paired else 0
    return {
        "worse": worse,
        "compared": compared,
        "constant": verdict.constant,
        "floors": Table("The gate's floors", heads, rows),
    }
