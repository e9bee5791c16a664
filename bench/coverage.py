"""What share of 95 % intervals holds the truth: every metric of two classes, simulated where the truth is known.

`python -m bench.coverage` draws rows so that each metric has the value asked for: answers by a recall and a
specificity, scores from two normal distributions. It counts how often the interval holds that value; where fewer than
93 % do, the target is missed. Above 97 % a letter says why: `n` where the counts allow nothing between (at every lower
level fewer than 93 % would hold it), `w` where it is wider than need be. `--write` puts the table into
docs/reference/metrics.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from statistics import NormalDist
from typing import Any

import click
import numpy as np
from numpy.typing import NDArray

from bench.simulations import PAGE, replace_section, say_when
from service.command_line import CONTEXT, Command, json_option, print_json, say
from service.errors import Deviated
from service.evaluation.combined import bound_counts
from service.evaluation.costs import tabulate_costs
from service.evaluation.functions import binomial_cdf
from service.evaluation.intervals import bound_losses, bound_rankings
from service.evaluation.metrics import Evaluation
from service.training.problem import Costs

Floats = NDArray[np.float64]
SIZES, SHARES, TRUTHS = (100, 500), (0.1, 0.5), (0.5, 0.7, 0.9, 0.95, 0.99)
LEAST, MOST = 0.93, 0.97
CLASSES = ("no", "yes")
_LOWER_LEVELS = (0.945, 0.93, 0.91)
# Reached by as many errors in a class as it has rows, or by as many of either kind.
EVEN = ("accuracy", "balanced_accuracy", "recall", "specificity", "weighted_specificity", "expected_cost")
BALANCED = (
    *("precision", "f1", "f2", "mcc", "macro_precision", "macro_f1", "macro_f2"),
    *("weighted_precision", "weighted_f1", "weighted_f2"),
)
SINGLE = {"accuracy": "all", "recall": "true", "specificity": "false", "precision": "called", "f1": "either"}
RANKED = ("auc", "average_precision", "macro_average_precision", "micro_auc", "micro_average_precision")
LOSSES = ("log_loss", "brier", "calibration_error")
_DISTANCES = np.linspace(0.0, 6.0, 25)
_POPULATION = 150_000
_TOO_SURE = 1.5  # of the model whose calibration error is measured: of a perfect one it is 0, on the edge


@dataclass(frozen=True)
class Cell:
    """One metric's coverage at one size, share of positives and true value; `why` it is above 97 %, where it is."""

    metric: str
    rows: int
    share: float
    truth: float
    coverage: float
    why: str = ""


def _counter() -> Evaluation:
    """Something that counts: the rows are of no matter."""
    costs = tabulate_costs(Costs(1, 5), CLASSES, positive="yes", prevalence=0.3)
    return Evaluation([0, 1], np.eye(2), classes=CLASSES, positive="yes", cost=costs)


def expect_matrix(recall: Floats, specificity: Floats, share: float) -> Floats:
    """Confusion matrices [..., 2, 2] as shares of all rows."""
    negative, positive = np.stack([specificity, 1 - specificity], -1), np.stack([1 - recall, recall], -1)
    return np.stack([(1 - share) * negative, share * positive], axis=-2)


def find_rates(metric: str, truth: float, share: float) -> tuple[float, float, float] | None:
    """Recall and specificity at which the metric has its value, and that value; None where there are none.

    The expected cost takes the value of recall and specificity that are both `truth`.
    """
    miss = np.linspace(0, 1, 20_001)[1:-1]
    recall, specificity = 1 - miss, 1 - miss * (1.0 if metric in EVEN else share / (1 - share))
    values = _counter().count(expect_matrix(recall, specificity, share))[metric]
    gaps = np.abs((recall if metric == "expected_cost" else values) - truth)
    at = int(np.nanargmin(gaps))
    return (float(recall[at]), float(specificity[at]), float(values[at])) if gaps[at] < 1e-3 else None


def measure_count(metric: str, rows: int, share: float, truth: float, draws: int) -> Cell | None:
    """A metric of the confusion matrix, over drawn matrices."""
    rates = find_rates(metric, truth, share)
    if rates is None:
        return None
    rng = np.random.default_rng([rows, round(100 * share), round(1000 * truth)])
    positives = rng.binomial(rows, share, draws)
    tp, tn = rng.binomial(positives, rates[0]), rng.binomial(rows - positives, rates[1])
    matrices = np.stack([tn, rows - positives - tn, positives - tp, tp], axis=-1).reshape(-1, 2, 2)
    distinct, times = np.unique(matrices, axis=0, return_counts=True)
    covered = _cover_counts(distinct, times, metric, rates[2])
    return Cell(metric, rows, share, truth, covered, _explain(metric, distinct, times, rates, share, covered))


