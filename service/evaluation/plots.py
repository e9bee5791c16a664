"""The report's pictures, each as a file's bytes: SVG where lines suffice, PNG where dots fill it."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from service.evaluation.advisor import cost_curve
from service.evaluation.exploration import SHOWN_FEATURES, Exploration
from service.evaluation.metrics import Evaluation, Floats, average_precision, precision_recall_curve, roc_curve
from service.model.datasets import Dataset
from service.model.problem import Costs

# Okabe and Ito's colours, told apart by colour-blind readers too; three more for ten classes.
COLOURS = (
    *("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#7F7F7F"),
    *("#000000", "#8C564B", "#B8B000"),
)
_STYLE: Any = {
    "svg.hashsalt": "outlast",  # the same picture is the same file
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlesize": 11,
    "axes.titleweight": "bold",
    "legend.frameon": False,
    "legend.fontsize": 8.5,
    "figure.constrained_layout.use": True,
}


@dataclass(frozen=True)
class Picture:
    """A picture's file, its media type, and what it shows, in words."""

    content: bytes
    media_type: str
    caption: str


def plot_classes(dataset: Dataset, classes: Sequence[str]) -> Picture:
    """How many rows each class has."""
    counts = [int((dataset.labels == label).sum()) for label in classes]

    def draw(ax: Axes) -> None:
        bars = ax.bar(classes, counts, color=[_colour(i) for i in range(len(classes))])
        ax.bar_label(bars, fontsize=9)
        ax.margins(y=0.12)
        ax.set_ylabel("rows")

    return _draw(draw, f"Rows of each class: {', '.join(f'{c} {n}' for c, n in zip(classes, counts, strict=True))}.")


