"""Step 8, present: one HTML file that opens from disk, without network, on a desk or a phone."""

from __future__ import annotations

from typing import Any

from service.evaluation import plots
from service.evaluation.advisor import EXPECTED_COST, Point
from service.evaluation.findings import Findings
from service.evaluation.markup import (
    STYLE,
    Markup,
    bullets,
    escape,
    facts,
    figure,
    mark,
    paragraphs,
    show_estimate,
    show_interval,
    show_number,
    show_parameters,
    table,
)
from service.model.algorithms import ALGORITHMS

_SECTIONS = (
    ("summary", "In short"),
    ("data", "The data"),
    ("explore", "What it looks like"),
    ("tune", "What was tried"),
    ("compare", "The algorithms side by side"),
    ("winner", "The winner"),
    ("gate", "The gate"),
)


def render_report(found: Findings) -> str:
    """The whole report as one HTML document; everything it shows is inside it."""
    name = found.bench.problem.name
    bodies = (_summary, _data, _explore, _tune, _compare, _winner, _gate)
    parts = [
        f'<h2 id="{key}">{title}</h2>\n{body(found)}' for (key, title), body in zip(_SECTIONS, bodies, strict=True)
    ]
    links = "".join(f'<a href="#{key}">{title}</a>' for key, title in _SECTIONS)
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(name)}: model report</title>\n"
        '<link rel="icon" href="data:,">\n'  # or the browser asks the network for one
        f"<style>{STYLE}</style>\n</head>\n<body>\n<header><h1>{escape(name)}: model report</h1>\n"
        f'<p class="soft">{escape(found.bench.problem.objective)}</p>\n<nav>{links}</nav></header>\n<main>\n'
        + "\n".join(parts)
        + "\n</main>\n</body>\n</html>\n"
    )


def _summary(found: Findings) -> str:
    bench, winner = found.bench, found.winner
    passed = found.verdict.passed
    title = ALGORITHMS[winner.algorithm].title
    said = "<strong>May be released.</strong>" if passed else "<strong>Refused.</strong>"
    reasons = "" if passed else bullets(str(reason) for reason in found.verdict.reasons)
    choice, judged = found.comparison.choice, found.judged.estimates
    words = [
        Markup(
            f"The winner of {len(found.comparison.contenders)} algorithms: <strong>{escape(title)}</strong>. It was "
            f"trained on {len(bench.splits.training)} rows and measured on {winner.held_out.evaluation.rows} that it "
            f"had never met; the gate judged {found.verdict.rows} out-of-fold answers."
        ),
        Markup(f"What to optimise: <strong>{_name(choice.metric)}</strong>. {escape(_begin(choice.why))}."),
        Markup(f"What {_name(choice.common)} would hide: {escape(choice.hides)}."),
    ]
    if found.advice.best and found.advice.half and winner.threshold is not None:
        best, half = found.advice.best, found.advice.half
        words.append(
            Markup(
                f"{escape(_begin(bench.positive or ''))} is predicted from a probability of "
                f"<strong>{winner.threshold:.3f}</strong>. On the training rows, out of fold, that costs "
                f"{best.cost_per_1000:.1f} for 1,000 cases; a threshold of 0.5 would cost {half.cost_per_1000:.1f}."
            )
        )
    heads = [name for name in ("accuracy", "recall", "specificity", "auc", "macro_f1", EXPECTED_COST) if name in judged]
    shown = table(
        ["metric", "judged out of fold", "held out"],
        [[_name(n), show_estimate(judged[n]), show_estimate(winner.held_out.estimates[n])] for n in heads],
        "95 % intervals: Wilson's for proportions, bootstrap for the rest.",
    )
    css = "verdict" if passed else "verdict no"
    return f'<div class="{css}">{said} {_floor_words(found)}{reasons}</div>' + paragraphs(words) + shown


