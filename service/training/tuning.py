"""Grid search with stratified cross-validation that can be killed and goes on where it was.

Each fit on a fold is one task with one file: its probabilities for the rows it did not see. A task whose file is there
and whole is not done again. `service.training.fit_names` says what a file's name is made of.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from service.cluster.client import Cluster
from service.training.algorithms import require_packages
from service.training.checkpoints import Checkpoints
from service.training.datasets import Dataset
from service.training.fit_names import describe_table, name_fit
from service.training.pipeline import build_pipeline, fit_pipeline

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]
Fold = tuple[Indices, Indices]
_Shared = tuple[Dataset, Any, Indices, int, int, bool]  # what every fit of a data set needs


@dataclass(frozen=True)
class Task:
    """One fit: an algorithm with its parameters on the rows of one fold."""

    algorithm: str
    parameters: Mapping[str, Any]
    fit: Indices
    judge: Indices


@dataclass(frozen=True)
class Trial:
    """One point of a grid with what it scored: the mean and the spread of the folds' log losses."""

    algorithm: str
    parameters: Mapping[str, Any]
    log_loss: float
    spread: float


class Fitter:
    """Fits tasks for one data set, several at a time, and keeps each result in a folder.

    Where there is a `cluster`, its workers fit, and `jobs` counts for nothing; the results are kept here all the same.
    `announce(done, of)` is told of progress, the tasks found finished included.
    """

    def __init__(
        self,
        dataset: Dataset,
        truth: Indices,
        classes: int,
        folder: Path,
        *,
        seed: int,
        balanced: bool,
        jobs: int = 1,
        cluster: Cluster | None = None,
        announce: Callable[[int, int], None] = lambda done, of: None,
    ) -> None:
        self._dataset, self._truth, self._classes = dataset, truth, classes
        self.kept = Checkpoints(folder)
        self._seed, self._balanced, self._jobs, self._announce = seed, balanced, jobs, announce
        self._cluster = cluster
        self._rows = dataset.rows()
        self.redone = 0  # tasks that had to be fitted, for whoever wants to know what a resumed run saved

    def predict(self, tasks: Sequence[Task]) -> list[Floats]:
        """Each task's probabilities [rows judged, classes], in the order of the tasks."""
        names = [self._name(task) for task in tasks]
        there = {name: found for name in set(names) if (found := self.kept.read(name)) is not None}
        wanted = {name: task for name, task in zip(names, tasks, strict=True) if name not in there}
        done = len(tasks) - len(wanted)
        self._announce(done, len(tasks))
        for name, probabilities in self._fit(wanted):
            self.kept.write(name, probabilities)
            there[name] = probabilities
            done, self.redone = done + 1, self.redone + 1
            self._announce(done, len(tasks))
        return [there[name] for name in names]

    def predict_folds(self, algorithm: str, parameters: Mapping[str, Any], folds: Sequence[Fold]) -> Floats:
        """Out-of-fold probabilities [n, classes]; NaN for the rows that no fold judges."""
        tasks = [Task(algorithm, parameters, fit, judge) for fit, judge in folds]
        whole = np.full((len(self._truth), self._classes), np.nan)
        for task, probabilities in zip(tasks, self.predict(tasks), strict=True):
            whole[task.judge] = probabilities
        return whole

    def _fit(self, wanted: Mapping[str, Task]) -> Iterable[tuple[str, Floats]]:
        shared = (self._dataset, self._rows, self._truth, self._classes, self._seed, self._balanced)
        if self._cluster is not None:
            return self._cluster.run(_fit_on_worker, list(wanted.items()), shared=shared, called="fits")
        pool = joblib.Parallel(n_jobs=min(self._jobs, max(1, len(wanted))), return_as="generator_unordered")
        fit = joblib.delayed(fit_task)
        found: Iterable[tuple[str, Floats]] = pool(fit(name, task, *shared) for name, task in wanted.items())
        return found

    @cached_property
    def shared_by_fits(self) -> list[Any]:
        """What every fit depends on, beside its algorithm, parameters and rows."""
        return [*describe_table(self._dataset, self._truth), self._seed, self._balanced]

    def _name(self, task: Task) -> str:
        return name_fit(self.shared_by_fits, task.algorithm, task.parameters, (task.fit, task.judge))


def fit_task(
    name: str, task: Task, dataset: Dataset, rows: Any, truth: Indices, classes: int, seed: int, balanced: bool
) -> tuple[str, Floats]:
    """Fit one task, in whatever process: (name, probabilities of the rows it judges)."""
    pipeline = build_pipeline(task.algorithm, task.parameters, dataset, classes=classes, seed=seed, balanced=balanced)
    fitted = fit_pipeline(pipeline, rows[task.fit], truth[task.fit])
    return name, np.asarray(fitted.predict_proba(rows[task.judge]), dtype=np.float64)


def _fit_on_worker(shared: _Shared, named: tuple[str, Task]) -> tuple[str, Floats]:
    # One thread for each task, as here: on shared cores threads wait for each other.
    name, task = named
    with threadpool_limits(1):
        return fit_task(name, task, *shared)


def list_parameters(grid: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Every combination of a grid's values; one without parameters for an empty grid."""
    return [dict(zip(grid, values, strict=True)) for values in itertools.product(*grid.values())]


def search_grids(
    fitter: Fitter, grids: Mapping[str, Mapping[str, Sequence[Any]]], folds: Sequence[Fold], truth: Indices
) -> dict[str, list[Trial]]:
    """Try every point of every grid on every fold: algorithm -> its trials, the best first.

    Scored by log loss, which asks for honest probabilities: the threshold that costs decide on comes afterwards.
    """
    require_packages(grids)
    points = [(algorithm, parameters) for algorithm, grid in grids.items() for parameters in list_parameters(grid)]
    tasks = [Task(algorithm, parameters, *fold) for algorithm, parameters in points for fold in folds]
    answers = fitter.predict(tasks)
    losses = np.array([_log_loss(truth[t.judge], a) for t, a in zip(tasks, answers, strict=True)])
    found: dict[str, list[Trial]] = {algorithm: [] for algorithm in grids}
    for (algorithm, parameters), scores in zip(points, losses.reshape(len(points), len(folds)), strict=True):
        found[algorithm].append(Trial(algorithm, parameters, float(scores.mean()), float(scores.std())))
    # Stable: of equals the one that the grid names first.
    return {algorithm: sorted(trials, key=lambda trial: trial.log_loss) for algorithm, trials in found.items()}


def score_folds(fitter: Fitter, tasks: Sequence[Task], truth: Indices) -> Trial:
    """One point, by its fits on every fold."""
    losses = [_log_loss(truth[task.judge], answer) for task, answer in zip(tasks, fitter.predict(tasks), strict=True)]
    return Trial(tasks[0].algorithm, tasks[0].parameters, float(np.mean(losses)), float(np.std(losses)))


def _log_loss(truth: Indices, probabilities: Floats) -> float:
    true = probabilities[np.arange(len(truth)), truth]
    return float(-np.log(np.clip(true, np.finfo(np.float64).eps, 1.0)).mean())