def plot_features(dataset: Dataset, truth: NDArray[np.intp], classes: Sequence[str], found: Exploration) -> Picture:
    """The six features that part the classes most, by class."""
    names = list(found.separation)[:SHOWN_FEATURES]

    def draw(figure: Figure) -> None:
        for place, name in enumerate(names, start=1):
            ax = figure.add_subplot(-(-len(names) // 3), min(3, len(names)), place)
            column = dataset.frame[name].to_numpy(dtype=np.float64)
            groups = [column[(truth == index) & np.isfinite(column)] for index in range(len(classes))]
            boxes = ax.boxplot(groups, tick_labels=list(classes), patch_artist=True, widths=0.6, flierprops=_FLIERS)
            for index, box in enumerate(boxes["boxes"]):
                box.set(facecolor=_colour(index), alpha=0.6)
            ax.set_title(name, fontsize=9, fontweight="normal")
            ax.tick_params(labelsize=8)

    return _draw_figure(draw, f"The features that part the classes most: {', '.join(names)}.", size=(9, 5.4))


def plot_correlations(found: Exploration) -> Picture:
    """Correlations among the features that part the classes most."""
    names = found.correlated_names

    def draw(figure: Figure) -> None:
        ax = figure.subplots()
        image = ax.imshow(found.correlations, cmap="RdBu_r", vmin=-1, vmax=1)
        ax.set_xticks(range(len(names)), names, rotation=90, fontsize=7)
        ax.set_yticks(range(len(names)), names, fontsize=7)
        figure.colorbar(image, ax=ax, shrink=0.8, label="correlation")

    caption = f"Pearson correlations of the {len(names)} features that part the classes most."
    return _draw_figure(draw, caption, size=(6.4, 5.4))


def plot_projection(found: Exploration, truth: NDArray[np.intp], classes: Sequence[str]) -> Picture:
    """The rows on two principal components, and the decision boundaries of models fitted on these two."""
    shown, many = found.projection, len(classes) > 2

    def regions(ax: Axes) -> None:
        levels = np.arange(len(classes) + 1) - 0.5
        colours = [_colour(i) for i in range(len(classes))]
        ax.contourf(shown.grid_x, shown.grid_y, shown.regions, levels=levels, colors=colours, alpha=0.22)
        _scatter(ax, shown.points, truth, classes)
        ax.set_title("softmax: the class predicted", loc="left")

    def one(ax: Axes) -> None:
        chosen = classes.index(shown.rest_class)
        ax.contourf(shown.grid_x, shown.grid_y, shown.one_against_rest, levels=11, cmap="Greys", alpha=0.45)
        lines = ax.contour(shown.grid_x, shown.grid_y, shown.one_against_rest, levels=[0.1, 0.5, 0.9], colors="black")
        ax.clabel(lines, fontsize=8)
        _scatter(ax, shown.points, (truth == chosen).astype(np.intp), (f"not {shown.rest_class}", shown.rest_class))
        ax.set_title(f"binary: the probability of {shown.rest_class}", loc="left")

    def draw(figure: Figure) -> None:
        paints = (regions, one) if many else (one,)
        for place, paint in enumerate(paints, start=1):
            ax = figure.add_subplot(1, len(paints), place)
            paint(ax)
            ax.set_xlim(shown.grid_x[0], shown.grid_x[-1])
            ax.set_ylim(shown.grid_y[0], shown.grid_y[-1])
            ax.set_xlabel(f"first component ({shown.explained[0]:.0%} of the variance)")
            ax.set_ylabel(f"second component ({shown.explained[1]:.0%})")

    models = "a softmax over all classes, and of a binary model of one," if many else "a binary model"
    caption = f"The rows on two principal components; the decision boundary of {models} fitted on these two alone."
    return _draw_figure(draw, caption, size=(11, 5) if many else (7, 5), raster=True)


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

    return _draw(draw, f"Confusion matrix, {title}: rows by true class, columns by predicted class.", size=(4.8, 4.4))


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
            ax.plot(curve.x, curve.y, color=_colour(index), lw=1.3, label=f"{label}: AUC {area:.4f}")
        pooled = roc_curve(one_hot.ravel(), evaluation.probabilities.ravel())
        ax.plot(grid, averaged, color="black", lw=1.6, ls="--", label=f"macro: {measured['macro_auc'].value:.4f}")
        ax.plot(pooled.x, pooled.y, color="black", lw=1.6, ls=":", label=f"micro: {measured['micro_auc'].value:.4f}")
        ax.plot([0, 1], [0, 1], color="#bbbbbb", lw=0.8)
        ax.set_xlabel("false positive rate (1 - specificity)")
        ax.set_ylabel("recall")
        ax.legend(loc="lower right")

    return _draw(draw, "ROC curve of each class against the rest, with the macro and micro averages.", size=(6, 5))


def plot_precision_recall(evaluation: Evaluation, threshold: float | None) -> Picture:
    """Precision against recall, with the chosen threshold marked; each class where there is no threshold."""
    one_hot = np.arange(len(evaluation.classes)) == evaluation.truth[:, None]
    shown = range(len(evaluation.classes)) if evaluation.positive is None else [evaluation.positive]

    def draw(ax: Axes) -> None:
        for index in shown:
            positive, scores = one_hot[:, index], evaluation.probabilities[:, index]
            curve = precision_recall_curve(positive, scores)
            label = f"{evaluation.classes[index]}: AP {average_precision(positive, scores):.4f}"
            ax.step(curve.x, curve.y, where="post", color=_colour(index), lw=1.4, label=label)
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
                        label=f"{name} threshold {cut:.3f}",
                    )
        ax.set_xlabel("recall")
        ax.set_ylabel("precision")
        ax.set_ylim(min(0.6, ax.get_ylim()[0]), 1.01)
        ax.legend(loc="lower left")

    marked = f"; the chosen threshold {threshold:.3f} is marked" if threshold is not None else ""
    return _draw(draw, f"Precision against recall{marked}.", size=(6, 5))


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

    return _draw_figure(
        draw, f"Calibration of the probability of {name}: a dot on the line was right about itself.", size=(6, 5)
    )


def plot_costs(views: Mapping[str, Evaluation], threshold: float, costs: Costs, prevalence: float) -> Picture:
    """The expected loss of 1,000 cases at every threshold, for two classes, in one or more views of the rows."""

    def draw(ax: Axes) -> None:
        for order, (name, evaluation) in enumerate(views.items()):
            index = -1 if evaluation.positive is None else evaluation.positive
            positive, scores = evaluation.truth == index, evaluation.probabilities[:, index]
            thresholds, cost = cost_curve(positive, scores, costs, prevalence)
            ax.step(thresholds, cost, where="mid", color=_colour(order), lw=1.3, alpha=1 - 0.4 * order, label=name)
        ax.axvline(threshold, color="black", ls="--", lw=1.2, label=f"chosen {threshold:.3f}")
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
    return _draw(draw, caption, size=(6, 4.4))


def plot_learning(sizes: Sequence[int], curves: Mapping[str, tuple[Floats, Floats]], metric: str) -> Picture:
    """A metric against the number of training rows: name -> (mean, spread) at each size."""

    def draw(ax: Axes) -> None:
        for index, (name, (mean, spread)) in enumerate(curves.items()):
            ax.plot(sizes, mean, "o-", color=_colour(index), label=name)
            ax.fill_between(sizes, mean - spread, mean + spread, color=_colour(index), alpha=0.15, lw=0)
        ax.set_xlabel("training rows")
        ax.set_ylabel(metric)
        ax.legend()

    return _draw(
        draw, f"Learning curve: {metric} on rows seen and unseen, by the number of training rows.", size=(6, 4.4)
    )


_FLIERS = {"marker": ".", "markersize": 2, "alpha": 0.4}


def _colour(index: int) -> str:
    return COLOURS[index % len(COLOURS)]


def _scatter(ax: Axes, points: Floats, truth: NDArray[np.intp], names: Sequence[str]) -> None:
    for index, name in enumerate(names):
        mine = points[truth == index]
        ax.scatter(mine[:, 0], mine[:, 1], s=7, color=_colour(index), label=name, alpha=0.75, lw=0)
    ax.legend(loc="upper right", markerscale=2, ncols=2 if len(names) > 5 else 1)


def _draw(paint: Callable[[Axes], None], caption: str, *, size: tuple[float, float] = (6, 3.6)) -> Picture:
    return _draw_figure(lambda figure: paint(figure.subplots()), caption, size=size)


def _draw_figure(
    paint: Callable[[Figure], None], caption: str, *, size: tuple[float, float], raster: bool = False
) -> Picture:
    # Figure without pyplot: no window system is asked for, and nothing is kept alive between pictures.
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=size)
        paint(figure)
        stream = io.BytesIO()
        if raster:
            figure.savefig(stream, format="png", dpi=120)
            return Picture(stream.getvalue(), "image/png", caption)
        figure.savefig(stream, format="svg", metadata={"Date": None})
        return Picture(stream.getvalue(), "image/svg+xml", caption)
