"""The report's pictures of the data: classes, features, correlations, and the projection with decision boundaries."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from service.evaluation.drawing import Picture, colour, draw_axes, draw_figure
from service.evaluation.exploration import SHOWN_FEATURES, Exploration
from service.evaluation.metrics import Floats
from service.training.datasets import Dataset

_FLIERS = {"marker": ".", "markersize": 2, "alpha": 0.4}


def plot_classes(dataset: Dataset, classes: Sequence[str]) -> Picture:
    """How many rows each class has."""
    counts = [int((dataset.labels == label).sum()) for label in classes]

    def draw(ax: Axes) -> None:
        bars = ax.bar(classes, counts, color=[colour(i) for i in range(len(classes))])
        ax.bar_label(bars, fontsize=9)
        ax.margins(y=0.12)
        ax.set_ylabel("rows")

    return draw_axes(
        draw, f"Rows of each class: {', '.join(f'{c} {n}' for c, n in zip(classes, counts, strict=True))}."
    )


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
                box.set(facecolor=colour(index), alpha=0.6)
            ax.set_title(name, fontsize=9, fontweight="normal")
            ax.tick_params(labelsize=8)

    return draw_figure(draw, f"The features that part the classes most: {', '.join(names)}.", size=(9, 5.4))


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
    return draw_figure(draw, caption, size=(6.4, 5.4))


def plot_projection(found: Exploration, truth: NDArray[np.intp], classes: Sequence[str]) -> Picture:
    """The rows on two principal components, and the decision boundaries of models fitted on these two."""
    shown, many = found.projection, len(classes) > 2

    def regions(ax: Axes) -> None:
        levels = np.arange(len(classes) + 1) - 0.5
        colours = [colour(i) for i in range(len(classes))]
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
    return draw_figure(draw, caption, size=(11, 5) if many else (7, 5), raster=True)


def _scatter(ax: Axes, points: Floats, truth: NDArray[np.intp], names: Sequence[str]) -> None:
    for index, name in enumerate(names):
        mine = points[truth == index]
        ax.scatter(mine[:, 0], mine[:, 1], s=7, color=colour(index), label=name, alpha=0.75, lw=0)
    ax.legend(loc="upper right", markerscale=2, ncols=2 if len(names) > 5 else 1)
