"""Intervals of what a confusion matrix says, for any number of matrices [..., k, k] at once.

A metric that is one proportion of rows has the exact interval of a proportion. Any other is a function of independent
proportions, each class's recall and the classes' shares: each is moved to the ends of its own interval while the others
stay, and the metric's moves are squared and added (method of variance estimates recovery: Newcombe 1998, Zou and Donner
2008). A matrix without a mistake has an interval this way, where a bootstrap of its rows finds nothing to vary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from service.evaluation.proportions import LEVEL, bound_proportions
from service.evaluation.ranking import Floats, divide

Ends = tuple[Floats, Floats]
Count = Callable[[Floats], dict[str, Floats]]  # confusion matrices [..., k, k] -> metrics by name [...]
_POOLED = ("precision", "recall", "f1", "f2")


def bound_counts(
    matrices: ArrayLike, count: Count, *, classes: Sequence[str], positive: int | None, level: float = LEVEL
) -> dict[str, Ends]:
    """Both ends [...] of the interval of every metric that `count` gives; NaN where the metric is."""
    counts = np.asarray(matrices, dtype=np.float64)
    found, moved = count(counts), count(_move(counts, level))
    ends = {name: _add_squares(value, moved[name]) for name, value in found.items()}
    exact = _bound_single(counts, classes, positive, level)
    for name, (low, high) in exact.items():
        undefined = np.isnan(found[name])
        ends[name] = np.where(undefined, np.nan, low), np.where(undefined, np.nan, high)
    return ends


def _add_squares(value: Floats, moved: Floats) -> Ends:
    """`moved` [2, m, ...]: the metric [...] with each of m proportions at its lower and at its upper end."""
    steps = np.nan_to_num(moved - value)
    down, up = np.minimum(steps.min(axis=0), 0.0), np.maximum(steps.max(axis=0), 0.0)
    return value - np.sqrt((down**2).sum(axis=0)), value + np.sqrt((up**2).sum(axis=0))


def _move(counts: Floats, level: float) -> Floats:
    """Matrices [2, m, ..., k, k]: each class's recall, then each class's share, at its lower and at its upper end."""
    k, rows = counts.shape[-1], counts.sum(axis=-1)
    recalls = bound_proportions(np.diagonal(counts, axis1=-2, axis2=-1), rows, level=level)
    shares = bound_proportions(rows, rows.sum(axis=-1, keepdims=True), level=level)
    free = k - 1 if k == 2 else k  # of two classes the share of one says the other's
    return np.stack(
        [
            np.concatenate([_with_recalls(counts, recall), _with_shares(counts, share)[:free]])
            for recall, share in zip(recalls, shares, strict=True)
        ]
    )


def _with_recalls(counts: Floats, recalls: Floats) -> Floats:
    """[k, ..., k, k]: each class in turn has another recall [..., k]; its mistakes spread as they do, or evenly."""
    k = counts.shape[-1]
    eye = np.eye(k)
    wrong = counts * (1 - eye)
    total = wrong.sum(axis=-1, keepdims=True)
    spread = np.where(total > 0, divide(wrong, total, empty=0.0), (1 - eye) / max(1, k - 1))
    rows = counts.sum(axis=-1, keepdims=True)
    moved = rows * ((1 - recalls)[..., None] * spread + recalls[..., None] * eye)
    return np.stack([np.where(eye[i][:, None] > 0, moved, counts) for i in range(k)])


def _with_shares(counts: Floats, shares: Floats) -> Floats:
    """[k, ..., k, k]: each class in turn has another share [..., k] of the rows."""
    k = counts.shape[-1]
    rows = counts.sum(axis=-1)
    total = rows.sum(axis=-1, keepdims=True)
    mine, others = divide(shares * total, rows, empty=1.0), divide((1 - shares) * total, total - rows, empty=1.0)
    factors = np.where(np.eye(k) > 0, mine[..., None, :], others[..., :, None])  # [..., moved class, class]
    return np.stack([counts * factors[..., i, :, None] for i in range(k)])


def _bound_single(counts: Floats, classes: Sequence[str], positive: int | None, level: float) -> dict[str, Ends]:
    """The metrics that are one proportion of rows, or grow with one."""
    tp = np.diagonal(counts, axis1=-2, axis2=-1)
    true, called, total = counts.sum(axis=-1), counts.sum(axis=-2), counts.sum(axis=(-2, -1))[..., None]
    jaccard = bound_proportions(tp, true + called - tp, level=level)
    of_class = {
        "recall": bound_proportions(tp, true, level=level),
        "precision": bound_proportions(tp, called, level=level),
        "specificity": bound_proportions(total - true - called + tp, total - true, level=level),
        # F1 grows with TP / (TP + FP + FN), a share of the rows that are of the class or called so.
        "f1": (2 * jaccard[0] / (1 + jaccard[0]), 2 * jaccard[1] / (1 + jaccard[1])),
    }
    found: dict[str, Ends] = {}
    for name, (low, high) in of_class.items():
        found |= {f"{name}[{label}]": (low[..., i], high[..., i]) for i, label in enumerate(classes)}
        found |= {} if positive is None else {name: (low[..., positive], high[..., positive])}
    accuracy = bound_proportions(tp.sum(axis=-1), total[..., 0], level=level)
    # Pooled over the classes, each wrong row is one false positive and one false negative.
    found |= dict.fromkeys(("accuracy", "weighted_recall", *(f"micro_{name}" for name in _POOLED)), accuracy)
    others = max(1, counts.shape[-1] - 1)
    return found | {"micro_specificity": (1 - (1 - accuracy[0]) / others, 1 - (1 - accuracy[1]) / others)}
