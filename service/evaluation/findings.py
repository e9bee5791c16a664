"""Everything that the report, the model card and the release are written from, for one problem."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.bundle.folder import Release
from service.evaluation.advisor import Advice, advise
from service.evaluation.calibrated import calibrate_folds
from service.evaluation.comparison import (
    Comparison,
    Contender,
    Measured,
    decide_rows,
    describe_linear,
    measure_rows,
    run_comparison,
)
from service.evaluation.costs import EXPECTED_COST
from service.evaluation.exploration import Exploration, explore
from service.evaluation.gate import Verdict
from service.evaluation.intervals import RESAMPLES, Estimate
from service.evaluation.metrics import Floats
from service.evaluation.quality import report_quality
from service.evaluation.reliability import describe_reliability
from service.evaluation.verdict import judge_winner
from service.evaluation.workbench import Workbench
from service.training.algorithms import CALIBRATION_FOLDS
from service.training.splits import Rows
from service.training.tuning import Task

_LEARNING_SHARES = (0.1, 0.2, 0.4, 0.7, 1.0)
_LEARNING_FOLDS = 3
_HEADLINES = ("accuracy", "balanced_accuracy", "mcc", "log_loss", "brier", "calibration_error", EXPECTED_COST)
_BINARY_HEADLINES = ("precision", "recall", "specificity", "f1", "f2", "auc", "average_precision")
_MANY_HEADLINES = ("macro_precision", "macro_recall", "macro_f1", "macro_auc", "micro_auc", "weighted_f1")


@dataclass(frozen=True)
class Findings:
    """What steps 2 to 9 found. `cross_validated` measures the winner out of fold on the whole set."""

    bench: Workbench
    quality: Mapping[str, Any]
    exploration: Exploration
    comparison: Comparison
    cross_validated: Measured
    advice: Advice
    verdict: Verdict
    learning: tuple[list[int], dict[str, tuple[Floats, Floats]]]
    linear: Mapping[str, Any] | None

    @property
    def winner(self) -> Contender:
        """The contender to be released."""
        return self.comparison.contenders[self.comparison.winner]

    @property
    def judged(self) -> Measured:
        """What the gate judges: the winner's own answers to rows that it was not trained on, by its own threshold."""
        return self.winner.held_out

    @property
    def thresholds(self) -> dict[str, float]:
        """As in the manifest: of two classes the positive one's, else empty."""
        threshold, positive = self.winner.threshold, self.bench.positive
        return {positive: threshold} if positive is not None and threshold is not None else {}

    def to_metrics(self) -> dict[str, Any]:
        """The manifest's metrics: those that the gate judged, and those out of fold on the whole set.

        `held_out` is `judged` under its older name, for those who read it: for one release more.
        """
        judged = self.select(self.judged.estimates)
        return {
            "judged": judged,
            "held_out": judged,
            "held_out_rows": self.judged.evaluation.rows,
            "cross_validated": self.select(self.cross_validated.estimates),
            "reliability": describe_reliability(self.judged.evaluation),
        }

    def select(self, estimates: Mapping[str, Estimate]) -> dict[str, Any]:
        """The metrics that are read and compared: headlines, those with floors, each class's recall and precision."""
        return {name: estimates[name].to_document() for name in self.selected if name in estimates}

    @property
    def selected(self) -> tuple[str, ...]:
        """Names of the metrics that `select` keeps."""
        return _name_metrics(self.bench)

    def to_document(self) -> dict[str, Any]:
        """The whole comparison as plain data: metrics.json."""
        choice = self.comparison.choice
        return {
            "problem": self.bench.problem.name,
            "classes": list(self.bench.classes),
            "positive_class": self.bench.positive,
            "optimise": {
                "metric": choice.metric,
                "why": choice.why,
                "common": choice.common,
                "hides": choice.hides,
                "sizes": choice.sizes,
                "ask": choice.ask,
            },
            "winner": self.comparison.winner,
            "thresholds": self.thresholds,
            "judged": {name: e.to_document() for name, e in self.judged.estimates.items()},
            "cross_validated": {name: e.to_document() for name, e in self.cross_validated.estimates.items()},
            "contenders": {name: self._describe(c) for name, c in self.comparison.contenders.items()},
            "left_out": self.quality["left_out"],
            "linear": self.linear,
            "verdict": self.verdict.to_document(),
        }

    def _describe(self, contender: Contender) -> dict[str, Any]:
        gap = self.comparison.differences.get(contender.algorithm)
        return {
            "parameters": dict(contender.trial.parameters),
            "cross_validated_log_loss": round(contender.trial.log_loss, 6),
            "threshold": contender.threshold,
            "parity": {
                "rows": contender.parity.rows,
                "largest_gap": contender.parity.largest_gap,
                "labels_differ": contender.parity.labels_differ,
                "holds": contender.parity.holds,
            },
            "may_be_released": contender.may_be_released,
            "tuned": self.select(contender.tuned.estimates),
            "held_out": {name: e.to_document() for name, e in contender.held_out.estimates.items()},
            "against_winner": None
            if gap is None
            else {
                "value": round(gap.value, 6),
                "low": round(gap.low, 6),
                "high": round(gap.high, 6),
                "clear": gap.clear,
            },
        }


