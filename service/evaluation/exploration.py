"""Step 3, explore: what the columns look like by class, how they hang together, and the rows in two dimensions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import PCA, TruncatedSVD
from sklearn.linear_model import LogisticRegression

from service.evaluation.metrics import Floats
from service.evaluation.workbench import Workbench
from service.training.pipeline import build_pipeline

SHOWN_FEATURES = 6
SHOWN_CORRELATIONS = 16
SHOWN_VALUES = 12
_GRID = 160


@dataclass(frozen=True)
class Projection:
    """The rows on their first two principal components, and where models fitted on these two alone draw the line.

    `grid_x`, `grid_y` [g] span the plane; `regions` [g, g] is the class predicted there; `one_against_rest` [g, g] the
    probability of one class, `rest_class`, by a model of two classes.
    """

    points: Floats
    explained: tuple[float, float]
    grid_x: Floats
    grid_y: Floats
    regions: NDArray[np.intp]
    rest_class: str
    one_against_rest: Floats


@dataclass(frozen=True)
class Exploration:
    """The features that part the classes most, first; correlations of the first of them; the projection.

    `separation` is of numbers, `association` of categories. `shares` holds for each category the commonest values with
    the share [classes] of each class among their rows, and their number of rows.
    """

    separation: dict[str, float]
    association: dict[str, float]
    shares: dict[str, dict[str, tuple[int, list[float]]]]
    statistics: list[dict[str, Any]]
    correlated: list[tuple[str, str, float]]
    correlations: Floats
    correlated_names: tuple[str, ...]
    projection: Projection

    def to_document(self) -> dict[str, Any]:
        """Plain data for JSON (the projection is in the report's picture)."""
        return {
            "separation": {name: round(value, 4) for name, value in self.separation.items()},
            "association": {name: round(value, 4) for name, value in self.association.items()},
            "statistics": self.statistics,
            "class_shares_by_category": {
                name: {value: {"rows": n, "shares": [round(s, 4) for s in of]} for value, (n, of) in values.items()}
                for name, values in self.shares.items()
            },
            "correlated_above_0.9": [[a, b, round(r, 4)] for a, b, r in self.correlated],
            "projection_explains": [round(share, 4) for share in self.projection.explained],
        }


def explore(bench: Workbench) -> Exploration:
    """Look at the data before modelling it."""
    frame = bench.dataset.frame
    others = {*bench.dataset.categorical, *bench.dataset.texts}
    numeric = [name for name in bench.dataset.features if name not in others]
    separation = {name: measure_separation(frame[name].to_numpy(), bench.truth) for name in numeric}
    ordered = dict(sorted(separation.items(), key=lambda item: -item[1]))
    names = tuple(list(ordered)[:SHOWN_CORRELATIONS])
    table = frame[numeric].corr().fillna(0.0)
    pairs = [
        (a, b, float(table.loc[a, b]))
        for i, a in enumerate(numeric)
        for b in numeric[i + 1 :]
        if abs(table.loc[a, b]) > 0.9
    ]
    categories = {name: frame[name].to_numpy(dtype=object) for name in bench.dataset.categorical}
    association = {name: measure_association(values, bench.truth) for name, values in categories.items()}
    association = dict(sorted(association.items(), key=lambda item: -item[1]))
    return Exploration(
        separation=ordered,
        association=association,
        shares={name: share_classes(categories[name], bench.truth, len(bench.classes)) for name in association},
        statistics=_describe(bench, numeric),
        correlated=sorted(pairs, key=lambda pair: -abs(pair[2])),
        correlations=table.loc[list(names), list(names)].to_numpy(dtype=np.float64),
        correlated_names=names,
        projection=project(bench),
    )


def measure_separation(values: Floats, truth: NDArray[np.intp]) -> float:
    """The share of a column's variance that lies between the classes, 0 to 1 (eta squared); missing values left out."""
    present = np.isfinite(values)
    column, labels = values[present], truth[present]
    total = float(((column - column.mean()) ** 2).sum()) if column.size else 0.0
    if not total:
        return 0.0
    groups = [column[labels == label] for label in np.unique(labels)]
    return float(sum(len(g) * (g.mean() - column.mean()) ** 2 for g in groups)) / total


def measure_association(values: NDArray[np.object_], truth: NDArray[np.intp]) -> float:
    """Cramér's V of a category and the classes, 0 to 1 (Cramér 1946): 0 where one says nothing of the other."""
    _, which = np.unique(values.astype(str), return_inverse=True)
    counts = np.zeros((which.max(initial=0) + 1, truth.max(initial=0) + 1))
    np.add.at(counts, (which, truth), 1)
    counts = counts[:, counts.any(axis=0)]
    least = min(counts.shape) - 1
    if least < 1:
        return 0.0
    expected = counts.sum(axis=1, keepdims=True) * counts.sum(axis=0) / counts.sum()
    return float(np.sqrt(((counts - expected) ** 2 / expected).sum() / counts.sum() / least))


def share_classes(
    values: NDArray[np.object_], truth: NDArray[np.intp], classes: int
) -> dict[str, tuple[int, list[float]]]:
    """The commonest values of a category: value -> (rows, each class's share of them); "" is missing."""
    names, counts = np.unique(values.astype(str), return_counts=True)
    commonest = np.argsort(-counts, kind="stable")[:SHOWN_VALUES]
    return {
        str(names[i]): (
            int(counts[i]),
            [float(share) for share in np.bincount(truth[values == names[i]], minlength=classes) / counts[i]],
        )
        for i in commonest
    }


def project(bench: Workbench) -> Projection:
    """Prepared rows on two principal components, with the decision regions of a softmax fitted on these two."""
    pipeline = build_pipeline("softmax", {}, bench.dataset, classes=len(bench.classes))
    prepared = pipeline[:-1].fit_transform(bench.dataset.rows())
    # Of free text, whose thousands of columns are mostly 0, the components are taken without moving the zeros.
    reduce = TruncatedSVD if bench.dataset.texts else PCA
    parts = reduce(n_components=min(2, prepared.shape[1]), random_state=0)
    points = parts.fit_transform(prepared)
    explained = [float(share) for share in parts.explained_variance_ratio_]
    if points.shape[1] == 1:
        points, explained = np.column_stack([points, np.zeros(len(points))]), [*explained, 0.0]
    (left, right), (low, high) = (np.quantile(points[:, axis], [0.002, 0.998]) for axis in (0, 1))
    grid_x = np.linspace(left - 1, right + 1, _GRID)
    grid_y = np.linspace(low - 1, high + 1, _GRID)
    plane = np.column_stack([axis.ravel() for axis in np.meshgrid(grid_x, grid_y)])
    shape = (_GRID, _GRID)
    chosen = bench.classes[-1]
    every = LogisticRegression(max_iter=1000).fit(points, bench.truth)
    one = LogisticRegression(max_iter=1000).fit(points, bench.truth == bench.classes.index(chosen))
    return Projection(
        points,
        (explained[0], explained[1]),
        grid_x,
        grid_y,
        np.asarray(every.predict(plane), dtype=np.intp).reshape(shape),
        chosen,
        np.asarray(one.predict_proba(plane)[:, 1], dtype=np.float64).reshape(shape),
    )


def _describe(bench: Workbench, numeric: list[str]) -> list[dict[str, Any]]:
    """Mean, spread and quartiles of each numeric column, whole and by class (means)."""
    found = []
    for name in numeric:
        column = bench.dataset.frame[name].to_numpy(dtype=np.float64)
        low, middle, high = (round(float(q), 6) for q in np.nanquantile(column, [0.25, 0.5, 0.75]))
        by_class = {
            label: round(float(np.nanmean(rows)), 6)
            if np.isfinite(rows := column[bench.truth == index]).any()
            else None
            for index, label in enumerate(bench.classes)
        }
        spread = round(float(np.nanstd(column)), 6)
        found.append(
            {"name": name, "std": spread, "q25": low, "median": middle, "q75": high, "mean_by_class": by_class}
        )
    return found
