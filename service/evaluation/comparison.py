"""Every algorithm trained, exported and measured on the same rows; and which of them wins.

The winner is chosen on out-of-fold answers of the training rows, by the advisor's metric. Of those that are not clearly
worse than the best, the one that is quicker to serve and easier to explain is taken. The held-out rows choose nothing:
they are looked at once, when everything is decided.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from sklearn.pipeline import Pipeline

from service.bundle.decision import decide
from service.evaluation.advisor import SMALLER_IS_BETTER, Choice, choose_metric
from service.evaluation.calibrated import export_calibrated
from service.evaluation.coefficients import gather_coefficients
from service.evaluation.finals import Final, take_final
from service.evaluation.growing import add_growing
from service.evaluation.intervals import RESAMPLES, Difference, Estimate, bootstrap, compare, estimate
from service.evaluation.metrics import Evaluation, Floats
from service.evaluation.thresholds import decide_out_of_fold, find_threshold
from service.evaluation.workbench import Workbench
from service.training.algorithms import ALGORITHMS, BASELINE, LINEAR
from service.training.calibration import Calibration
from service.training.export import Parity
from service.training.pipeline import build_pipeline, fit_pipeline
from service.training.splits import Rows
from service.training.tuning import Trial

_NEAR_LEAST_LOSS = 1.02
_SHOWN_ROWS = 6


@dataclass(frozen=True)
class Measured:
    """One model's answers on some rows: every metric with its interval, and the resamples that pair up with others'."""

    evaluation: Evaluation
    estimates: Mapping[str, Estimate]
    samples: Mapping[str, Floats]


@dataclass(frozen=True)
class Contender:
    """One algorithm, tuned and trained on the training rows, and `calibration`, which its answers go through.

    `threshold` is chosen on its out-of-fold answers (None: the most probable class is predicted). `tuned` measures
    those answers, each decided by a threshold that had not seen the row; `held_out` measures the rows kept apart.
    """

    algorithm: str
    trial: Trial
    final: Final
    calibration: Calibration
    model: bytes
    parity: Parity
    threshold: float | None
    tuned: Measured
    held_out: Measured

    @property
    def may_be_released(self) -> bool:
        """Whether it answers like its export and is not the baseline."""
        return self.parity.holds and self.algorithm != BASELINE


@dataclass(frozen=True)
class Comparison:
    """The contenders by name, the metric that decides, the winner, and each one's gap to it on the held-out rows."""

    choice: Choice
    contenders: Mapping[str, Contender]
    winner: str
    differences: Mapping[str, Difference]


def run_comparison(bench: Workbench, *, resamples: int = RESAMPLES) -> Comparison:
    """Train, export and measure every algorithm of the problem, and choose the winner."""
    contenders: dict[str, Contender] = {}
    for number, algorithm in enumerate(bench.trials):
        bench.announce("contenders", number, len(bench.trials))
        contenders[algorithm] = _prepare_contender(bench, algorithm, resamples)
    bench.announce("contenders", len(bench.trials), len(bench.trials))
    counts = {label: int((bench.truth == index).sum()) for index, label in enumerate(bench.classes)}
    choice = choose_metric(bench.problem.costs, counts, positive=bench.positive, prevalence=bench.prevalence)
    winner = choose_winner(contenders, choice.metric, prefer=bench.problem.prefer)
    differences = {
        name: _difference(contender.held_out, contenders[winner].held_out, choice.metric)
        for name, contender in contenders.items()
        if name != winner
    }
    return Comparison(choice, contenders, winner, differences)


def choose_winner(contenders: Mapping[str, Contender], metric: str, *, prefer: str = "simple") -> str:
    """Of those that may be released and are not clearly worse than the best, the first in the order of ALGORITHMS.

    `prefer` "best": of those whose log loss is within 2 % of the least, the best by the metric.
    """
    fit = [name for name in ALGORITHMS if name in contenders and contenders[name].may_be_released]
    fit = fit or list(contenders)  # the gate refuses whoever is then first, with the reason
    if prefer == "best":
        fit = _list_most_honest(contenders, fit)
    sign = -1.0 if metric in SMALLER_IS_BETTER else 1.0
    best = max(fit, key=lambda name: sign * contenders[name].tuned.estimates[metric].measure.value)

    if prefer == "best":
        return best

    def is_clearly_worse(name: str) -> bool:
        gap = _difference(contenders[name].tuned, contenders[best].tuned, metric)
        return gap.clear and sign * gap.value < 0

    return next(name for name in fit if not is_clearly_worse(name))


def _list_most_honest(contenders: Mapping[str, Contender], names: Sequence[str]) -> list[str]:
    losses = {name: contenders[name].tuned.estimates["log_loss"].measure.value for name in names}
    return [name for name in names if losses[name] <= _NEAR_LEAST_LOSS * min(losses.values())]


def measure_rows(
    bench: Workbench, rows: Rows, probabilities: Floats, predicted: Any = None, *, resamples: int = RESAMPLES
) -> Measured:
    """Every metric of some rows, the expected cost among them. `probabilities` and `predicted` are of those rows."""
    evaluation = Evaluation(
        bench.truth[rows],
        probabilities,
        classes=bench.classes,
        positive=bench.positive,
        predicted=predicted,
        cost=bench.costs,
    )
    samples = bootstrap(evaluation, resamples=resamples, seed=bench.problem.splits.seed)
    found = estimate(evaluation, drawn=samples)
    return Measured(evaluation, add_growing(found, evaluation.truth), samples)


