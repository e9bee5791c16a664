"""A search that ends in time: successive halving (Jamieson and Talwalkar 2016) over the points of all grids.

Every point is fitted on a ninth of each fold's rows; the better third of each algorithm's on a third; the best of these
on all. Whatever the time allows, at least one point is fitted on all rows, and only such are compared in the end.
The clock decides how many there are: a second run may try others, and finds the fits of the first.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from service.training.algorithms import CALIBRATION_FOLDS, require_packages
from service.training.tuning import Fitter, Fold, Indices, Task, Trial, list_parameters, score_folds

SHARES = (1 / 9, 1 / 3, 1.0)
_KEPT = 1 / 3
_FEWEST_ROWS = 100  # of a fold: on fewer, which point is better is chance


@dataclass(frozen=True)
class _Point:
    algorithm: str
    parameters: Mapping[str, Any]


def search_within(
    fitter: Fitter,
    grids: Mapping[str, Mapping[str, Sequence[Any]]],
    folds: Sequence[Fold],
    truth: Indices,
    *,
    minutes: float,
    clock: Callable[[], float] = time.monotonic,
) -> dict[str, list[Trial]]:
    """Each algorithm's trials on all rows, the best first; one for which the time was too short is left out."""
    require_packages(grids)
    begin, span = clock(), 60 * minutes
    points = [
        _Point(algorithm, parameters) for algorithm, grid in grids.items() for parameters in list_parameters(grid)
    ]
    for place, share in enumerate(SHARES):
        parts = [(_draw(fit, truth, share), judge) for fit, judge in folds]
        if share < 1 and min(len(fit) for fit, _ in parts) < _FEWEST_ROWS:
            continue
        end = begin + span * (place + 1) / len(SHARES)
        trials = list(_try_until(end, clock, fitter, points, parts, truth))
        points = _keep_best(trials, points)
    found: dict[str, list[Trial]] = {}
    for trial in sorted(trials, key=lambda trial: trial.log_loss):
        found.setdefault(trial.algorithm, []).append(trial)
    return {algorithm: found[algorithm] for algorithm in grids if algorithm in found}


def _try_until(
    end: float,
    clock: Callable[[], float],
    fitter: Fitter,
    points: Sequence[_Point],
    parts: Sequence[Fold],
    truth: Indices,
) -> Iterator[Trial]:
    """The points in their order, the first whatever the clock says, further ones while a fit as long ends in time."""
    longest = 0.0
    for number, point in enumerate(points):
        started = clock()
        if number and started + longest > end:
            return
        tasks = [Task(point.algorithm, point.parameters, *part) for part in parts]
        yield score_folds(fitter, tasks, truth)
        longest = max(longest, clock() - started)


def _keep_best(trials: Sequence[Trial], points: Sequence[_Point]) -> list[_Point]:
    """The better third of each algorithm's points, the best of all first; then those that were not reached.

    What was not reached comes last: it is tried only where there is time left.
    """
    ranked: list[Trial] = []
    for algorithm in dict.fromkeys(point.algorithm for point in points):
        mine = sorted((t for t in trials if t.algorithm == algorithm), key=lambda trial: trial.log_loss)
        ranked += mine[: math.ceil(len(mine) * _KEPT)]
    ranked.sort(key=lambda trial: trial.log_loss)
    tried = [_Point(trial.algorithm, trial.parameters) for trial in ranked]
    return [*tried, *points[len(trials) :]]


def _draw(rows: Indices, truth: Indices, share: float) -> Indices:
    """A share of some rows, of each class alike, at least as many as a class has to have; the same each time."""
    if share >= 1:
        return rows
    rng = np.random.default_rng(len(rows))
    drawn = []
    for label in np.unique(truth[rows]):
        mine = rows[truth[rows] == label]
        drawn.append(rng.permutation(mine)[: max(CALIBRATION_FOLDS, round(share * len(mine)))])
    return np.sort(np.concatenate(drawn))
