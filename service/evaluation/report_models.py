"""The data of the report's sections on the models: the algorithms side by side, and the winner closely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from service.evaluation import plots_model
from service.evaluation.cells import mark, name_metric, show_estimate, show_interval, show_parameters
from service.evaluation.comparison import Contender
from service.evaluation.findings import Findings
from service.evaluation.thresholds import Point
from service.pages.page import Cell, Table
from service.training.algorithms import ALGORITHMS

_BINARY = ("recall", "specificity", "precision", "f1")
_BINARY_OTHERS = ("auc", "average_precision", "accuracy", "balanced_accuracy", "mcc")
_MANY = ("macro_f1", "macro_auc")
_MANY_OTHERS = ("accuracy", "balanced_accuracy", "mcc")
_LOSSES = ("log_loss", "brier", "calibration_error")


def describe_comparison(found: Findings) -> Mapping[str, Table]:
    """Every algorithm on the held-out rows: what decides in one table, the other metrics in a second.

    Two tables, because one of all columns is wider than a window of 1,200 points.
    """
    metric = found.comparison.choice.metric
    deciding, others = (_BINARY, _BINARY_OTHERS) if found.bench.positive else (_MANY, _MANY_OTHERS)
    first = [name for name in deciding if name != metric]
    second = [name for name in (*others, *_LOSSES) if name != metric]
    heads = [name_metric(metric), "against the winner", "ONNX parity, largest gap"]
    return {
        "decision": _compare(
            found,
            "The algorithms on the held-out rows: what decides, and mistakes of each kind",
            [*heads, *map(name_metric, first)],
            {name: [*_decide(found, name), *_measured(c, first)] for name, c in found.comparison.contenders.items()},
        ),
        "others": _compare(
            found,
            "The algorithms on the held-out rows: the other metrics",
            [name_metric(name) for name in second],
            {name: _measured(c, second) for name, c in found.comparison.contenders.items()},
        ),
    }


def _compare(found: Findings, label: str, heads: Sequence[str], rows: Mapping[str, Sequence[str | Cell]]) -> Table:
    winner = list(rows).index(found.comparison.winner)
    titled = [[ALGORITHMS[name].title, *row] for name, row in rows.items()]
    return Table(label, ["held-out rows", *heads], titled, caption=label, marked=winner)


def _decide(found: Findings, name: str) -> list[str | Cell]:
    """The metric that was optimised, the paired difference to the winner, and the export's parity."""
    contender, gap = found.comparison.contenders[name], found.comparison.differences.get(name)
    against = "winner" if gap is None else show_interval(f"{gap.value:+.4f}", gap.low, gap.high)
    parity = contender.parity
    words = f"{parity.largest_gap:.1e}{'' if parity.holds else ': not releasable'}"
    metric = show_estimate(contender.held_out.estimates[found.comparison.choice.metric])
    return [metric, against, mark(words, good=parity.holds)]


def _measured(contender: Contender, names: Sequence[str]) -> list[str | Cell]:
    return [show_estimate(contender.held_out.estimates[name]) for name in names]


def describe_linear_models(found: Findings) -> Mapping[str, Any] | None:
    """One-vs-rest and softmax: parameters, heaviest coefficients, the rows on which they are farthest apart."""
    if found.linear is None:
        return None
    linear = found.linear
    return {
        "note": linear["note"],
        "mean_gap": linear["mean_probability_gap"],
        "largest_gap": linear["largest_probability_gap"],
        "labels_differ": linear["labels_differ"],
        "models": _linear_models(linear),
        "coefficients": _coefficients(linear, found.bench.classes),
        "farthest": _probabilities(linear) if linear["largest_probability_gap"] else None,
    }