def _cover_counts(distinct: NDArray[Any], times: NDArray[Any], metric: str, value: float, level: float = 0.95) -> float:
    low, high = bound_counts(distinct, _counter().count, classes=CLASSES, positive=1, level=level)[metric]
    held = (low <= value + 1e-9) & (value - 1e-9 <= high)
    known = ~np.isnan(low)
    return float((held * times)[known].sum() / times[known].sum())


def _explain(
    metric: str,
    distinct: NDArray[Any],
    times: NDArray[Any],
    rates: tuple[float, float, float],
    share: float,
    covered: float,
) -> str:
    if covered <= MOST:
        return ""
    if metric in SINGLE:
        least = _attain_single(metric, distinct, times, rates, share)
    else:
        lower = [_cover_counts(distinct, times, metric, rates[2], level) for level in _LOWER_LEVELS]
        least = min([covered, *(value for value in lower if value >= LEAST)])
    return "n" if least > MOST else "w"


def _attain_single(
    metric: str, distinct: NDArray[Any], times: NDArray[Any], rates: tuple[float, float, float], share: float
) -> float:
    """The least coverage from 93 % up that accepting a stretch of counts can have, each number of trials on its own."""
    (tn, fp), (fn, tp) = np.moveaxis(distinct, 0, -1)
    trials = {"all": tn + fp + fn + tp, "true": fn + tp, "false": tn + fp, "called": fp + tp, "either": fp + fn + tp}
    value = rates[2] / (2 - rates[2]) if metric == "f1" else rates[2]
    numbers, place = np.unique(trials[SINGLE[metric]], return_inverse=True)
    weights = np.bincount(place.ravel(), weights=times)
    least = [_attain(int(number), value) for number in numbers]
    return float(np.average(least, weights=weights))


def _attain(trials: int, value: float) -> float:
    """Of all stretches of counts that hold at least 93 %, the least likely one."""
    cumulated = np.concatenate([[0.0], binomial_cdf(np.arange(trials + 1), trials, value)])
    held = cumulated[None, 1:] - cumulated[:-1, None]
    return float(held[held >= LEAST].min())


def _draw_scores(rng: np.random.Generator, rows: int, share: float, apart: float) -> tuple[NDArray[np.bool_], Floats]:
    """Rows of two normal distributions, and the log odds that a right model gives them."""
    positive = rng.random(rows) < share
    positive[:2] = True, False
    at = rng.normal(apart * positive, 1.0)
    return positive, np.log(share / (1 - share)) + apart * at - apart**2 / 2


def _evaluate(positive: NDArray[np.bool_], odds: Floats) -> Evaluation:
    said = to_probability(odds)
    return Evaluation(positive.astype(int), np.column_stack([1 - said, said]), classes=CLASSES, positive="yes")


def to_probability(odds: Floats) -> Floats:
    """Log odds as probabilities, without overflow."""
    return np.asarray(0.5 * (1 + np.tanh(odds / 2)))


def measure_scores(rows: int, share: float, truth: float, draws: int) -> Iterator[Cell]:
    """The rankings, each at the distance where it has its value; the losses at the distance where AUC has it."""
    for names, sure in ((("auc", "micro_auc", "log_loss", "brier"), 1.0), (("calibration_error",), _TOO_SURE)):
        apart = float(np.sqrt(2)) * NormalDist().inv_cdf(truth)
        yield from _cover_scores(names, rows, share, truth, apart, sure, draws)
    for name in ("average_precision", "macro_average_precision", "micro_average_precision"):
        found = find_distance(name, truth, share)
        if found is not None:
            yield from _cover_scores((name,), rows, share, truth, found, 1.0, draws)


def find_distance(metric: str, truth: float, share: float) -> float | None:
    """How far apart the two distributions are when the metric has its value; None where no distance gives it."""
    values = [found[metric] for found in _measure_populations(share)]
    if values[0] > truth + 0.005:
        return None
    return float(np.interp(truth, values, _DISTANCES))


@lru_cache
def _measure_populations(share: float) -> tuple[dict[str, float], ...]:
    return tuple(_measure_population(share, float(apart), 1.0) for apart in _DISTANCES)


