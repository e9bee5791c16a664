"""The model card (Mitchell et al. 2019): what the model is for, how well it does, and what it is not for."""

from __future__ import annotations

from service.evaluation.cells import show_number
from service.evaluation.costs import EXPECTED_COST
from service.evaluation.findings import Findings
from service.evaluation.intervals import Estimate
from service.evaluation.report import TEMPLATES
from service.pages.page import render
from service.training.algorithms import ALGORITHMS


def render_card(found: Findings) -> str:
    """The model card in Markdown; its words stand in templates/model-card.md."""
    problem, judged, others = found.bench.problem, found.judged.estimates, found.cross_validated
    return render(
        TEMPLATES,
        "model-card.md",
        name=problem.name,
        objective=problem.objective,
        winner=ALGORITHMS[found.winner.algorithm].title,
        parameters=dict(found.winner.trial.parameters),
        training_rows=len(found.bench.splits.training),
        thresholds=", ".join(f"`{label}` from a probability of {t:g}" for label, t in found.thresholds.items()),
        quality=found.quality,
        counts=", ".join(f"{label} {count}" for label, count in found.quality["classes"].items()),
        costs=problem.costs,
        expected_cost=_estimate_text(judged[EXPECTED_COST]),
        verdict="passed" if found.verdict.passed else "refused: " + "; ".join(map(str, found.verdict.reasons)),
        judged_rows=found.verdict.rows,
        cross_validated_rows=others.evaluation.rows,
        metrics=[
            (name, _estimate_text(judged[name]), _estimate_text(others.estimates[name]))
            for name in found.selected
            if name in judged
        ],
    )


def _estimate_text(estimate: Estimate) -> str:
    note = f" ({estimate.measure.note})" if estimate.measure.note else ""
    low, high = show_number(estimate.interval.low), show_number(estimate.interval.high)
    return f"{show_number(estimate.measure.value)} ({low} to {high}){note}"
