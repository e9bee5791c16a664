"""One problem with its data, its splits and its folder of artifacts: what every step starts from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from service.bundle.writing import write_whole
from service.cluster.client import Cluster
from service.errors import InvalidInput, Mistake
from service.evaluation.costs import CostTable, tabulate_costs
from service.evaluation.progress import Announce
from service.training.algorithms import ALGORITHMS, TEXT
from service.training.datasets import Dataset
from service.training.halving import search_within
from service.training.leaks import group_copies
from service.training.pipeline import encode_labels
from service.training.problem import ProblemFile
from service.training.splits import Splits, count_needed, split_rows
from service.training.tuning import Fitter, Trial, search_grids

ARTIFACTS = Path(__file__).resolve().parent.parent / "artifacts"

DECIDE = "--drop COLUMN leaves one out, --keep COLUMN learns from it as it stands, --parse COLUMN reads it as numbers"


def _say_nothing(step: str, done: int, of: int) -> None:
    return None


@dataclass
class Workbench:
    """What the nine steps share. Costly things are made once, when first asked for.

    `announce(step, done, of)` is told how far a step is. `budget`: the minutes that the search for parameters may take.
    `cluster` fits in the place of `jobs` processes here. `fits`: where finished fits are kept to be found by another
    process, the models fitted on the training rows among them (`service.evaluation.finals`); None: below the artifacts,
    and without these.
    """

    problem: ProblemFile
    dataset: Dataset
    folder: Path
    jobs: int = 1
    announce: Announce = _say_nothing
    budget: float | None = None
    cluster: Cluster | None = None
    fits: Path | None = None
    truth: NDArray[np.intp] = field(init=False)
    classes: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        self.classes, self.truth = encode_labels(self.dataset, self.problem.positive_class)
        _refuse_unfit(self.problem, self.dataset)
        positive = self.problem.positive_class
        if positive is not None and positive not in self.classes:
            raise InvalidInput(
                f"the positive class {positive!r} is not in column {self.dataset.target}",
                hint=f"positive_class is one of {', '.join(self.classes)}",
            )
        if positive is None and len(self.classes) == 2:
            raise InvalidInput(
                "of two classes one is the positive one, and the problem file does not say which",
                hint=f"add positive_class = {self.classes[-1]!r} or {self.classes[0]!r}",
            )

    @property
    def positive(self) -> str | None:
        """The positive class of two; None where there are more."""
        return self.problem.positive_class if len(self.classes) == 2 else None

    @property
    def prevalence(self) -> float:
        """The positive class's share among the cases to come; 0 where there is no positive class."""
        if self.positive is None:
            return 0.0
        if self.problem.prevalence is not None:
            return self.problem.prevalence
        return float((self.truth == self.classes.index(self.positive)).mean())

    @cached_property
    def costs(self) -> CostTable:
        """What each answer costs. Raises InvalidInput where the problem file names classes that are not there."""
        return tabulate_costs(self.problem.costs, self.classes, positive=self.positive, prevalence=self.prevalence)

    @cached_property
    def splits(self) -> Splits:
        """The parts of the data: the same for the same seed and rows."""
        times = self.dataset.times
        return split_rows(self.truth, self.classes, self.problem.splits, groups=self.groups, times=times)

    @cached_property
    def groups(self) -> NDArray[np.intp] | None:
        """Which rows lie on one side of every split: those of a group, else copies; None where each is for itself.

        Where a table has so few different rows that folds could not be made of them, rows alike are no copies.
        """
        if self.dataset.groups is not None or self.dataset.times is not None:
            return self.dataset.groups
        copies = group_copies(self.dataset.alike)
        different = [len(np.unique(copies[self.truth == index])) for index in range(len(self.classes))]
        return copies if min(different) >= count_needed(self.problem.splits) else None

    @cached_property
    def copied_rows(self) -> NDArray[np.intp]:
        """The held-out rows that some training row is a copy of: on these a model that only remembers does well."""
        rows = pd.util.hash_pandas_object(self.dataset.alike, index=False).to_numpy()
        held_out = self.splits.held_out
        return held_out[np.isin(rows[held_out], rows[self.splits.training])]

    @property
    def balanced(self) -> bool:
        """Whether rarer classes weigh more in training.

        Only where the problem file says so: weights spoil probabilities, calibrating undoes the weights, and which
        mistakes are worse is for the costs to say, by the threshold.
        """
        return self.problem.class_weight == "balanced"

    @cached_property
    def bench(self) -> Fitter:
        """Where fits are made and kept. Raises InvalidInput while a column is in doubt."""
        _refuse_doubts(self.dataset)
        return Fitter(
            self.dataset,
            self.truth,
            len(self.classes),
            self.fits or self.folder / "fits",
            seed=self.problem.splits.seed,
            balanced=self.balanced,
            jobs=self.jobs,
            cluster=self.cluster,
            announce=lambda done, of: self.announce("fits", done, of),
        )

    @cached_property
    def trials(self) -> Mapping[str, list[Trial]]:
        """The grid search: each algorithm's trials, the best first. Only training rows take part."""
        if self.budget is not None:
            return search_within(self.bench, self.problem.grids, self.splits.folds, self.truth, minutes=self.budget)
        return search_grids(self.bench, self.problem.grids, self.splits.folds, self.truth)

    def write(self, name: str, document: object) -> Path:
        """Keep a step's result as JSON in the folder of artifacts."""
        return self.write_text(name, json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False) + "\n")

    def write_text(self, name: str, text: str) -> Path:
        """Keep a file in the folder of artifacts, whole or not at all."""
        path = self.folder / name
        write_whole(path, text)
        return path


def _refuse_unfit(problem: ProblemFile, dataset: Dataset) -> None:
    """Refuse algorithms that cannot learn from free text, and words of free text where there is none."""
    if dataset.texts:
        readers = [name for name, algorithm in ALGORITHMS.items() if algorithm.texts]
        hint = f"take of {', '.join(readers)}; or leave the text out: --drop COLUMN"
        what = f"learns from no free text, which {', '.join(sorted(dataset.texts))} is"
        mistakes = [Mistake(f"grids.{name}", what) for name in problem.grids if not ALGORITHMS[name].texts]
    else:
        hint = "take it out"
        mistakes = [
            Mistake(f"grids.{name}.{TEXT}", "says how free text is read, and the table has none")
            for name, grid in problem.grids.items()
            if TEXT in grid
        ]
    if mistakes:
        raise InvalidInput(f"{problem.name}.toml does not fit {dataset.name}", mistakes, hint=hint)


def _refuse_doubts(dataset: Dataset) -> None:
    if dataset.doubts:
        mistakes = [Mistake(f"column {column}", why) for column, why in dataset.doubts.items()]
        raise InvalidInput(f"{dataset.name} is not learnt from before its columns are clear", mistakes, hint=DECIDE)