def _floor_words(found: Findings) -> str:
    held = sum(check.holds for check in found.verdict.floors)
    return f"{held} of {len(found.verdict.floors)} floors hold at the lower end of their 95 % interval."


def _data(found: Findings) -> str:
    q = found.quality
    said = [
        ["rows", str(q["rows"])],
        ["columns", str(len(q["columns"]))],
        ["input type", q["datatype"]],
        ["missing values", str(q["missing_values"])],
        ["constant columns", ", ".join(q["constant_columns"]) or "none"],
        ["duplicate rows", str(len(q["duplicate_rows"]))],
        ["rows that contradict an earlier one", str(len(q["contradicting_rows"]))],
        ["columns with values out of range", ", ".join(q["out_of_range"]) or "none"],
        ["columns with values far out (robust z above 3.5)", str(len(q["far_values"]))],
        ["rows far out in a fifth of their columns", str(len(q["anomalous_rows"]))],
        ["largest class over smallest", f"{q['imbalance_ratio']:.2f}"],
    ]
    columns = [[c["name"], c["type"], str(c["missing"]), str(c["distinct"]), _range(c)] for c in q["columns"]]
    listed = table(["column", "type", "missing", "distinct", "values"], columns)
    sha = f'<p class="soft">SHA-256 of the table: <code>{q["sha256"]}</code></p>'
    return (
        '<div class="pair"><div>'
        + facts(said)
        + "</div>"
        + figure(plots.plot_classes(found.bench.dataset, found.bench.classes))
        + f"</div>{sha}<details><summary>All {len(columns)} columns</summary>{listed}</details>"
    )


def _range(column: dict[str, Any]) -> str:
    if column["type"] == "number":
        return f"{column['min']:.4g} to {column['max']:.4g}"
    return ", ".join(value or "(missing)" for value in column["values"][:6])


def _explore(found: Findings) -> str:
    bench, explored = found.bench, found.exploration
    pairs = explored.correlated
    closest = f"; the closest: {pairs[0][0]} and {pairs[0][1]} ({pairs[0][2]:.3f})" if pairs else ""
    words = f"Pairs of columns with a correlation beyond 0.9: {len(pairs) or 'none'}{closest}."
    statistics = [
        [
            s["name"],
            *(f"{s[k]:.4g}" for k in ("std", "q25", "median", "q75")),
            *map(show_number, s["mean_by_class"].values()),
        ]
        for s in explored.statistics
    ]
    heads = ["column", "std", "q25", "median", "q75", *(f"mean of {label}" for label in bench.classes)]
    pictures = [plots.plot_projection(explored, bench.truth, bench.classes)]
    if explored.separation:
        pictures.append(plots.plot_features(bench.dataset, bench.truth, bench.classes, explored))
    if len(explored.correlated_names) > 1:
        pictures.append(plots.plot_correlations(explored))
    described = table(heads, statistics)
    more = f"<details><summary>Descriptive statistics of {len(statistics)} columns</summary>{described}</details>"
    return "".join(map(figure, pictures)) + paragraphs([words]) + more


def _tune(found: Findings) -> str:
    rows = [
        [ALGORITHMS[name].title, show_parameters(trial.parameters), f"{trial.log_loss:.4f}", f"{trial.spread:.4f}"]
        for name, trials in found.bench.trials.items()
        for trial in trials
    ]
    folds = found.bench.problem.splits.folds
    words = (
        f"Grid search with {folds}-fold stratified cross-validation on the training rows alone, scored by log loss; of "
        f"each algorithm the best comes first. Class weights: {'balanced' if found.bench.balanced else 'none'}."
    )
    heads = ["algorithm", "parameters", "log loss", "spread of folds"]
    return paragraphs([words]) + table(heads, rows, words=True)


