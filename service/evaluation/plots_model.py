"""The report's pictures of a model: what it gets wrong, its curves, its calibration, its costs, how it learns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from service.evaluation.curves import precision_recall_curve, roc_curve
from service.evaluation.drawing import COLOURS, Picture, colour, draw_axes, draw_figure
from service.evaluation.metrics import Evaluation, Floats, average_precision
from service.evaluation.thresholds import cost_curve
from service.training.problem import Costs


def plot_confusion(evaluation: Evaluation, title: str) -> Picture:
    """True against predicted classes: counts, coloured by the share of the true class."""
    counts, classes = evaluation.confusion, evaluation.classes
    shares = counts / np.maximum(1, counts.sum(axis=1, keepdims=True))

    def draw(ax: Axes) -> None:
        ax.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        for (row, column), count in np.ndenumerate(counts):
            if count:
                colour = "white" if shares[row, column] > 0.5 else "black"
                ax.text(column, row, str(count), ha="center", va="center", color=colour, fontsize=9)
        ax.set_xticks(range(len(classes)), classes)
        ax.set_yticks(range(len(classes)), classes)
        ax.set_xlabel("predicted")
        ax.set_ylabel("true")
        ax.set_title(title, loc="left")

    return draw_axes(
        draw, f"Confusion matrix, {title}: rows by true class, columns by predicted class.", size=(4.8, 4.4)
    )


def plot_roc(evaluation: Evaluation) -> Picture:
    """ROC of each class with its AUC, and the macro and micro averages."""
    one_hot = np.arange(len(evaluation.classes)) == evaluation.truth[:, None]
    measured = evaluation.measure()
    grid = np.linspace(0, 1, 501)
    averaged = np.zeros_like(grid)

    def draw(ax: Axes) -> None:
        for index, label in enumerate(evaluation.classes):
            curve = roc_curve(one_hot[:, index], evaluation.probabilities[:, index])
            averaged[:] += np.interp(grid, curve.x, curve.y) / len(evaluation.classes)
            area = measured[f"auc[{label}]"].value
            ax.plot(curve.x, curve.y, color=colour(index), lw=1.3, label=f"{label}: AUC {area:.4f}")
        pooled = roc_curve(one_hot.ravel(), evaluation.probabilities.ravel())
        ax.plot(grid, averaged, color="black", lw=1.6, ls="--", label=f"macro: {measured['macro_auc'].value:.4f}")
        ax.plot(pooled.x, pooled.y, color="black", lw=1.6, ls=":", label=f"micro: {measured['micro_auc'].value:.4f}")
        ax.plot([0, 1], [0, 1], color="#bbbbbb", lw=0.8)
        ax.set_xlabel("false positive rate (1 - specificity)")
        ax.set_ylabel("recall")
        ax.legend(loc="lower right")

    return draw_axes(draw, "ROC curve of each class against the rest, with the macro and micro averages.", size=(6, 5))


def plot_precision_recall(evaluation: Evaluation, threshold: float | None) -> Picture:
    """Precision against recall, with the chosen threshold marked; each class where there is no threshold."""
    one_hot = np.arange(len(evaluation.classes)) == evaluation.truth[:, None]
    shown = range(len(evaluation.classes)) if evaluation.positive is None else [evaluation.positive]

    def draw(ax: Axes) -> None:
        for index in shown:
            positive, scores = one_hot[:, index], evaluation.probabilities[:, index]
            curve = precision_recall_curve(positive, scores)
            label = f"{evaluation.classes[index]}: AP {average_precision(positive, scores):.4f}"
            ax.step(curve.x, curve.y, where="post", color=colour(index), lw=1.4, label=label)
            if threshold is not None:
                for cut, marker, name in ((threshold, "o", "chosen"), (0.5, "x", "common")):
                    at = max(0, int(np.searchsorted(-curve.thresholds, -cut, side="right")) - 1)
                    ax.plot(
                        curve.x[at],
                        curve.y[at],
                        marker,
                        color="black",
                        ms=8,
                        mfc="none",
                        label=f"{name} threshold {cut:.3g}",
                    )
        ax.set_xlabel("recall")
        ax.set_ylabel("precision")
        ax.set_ylim(min(0.6, ax.get_ylim()[0]), 1.01)
        ax.legend(loc="lower left")

    marked = f"; the chosen threshold {threshold:.3g} is marked" if threshold is not None else ""
    return draw_axes(draw, f"Precision against recall{marked}.", size=(6, 5))


def plot_calibration(evaluation: Evaluation) -> Picture:
    """What happened against what was said: ten equal bins of probability, with the number of rows in each."""
    if evaluation.positive is None:
        said = evaluation.probabilities.max(axis=1)
        came = evaluation.truth == evaluation.probabilities.argmax(axis=1)
        name = "the class predicted"
    else:
        said, came = evaluation.probabilities[:, evaluation.positive], evaluation.truth == evaluation.positive
        name = evaluation.classes[evaluation.positive]
    bins = np.minimum((said * 10).astype(int), 9)
    counts = np.bincount(bins, minlength=10)
    filled = np.flatnonzero(counts)

    def draw(figure: Figure) -> None:
        top, bottom = figure.subplots(2, 1, height_ratios=[3, 1], sharex=True)
        top.plot([0, 1], [0, 1], color="#bbbbbb", lw=1)
        means = [said[bins == b].mean() for b in filled], [came[bins == b].mean() for b in filled]
        top.plot(*means, "o-", color=COLOURS[0])
        top.set_ylabel(f"share that was {name}", fontsize=9)
        bars = bottom.bar((filled + 0.5) / 10, counts[filled], width=0.08, color="#999999")
        bottom.bar_label(bars, fontsize=7)
        bottom.margins(y=0.3)
        bottom.set_ylabel("rows", fontsize=9)
        bottom.set_xlabel(f"probability of {name}")

    return draw_figure(
        draw, f"Calibration of the probability of {name}: a dot on the line was right about itself.", size=(6, 5)
    )


def plot_costs(views: Mapping[str, Evaluation], threshold: float, costs: Costs, prevalence: float) -> Picture:
    """The expected loss of 1,000 cases at every threshold, for two classes, in one or more views of the rows."""

    def draw(ax: Axes) -> None:
        for order, (name, evaluation) in enumerate(views.items()):
            index = -1 if evaluation.positive is None else evaluation.positive
            positive, scores = evaluation.truth == index, evaluation.probabilities[:, index]
            thresholds, cost = cost_curve(positive, scores, costs, prevalence)
            ax.step(thresholds, cost, where="mid", color=colour(order), lw=1.3, alpha=1 - 0.4 * order, label=name)
        ax.axvline(threshold, color="black", ls="--", lw=1.2, label=f"chosen {threshold:.3g}")
        ax.axvline(0.5, color="#999999", ls=":", lw=1.2, label="0.5")
        ax.set_xlim(0, 1)
        ax.set_yscale("log")
        ax.set_xlabel("threshold")
        ax.set_ylabel("expected loss of 1,000 cases")
        ax.legend()

    caption = (
        f"Expected loss of 1,000 cases against the threshold: a false positive costs {costs.false_positive:g}, "
        f"a false negative {costs.false_negative:g}. The threshold was chosen on the training rows; how far the curves "
        f"lie apart is how sure that choice can be."
    )
    return draw_axes(draw, caption, size=(6, 4.4))


def plot_learning(sizes: Sequence[int], curves: Mapping[str, tuple[Floats, Floats]], metric: str) -> Picture:
    """A metric against the number of training rows: name -> (mean, spread) at each size."""

    def draw(ax: Axes) -> None:
        for index, (name, (mean, spread)) in enumerate(curves.items()):
            ax.plot(sizes, mean, "o-", color=colour(index), label=name)
            ax.fill_between(sizes, mean - spread, mean + spread, color=colour(index), alpha=0.15, lw=0)
        ax.set_xlabel("training rows")
        ax.set_ylabel(metric)
        ax.legend()

    return draw_axes(
        draw, f"Learning curve: {metric} on rows seen and unseen, by the number of training rows.", size=(6, 4.4)
    )