def _measure_population(share: float, apart: float, sure: float) -> dict[str, float]:
    """Every metric of so many rows that their luck does not matter."""
    positive, odds = _draw_scores(np.random.default_rng(11), _POPULATION, share, apart)
    return {name: m.value for name, m in _evaluate(positive, sure * odds).measure().items()}


def _cover_scores(
    names: tuple[str, ...], rows: int, share: float, truth: float, apart: float, sure: float, draws: int
) -> Iterator[Cell]:
    rng = np.random.default_rng([rows, round(100 * share), round(1000 * truth), 7])
    whole = _measure_population(share, apart, sure)
    values = {name: truth if name == "auc" else whole[name] for name in names}
    held = dict.fromkeys(names, 0)
    for _ in range(draws):
        positive, odds = _draw_scores(rng, rows, share, apart)
        evaluation = _evaluate(positive, sure * odds)
        found = (bound_rankings(evaluation) if names[0] not in LOSSES else {}) | (
            bound_losses(evaluation) if set(names) & set(LOSSES) else {}
        )
        for name in names:
            held[name] += found[name].low <= values[name] <= found[name].high
    for name in names:
        covered = held[name] / draws
        # A constant score has one loss, whatever is drawn.
        yield Cell(name, rows, share, truth, covered, "" if covered <= MOST else "n" if apart == 0 else "w")


def measure_all(draws: int, score_draws: int) -> list[Cell]:
    """Every cell of the table."""
    cells: list[Cell] = []
    for rows in SIZES:
        for share in SHARES:
            for truth in TRUTHS:
                found = [measure_count(metric, rows, share, truth, draws) for metric in (*EVEN, *BALANCED)]
                cells += [cell for cell in found if cell is not None]
                cells += measure_scores(rows, share, truth, score_draws)
                say(f"coverage: {rows} rows, {share:.0%} positive, {truth:g}")
    return cells


def render(cells: list[Cell]) -> str:
    """The table as Markdown: a row for each metric, a group of true values for each size and share."""
    groups = [(rows, share) for rows in SIZES for share in SHARES]
    heads = [f"{rows} rows, {share:.0%}" for rows, share in groups]
    found = {(c.metric, c.rows, c.share, c.truth): c for c in cells}
    lines = ["| metric | " + " | ".join(heads) + " |", "|---|" + "---|" * len(heads)]
    for metric in dict.fromkeys(c.metric for c in cells):
        shown = [" ".join(_show(found.get((metric, *group, truth))) for truth in TRUTHS) for group in groups]
        lines.append(f"| `{metric}` | " + " | ".join(shown) + " |")
    return "\n".join(lines)


def _show(cell: Cell | None) -> str:
    return "-" if cell is None else f".{min(999, round(1000 * cell.coverage)):03d}{cell.why}"


def summarise(cells: list[Cell]) -> Mapping[str, Any]:
    """How many cells there are, the least covered, and those above 97 % by reason."""
    least = min(cells, key=lambda cell: cell.coverage)
    return {
        "cells": len(cells),
        "least": [least.metric, least.rows, least.share, least.truth, least.coverage],
        "below": [[c.metric, c.rows, c.share, c.truth, c.coverage] for c in cells if c.coverage < LEAST],
        "nothing_between": sum(c.why == "n" for c in cells),
        "wider": [[c.metric, c.rows, c.share, c.truth, c.coverage] for c in cells if c.why == "w"],
    }


@click.command(cls=Command, context_settings=CONTEXT)
@click.option("--draws", type=click.IntRange(100), default=20_000, show_default=True, help="Of confusion matrices.")
@click.option("--score-draws", type=click.IntRange(50), default=1_000, show_default=True, help="Of scored rows.")
@click.option("--write", is_flag=True, help=f"Put the table into {PAGE.name}.")
@json_option
def main(draws: int, score_draws: int, write: bool, as_json: bool) -> None:
    """Count how often each metric's interval holds the truth. Leaves with 5 where fewer than 93 % do."""
    cells = measure_all(draws, score_draws)
    found = summarise(cells)
    section = f"{render(cells)}\n\n{say_when(f'{draws:,} and {score_draws:,} draws a cell')}"
    print_json(dict(found)) if as_json else click.echo(section)
    if write:
        replace_section("coverage", section)
    if found["below"]:
        raise Deviated(f"{len(found['below'])} of {found['cells']} cells are covered by fewer than {LEAST:.0%}")


if __name__ == "__main__":
    main(prog_name="python -m bench.coverage")
