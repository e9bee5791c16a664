"""What to optimise, and where to put the threshold: from what mistakes cost and how often the positive class comes.

The expected loss of a threshold, for 1,000 cases to come with prevalence p:

    1000 * (p * (1 - recall) * cost of a false negative + (1 - p) * (1 - specificity) * cost of a false positive)

For several classes see `service.evaluation.costs`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from service.evaluation.costs import EXPECTED_COST, tabulate_costs
from service.evaluation.metrics import Floats, confusion_matrix
from service.evaluation.thresholds import Point, find_threshold, measure_threshold, theoretical_threshold
from service.training.problem import Costs

SMALLER_IS_BETTER = (EXPECTED_COST, "log_loss", "brier", "calibration_error")
_UNEVEN_COSTS = 1.5
_UNEVEN_CLASSES = 3.0
_LOPSIDED_CLASSES = 1.5  # from here on accuracy flatters whoever answers with the larger class


@dataclass(frozen=True)
class Choice:
    """The metric to optimise and why; the one commonly taken, and what it would hide here.

    `sizes` says how the classes' rows compare; `ask` what a person should say first, "" where everything is said.
    """

    metric: str
    why: str
    common: str
    hides: str
    sizes: str = ""
    ask: str = ""


@dataclass(frozen=True)
class Advice:
    """The choice of metric; for two classes also the threshold of least expected cost, beside 0.5, and the tug of war.

    `theoretical` is the threshold that perfectly calibrated probabilities would ask for at the stated prevalence. For
    more classes `by_cost` is the loss of giving each row the class of least expected cost, not the most probable one.
    """

    choice: Choice
    best: Point | None
    half: Point | None
    theoretical: float | None
    tug_of_war: tuple[Point, ...]
    cost_per_1000: float
    by_cost: float | None = None

    def to_document(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return asdict(self)


def choose_metric(costs: Costs, counts: Mapping[str, int], *, positive: str | None, prevalence: float) -> Choice:
    """Name the metric that the costs and the classes ask for. `counts`: rows of each class."""
    choice = _choose_metric(costs, counts, positive=positive, prevalence=prevalence)
    return replace(choice, sizes=_say_sizes(counts), ask=_ask_costs(costs))


def _say_sizes(counts: Mapping[str, int]) -> str:
    largest, smallest = max(counts, key=lambda c: counts[c]), min(counts, key=lambda c: counts[c])
    ratio = counts[largest] / counts[smallest]
    return f"{largest} has {counts[largest]:,} rows, {smallest} {counts[smallest]:,}: a ratio of {ratio:.1f} to 1"


def _ask_costs(costs: Costs) -> str:
    """Costs that are equal are seldom meant: most often nobody has said what a mistake costs."""
    if costs.matrix or costs.false_positive != costs.false_negative:
        return ""
    return (
        "a false positive and a false negative cost the same in the problem file: if that is not so, say under [costs] "
        "what each costs, since the metric, the threshold and the winner follow from it"
    )


def _choose_metric(costs: Costs, counts: Mapping[str, int], *, positive: str | None, prevalence: float) -> Choice:
    largest, smallest = max(counts, key=lambda c: counts[c]), min(counts, key=lambda c: counts[c])
    imbalance = counts[largest] / counts[smallest]
    share = counts[largest] / sum(counts.values())
    if positive is None or len(counts) > 2:
        if costs.matrix:
            return _choose_by_matrix(largest, share)
        return _choose_for_many(counts, largest, smallest, imbalance, share)
    ratio = costs.false_negative / costs.false_positive
    lazy = max(prevalence, 1 - prevalence)
    if max(ratio, 1 / ratio) >= _UNEVEN_COSTS:
        worse, better = ("miss", "false alarm") if ratio > 1 else ("false alarm", "miss")
        return Choice(
            EXPECTED_COST,
            f"a {worse} costs {max(ratio, 1 / ratio):g} times a {better}, and {prevalence:.0%} of the cases are "
            f"{positive}: the loss to expect weighs both mistakes by what they cost and how often they can happen",
            "accuracy",
            f"it counts a {worse} and a {better} alike: a model that never looks scores {lazy:.2f} by always giving "
            f"the commoner answer",
        )
    if imbalance >= _UNEVEN_CLASSES:
        return Choice(
            "average_precision",
            f"both mistakes cost alike, but {largest} has {imbalance:.1f} times the rows of {smallest}: what matters "
            f"is how pure the cases called {positive} stay as more of them are found",
            "accuracy",
            f"always answering {largest} scores {share:.2f} and finds nothing; AUC, too, looks high when the many "
            f"negatives are easy",
        )
    if imbalance >= _LOPSIDED_CLASSES:
        return Choice(
            "mcc",
            f"both mistakes cost alike, and {largest} has {imbalance:.1f} times the rows of {smallest}: the Matthews "
            f"correlation of answer and truth needs both classes to be told well. Balanced accuracy would do where a "
            f"row of either class matters alike, average precision where the likeliest {positive} are worked off first",
            "accuracy",
            f"always answering {largest} scores {share:.2f} and tells nothing: its correlation is 0",
        )
    return Choice(
        "accuracy",
        "both mistakes cost about the same and the classes are of about the same size: the share of right answers "
        "says it all",
        "accuracy",
        "which of the two classes the mistakes fall on: read recall and specificity beside it",
    )


def _choose_by_matrix(largest: str, share: float) -> Choice:
    return Choice(
        EXPECTED_COST,
        "the problem file says what each confusion costs: the loss to expect weighs every wrong answer by that",
        "accuracy",
        f"it counts a dear confusion and a cheap one alike, and always answering {largest} scores {share:.2f}",
    )


def _choose_for_many(counts: Mapping[str, int], largest: str, smallest: str, imbalance: float, share: float) -> Choice:
    if imbalance >= _UNEVEN_CLASSES:
        return Choice(
            "balanced_accuracy",
            f"{largest} has {imbalance:.1f} times the rows of {smallest}: the mean of the classes' recalls counts each "
            f"class once, however rare",
            "accuracy",
            f"always answering {largest} scores {share:.2f}; a rare class could be missed whole and hardly show",
        )
    if imbalance >= _LOPSIDED_CLASSES:
        return Choice(
            "balanced_accuracy",
            f"{largest} has {imbalance:.1f} times the rows of {smallest}: the mean of the classes' recalls counts each "
            f"class once. The correlation (MCC) would do as well, and macro F1 where false calls matter as misses do",
            "accuracy",
            f"always answering {largest} scores {share:.2f}, and mistakes among its rows outweigh those of {smallest}",
        )
    return Choice(
        "macro_f1",
        f"{len(counts)} classes of about the same size (the largest has {imbalance:.1f} times the rows of the "
        f"smallest) matter alike: the mean of their F1 punishes misses and false calls of each",
        "accuracy",
        f"one class in {len(counts)} could be wrong half of the time and accuracy would still say about "
        f"{1 - 0.5 / len(counts):.2f}: read the worst class's recall",
    )


def advise(
    truth: NDArray[np.intp],
    probabilities: Floats,
    classes: Sequence[str],
    costs: Costs,
    *,
    positive: str | None,
    prevalence: float | None,
) -> Advice:
    """Advice from out-of-fold answers: `truth` [n] are indices into `classes`, `probabilities` [n, k].

    `prevalence` None: as in these rows.
    """
    counts = {label: int((truth == index).sum()) for index, label in enumerate(classes)}
    if positive is None or len(classes) > 2:
        return _advise_many(truth, probabilities, classes, costs, counts)
    index = list(classes).index(positive)
    is_positive, scores = truth == index, probabilities[:, index]
    share = float(is_positive.mean()) if prevalence is None else prevalence

    def at(threshold: float) -> Point:
        return measure_threshold(is_positive, scores, threshold, costs, share)

    best = at(find_threshold(is_positive, scores, costs, share))
    shown = sorted({0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98, best.threshold})
    return Advice(
        choose_metric(costs, counts, positive=positive, prevalence=share),
        best,
        at(0.5),
        theoretical_threshold(costs, share, float(is_positive.mean())),
        tuple(at(threshold) for threshold in shown),
        best.cost_per_1000,
    )


def _advise_many(
    truth: NDArray[np.intp], probabilities: Floats, classes: Sequence[str], costs: Costs, counts: Mapping[str, int]
) -> Advice:
    table = tabulate_costs(costs, classes, positive=None, prevalence=0.0)
    by_share, by_cost = (
        float(table(confusion_matrix(truth, answers, len(classes))))
        for answers in (probabilities.argmax(axis=1), (probabilities @ table.table).argmin(axis=1))
    )
    choice = choose_metric(costs, counts, positive=None, prevalence=0.0)
    return Advice(choice, None, None, None, (), by_share, by_cost if costs.matrix else None)
