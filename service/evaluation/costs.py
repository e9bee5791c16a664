"""What answers cost, from the problem file's costs: for confusion matrices of any number of resamples at once.

The expected loss of 1,000 cases to come, of which each class has its share:

    1000 * sum over classes of share * sum over answers of (how often that class gets that answer) * its cost

Of two classes the positive one's share is the problem file's `prevalence`, and a wrong answer costs what a false
positive or a false negative does. Of more classes the shares are those of the rows; a wrong answer is a false negative
of its own class and a false positive of another: it costs both, unless `costs.matrix` says what just this confusion
costs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from service.errors import InvalidInput, Mistake
from service.evaluation.ranking import Floats, divide
from service.training.problem import Costs

EXPECTED_COST = "expected_cost"


@dataclass(frozen=True)
class CostTable:
    """`table` [k, k]: what it costs to answer column where row is true. `shares` [k] of the cases; None: the rows'."""

    table: Floats
    shares: Floats | None

    def __call__(self, matrix: ArrayLike) -> Floats:
        """The expected loss of 1,000 cases, of matrices [..., k, k]; NaN where a class with a share has no row."""
        counts = np.asarray(matrix, dtype=np.float64)
        if self.shares is None:
            return 1000 * divide((counts * self.table).sum(axis=(-2, -1)), counts.sum(axis=(-2, -1)))
        rates = divide(counts, counts.sum(axis=-1, keepdims=True))
        return np.asarray(1000 * ((rates * self.table).sum(axis=-1) * self.shares).sum(axis=-1))

    def find_constant(self, truth: ArrayLike) -> tuple[int, float]:
        """The answer that is cheapest when it is given to every row, and its expected loss: what looking must beat."""
        k = len(self.table)
        rows = np.bincount(np.asarray(truth, dtype=np.intp), minlength=k).astype(np.float64)
        always = [self(np.outer(rows, np.arange(k) == answer)) for answer in range(k)]
        cheapest = int(np.nanargmin(always))
        return cheapest, float(always[cheapest])


def tabulate_costs(costs: Costs, classes: Sequence[str], *, positive: str | None, prevalence: float) -> CostTable:
    """The table of a problem. Raises InvalidInput where `costs.matrix` does not fit the classes."""
    names, k = list(classes), len(classes)
    _refuse_unknown(costs, names)
    table = (costs.false_positive + costs.false_negative) * (1.0 - np.eye(k))
    for true, answers in costs.matrix.items():
        for answer, cost in answers.items():
            table[names.index(true), names.index(answer)] = cost
    if positive is None or k > 2:
        return CostTable(table, None)
    index = names.index(positive)
    table = np.zeros((2, 2))
    table[1 - index, index], table[index, 1 - index] = costs.false_positive, costs.false_negative
    return CostTable(table, np.where(np.arange(2) == index, prevalence, 1 - prevalence))


def _refuse_unknown(costs: Costs, names: Sequence[str]) -> None:
    if costs.matrix and len(names) == 2:
        hint = "of two classes, false_positive and false_negative say it all"
        raise InvalidInput("costs.matrix is for more than two classes", hint=hint)
    named = dict.fromkeys(label for true, answers in costs.matrix.items() for label in (true, *answers))
    unknown = [Mistake(f"costs.matrix {label}", "is not a class of the data") for label in named if label not in names]
    if unknown:
        raise InvalidInput("costs.matrix names other classes", unknown, hint=f"the classes are {', '.join(names)}")


def expected_cost(recall: Any, specificity: Any, costs: Costs, prevalence: float) -> Any:
    """The expected loss of 1,000 cases of two classes, in the unit of the costs: numbers or arrays."""
    missed = prevalence * (1 - recall) * costs.false_negative
    alarmed = (1 - prevalence) * (1 - specificity) * costs.false_positive
    return 1000 * (missed + alarmed)