def _linear_models(linear: Mapping[str, Any]) -> Table:
    rows = [
        [
            ALGORITHMS[name].title,
            show_parameters(said["parameters"]),
            f"{said['log_loss']['value']:.4f}",
            f"{said['highest_probability_mean']:.3f}",
        ]
        for name, said in linear["models"].items()
    ]
    heads = ["model", "parameters", "log loss", "mean of the highest probability"]
    return Table("The two linear models", heads, rows, prose=(1,))


def _coefficients(linear: Mapping[str, Any], classes: Sequence[str]) -> Table:
    models = linear["models"]
    rows = [
        [
            linear["columns"][f],
            classes[row] if len(classes) > 2 else classes[-1],
            *(f"{said['coefficients'][row][f]:+.3f}" for said in models.values()),
        ]
        for f, row in _heaviest(models)
    ]
    caption = "The heaviest coefficients, on standardised numbers, one-hot categories and n-grams of texts of length 1."
    heads = ["column", "class", *(ALGORITHMS[name].title for name in models)]
    return Table("The heaviest coefficients", heads, rows, caption, prose=(1,))


def _probabilities(linear: Mapping[str, Any]) -> Table:
    """The rows on which the two linear models are farthest apart."""
    titles = [ALGORITHMS[name].title for name in linear["models"]]
    rows = [
        [str(said["row"]), said["true"], *(cell for name in linear["models"] for cell in _cells(*said[name]))]
        for said in linear["rows"]
    ]
    heads = ["row", "true", *(head for title in titles for head in (title, "probability", "of the true class"))]
    caption = "The held-out rows whose probabilities differ most: the class that each model predicts."
    return Table("The rows that the linear models answer least alike", heads, rows, caption, prose=(1, 2, 5))


def _cells(label: str, probability: float, of_true: float) -> tuple[str, str, str]:
    return label, f"{probability:.4f}", f"{of_true:.4f}"


def _heaviest(models: dict[str, Any], count: int = 10) -> list[tuple[int, int]]:
    """(column, class) of softmax's largest coefficients, the largest first."""
    weights = models["softmax"]["coefficients"]
    places = [(f, row) for row, line in enumerate(weights) for f in range(len(line))]
    return sorted(places, key=lambda place: -abs(weights[place[1]][place[0]]))[:count]


def describe_winner(found: Findings) -> Mapping[str, Any]:
    """The winner's pictures, and what each threshold gives."""
    bench, winner, judged = found.bench, found.winner, found.cross_validated.evaluation
    pictures = [
        plots_model.plot_confusion(judged, f"out of fold, {judged.rows} rows"),
        plots_model.plot_confusion(winner.held_out.evaluation, f"held out, {winner.held_out.evaluation.rows} rows"),
        plots_model.plot_roc(judged),
        plots_model.plot_precision_recall(judged, winner.threshold),
        plots_model.plot_calibration(judged),
    ]
    if winner.threshold is not None:
        views = {"training rows, out of fold": winner.tuned.evaluation, "all rows, out of fold": judged}
        pictures.append(plots_model.plot_costs(views, winner.threshold, bench.problem.costs, bench.prevalence))
    sizes, curves = found.learning
    pictures.append(plots_model.plot_learning(sizes, curves, "log loss"))
    return {"pictures": pictures, "thresholds": _thresholds(found)}


def _thresholds(found: Findings) -> Table | None:
    if found.advice.best is None:
        return None
    best = found.advice.best.threshold
    rows = [_point(point, chosen=point.threshold == best) for point in found.advice.tug_of_war]
    marked = [point.threshold for point in found.advice.tug_of_war].index(best)
    heads = ["threshold", "recall", "precision", "specificity", "expected loss of 1,000 cases"]
    return Table("What each threshold gives", heads, rows, marked=marked)


def _point(point: Point, *, chosen: bool) -> list[str]:
    return [
        f"{point.threshold:.3g}{' chosen' if chosen else ''}",
        f"{point.recall:.3f}",
        "n/a" if point.precision is None else f"{point.precision:.3f}",
        f"{point.specificity:.3f}",
        f"{point.cost_per_1000:.1f}",
    ]