def _compare(found: Findings) -> str:
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
        rows.append([ALGORITHMS[name].title, *(show_estimate(c.held_out.estimates[m]) for m in names), against, parity])
    winner = list(found.comparison.contenders).index(found.comparison.winner)
    heads = ["held-out rows", *map(_name, names), f"{_name(metric)} against the winner", "ONNX parity, largest gap"]
    words = (
        f"Every algorithm at its best parameters on the {found.winner.held_out.evaluation.rows} held-out rows. The "
        f"winner was chosen before, on out-of-fold answers to the training rows: the first of those not clearly worse "
        f"than the best in {_name(metric)}, in the order of what is quicker to serve. The interval of a paired "
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
    shown = _heaviest(models, len(linear["features"]))
    sides = [
        [linear["features"][f], label, *(f"{said['coefficients'][row][f]:+.3f}" for said in models.values())]
        for f, row, label in ((f, row, classes[row] if len(classes) > 2 else classes[-1]) for f, row in shown)
    ]
    words = (
        f"{linear['note']} On the held-out rows their probabilities differ by {linear['mean_probability_gap']:g} on "
        f"average and {linear['largest_probability_gap']:g} at most; {linear['labels_differ']} labels differ."
    )
    one_hot = "" if len(models["softmax"]["coefficients"][0]) == len(linear["features"]) else " (numeric columns)"
    return (
        "<h3>One-vs-rest and softmax side by side</h3>"
        + paragraphs([words])
        + table(["model", "parameters", "log loss", "mean of the highest probability"], rows)
        + table(
            ["feature", "class", *(ALGORITHMS[name].title for name in models)],
            sides,
            f"The heaviest coefficients, on standardised columns{one_hot}.",
        )
    )


def _heaviest(models: dict[str, Any], features: int, count: int = 10) -> list[tuple[int, int]]:
    """(feature, class) of softmax's largest coefficients, the largest first."""
    weights = models["softmax"]["coefficients"]
    places = [(f, row) for row, line in enumerate(weights) for f in range(min(features, len(line)))]
    return sorted(places, key=lambda place: -abs(weights[place[1]][place[0]]))[:count]


def _winner(found: Findings) -> str:
    bench, winner, judged = found.bench, found.winner, found.judged.evaluation
    pictures = [
        plots.plot_confusion(judged, f"out of fold, {judged.rows} rows"),
        plots.plot_confusion(winner.held_out.evaluation, f"held out, {winner.held_out.evaluation.rows} rows"),
        plots.plot_roc(judged),
        plots.plot_precision_recall(judged, winner.threshold),
        plots.plot_calibration(judged),
    ]
    if winner.threshold is not None:
        views = {"training rows, out of fold": winner.tuned.evaluation, "all rows, out of fold": judged}
        pictures.append(plots.plot_costs(views, winner.threshold, bench.problem.costs, bench.prevalence))
    sizes, curves = found.learning
    pictures.append(plots.plot_learning(sizes, curves, "log loss"))
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


def _gate(found: Findings) -> str:
    verdict, held = found.verdict, found.winner.held_out.estimates
    rows = [
        [
            check.metric,
            f"{check.floor:g}",
            show_interval(show_number(check.value), check.low, check.high),
            show_estimate(held[check.metric]) if check.metric in held else "",
            mark("holds" if check.holds else "does not hold", good=check.holds),
        ]
        for check in verdict.floors
    ]
    worse = [f"{r.metric}: {r.value:.4f}, released {r.released:.4f}" for r in (*verdict.regressions, *verdict.accepted)]
    words = [
        "A floor holds when the lower end of the 95 % interval is at it or above it. Judged are out-of-fold answers to "
        "all rows; the held-out rows stand beside them.",
        f"Worse than the released model beyond its interval: {'; '.join(worse) or 'nothing'}.",
    ]
    heads = ["metric", "floor", "judged", "held out", ""]
    return paragraphs(words) + table(heads, rows)


def _name(metric: str) -> str:
    return metric.replace("_", " ")


def _begin(words: str) -> str:
    """The words with a capital first."""
    return words[:1].upper() + words[1:]