def gather_findings(
    bench: Workbench,
    *,
    released: Release | None,
    resamples: int = RESAMPLES,
    accept: tuple[str, ...] = (),
    fresh: Rows | None = None,
) -> Findings:
    """Run every step on a workbench. Finished fits are not redone.

    `fresh` are the rows that the released model cannot have been trained on; None: all of the held-out ones.
    """
    comparison = run_comparison(bench, resamples=resamples)
    winner = comparison.contenders[comparison.winner]
    verdict = judge_winner(bench, winner, released, names=_name_metrics(bench), accept=accept, fresh=fresh)
    return Findings(
        bench,
        report_quality(bench.dataset, bench.problem.ranges),
        explore(bench),
        comparison,
        cross_validate(bench, winner, resamples),
        advise_on(bench, winner),
        verdict,
        measure_learning(bench, winner),
        describe_linear(comparison, bench),
    )


def cross_validate(bench: Workbench, winner: Contender, resamples: int) -> Measured:
    """The winner's kind out of fold on every row: more rows than the gate judges, by models that are not released."""
    out_of_fold = bench.bench.predict_folds(winner.algorithm, winner.trial.parameters, bench.splits.judging)
    method = winner.calibration.method
    out_of_fold = calibrate_folds(bench, winner.algorithm, out_of_fold, bench.splits.judging, method).out_of_fold
    rows = bench.splits.judged
    decided = decide_rows(bench, out_of_fold[rows], winner.threshold)
    return measure_rows(bench, rows, out_of_fold[rows], decided, resamples=resamples)


def _name_metrics(bench: Workbench) -> tuple[str, ...]:
    """The metrics that are read and compared: headlines, those with floors, each class's recall and precision."""
    names = [*_HEADLINES, *(_BINARY_HEADLINES if bench.positive else _MANY_HEADLINES)]
    names += [f"{name}[{label}]" for name in ("recall", "precision") for label in bench.classes]
    names += [*bench.problem.floors, *(f"{n}[{c}]" for n in bench.problem.per_class_floors for c in bench.classes)]
    return tuple(dict.fromkeys(names))


def advise_on(bench: Workbench, winner: Contender) -> Advice:
    """The advisor's word on the winner's out-of-fold answers to the training rows."""
    evaluation = winner.tuned.evaluation
    return advise(
        evaluation.truth,
        evaluation.probabilities,
        bench.classes,
        bench.problem.costs,
        positive=bench.positive,
        prevalence=bench.problem.prevalence,
    )


def measure_learning(bench: Workbench, winner: Contender) -> tuple[list[int], dict[str, tuple[Floats, Floats]]]:
    """Log loss by the number of training rows, on rows seen and unseen: sizes, name -> (mean, spread) over folds."""
    rng = np.random.default_rng(bench.problem.splits.seed)
    folds = bench.splits.folds[:_LEARNING_FOLDS]
    grown = _grow([rng.permutation(fit) for fit, _ in folds], bench.truth)
    tasks = [
        Task(winner.algorithm, winner.trial.parameters, part, np.concatenate([part, judge]))
        for (_, judge), parts in zip(folds, grown, strict=True)
        for part in parts
    ]
    answers = bench.bench.predict(tasks)
    losses = np.array(
        [
            [
                _log_loss(bench, task.fit, answer[: len(task.fit)]),
                _log_loss(bench, task.judge[len(task.fit) :], answer[len(task.fit) :]),
            ]
            for task, answer in zip(tasks, answers, strict=True)
        ]
    )
    losses = losses.reshape(len(folds), -1, 2)
    sizes = [len(task.fit) for task in tasks[: losses.shape[1]]]
    names = ("seen", "unseen")
    return sizes, {name: (losses[:, :, i].mean(axis=0), losses[:, :, i].std(axis=0)) for i, name in enumerate(names)}


def _grow(folds: Sequence[Any], truth: Any) -> list[list[Any]]:
    """Nested parts of each fold's shuffled rows: of the sizes at which every class can be calibrated in every fold."""
    classes = int(truth.max()) + 1

    def take(share: float) -> list[Any]:
        return [rows[: int(len(rows) * share)] for rows in folds]

    def holds_every_class(rows: Any) -> bool:
        return bool(np.bincount(truth[rows], minlength=classes).min() >= CALIBRATION_FOLDS)

    fit = [parts for parts in map(take, _LEARNING_SHARES) if all(map(holds_every_class, parts))]
    return [list(parts) for parts in zip(*fit, strict=True)]


def _log_loss(bench: Workbench, rows: Any, probabilities: Floats) -> float:
    true = probabilities[np.arange(len(rows)), bench.truth[rows]]
    return float(-np.log(np.clip(true, np.finfo(np.float64).eps, 1.0)).mean())
