"""The report's sections on the models: the algorithms side by side, and the winner closely."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from service.evaluation import plots_model
from service.evaluation.advisor import Point
from service.evaluation.findings import Findings
from service.evaluation.markup import (
    figure,
    mark,
    name_metric,
    paragraphs,
    show_estimate,
    show_interval,
    show_parameters,
    table,
)
from service.training.algorithms import ALGORITHMS


def render_comparison(found: Findings) -> str:
    """Every algorithm on the held-out rows in one table, and the two linear ones side by side."""
    metric = found.comparison.choice.metric
    binary = ("recall", "specificity", "precision", "f1", "auc", "average_precision")
    extra = binary if found.bench.positive else ("macro_f1", "macro_auc")
    losses = ("log_loss", "brier", "calibration_error")
    names = list(dict.fromkeys([metric, *extra, "accuracy", "balanced_accuracy", "mcc", *losses]))
    rows = []
    for name, c in found.comparison.contenders.items():
        gap = found.comparison.differences.get(name)
        against = "winner" if gap is None else show_interval(f"{gap.value:+.4f}", gap.low, gap.high)
        parity = mark(f"{c.parity.largest_gap:.1e}{'' if c.parity.holds else ': not releasable'}", good=c.parity.holds)
        shown = [show_estimate(c.held_out.estimates[m]) for m in names]
        rows.append([ALGORITHMS[name].title, shown[0], against, parity, *shown[1:]])
    winner = list(found.comparison.contenders).index(found.comparison.winner)
    heads = [
        "held-out rows",
        name_metric(metric),
        "against the winner",
        "ONNX parity, largest gap",
        *map(name_metric, names[1:]),
    ]
    words = (
        f"Every algorithm at its best parameters on the {found.winner.held_out.evaluation.rows} held-out rows. The "
        f"winner was chosen before, on out-of-fold answers to the training rows: the first of those not clearly worse "
        f"than the best in {name_metric(metric)}, in the order of what is quicker to serve. The interval of a paired "
        f"difference leaves 0 out where two differ clearly. A model whose export differs by more than 1e-6 on any row "
        f"cannot be released."
    )
    return paragraphs([words]) + table(heads, rows, marked=winner) + _linear(found)


def _linear(found: Findings) -> str:
    if found.linear is None:
        return ""
    linear, classes = found.linear, found.bench.classes
    models = linear["models"]
    rows = [
        [
            ALGORITHMS[name].title,
            show_parameters(said["parameters"]),
            f"{said['log_loss']['value']:.4f}",
            f"{said['highest_probability_mean']:.3f}",
        ]
        for name, said in models.items()
    ]
    shown = _heaviest(models)
    sides = [
        [linear["columns"][f], label, *(f"{said['coefficients'][row][f]:+.3f}" for said in models.values())]
        for f, row, label in ((f, row, classes[row] if len(classes) > 2 else classes[-1]) for f, row in shown)
    ]
    words = (
        f"{linear['note']} On the held-out rows their probabilities differ by {linear['mean_probability_gap']:g} on "
        f"average and {linear['largest_probability_gap']:g} at most; {linear['labels_differ']} labels differ."
    )
    return (
        "<h3>One-vs-rest and softmax side by side</h3>"
        + paragraphs([words])
        + table(["model", "parameters", "log loss", "mean of the highest probability"], rows)
        + table(
            ["column", "class", *(ALGORITHMS[name].title for name in models)],
            sides,
            "The heaviest coefficients, on standardised numbers and one-hot categories.",
        )
        + _probabilities(linear)
    )


def _probabilities(linear: Mapping[str, Any]) -> str:
    """The rows on which the two linear models are farthest apart; nothing where they are one."""
    if not linear["largest_probability_gap"]:
        return ""
    titles = [ALGORITHMS[name].title for name in linear["models"]]
    rows = [
        [str(said["row"]), said["true"], *(cell for name in linear["models"] for cell in _cells(*said[name]))]
        for said in linear["rows"]
    ]
    heads = ["row", "true", *(head for title in titles for head in (title, "probability", "of the true class"))]
    return table(heads, rows, "The held-out rows whose probabilities differ most: the class that each model predicts.")


def _cells(label: str, probability: float, of_true: float) -> tuple[str, str, str]:
    return label, f"{probability:.4f}", f"{of_true:.4f}"


def _heaviest(models: dict[str, Any], count: int = 10) -> list[tuple[int, int]]:
    """(column, class) of softmax's largest coefficients, the largest first."""
    weights = models["softmax"]["coefficients"]
    places = [(f, row) for row, line in enumerate(weights) for f in range(len(line))]
    return sorted(places, key=lambda place: -abs(weights[place[1]][place[0]]))[:count]


def render_winner(found: Findings) -> str:
    """The winner's pictures, and what each threshold gives."""
    bench, winner, judged = found.bench, found.winner, found.judged.evaluation
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
    return '<div class="pair">' + "".join(map(figure, pictures)) + "</div>" + _tug_of_war(found)


def _tug_of_war(found: Findings) -> str:
    if found.advice.best is None:
        return ""
    best = found.advice.best.threshold
    rows = [_point(point, chosen=point.threshold == best) for point in found.advice.tug_of_war]
    marked = [p.threshold for p in found.advice.tug_of_war].index(best)
    words = (
        "Raising the threshold trades recall for precision and specificity: fewer false alarms, more misses. Measured "
        "on out-of-fold answers to the training rows; the marked line has the least expected loss."
    )
    heads = ["threshold", "recall", "precision", "specificity", "expected loss of 1,000 cases"]
    return "<h3>The tug of war</h3>" + paragraphs([words]) + table(heads, rows, marked=marked)


def _point(point: Point, *, chosen: bool) -> list[str]:
    shares = (point.recall, point.precision, point.specificity)
    return [
        f"{point.threshold:.3f}{' chosen' if chosen else ''}",
        *(f"{s:.3f}" for s in shares),
        f"{point.cost_per_1000:.1f}",
    ]
