"""The model card (Mitchell et al. 2019): what the model is for, how well it does, and what it is not for."""

from __future__ import annotations

from service.evaluation.advisor import EXPECTED_COST
from service.evaluation.findings import Findings
from service.evaluation.intervals import Estimate
from service.evaluation.markup import show_number
from service.training.algorithms import ALGORITHMS


def render_card(found: Findings) -> str:
    """The model card (Mitchell et al. 2019) in Markdown."""
    problem, judged, held = found.bench.problem, found.judged.estimates, found.winner.held_out
    rows = [name for name in found.selected if name in judged]
    table = [f"| {name} | {_estimate_text(judged[name])} | {_estimate_text(held.estimates[name])} |" for name in rows]
    threshold = ", ".join(f"`{label}` from a probability of {t:g}" for label, t in found.thresholds.items())
    quality = found.quality
    counts = ", ".join(f"{label} {count}" for label, count in quality["classes"].items())
    verdict = "passed" if found.verdict.passed else "refused: " + "; ".join(str(r) for r in found.verdict.reasons)
    return "\n".join(
        [
            f"# Model card: {problem.name}",
            "",
            f"**For:** {problem.objective}",
            "",
            f"**Model:** {ALGORITHMS[found.winner.algorithm].title}, parameters {dict(found.winner.trial.parameters)}, "
            f"trained on {len(found.bench.splits.training)} rows; exported to ONNX.",
            "",
            f"**Predicts:** {threshold or 'the most probable class'}.",
            "",
            f"**Data:** {quality['name']}, {quality['rows']} rows ({counts}), SHA-256 `{quality['sha256']}`; "
            f"{quality['missing_values']} missing values.",
            "",
            f"**Costs:** a false positive {problem.costs.false_positive:g}, a false negative "
            f"{problem.costs.false_negative:g}; expected loss of 1,000 cases: {_estimate_text(judged[EXPECTED_COST])}.",
            "",
            f"**Release gate:** {verdict}.",
            "",
            "## Metrics",
            "",
            f"With 95 % intervals. *Judged*: out-of-fold predictions of all {found.verdict.rows} rows, by models that "
            f"had not seen the row. *Held out*: {held.evaluation.rows} rows that neither training nor tuning touched, "
            f"by the released model itself.",
            "",
            "| metric | judged | held out |",
            "|---|---|---|",
            *table,
            "",
            "## Not for",
            "",
            "- Rows measured otherwise than these were: see what the manifest's `reference` holds of each feature.",
            "- Cases of another prevalence, unless the problem file's `prevalence` says so: the threshold rests on it.",
            "- Deciding alone. It was judged on the data named above and on no other population.",
            "",
        ]
    )


def _estimate_text(estimate: Estimate) -> str:
    note = f" ({estimate.measure.note})" if estimate.measure.note else ""
    low, high = show_number(estimate.interval.low), show_number(estimate.interval.high)
    return f"{show_number(estimate.measure.value)} ({low} to {high}){note}"