def decide_rows(bench: Workbench, probabilities: Floats, threshold: float | None) -> Any:
    """The predicted classes of rows by a threshold on the positive class; None where there is no threshold."""
    if threshold is None or bench.positive is None:
        return None
    return decide(probabilities, bench.classes, {bench.positive: threshold})


def decide_folds(bench: Workbench, probabilities: Floats, folds: Any) -> Any:
    """The predicted classes of all rows, each by a threshold chosen on the other folds; None without a threshold."""
    if bench.positive is None:
        return None
    positive = bench.classes.index(bench.positive)
    judged = [judge for _, judge in folds]
    return decide_out_of_fold(bench.truth, probabilities[:, positive], judged, bench.problem.costs, bench.prevalence)


def choose_threshold(bench: Workbench, probabilities: Floats, rows: Rows) -> float | None:
    """The threshold of least expected cost on these rows; None where there is no positive class."""
    if bench.positive is None:
        return None
    positive = bench.classes.index(bench.positive)
    truth, scores = bench.truth[rows] == positive, probabilities[rows, positive]
    return find_threshold(truth, scores, bench.problem.costs, bench.prevalence)


def describe_linear(comparison: Comparison, bench: Workbench) -> dict[str, Any] | None:
    """One-vs-rest beside softmax: coefficients, log loss, and the held-out rows whose probabilities differ most."""
    if not set(LINEAR) <= set(comparison.contenders):
        return None
    columns, coefficients = gather_coefficients({name: comparison.contenders[name].final.weights for name in LINEAR})
    found: dict[str, Any] = {"columns": columns, "models": {}}
    for name in LINEAR:
        contender = comparison.contenders[name]
        held_out = contender.held_out
        found["models"][name] = {
            "parameters": dict(contender.trial.parameters),
            "coefficients": np.round(coefficients[name], 4).tolist(),
            "log_loss": held_out.estimates["log_loss"].to_document(),
            "highest_probability_mean": round(float(held_out.evaluation.probabilities.max(axis=1).mean()), 4),
        }
    ours, theirs = (comparison.contenders[name].held_out.evaluation for name in LINEAR)
    gap = np.abs(ours.probabilities - theirs.probabilities)
    farthest = np.argsort(-gap.max(axis=1), kind="stable")[:_SHOWN_ROWS]
    found["rows"] = [
        {
            "row": int(bench.splits.held_out[i]),
            "true": bench.classes[ours.truth[i]],
            # Of each model the class predicted, its probability, and that of the true class.
            **{
                name: [
                    bench.classes[e.predicted[i]],
                    round(float(e.probabilities[i, e.predicted[i]]), 4),
                    round(float(e.probabilities[i, e.truth[i]]), 4),
                ]
                for name, e in zip(LINEAR, (ours, theirs), strict=True)
            },
        }
        for i in farthest
    ]
    found["largest_probability_gap"] = round(float(gap.max()), 4)
    found["mean_probability_gap"] = round(float(gap.mean()), 4)
    found["labels_differ"] = int((ours.predicted != theirs.predicted).sum())
    found["note"] = (
        "With two classes softmax is the sigmoid of one line, and so is one-vs-rest: the two are the same model."
        if len(bench.classes) == 2
        else "One-vs-rest fits each class's line alone and scales the answers to sum to 1; softmax fits them together."
    )
    return found


def _prepare_contender(bench: Workbench, algorithm: str, resamples: int) -> Contender:
    trial = bench.trials[algorithm][0]
    folds, training, held_out = bench.splits.folds, bench.splits.training, bench.splits.held_out
    raw = bench.bench.predict_folds(algorithm, trial.parameters, folds)
    final = take_final(bench, algorithm, trial.parameters, lambda: train(bench, algorithm, trial.parameters, training))
    tuned = bench.splits.tuned
    chosen, model, parity = export_calibrated(bench, algorithm, final, raw)
    seen = chosen.out_of_fold
    threshold = choose_threshold(bench, seen, tuned)
    kept = chosen.calibration.apply(final.answers[held_out])
    decided = decide_folds(bench, seen, folds)
    return Contender(
        algorithm,
        trial,
        final,
        chosen.calibration,
        model,
        parity,
        threshold,
        measure_rows(bench, tuned, seen[tuned], None if decided is None else decided[tuned], resamples=resamples // 4),
        measure_rows(bench, held_out, kept, decide_rows(bench, kept, threshold), resamples=resamples),
    )


def train(bench: Workbench, algorithm: str, parameters: Mapping[str, Any], rows: Rows) -> Pipeline:
    """Fit one algorithm on some rows."""
    pipeline = build_pipeline(
        algorithm,
        parameters,
        bench.dataset,
        classes=len(bench.classes),
        seed=bench.problem.splits.seed,
        balanced=bench.balanced,
    )
    return fit_pipeline(pipeline, bench.dataset.rows()[rows], bench.truth[rows])


def _difference(ours: Measured, theirs: Measured, metric: str) -> Difference:
    gap = ours.estimates[metric].measure.value - theirs.estimates[metric].measure.value
    return compare(ours.samples, theirs.samples, metric, gap=gap)
