"""Step 8, present: one HTML file that opens from disk, without network, on a desk or a phone."""

from __future__ import annotations

from service.evaluation.advisor import EXPECTED_COST
from service.evaluation.findings import Findings
from service.evaluation.markup import (
    STYLE,
    Markup,
    bullets,
    escape,
    mark,
    name_metric,
    paragraphs,
    show_estimate,
    show_interval,
    show_number,
    show_parameters,
    table,
)
from service.evaluation.report_data import render_data, render_exploration
from service.evaluation.report_models import render_comparison, render_winner
from service.training.algorithms import ALGORITHMS

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
    bodies = (_summary, render_data, render_exploration, _tune, render_comparison, render_winner, _gate)
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
        Markup(f"What to optimise: <strong>{name_metric(choice.metric)}</strong>. {escape(_begin(choice.why))}."),
        Markup(f"What {name_metric(choice.common)} would hide: {escape(choice.hides)}."),
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
        [[name_metric(n), show_estimate(judged[n]), show_estimate(winner.held_out.estimates[n])] for n in heads],
        "95 % intervals: Wilson's for proportions, bootstrap for the rest.",
    )
    css = "verdict" if passed else "verdict no"
    return f'<div class="{css}">{said} {_floor_words(found)}{reasons}</div>' + paragraphs(words) + shown


def _floor_words(found: Findings) -> str:
    held = sum(check.holds for check in found.verdict.floors)
    return f"{held} of {len(found.verdict.floors)} floors hold at the lower end of their 95 % interval."


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


def _begin(words: str) -> str:
    """The words with a capital first."""
    return words[:1].upper() + words[1:]
