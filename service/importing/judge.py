"""An imported model on its table: which class it predicts, how well it does, and whether the gate lets it pass.

The table's rows are rows that it is judged on, no more: whether it was trained on some of them nobody here knows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.bundle.decision import decide
from service.bundle.manifest import Manifest
from service.errors import InvalidInput, Mistake, ReleaseRefused
from service.evaluation.comparison import Measured
from service.evaluation.costs import EXPECTED_COST, tabulate_costs
from service.evaluation.gate import Verdict, judge_release
from service.evaluation.growing import add_growing
from service.evaluation.intervals import RESAMPLES, bootstrap, estimate
from service.evaluation.metrics import Evaluation
from service.importing.foreign import Floats
from service.training.export import Parity
from service.training.problem import ProblemFile

HALF = 0.5
SEED = 20
_HEADLINES = ("accuracy", "balanced_accuracy", "mcc", "log_loss", "brier", "calibration_error", EXPECTED_COST)
_BINARY_HEADLINES = ("precision", "recall", "specificity", "f1", "f2", "auc", "average_precision")
_NEED_PROBABILITIES = ("auc", "average_precision", "log_loss", "brier", "calibration_error")
_MANY_HEADLINES = ("macro_precision", "macro_recall", "macro_f1", "macro_auc", "micro_auc", "weighted_f1")


@dataclass(frozen=True)
class Threshold:
    """From which probability the positive class is predicted, as in the manifest, and where that number comes from."""

    thresholds: Mapping[str, float]
    why: str


@dataclass(frozen=True)
class Judged:
    """What was found of a model: its metrics on the table's rows, and the gate's verdict.

    Without `has_probabilities` only labels are known, and what needs more is left out of `selected`.
    """

    problem: ProblemFile
    positive: str | None
    prevalence: float
    threshold: Threshold
    measured: Measured
    verdict: Verdict
    has_probabilities: bool = True

    @property
    def selected(self) -> tuple[str, ...]:
        """Names of the metrics that are read: headlines, those with floors, each class's recall and precision."""
        names = [*_HEADLINES, *(_BINARY_HEADLINES if self.positive else _MANY_HEADLINES)]
        names += [f"{name}[{c}]" for name in ("recall", "precision") for c in self.measured.evaluation.classes]
        names += [check.metric for check in self.verdict.floors]
        if not self.has_probabilities:
            names = [name for name in names if not any(part in name for part in _NEED_PROBABILITIES)]
        return tuple(name for name in dict.fromkeys(names) if name in self.measured.estimates)

    def to_metrics(self) -> dict[str, Any]:
        """The manifest's metrics: those of the table's rows."""
        return {"judged": {name: self.measured.estimates[name].to_document() for name in self.selected}}


def choose_positive(classes: Sequence[str], asked: str | None, truth: NDArray[np.object_]) -> str | None:
    """The positive class of two: the one that is asked for, else the rarer in the table; None where there are more."""
    if len(classes) != 2:
        return None
    if asked is not None and asked not in classes:
        what = f"the positive class {asked!r} is not one of the model's"
        raise InvalidInput(what, hint=f"it is one of {', '.join(classes)}")
    return asked or min(classes, key=lambda name: (int((truth == name).sum()), name))


def choose_threshold(
    classes: Sequence[str],
    positive: str | None,
    probabilities: Floats,
    labels: NDArray[np.object_] | None,
    asked: float | None,
) -> Threshold:
    """The threshold that is asked for, else the one by which the model itself predicts.

    Raises InvalidInput where its labels do not come from its probabilities by any: what is served decides by one.
    """
    if positive is None:
        if asked is not None:
            raise InvalidInput("--threshold is for two classes", hint="leave it out: the most probable class is served")
        return Threshold({}, "the most probable class is predicted")
    if asked is not None:
        return Threshold({positive: asked}, "it was asked for by --threshold")
    if labels is None:
        return Threshold({positive: HALF}, "the model gives no labels of its own, so the more probable class")
    return _find_own(list(classes).index(positive), positive, probabilities, labels)


def _find_own(place: int, positive: str, probabilities: Floats, labels: NDArray[np.object_]) -> Threshold:
    scores, chosen = probabilities[:, place].astype(np.float32), labels == positive
    below = float(scores[~chosen].max()) if (~chosen).any() else 0.0
    above = float(scores[chosen].min()) if chosen.any() else 1.0
    if below < HALF <= above:
        return Threshold({positive: HALF}, "the model itself predicts the more probable class")
    if below < above:
        cut = below + (above - below) / 2
        return Threshold({positive: cut}, f"the model itself predicts {positive} from a probability of {cut:.6g} on")
    wrong = int(((scores >= HALF) != chosen).sum())
    what = f"the model's own labels do not follow from its probabilities: {wrong} of {len(labels)} rows at 0.5"
    hint = "what is served decides by a probability: --threshold 0.5 says that this is meant"
    raise InvalidInput(f"{what}, and no other threshold gives them", hint=hint)


def judge(
    problem: ProblemFile,
    classes: Sequence[str],
    truth: NDArray[np.object_],
    probabilities: Floats,
    *,
    positive: str | None,
    threshold: Threshold,
    parity: Parity,
    released: Manifest | None,
    accept: Sequence[str] = (),
    predicted: NDArray[np.object_] | None = None,
    has_probabilities: bool = True,
    resamples: int = RESAMPLES,
) -> Judged:
    """Measure a model's answers to the table, and hold them to the problem's floors.

    `predicted` are the classes where they do not follow from the threshold.
    """
    names = {name: place for place, name in enumerate(classes)}
    true = np.array([names[label] for label in truth.tolist()], dtype=np.intp)
    if predicted is None:
        chosen = decide(probabilities, classes, threshold.thresholds)
    else:
        chosen = np.array([names[label] for label in predicted.tolist()], dtype=np.intp)
    prevalence = problem.prevalence or (float((true == names[positive]).mean()) if positive else 0.0)
    costs = tabulate_costs(problem.costs, classes, positive=positive, prevalence=prevalence)
    evaluation = Evaluation(true, probabilities, classes=classes, positive=positive, predicted=chosen, cost=costs)
    samples = bootstrap(evaluation, resamples=resamples, seed=SEED)
    measured = Measured(evaluation, add_growing(estimate(evaluation, drawn=samples), true), samples)
    verdict = judge_release(
        problem,
        measured.estimates,
        classes=classes,
        parity=parity,
        algorithm="imported",
        rows=len(true),
        released=released,
        accept=accept,
    )
    return Judged(problem, positive, prevalence, threshold, measured, verdict, has_probabilities)


def refuse_verdict(judged: Judged, classes: Sequence[str]) -> None:
    """Raise ReleaseRefused unless the gate lets the model pass; of one that does worse than guessing, say so."""
    if judged.verdict.passed:
        return
    balanced = judged.measured.estimates["balanced_accuracy"].measure.value
    guessing = 1 / len(classes)
    if balanced < guessing:
        what = f"its balanced accuracy, {balanced:.3f}, is below guessing, {guessing:.3f}: it contradicts its table"
        hint = f"are its classes in the right order? --classes {','.join(reversed(classes))}; are the columns?"
        raise ReleaseRefused("the release gate said no", [Mistake("model", what), *judged.verdict.reasons], hint=hint)
    judged.verdict.require()
